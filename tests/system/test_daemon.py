#!/usr/bin/env python3
"""The daemon's life: stopped, killed, restarted, reloaded, ended; its sockets, its options, its rights."""
import contextlib
import glob
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import shunttest as st

NAME = "www.example.com"
SLOWEST_US = 3_000_000  # the least that libc's own way would cost without an answer is 5 s; usual are 100 ms
GONE_SECONDS = 2.5  # after this a client knows that the daemon is gone
RELOADS = 1000

# The timeout is how long a restarted daemon knows nothing of a primary that hangs.
CHECK = 'type = "http"; interval = "500ms"; fast_interval = "100ms"; timeout = "2s"; fall = 2; rise = 2;'


def pair(primary, standby, more="", check=CHECK):
    return f"""checks: {{ web: {{ {check} port = {primary.port}; }}; }};
        records: ( {{ name = "{NAME}";
            primary: {{ address = "{primary.at}"; check = "web"; }};
            secondary: {{ address = "{standby.at}"; check = "web"; }}; }}{more} );
    """


def other(number, address="192.0.2.1"):
    return f', {{ name = "other-{number}.example.com"; primary: {{ address = "{address}"; }}; }}'


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root")


def hold(seconds):
    """Time that has to pass: not a wait for something to happen."""
    time.sleep(seconds)


class Pair(st.Case):
    """A primary and a standby that are well, on one port. `behave` makes them ill."""

    def setUp(self):
        super().setUp()
        primary, standby = self.address(), self.address()
        port = st.free_port(primary, standby)
        self.primary = self.start(st.Hostile(st.well, primary, port))
        self.standby = self.start(st.Hostile(st.well, standby, port))

    def start_daemon(self, config=None, **options):
        daemon = self.start(st.Daemon(self, config or pair(self.primary, self.standby), **options))
        st.wait_until(lambda: daemon.status()["settled"], what="the daemon to settle")
        return daemon

    def names(self, daemon):
        return [record["name"] for record in daemon.status()["records"]]

    def reload(self, daemon, config=None):
        """Reloads, and returns when it took effect."""
        start = os.path.getsize(daemon.log_path)
        daemon.reload(config)

        def done():
            with open(daemon.log_path, "rb") as log:
                log.seek(start)
                return b"reload: " in log.read()

        st.wait_until(done, what="the reload", pause=0.0005)


