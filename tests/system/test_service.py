#!/usr/bin/env python3
"""The daemon as a service: what it tells systemd, the unit and its sandbox, and what a crash leaves behind."""
import os
import re
import signal
import socket
import time
import unittest

import shunttest as st

UNITS = os.path.join(st.ROOT, "conf", "systemd")
EXPOSURE_MOST = 1.5  # of 10: what systemd-analyze security finds
HELPER_EXPOSURE_MOST = 2.5  # they have a capability, and root's uid for root's configuration
CONFIG = 'records: ( { name = "www.example.com"; primary: { address = "192.0.2.10"; }; } );'


class Manager:
    """Stands in for systemd: takes what is sent to NOTIFY_SOCKET."""

    def __init__(self, name):
        self.name, self.socket, self.messages = name, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), []

    def start(self):
        self.socket.bind("\0" + self.name[1:] if self.name[0] == "@" else self.name)
        self.socket.setblocking(False)

    def stop(self):
        self.socket.close()

    abandon = stop

    def log(self):
        return "".join(f"{message!r}\n" for message in self.messages)

    def read(self):
        """All messages so far, each as a dictionary."""
        try:
            while True:
                text = self.socket.recv(4096).decode()
                self.messages.append(dict(line.split("=", 1) for line in text.split("\n")))
        except BlockingIOError:
            return self.messages

    def wait(self, key, value=None, start=0):
        """The first message since `start` that has the key, with that value if one is given."""

        def find():
            return [m for m in self.read()[start:] if key in m and value in (None, m[key])]

        return st.wait_until(find, what=f"a message with {key}={value}")[0]


class Notify(st.Case):
    def serve(self, name, config=CONFIG, **env):
        manager = self.start(Manager(name))
        return manager, self.start(st.Daemon(self, config, env=st.clean_env(NOTIFY_SOCKET=name, **env)))

    def test_life(self):
        """ready once its sockets are served, reloading with the time, stopping; at a path and at an abstract name"""
        for name in (self.path("notify"), f"@shunttest-{os.getpid()}"):
            with self.subTest(name):
                manager, daemon = self.serve(name)
                manager.wait("READY", "1")
                manager.wait("STATUS", "answering")
                seen, before = len(manager.messages), time.monotonic()
                daemon.reload()
                told = manager.wait("RELOADING", "1", start=seen)
                self.assertTrue(before <= int(told["MONOTONIC_USEC"]) / 1e6 <= time.monotonic())
                manager.wait("READY", "1", start=seen)
                seen = len(manager.messages)
                daemon.reload("nonsense")
                manager.wait("STATUS", "answering; the last reload failed and changed nothing", start=seen)
                manager.wait("READY", "1", start=seen)
                daemon.stop()
                self.assertEqual(manager.read()[-1], {"STOPPING": "1"})
                self.assertFalse([m for m in manager.messages if "WATCHDOG" in m], "nobody asked for it")

    def test_watchdog(self):
        """signs of life while the loop turns, none while it stands still, and none for somebody else's watchdog"""
        manager, daemon = self.serve(self.path("notify"), WATCHDOG_USEC="200000")
        for _ in range(3):
            manager.wait("WATCHDOG", "1", start=len(manager.messages))
        daemon.pause()
        manager.read()
        seen = len(manager.messages)
        time.sleep(0.5)  # two and a half of its periods have to pass
        self.assertEqual(manager.read()[seen:], [])
        daemon.resume()
        manager.wait("WATCHDOG", "1", start=seen)
        other, _ = self.serve(self.path("other"), WATCHDOG_USEC="1000", WATCHDOG_PID="1")
        other.wait("STATUS", "answering")
        self.assertFalse([m for m in other.read() if "WATCHDOG" in m])

    def test_nobody(self):
        """a socket that is not there, and a private daemon in a service: it works, and tells nobody"""
        daemon = self.start(st.Daemon(self, CONFIG, env=st.clean_env(NOTIFY_SOCKET=self.path("none"))))
        self.assertEqual(daemon.resolve("www.example.com"), ["192.0.2.10"])
        manager = self.start(Manager(self.path("notify")))
        config = self.write("private.conf", CONFIG)
        script = 'shunt=$1; "$shunt" status >&2; echo "$NOTIFY_SOCKET"'
        command = [st.SHUNT, "run", "-c", config, "--", "sh", "-c", script, "sh", st.SHUNT]
        done = st.run(command, env=st.clean_env(NOTIFY_SOCKET=manager.name))
        self.assertEqual((done.returncode, done.stdout), (0, manager.name + "\n"), done.stderr)
        self.assertEqual(manager.read(), [])

    def test_crash(self):
        """killed again and again, with a second daemon asking for its sockets: each next start is ready, nothing piles up"""
        manager, daemon = self.serve(self.path("notify"))
        files = set(os.listdir(daemon.dir)) | {"state.json", "state.json.new"}  # the latter while the former is written
        for _ in range(5):
            second = st.run([st.SHUNTD, "-c", daemon.config_path])
            self.assertEqual(second.returncode, 1)
            self.assertRegex(second.stderr, f"is in use by a live daemon, process {daemon.pid}; [^\n]*\n$")
            daemon.kill()
            seen = len(manager.read())
            daemon.start()
            manager.wait("READY", "1", start=seen)
            self.assertLessEqual(set(os.listdir(daemon.dir)), files)
        self.assertEqual(daemon.resolve("www.example.com"), ["192.0.2.10"])