class UnderLookups(Pair):
    """What a program sees that looks up all the time."""

    def setUp(self):
        super().setUp()
        self.daemon = self.start_daemon()
        self.looper = self.start(st.Looper(self, NAME, self.daemon, threads=4))
        self.looper.report()  # its own first report takes memory
        self.before = self.looper.report()

    def check_client(self):
        """Nothing was slow, and nothing is left over."""
        after = self.looper.report()
        self.note(f"slowest of {after['lookups']} lookups: {after['slowest_us']} us")
        self.assertGreater(after["lookups"], self.before["lookups"])
        self.assertLess(after["slowest_us"], SLOWEST_US)
        self.assertEqual(after["tables"], 1)
        self.assertEqual(after["descriptors"], self.before["descriptors"])
        self.assertEqual(after["mappings"], self.before["mappings"])

    def history(self):
        """What each thread was answered, one after the other."""
        return [[answer for _, thread, answer in self.looper.changes if thread == number] for number in range(4)]

    def test_stopped(self):
        """a daemon that stands still for 3 s: its last answers hold, then the present ones come"""
        self.daemon.pause()
        self.primary.behave = st.resets
        hold(3.2)
        self.assertEqual(self.looper.answers(), {self.primary.at})
        self.daemon.resume()
        self.looper.wait_answer(self.standby.at)
        self.primary.behave = st.well
        self.looper.wait_answer(self.primary.at)
        self.assertEqual(self.history(), [[self.primary.at, self.standby.at, self.primary.at]] * 4)
        self.check_client()

    def test_stopped_and_well(self):
        """a daemon that stood still for 3 s in the middle of a probe blames nobody for it"""
        check = CHECK.replace("fall = 2", "fall = 1").replace('"2s"', '"3s"')
        self.reload(self.daemon, pair(self.primary, self.standby, check=check))
        self.primary.behave = self.standby.behave = st.silent
        st.wait_until(lambda: self.primary.open > 0 and self.standby.open > 0, what="probes to be under way")
        self.daemon.pause()
        self.primary.behave = self.standby.behave = st.well
        hold(3.2)
        start = len(self.daemon.log())
        accepted = self.primary.accepted, self.standby.accepted
        self.daemon.resume()
        st.wait_until(lambda: self.primary.accepted > accepted[0] + 2 and self.standby.accepted > accepted[1] + 2)
        self.assertNotIn("down", self.daemon.log()[start:])
        self.assertEqual(self.looper.answers(), {self.primary.at})
        self.check_client()

    def restart(self, end):
        """Ends the daemon while the primary is dead, and starts it: clients must not be sent there while it does not know."""
        self.primary.behave = st.resets
        self.looper.wait_answer(self.standby.at)
        self.primary.behave = st.silent
        changes = len(self.looper.changes)
        for _ in range(5):
            end()
            hold(GONE_SECONDS)
            self.daemon.forget()
            begun = len(self.daemon.log())
            self.daemon.start()
            status, answer = self.daemon.status(), self.daemon.resolve(NAME)
            early = not self.daemon.status()["settled"]
            self.daemon.wait_active(NAME, "secondary")
            st.wait_until(lambda: self.daemon.status()["settled"])
            if early and "time is up" not in self.daemon.log()[begun:]:
                break
            # This machine was slower than the first probe, or stood still in all that there was time for: it is to do again.
            self.looper.wait_answer(self.standby.at)
            del self.looper.changes[changes:]
        self.assertFalse(status["settled"])
        self.assertEqual(status["records"][0]["active"], "primary")
        self.assertEqual(answer, [self.primary.at], "a program that holds no answer gets the primary")
        self.assertEqual(self.looper.changes[changes:], [])
        # It follows the new daemon.
        self.primary.behave = st.well
        self.looper.wait_answer(self.primary.at)

    def test_restarted(self):
        """a daemon killed or ended, and started without its state while the primary hangs: clients keep the standby until it knows"""
        self.restart(self.daemon.kill)
        self.restart(self.daemon.stop)
        turns = [self.primary.at, self.standby.at, self.primary.at, self.standby.at, self.primary.at]
        self.assertEqual(self.history(), [turns] * 4)
        self.check_client()

    def test_reloads(self):
        """1,000 reloads: the same answers, and nothing grows, neither in the client nor in the daemon"""
        self.primary.behave = st.resets
        self.looper.wait_answer(self.standby.at)
        start, probes = time.monotonic(), self.standby.accepted
        log_start, unknown = len(self.daemon.log()), 0
        growth = []
        for number in range(RELOADS):
            self.reload(self.daemon, pair(self.primary, self.standby, other(number) * (number % 2)))
            if number % 50 == 0:
                unknown += "unknown" in json.dumps(self.daemon.status())
            if number in (100, RELOADS - 1):
                growth.append((self.daemon.descriptors(), st.memory_kb(self.daemon.pid)))  # some of them for a moment
        took = time.monotonic() - start
        self.note(f"{1000 * took / RELOADS:.1f} ms for each reload; descriptors and kB after 100 and all: {growth}")
        self.assertEqual(unknown, 0)
        self.assertNotIn(" -> ", self.daemon.log()[log_start:])
        # One probe each 500 ms, ± 10 %.
        self.assertLess(self.standby.accepted - probes, 3 * took + 5)
        self.assertEqual(self.history(), [[self.primary.at, self.standby.at]] * 4)
        st.wait_until(lambda: self.daemon.descriptors() <= growth[0][0], what="the descriptors to be as many as before")
        if not st.SANITIZED:
            self.assertLess(growth[1][1], growth[0][1] + 1024)
        self.primary.behave = st.well
        self.looper.wait_answer(self.primary.at)
        self.check_client()

    def test_superseded(self):
        """a client that cannot attach again gets the answers of a reloaded daemon for a while"""
        # A failover takes 200 ms then, and "a while" is 5 s.
        check = CHECK.replace('"500ms"', '"100ms"')
        self.reload(self.daemon, pair(self.primary, self.standby, check=check))
        st.wait_until(lambda: self.daemon.status()["settled"])
        # A client of the table that this reload is to supersede: one that holds an older one gets no news.
        self.looper.stop()
        self.looper = self.start(st.Looper(self, NAME, self.daemon, threads=4, label="late looper"))
        self.looper.report()
        self.before = self.looper.report()
        os.rename(self.daemon.socket, self.daemon.socket + ".away")
        self.reload(self.daemon, pair(self.primary, self.standby, other(1), check=check))
        self.primary.behave = st.resets
        self.looper.wait_answer(self.standby.at)
        os.rename(self.daemon.socket + ".away", self.daemon.socket)
        self.primary.behave = st.well
        self.looper.wait_answer(self.primary.at)
        self.check_client()

    def test_changed_check(self):
        """a reload that changes the check of a dead primary sends nobody back to it"""
        self.primary.behave = st.resets
        self.looper.wait_answer(self.standby.at)
        self.primary.behave = st.silent
        changes = len(self.looper.changes)
        self.reload(self.daemon, pair(self.primary, self.standby, check=CHECK + 'path = "/other";'))
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.daemon.wait_settled()
        self.assertEqual(self.daemon.health(NAME, "primary"), "down")
        self.assertEqual(self.looper.changes[changes:], [])
        self.primary.behave = st.well
        self.looper.wait_answer(self.primary.at)
        self.check_client()