class Unit(st.Case):
    """The unit, with the programs of this build in place of the installed ones."""

    def setUp(self):
        super().setUp()
        st.need("systemd-analyze")
        with open(os.path.join(UNITS, "shuntd.service"), encoding="utf-8") as file:
            text = file.read()
        self.text = text.replace("@SBINDIR@", st.B).replace("@BINDIR@", st.B)
        self.unit = self.write("shuntd.service", re.sub("(?m)^Documentation=.*\n", "", self.text))

    def test_verify(self):
        """systemd-analyze verify has nothing to say, about the unit and about its use by another service"""
        with open(os.path.join(UNITS, "preload.conf"), encoding="utf-8") as file:
            dropin = file.read().replace("@PREFIX@", "/usr/local")
        service = self.write("app.service", "[Service]\nExecStart=/bin/true\n")
        os.mkdir(service + ".d")
        self.write("app.service.d/shunt.conf", dropin)
        done = st.run(["systemd-analyze", "verify", "--recursive-errors=no", self.unit, service])
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_sandbox(self):
        """its exposure is at most 1.5 of 10"""
        done = st.run(["systemd-analyze", "security", "--offline=true", "--no-pager", self.unit])
        figure = re.search(r"Overall exposure level for shuntd.service: ([\d.]+)", done.stdout)
        self.assertTrue(figure, done.stdout + done.stderr)
        self.note(f"exposure {figure.group(1)}")
        self.assertLessEqual(float(figure.group(1)), EXPOSURE_MOST)

    def test_helpers(self):
        """the same of the helpers' units: nothing to say of them, and little exposure for what they may do"""
        for name in sorted(os.listdir(UNITS)):
            helper = name.removesuffix(".service")
            if not helper.startswith("shunt-") or helper == name or not os.path.exists(os.path.join(st.B, helper)):
                continue
            for unit in (name, f"{helper}.socket"):
                with open(os.path.join(UNITS, unit), encoding="utf-8") as file:
                    text = re.sub("(?m)^Documentation=.*\n", "", file.read().replace("@LIBEXECDIR@", st.B))
                self.write(unit, text.replace("=shunt\n", "=root\n"))  # the user is not made here
            with self.subTest(helper=helper):
                done = st.run(["systemd-analyze", "verify", "--recursive-errors=no", self.path(name), self.path(f"{helper}.socket")])
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
                done = st.run(["systemd-analyze", "security", "--offline=true", "--no-pager", self.path(name)])
                figure = re.search(rf"Overall exposure level for {name}: ([\d.]+)", done.stdout)
                self.assertTrue(figure, done.stdout + done.stderr)
                self.note(f"exposure of {name} {figure.group(1)}")
                self.assertLessEqual(float(figure.group(1)), HELPER_EXPOSURE_MOST)

    def test_reset(self):
        """the same of shunt-reset's, which is a template: at most 1.5 of 10"""
        units = [self.unit]
        for name in ("shunt-reset.socket", "shunt-reset@.service"):
            with open(os.path.join(UNITS, name), encoding="utf-8") as file:
                text = file.read().replace("@LIBEXECDIR@", st.B)
            units.append(self.write(name, re.sub("(?m)^Documentation=.*\n", "", text)))
        done = st.run(["systemd-analyze", "verify", "--recursive-errors=no", *units[:2], self.path("shunt-reset@1.service")])
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        done = st.run(["systemd-analyze", "security", "--offline=true", "--no-pager", self.path("shunt-reset@.service")])
        # systemd 252 calls the instance that it looks at "i", 257 "test_instance".
        figure = re.search(r"Overall exposure level for shunt-reset@\w+\.service: ([\d.]+)", done.stdout)
        self.assertTrue(figure, done.stdout + done.stderr)
        self.note(f"exposure {figure.group(1)}")
        self.assertLessEqual(float(figure.group(1)), EXPOSURE_MOST)

    def test_sockets(self):
        """nobody but shuntd's user may connect to a helper"""
        for name in ("shunt-door.socket", "shunt-reset.socket"):
            with open(os.path.join(UNITS, name), encoding="utf-8") as file:
                said = dict(re.findall(r"(?m)^(Socket\w+)=(.*)$", file.read()))
            self.assertEqual(said, {"SocketMode": "0600", "SocketUser": "shunt", "SocketGroup": "shunt"}, name)

    def test_system_calls(self):
        """every system call of a daemon with each kind of check, a reload and a client is in the unit's filter"""
        st.need("strace")
        if st.SANITIZED:
            raise unittest.SkipTest("the sanitizer makes calls of its own")
        server = self.start(st.Hostile(st.well, self.address(), 0))
        kinds = {"http": f"port = {server.port};", "tcp": f"port = {server.port};", "exec": 'command = [ "/bin/true" ];'}
        records = ",".join(
            f'{{ name = "{kind}.example.com"; primary: {{ address = "{server.at}";'
            f' check = {{ type = "{kind}"; interval = "200ms"; {more} }}; }}; }}'
            for kind, more in kinds.items()
        )
        calls = self.path("calls")
        user = 'exec_user = "nobody"; ' if os.geteuid() == 0 else ""
        strace = ("strace", "-f", "-qq", "-o", calls, "-e", "signal=none")
        daemon = st.Daemon(self, f"{user}records: ( {records} );", prefix=strace)
        self.start(daemon)
        daemon.wait_settled()
        self.assertEqual({daemon.health(f"{kind}.example.com", "primary") for kind in kinds}, {"up"}, daemon.log())
        pid = daemon.status()["pid"]
        seen = len(daemon.log())
        os.kill(pid, signal.SIGHUP)
        daemon.wait_log("reload: ", start=seen)
        daemon.resolve("http.example.com")
        os.kill(pid, signal.SIGTERM)
        daemon.wait_exit()
        with open(calls, encoding="utf-8", errors="replace") as file:
            used = set(re.findall(r"(?m)^\d+ +(?:<\.\.\. )?([a-z]\w*)(?:\(| resumed)", file.read()))
        self.assertIn("connect", used)
        # A daemon that is not root's changes no user and no owner.
        as_root = {"setgroups", "setresgid", "setresuid", "fchown", "lchown", "chown", "fchownat"}
        self.assertEqual(used - self.allowed() - as_root, set())

    def allowed(self):
        allow = set()
        for line in re.findall("(?m)^SystemCallFilter=(.*)$", self.text):
            calls = set().union(*(self.members(word) for word in line.lstrip("~").split()))
            allow = allow - calls if line[0] == "~" else allow | calls
        return allow | self.members("@default")

    def members(self, word):
        """The system calls of a group, its groups' too."""
        if word[0] != "@":
            return {word}
        done = st.run(["systemd-analyze", "syscall-filter", "--no-pager", word])
        words = re.findall(r"(?m)^    ([@\w-]+)$", done.stdout)
        return set().union(*map(self.members, words))


if __name__ == "__main__":
    st.main(jobs=3)