class Reload(Pair):
    """SIGHUP."""

    def test_changes(self):
        """records come, go and change; the health of what stays is kept"""
        daemon = self.start_daemon(pair(self.primary, self.standby, other(1) + other(2)))
        self.primary.behave = st.resets
        daemon.wait_active(NAME, "secondary")
        since = daemon.record(NAME)["since"]
        start = len(daemon.log())
        self.reload(daemon, pair(self.primary, self.standby, other(2, "192.0.2.77") + other(3)))
        status = daemon.status()
        self.assertTrue(status["settled"])
        self.assertEqual(self.names(daemon), [NAME, "other-2.example.com", "other-3.example.com"])
        self.assertEqual(daemon.resolve("other-2.example.com"), ["192.0.2.77"])
        self.assertEqual(daemon.resolve("other-3.example.com"), ["192.0.2.1"])
        self.assertEqual(daemon.resolve(NAME), [self.standby.at])
        self.assertEqual((daemon.active(NAME), daemon.record(NAME)["since"]), ("secondary", since))
        self.assertEqual(daemon.health(NAME, "primary"), "down")
        self.assertNotIn(f"{NAME}:", daemon.log()[start:])

    def test_bad_file(self):
        """a bad file changes nothing and says so in one line"""
        daemon = self.start_daemon()
        before = daemon.status()
        with open(daemon.config_path, encoding="utf-8") as file:
            good = file.read()
        cases = (
            (good + 'resolver = [];\n', r"shunt\.conf:\d+: resolver: .*resolvers"),
            (good[: len(good) // 2], r"shunt\.conf:\d+: .*syntax error"),
            ("", r"shunt\.conf"),
            (None, r"shunt\.conf: cannot be read"),
        )
        for text, expected in cases:
            with self.subTest(expected):
                start = len(daemon.log())
                os.unlink(daemon.config_path)
                if text is not None:
                    with open(daemon.config_path, "w", encoding="utf-8") as file:
                        file.write(text)
                daemon.reload()
                daemon.wait_log("nothing has changed.*\n", start=start)
                lines = [line for line in daemon.log()[start:].splitlines() if "without a verdict" not in line]
                self.assertEqual(len(lines), 1, lines)
                self.assertRegex(lines[0], "error: .*" + expected + r".*\(reload: nothing has changed\)$")
                self.assertEqual(daemon.resolve(NAME), [self.primary.at])
                self.write_text(daemon.config_path, good)
        after = daemon.status()
        for status in (before, after):
            for endpoint in status["records"][0]["endpoints"]:
                for address in endpoint["addresses"]:
                    # What the last probe took, of which there may have been another one.
                    for key in [key for key in address if key.endswith("_ms") or key in ("last_probe", "probes")]:
                        del address[key]
        self.assertEqual(after, before)
        self.reload(daemon, pair(self.primary, self.standby, other(1)))
        self.assertEqual(self.names(daemon), [NAME, "other-1.example.com"])

    def write_text(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def test_what_a_start_decides(self):
        """a changed socket waits for the next start, and the log says so"""
        daemon = self.start_daemon()
        with open(daemon.config_path, encoding="utf-8") as file:
            text = file.read()
        self.write_text(daemon.config_path, text.replace("shunt.sock", "other.sock"))
        self.reload(daemon)
        self.assertRegex(daemon.log(), r"warning: .*shunt\.conf: socket: the change takes effect at the next start")
        self.assertEqual(daemon.resolve(NAME), [self.primary.at])
        self.assertEqual(daemon.status()["socket"], daemon.socket)

    def test_probe_under_way(self):
        """a reload while a probe waits for its answer: the answer is judged by the check that is in force now"""
        go = threading.Event()

        def late(connection, stop):
            connection.recv(4096)
            go.wait(st.PATIENCE)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-State: ready\r\nContent-Length: 4\r\n\r\nfine")

        self.primary.behave = late
        check = CHECK.replace('"2s"', '"1m"') + 'expect_header = "X-State: ready"; expect_body = "fine";'
        daemon = self.start(st.Daemon(self, pair(self.primary, self.standby, check=check)))
        st.wait_until(lambda: self.primary.open > 0, what="a probe to be under way")
        for number in range(4):
            self.reload(daemon, pair(self.primary, self.standby, other(number), check=check))
        self.assertEqual(daemon.health(NAME, "primary"), "unknown")
        go.set()
        st.wait_until(lambda: daemon.health(NAME, "primary") == "up", what="the answer to count")

    def test_burst(self):
        """a burst of SIGHUPs ends with the last file in force"""
        daemon = self.start_daemon()
        for number in range(100):
            daemon.reload(pair(self.primary, self.standby, other(number)))
        st.wait_until(lambda: self.names(daemon)[1:] == ["other-99.example.com"], what="the last file")
        self.assertEqual(daemon.resolve("other-99.example.com"), ["192.0.2.1"])

    def test_flood(self):
        """SIGHUPs that come while a reload takes its time are one more, however many they are"""
        daemon = self.start_daemon()
        begin = len(daemon.log())
        for _ in range(5000):
            daemon.reload()
        daemon.reload(pair(self.primary, self.standby, other(1)))
        st.wait_until(lambda: self.names(daemon)[1:] == ["other-1.example.com"], what="the last file")
        reloads = daemon.log()[begin:].count(" reload: ")
        self.note(f"{reloads} reloads for 5,001 signals")
        self.assertLess(reloads, 500)


class SlowReload(Pair):
    """A configuration that takes its time: 60 MB of text, and a parser that is stopped meanwhile."""

    PADDING = "# a line of sixty characters or so, as people write to explain it\n" * 900_000
    FAST = 'type = "tcp"; interval = "100ms"; fast_interval = "100ms"; timeout = "2s";'

    def setUp(self):
        super().setUp()
        self.config = pair(self.primary, self.standby, check=self.FAST)
        self.daemon = self.start_daemon(self.config)
        self.client = self.start(st.Looper(self, NAME, self.daemon, threads=1))

    def stop_parser(self):
        """The process that parses, stopped while it reads or has read the file; None: there is none now."""
        with open(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in children:
            with open(f"/proc/{pid}/io", encoding="ascii") as file:
                if int(file.readline().split()[1]) > 0:
                    os.kill(pid, signal.SIGSTOP)
                    return pid
        return None

    def begin(self, number, more=""):
        """Begins a reload, and stops its parser: (the command, the parser)."""
        config = pair(self.primary, self.standby, other(number), check=self.FAST) + more + self.PADDING
        for _ in range(20):
            self.daemon.write_config(config)
            client = self.reload_client()
            parser = st.wait_until(lambda: self.stop_parser() or client.poll() is not None, what="the parser", pause=0.001)
            if parser is not True:
                st.wait_until(lambda: st.process_state(parser) == "T", what="the parser to stop")
                return client, parser
            # It was done before we looked, as we stood still: once more.
            client.communicate()
            self.reload(self.daemon, self.config)
        self.fail("every parser was done before it was seen")

    def passes(self):
        return self.daemon.metric("shunt_probes_total", type="tcp", result="pass")

    def reload_client(self):
        command = [st.SHUNT, "reload", "--control", self.daemon.control]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_all_goes_on(self):
        """while the parser stands still, probes, lookups, status and orders go on; the command waits, and is answered at its end"""
        client, parser = self.begin(1)
        before, lookups = self.passes(), self.client.report()["lookups"]
        st.wait_until(lambda: self.passes() >= before + 30, what="thirty more probes, which take 1.5 s")
        report = self.client.report()
        self.assertGreater(report["lookups"], lookups)
        self.note(f"30 probes meanwhile; the slowest of {report['lookups']} lookups took {report['slowest_us']} us")
        self.assertIsNone(client.poll(), "the command did not wait")
        self.assertEqual(self.names(self.daemon), [NAME])
        self.assertEqual(self.daemon.client([st.SHUNT, "force", NAME, "secondary"]).returncode, 0)
        self.assertEqual(self.daemon.resolve(NAME), [self.standby.at])
        self.assertEqual(self.daemon.metric("shunt_probes_total", type="tcp", result="late"), 0)
        os.kill(parser, signal.SIGCONT)
        out, _ = client.communicate(timeout=st.PATIENCE)
        self.assertEqual(client.returncode, 0, out)
        self.assertIn("other-1.example.com", out)
        self.assertEqual(self.names(self.daemon), [NAME, "other-1.example.com"])
        self.assertEqual(self.daemon.resolve(NAME), [self.standby.at], "the override of meanwhile is kept")

    def test_requests_meanwhile(self):
        """what is requested meanwhile, by signals and commands, is one more reload, which reads the file as it is then"""
        first, parser = self.begin(1)
        begun = len(self.daemon.log())
        self.daemon.write_config(pair(self.primary, self.standby, other(2), check=self.FAST))
        for _ in range(20):
            self.daemon.reload()
        later = [self.reload_client() for _ in range(3)]

        def waits(client):
            """It has sent its request: between the connect and its wait it does not sleep."""
            connected = any(what.startswith("socket:") for what in st.descriptors(client.pid).values())
            return connected and st.process_state(client.pid) == "S"

        st.wait_until(lambda: all(map(waits, later)), what="the commands to ask")
        before = self.passes()
        st.wait_until(lambda: self.passes() >= before + 10, what="the requests to have arrived")
        os.kill(parser, signal.SIGCONT)
        self.assertIn("other-1.example.com", first.communicate(timeout=st.PATIENCE)[0])
        for client in later:
            self.assertIn("other-2.example.com", client.communicate(timeout=st.PATIENCE)[0])
        self.assertEqual(self.daemon.log()[begun:].count(" reload: "), 2)

    def test_mistake(self):
        """the same with a mistake in the file: the command says so, nothing has changed"""
        client, parser = self.begin(1, "mistake = 1;\n")
        os.kill(parser, signal.SIGCONT)
        out, _ = client.communicate(timeout=st.PATIENCE)
        self.assertEqual(client.returncode, 4, out)
        self.assertIn("mistake: unknown setting", out)
        self.assertEqual(self.names(self.daemon), [NAME])

    def test_killed(self):
        """the parser is killed: words, and the next reload is as any other"""
        client, parser = self.begin(1)
        os.kill(parser, signal.SIGKILL)
        out, _ = client.communicate(timeout=st.PATIENCE)
        self.assertEqual(client.returncode, 4, out)
        self.assertIn("cannot be parsed: the parser failed", out)
        self.reload(self.daemon, pair(self.primary, self.standby, other(2), check=self.FAST))
        self.assertEqual(self.names(self.daemon), [NAME, "other-2.example.com"])

    def test_client_goes(self):
        """the command is interrupted meanwhile: the reload is done all the same"""
        client, parser = self.begin(1)
        client.kill()
        client.communicate()
        os.kill(parser, signal.SIGCONT)
        st.wait_until(lambda: len(self.names(self.daemon)) == 2, what="the new record")

    def test_end_meanwhile(self):
        """SIGTERM meanwhile: it ends at once, with status 0, the parser too, and the command is told"""
        client, parser = self.begin(1)
        self.daemon.signal(signal.SIGTERM)
        out, _ = client.communicate(timeout=st.PATIENCE)
        self.assertEqual(client.returncode, 4, out)
        self.assertIn("the daemon stops", out)
        self.assertEqual(self.daemon.wait_exit(), 0)
        st.wait_until(lambda: not os.path.exists(f"/proc/{parser}"), what="the parser to be gone")

    def test_no_descriptors(self):
        """the parser holds none of the daemon's descriptors: whoever is connected sees the end of a connection"""
        client, parser = self.begin(1)

        held = [what for number, what in st.descriptors(parser).items() if number > 2 and what != self.daemon.config_path]
        self.assertEqual([what.split(":")[0] for what in held], ["pipe"])
        os.kill(parser, signal.SIGCONT)
        client.communicate(timeout=st.PATIENCE)


class End(Pair):
    def test_signals(self):
        """SIGTERM and SIGINT end it soon, with status 0, whatever is under way; sockets and locks go"""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                self.primary.behave = st.silent
                check = CHECK.replace('"2s"', '"1m"')
                daemon = self.start(st.Daemon(self, pair(self.primary, self.standby, check=check)))
                st.wait_until(lambda: self.primary.open > 0, what="a probe to be under way")
                looper = self.start(st.Looper(self, NAME, daemon, threads=1))
                with (
                    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as reader,
                    socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client,
                ):
                    reader.connect(daemon.control)
                    client.connect(daemon.socket)
                    names = ("control.sock", "shunt.sock", "shunt.sock.report")
                    self.assertEqual(self.left(daemon), sorted(name + end for name in names for end in ("", ".lock")))
                    begin = time.monotonic()
                    daemon.signal(number)
                    self.assertEqual(daemon.wait_exit(), 0)
                    took = time.monotonic() - begin
                self.note(f"{number.name}: ended after {1000 * took:.0f} ms")
                self.assertLess(took, 20)
                self.assertEqual(self.left(daemon), [])
                looper.stop()

    def test_more_signals(self):
        """those that come while it ends already neither cut its end off nor change its status"""
        daemon = self.start(st.Daemon(self, pair(self.primary, self.standby)))

        def ended():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                daemon.signal(number)
            return not daemon.running

        for _ in range(10):
            st.wait_until(lambda: "state.json" in self.left(daemon), what="a state to be written")
            # Not without a pause: a process that does nothing but take signals does not end.
            st.wait_until(ended, what="the daemon to end", pause=0.0002)
            self.assertEqual(daemon.wait_exit(), 0)
            self.assertEqual(self.left(daemon), ["state.json"])
            daemon.start()

    def left(self, daemon):
        return sorted(name for name in os.listdir(daemon.dir) if name not in ("shunt.conf", "log"))


class Sockets(st.Case):
    """Where the sockets are to be, something else may stand."""

    CONFIG = 'records: ( { name = "www.example.com"; primary: { address = "192.0.2.10"; }; } );'

    def refused(self, config, expected):
        """It ends at once with one line; `expected` is a regular expression for what follows FILE:LINE."""
        path = self.write("refused.conf", config + "\n" + self.CONFIG)
        done = st.run([st.SHUNTD, "-c", path])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], f"^{re.escape(path)}:{expected}")
        return lines[0]

    def settings(self, client="s", control="c"):
        return f'socket = "{self.path(client)}";\ncontrol = "{self.path(control)}";'

    def test_second(self):
        """a second daemon on the same socket ends with one line, and does not disturb the first"""
        daemon = self.start(st.Daemon(self, self.CONFIG))
        config = f'socket = "{daemon.socket}";\ncontrol = "{self.path("c")}";'
        line = self.refused(config, "1: socket: .*shunt.sock: is in use by a live daemon")
        self.assertIn(f"process {daemon.pid};", line)
        config = f'socket = "{self.path("s")}";\ncontrol = "{daemon.control}";'
        self.refused(config, "2: control: .*control.sock: is in use by a live daemon")
        self.assertEqual(daemon.resolve(NAME), ["192.0.2.10"])
        self.assertEqual(daemon.status()["pid"], daemon.pid)
        self.assertEqual([name for name in os.listdir(self.tmp) if name[0] in "sc" and len(name) < 7], [])

    def test_stale(self):
        """the sockets of a daemon that was killed are replaced"""
        daemon = self.start(st.Daemon(self, self.CONFIG))
        daemon.kill()
        self.assertTrue(os.path.exists(daemon.socket) and os.path.exists(daemon.control))
        before = os.stat(daemon.socket).st_ctime_ns, os.stat(daemon.control).st_ctime_ns
        daemon.start()
        self.assertEqual(daemon.resolve(NAME), ["192.0.2.10"])
        self.assertGreater(os.stat(daemon.socket).st_ctime_ns, before[0])
        self.assertGreater(os.stat(daemon.control).st_ctime_ns, before[1])

    def test_refused(self):
        """a file, a folder, a link at the path, a path too long, no folder: one line, and nothing is touched"""
        self.write("file", "precious")
        os.mkdir(self.path("folder"))
        os.symlink(self.path("file"), self.path("link"))
        long = "x" * 120
        cases = (
            ({"client": "file"}, "1: socket: .*file: is not a socket"),
            ({"client": "folder"}, "1: socket: .*folder: is not a socket"),
            ({"client": "link"}, "1: socket: .*link: is not a socket"),
            ({"client": long}, "1: socket: is too long; "),
            ({"client": "none/s"}, "1: socket: .*none does not exist"),
            ({"client": "file/s"}, "1: socket: .*file is not a folder"),
            ({"control": "file"}, "2: control: .*file: is not a socket"),
            ({"control": "none/c"}, "2: control: .*none does not exist"),
            ({"control": "s"}, "2: control: "),
        )
        before = sorted(os.listdir(self.tmp) + ["refused.conf"])
        for paths, expected in cases:
            with self.subTest(expected):
                self.refused(self.settings(**paths), expected)
                self.assertEqual(sorted(os.listdir(self.tmp)), before)
        with open(self.path("file"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_modes(self):
        """everybody may open both sockets; the lock files are their owner's"""
        daemon = self.start(st.Daemon(self, self.CONFIG))
        for path, mode in ((daemon.socket, 0o666), (daemon.control, 0o666), (daemon.socket + ".lock", 0o600)):
            self.assertEqual(os.stat(path).st_mode & 0o7777, mode, path)


# The configuration that the documentation explains, as it stands.
EXAMPLE = r"""
socket    = "/run/shunt/shunt.sock";     # clients attach here, mode 0666
control   = "/run/shunt/control.sock";   # operators and readers
state_dir = "/var/lib/shunt";
stale_limit = "10m";
# user      = "shunt";                   # default: stay who started it
# http      = "127.0.0.1:9469";          # optional: read-only status page and /metrics over TCP
# http_hosts = [ "monitor.example.com" ]; # Host headers taken there besides IP literals and localhost
# resolvers = [ "127.0.0.1:5353" ];      # optional: DNS servers for endpoint names

checks: {
  web: { type = "http"; port = 8080; path = "/health"; expect_status = "200-399"; expect_body = "ok";
         interval = "10s"; fast_interval = "1s"; timeout = "4s"; fall = 3; rise = 3; };
  db:  { type = "tcp"; port = 5432; };
};

records: (
  { name = "www.example.com"; aliases = [ "www" ];
    primary:   { address = "192.0.2.10"; check = "web"; };
    secondary: { address = "standby.example.net"; check = "web"; }; },

  { name = "db.example.com"; failback = "manual";
    primary:   { addresses = [ "192.0.2.20", "2001:db8::20" ]; check = "db"; };
    secondary: ( { id = "replica-1"; address = "192.0.2.21"; check = "db"; },
                 { id = "replica-2"; address = "192.0.2.22"; check = { type = "tcp"; port = 5432; interval = "2s"; }; } ); }
);
"""


class CommandLine(st.Case):
    def test_check(self):
        """shuntd -t tells good from bad, needs nothing and makes nothing"""
        example = self.write("example.conf", EXAMPLE)
        settings = f'socket = "{self.path("none/s")}"; control = "{self.path("none/c")}"; state_dir = "{self.path("none")}";\n'
        settings += 'user = "no-such-user";\nhttp = "127.0.0.1:1";\n'
        bare = self.write("bare.conf", settings + Sockets.CONFIG)
        bad = self.write("bad.conf", EXAMPLE.replace('"tcp"', '"tpc"', 1))
        missing = self.path("missing.conf")
        before = sorted(os.listdir(self.tmp))
        for path in (example, bare, *glob.glob(os.path.join(st.ROOT, "conf", "examples", "*.conf"))):
            with self.subTest(path):
                done = st.check_config(path)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, f"^{re.escape(path)}: good: [0-9]+ records?\n({re.escape(path)}: fleet: [^\n]*\n)?$")
        for path, expected in ((bad, r":\d+: .*tpc.*"), (missing, ": cannot be read: .*")):
            with self.subTest(path):
                done = st.check_config(path)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, f"^{re.escape(path)}{expected}\n$")
        self.assertEqual(sorted(os.listdir(self.tmp)), before)

    def test_options(self):
        """-h, -V and mistakes on the command line"""
        for option in ("-h", "--help"):
            done = st.run([st.SHUNTD, option])
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, "^Usage: shuntd (?s:.*)--config(?s:.*)--test(?s:.*)SIGHUP")
        for option in ("-V", "--version"):
            done = st.run([st.SHUNTD, option])
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"\Ashuntd \d+\.\d+\.\d+\n([A-Za-z0-9-]+ \d+\.\S+\n){10}\Z")
        for arguments in (["--bogus"], ["-x"], ["operand"], ["-t", "operand"], ["-c"], ["--owner-fd", "77", "-t"]):
            with self.subTest(arguments):
                done = st.run([st.SHUNTD, *arguments])
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertIn("shuntd --help", done.stderr)


class Rights(Pair):
    """Who it is, and who may attach."""

    def setUp(self):
        super().setUp()
        self.bin = st.public_build(self)

    def test_others_attach(self):
        """every local user may attach, and read the status"""
        need_root()
        st.need("setpriv")
        daemon = st.Daemon(self, pair(self.primary, self.standby))
        os.chmod(daemon.dir, 0o755)
        self.start(daemon)
        env = st.clean_env(LD_PRELOAD=self.bin.shim, SHUNT_SOCKET=daemon.socket, SHUNT_CONTROL=daemon.control)
        looks = [*st.NOBODY, self.bin.looper, "-1", NAME]
        st.unhurried(lambda: self.assertEqual(st.run(looks, env=env).stdout.split()[3:], [self.primary.at]))
        done = st.run([*st.NOBODY, self.bin.shunt, "status"], env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.primary.at, done.stdout)

    def test_user(self):
        """user = "nobody" gives up root for good, and the daemon works on"""
        need_root()
        st.need("setpriv")
        groups = ("setpriv", "--groups=4,24", "--")
        daemon = st.Daemon(self, 'user = "nobody";' + pair(self.primary, self.standby), prefix=groups)
        os.chown(daemon.dir, 65534, 65534)
        os.chmod(daemon.config_path, 0o644)
        self.start(daemon)
        daemon.wait_settled()
        with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(fields["Uid"].split(), ["65534"] * 4)
        self.assertEqual(fields["Gid"].split(), ["65534"] * 4)
        self.assertEqual(fields["Groups"].split(), [])
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(fields[kind], 16), 0, kind)
        self.assertEqual(daemon.resolve(NAME), [self.primary.at])
        self.primary.behave = st.resets
        daemon.wait_active(NAME, "secondary")
        self.reload(daemon)
        daemon.stop()
        self.assertFalse(os.path.exists(daemon.socket))

    def test_no_such_user(self):
        """a user that does not exist: one line, and no start"""
        daemon = st.Daemon(self, 'user = "no-such-user";\n' + pair(self.primary, self.standby))
        done = st.run(daemon.command)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'^.*shunt\.conf:2: user: there is no user "no-such-user"; .*\n$')
        self.assertEqual(os.listdir(daemon.dir), ["shunt.conf"])

    def test_port(self):
        """http = "127.0.0.1:PORT" serves readers there, and nobody else's pages"""
        address = self.address()
        port = st.free_port(address)
        daemon = self.start_daemon(f'http = "{address}:{port}"; http_hosts = [ "monitor.example.com" ];\n'
                                   + pair(self.primary, self.standby))  # fmt: skip
        cases = (
            ("GET", "/v1/status", f"{address}:{port}", 200),
            ("GET", "/v1/status", "localhost", 200),
            ("GET", "/v1/status", "[::1]:80", 200),
            ("GET", "/v1/status", "Monitor.example.com", 200),
            ("GET", "/v1/status", "evil.example.com", 403),
            ("GET", "/v1/status", "monitor.example.com.evil.example", 403),
            ("GET", "/nothing", "localhost", 404),
            ("POST", "/v1/status", "localhost", 405),
            ("DELETE", "/v1/status", "localhost", 405),
        )
        for method, url, host, expected in cases:
            with self.subTest((method, url, host)):
                connection = http.client.HTTPConnection(address, port, timeout=st.PATIENCE)
                connection.request(method, url, headers={"Host": host})
                response = connection.getresponse()
                body = json.loads(response.read())
                connection.close()
                self.assertEqual(response.status, expected, body)
                if expected == 200:
                    self.assertEqual(body["records"][0]["name"], NAME)
                else:
                    self.assertNotIn(NAME, json.dumps(body))
        # Its port is taken for the next one.
        second = st.Daemon(self, f'http = "{address}:{port}";\n' + pair(self.primary, self.standby), name="second")
        done = st.run(second.command)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"^.*:2: http: cannot listen on {re.escape(address)}:{port}: .*; .*\n$")
        self.assertEqual(os.listdir(second.dir), ["shunt.conf"])

    @unittest.skipIf(st.SANITIZED, "a sanitizer wants to be preloaded first")
    def test_under_the_shim(self):
        """a daemon that is started under the shim sheds it, and asks the real DNS for its own names"""
        dns = self.start(st.Dns(self, self.address(), hosts={NAME: ["192.0.2.99"]}))
        daemon = st.Daemon(self, f"""resolvers = [ "{dns.resolver}" ];
            records: ( {{ name = "{NAME}"; primary: {{ address = "{NAME}"; }}; }} );""")  # fmt: skip
        daemon._env = st.clean_env(LD_PRELOAD=st.SHIM, SHUNT_SOCKET=daemon.socket)
        self.start(daemon)
        st.wait_until(lambda: daemon.answer(NAME) == ["192.0.2.99"], what="the DNS answer")
        self.assertEqual(daemon.resolve(NAME), ["192.0.2.99"])
        if os.geteuid() == 0:
            self.assertEqual(st.mappings(daemon.pid, "libshunt"), [])


class Private(Pair):
    """shunt run -c: a daemon for one command, without root."""

    def setUp(self):
        super().setUp()
        self.bin = st.public_build(self)
        self.folder = self.path("runtime")
        os.mkdir(self.folder, 0o700)
        self.config = self.write("private.conf", pair(self.primary, self.standby))
        self.prefix = []
        if os.geteuid() == 0:
            st.need("setpriv")
            os.chown(self.folder, 65534, 65534)
            self.prefix = st.NOBODY
        self.env = st.clean_env(XDG_RUNTIME_DIR=self.folder)

    def command(self, *command):
        return [*self.prefix, self.bin.shunt, "run", "-c", self.config, "--", *command]

    def run_with(self, *command, **options):
        options.setdefault("env", self.env)
        return st.run(self.command(*command), **options)

    def wait_gone(self, folder):
        st.wait_until(lambda: not os.path.exists(folder), what=f"{folder} to go")

    def test_no_root(self):
        """it needs no root, and leaves nothing in XDG_RUNTIME_DIR, nor in /tmp where there is none"""
        script = f'id -u; "{self.bin.looper}" -1 {NAME}; dirname "$SHUNT_CONTROL"; stat -c %a "$(dirname "$SHUNT_CONTROL")"'

        def looks(env):
            done = self.run_with("sh", "-c", script, env=env)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            words = done.stdout.split()
            self.wait_gone(words[5])
            self.assertEqual(words[4], self.primary.at)
            return words

        for env, base in ((self.env, self.folder), (st.clean_env(XDG_RUNTIME_DIR=""), "/tmp")):
            with self.subTest(base):
                words = st.unhurried(lambda env=env: looks(env))
                self.assertEqual(words[0], "65534" if self.prefix else str(os.geteuid()))
                self.assertEqual(os.path.dirname(words[5]), base)
                self.assertEqual(words[6], "700")
        self.assertEqual(os.listdir(self.folder), [])

    def test_open_folder(self):
        """an XDG_RUNTIME_DIR that others may write to, or that is another user's, is not used"""
        cases = [(0o777, None), (0o770, None), (0o1777, None)]
        if self.prefix:
            cases.append((0o755, 0))
        for mode, owner in cases:
            with self.subTest(f"{mode:o}, owner {owner}"):
                if owner is not None:
                    os.chown(self.folder, owner, owner)
                os.chmod(self.folder, mode)
                done = self.run_with("sh", "-c", 'dirname "$(dirname "$SHUNT_CONTROL")"')
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "/tmp\n", ""))
                self.assertEqual(os.listdir(self.folder), [])

    def test_killed(self):
        """it ends when COMMAND is killed, and no signal of COMMAND's terminal reaches it"""
        # python3 may be where that user cannot reach it.
        script = f'echo $$ "$SHUNT_CONTROL"; "{self.bin.shunt}" status --json | tr -d "\\n"; echo; exec cat'
        process = subprocess.Popen(
            self.command("sh", "-c", script),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.env,
            start_new_session=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.kill)
        command, control = process.stdout.readline().split()
        daemon = json.loads(process.stdout.readline())["pid"]
        self.assertEqual(int(command), process.pid, "COMMAND takes the place of shunt")
        self.assertNotEqual(os.getsid(int(daemon)), os.getsid(process.pid))
        with open(f"/proc/{daemon}/stat", encoding="ascii") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
        self.assertNotIn(parent, (process.pid, os.getpid()), "it is nobody's child")
        if os.geteuid() == 0:
            pipes = set(st.descriptors(process.pid).values()) & set(st.descriptors(daemon).values())
            self.assertEqual({pipe for pipe in pipes if pipe.startswith("pipe:")}, set(), "it keeps COMMAND's pipes open")
        os.killpg(process.pid, signal.SIGKILL)
        self.assertEqual(process.wait(), -signal.SIGKILL)
        self.wait_gone(f"/proc/{daemon}")
        self.wait_gone(os.path.dirname(control))
        self.assertEqual(os.listdir(self.folder), [])

    def test_natural(self):
        """exit status, signals, pipes and descriptors are COMMAND's own"""
        self.assertEqual(self.run_with("sh", "-c", "exit 42").returncode, 42)
        self.assertEqual(self.run_with("sh", "-c", "kill -TERM $$").returncode, -signal.SIGTERM)
        text = "some text\n" * 20_000
        done = self.run_with("cat", input=text, stdin=None)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout == text, "cat gives back what it was given")
        pipeline = "seq 100000 | {} | tail -n 1".format(" ".join(f"'{word}'" for word in self.command("cat")))
        done = st.run(["sh", "-c", pipeline], env=self.env)
        self.assertEqual((done.stdout, done.stderr), ("100000\n", ""))
        listing = ["ls", "/proc/self/fd"]
        self.assertEqual(self.run_with(*listing).stdout, st.run(listing).stdout)
        signals = ["grep", "^Sig[BIC]", "/proc/self/status"]
        self.assertEqual(self.run_with(*signals).stdout, st.run(signals).stdout)

    def test_waits(self):
        """COMMAND starts when each check has a verdict: a dead primary is never answered"""

        def looks():
            done = self.run_with(self.bin.looper, "-1", NAME)
            self.assertEqual(done.stdout.split()[3:], [self.standby.at], done.stderr)

        for self.primary.behave in (st.resets, st.silent):
            st.unhurried(looks)

    def test_bad(self):
        """a bad configuration is shuntd's one line and status 125; COMMAND does not start, nothing is left"""
        marker = self.path("marker")
        with open(self.config, "a", encoding="utf-8") as file:
            file.write('intervall = "1s";\n')
        done = self.run_with("touch", marker)
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertRegex(done.stderr, rf"^{re.escape(self.config)}:\d+: intervall: .*\n$")
        self.assertFalse(os.path.exists(marker))
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    st.main(jobs=2)
