#!/usr/bin/env python3
"""Doors: programs that no library can be preloaded into are led by the kernel, by their cgroup."""
import json
import os
import pwd
import select
import shutil
import signal
import socket
import unittest

import doors
import shunttest as st

NAME = "www.example.com"
BUILT = os.path.exists(doors.HELPER)
NO_CAPABILITY = (
    "shunt-door: cannot keep CAP_BPF and CAP_NET_ADMIN and give up the rest: Operation not permitted; start it by its unit, or as root\n"
)


class Door(st.Case):
    """A primary and a standby that say who they are, a cgroup, a daemon and the helper."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("attaching to cgroups needs root")
        if not BUILT:
            self.skipTest("this build has no doors: clang or libbpf is missing")
        if not doors.root():
            self.skipTest("no cgroups of version 2 are mounted here")

    def need_kernel(self):
        """On a kernel that refuses, what is tested is what is said of it; True: it takes programs."""
        self.kernel_error = doors.kernel_error()
        if self.kernel_error:
            self.note(f"this kernel refuses BPF: {os.strerror(self.kernel_error)}")
        return not self.kernel_error

    def servers(self, *names):
        addresses = [self.address() for _ in names]
        self.port = st.free_port(*addresses)
        self.running = {name: self.start(doors.Server(name, (address, self.port))) for name, address in zip(names, addresses)}
        return addresses

    def config(self, primary, standby, extra="", record="", file=""):
        return f"""
            door = {{ cgroup = "{self.cgroup.path}"; }}; door_socket = "{self.path("door.sock")}"; {file}
            checks: {{ web: {{ type = "tcp"; port = {self.port}; interval = "100ms"; fast_interval = "100ms"; fall = 1; rise = 1; }}; }};
            records: ( {{ name = "{NAME}"; {record}
                primary: {{ address = "{primary}"; check = "web"; }};
                secondary: {{ address = "{standby}"; check = "web"; }}; }} {extra} );"""

    def open_door(self, config=None, cgroup=True):
        """The usual beginning; returns the two addresses. Ends the test where the kernel refuses, once that was told."""
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = doors.Cgroup() if not cgroup else self.start(doors.Cgroup())
        self.daemon = st.Daemon(self, (config or self.config)(self.primary, self.standby))
        self.helper = self.start(doors.Helper(self, self.daemon.config_path))
        self.start(self.daemon)
        self.daemon.wait_settled()
        if not self.need_kernel():
            self.wait_door("refused")
            self.assertRegex(self.door()["reason"], r"^(the|this) kernel ")
            raise RefusedHere
        return self.primary, self.standby

    def run(self, result=None):
        """A test that ends as the kernel refuses has said what it saw."""
        method = getattr(self, self._testMethodName)

        def attempt(*arguments):
            try:
                method(*arguments)
            except RefusedHere:
                pass

        attempt.__doc__ = method.__doc__
        setattr(self, self._testMethodName, attempt)
        return super().run(result)

    def door(self):
        return self.daemon.status()["doors"][0]

    def wait_door(self, state):
        st.wait_until(lambda: self.door()["state"] == state, what=f"the door to be {state}")

    def dialer(self, command=(doors.DIALER,), inside=True, prefix=()):
        return self.start(doors.Dialer(command, [*prefix, *(self.cgroup.prefix if inside else ())]))

    def wait_answer(self, dialer, name, address=None, kind="tcp", port=None):
        """Until that server answers; returns what getpeername() says."""
        return st.wait_until(
            lambda: (lambda found: found[1] if found[0] == name else None)(dialer.dial(address or self.primary, port or self.port, kind)),
            what=f"{name} to answer",
        )

    def wait_refused(self, dialer):
        """Until the primary, which is down, is what is connected to."""

        def is_refused():
            try:
                return dialer.dial(self.primary, self.port) and False
            except ConnectionRefusedError:
                return True

        st.wait_until(is_refused, what="no door")


class RefusedHere(Exception):
    pass


class Led(Door):
    def test_told(self):
        """`shunt doors` tells that the door of its cgroup reaches a program, and one outside that nothing does"""
        self.open_door()
        self.wait_door("attached")
        for inside, door, told in ((True, "bpf", "connect"), (False, "none", "libc")):
            dialer = self.dialer(inside=inside)
            self.wait_answer(dialer, "primary")
            shown = json.loads(st.shunt(self.daemon, "doors", str(dialer.process.pid), "--json").stdout)
            self.assertEqual((shown["door"], shown["told"]), (door, told), shown)

    def test_failover_and_failback(self):
        """a static program follows the failover and the failback; one beside it goes where it means to"""
        self.open_door()
        self.wait_door("attached")
        static, beside = doors.static_dialer(self), self.dialer(inside=False)
        inside = self.dialer([static])
        self.assertEqual(inside.dial(self.primary, self.port), ("primary", self.primary))
        self.running["primary"].stop()
        self.assertEqual(self.wait_answer(inside, "standby"), self.standby)
        self.daemon.wait_active(NAME, "secondary")
        with self.assertRaises(ConnectionRefusedError):
            beside.dial(self.primary, self.port)
        self.running["primary"].start()
        self.daemon.wait_active(NAME, "primary")
        self.assertEqual(self.wait_answer(inside, "primary"), self.primary)
        self.assertEqual(self.wait_answer(inside, "primary", self.standby), self.primary)
        self.assertEqual(beside.dial(self.standby, self.port), ("standby", self.standby))

    def test_counts(self):
        """how many connects were led elsewhere is told: in the status and the metrics; and the door is an event"""
        self.open_door()
        self.wait_door("attached")
        inside = self.dialer()
        self.wait_answer(inside, "primary", self.standby)
        inside.dial(self.primary, self.port)
        before = st.wait_until(lambda: self.door()["rewritten"], what="a count")
        for _ in range(5):
            inside.dial(self.standby, self.port)
        st.wait_until(lambda: self.door()["rewritten"] == before + 5, what="five more")
        label = {"cgroup": self.cgroup.path}
        self.assertEqual(self.daemon.metric("shunt_door_rewritten_total", **label), before + 5)
        self.assertEqual(self.daemon.metric("shunt_door_attached", **label), 1)
        self.assertEqual(self.daemon.metric("shunt_door_entries"), 1)
        self.daemon.wait_log(rf"door: \w+ -> attached: {self.cgroup.path}\n")

    def test_clients(self):
        """Python, io_uring, MPTCP and TCP Fast Open are reached; UDP is not, nor another port"""
        self.open_door()
        self.wait_door("attached")
        self.running["primary"].stop()
        inside = self.dialer()
        self.wait_answer(inside, "standby")
        for kind in ("uring", "mptcp", "fastopen", "mapped"):
            with self.subTest(kind=kind):
                address = f"::ffff:{self.primary}" if kind == "mapped" else self.primary
                try:
                    found = inside.dial(address, self.port, kind)
                except OSError as error:
                    self.assertIn(kind, ("uring", "mptcp"), error)
                    self.note(f"{kind}: {error.strerror} (the kernel has none)")
                    continue
                self.assertEqual(found[0], "standby")
        self.assertEqual(inside.dial(self.primary, self.port, "udp")[1], self.primary)
        other = st.free_port(self.primary, self.standby)
        self.start(doors.Server("other", (self.primary, other)))
        self.assertEqual(inside.dial(self.primary, other), ("other", self.primary))
        program = f"import socket; print(socket.create_connection(('{self.primary}', {self.port})).recv(99).decode())"
        done = st.run([*self.cgroup.prefix, "python3", "-c", program])
        self.assertEqual(done.stdout, "standby\n", done.stderr)

    def test_go(self):
        """a Go program, which resolves and connects by itself"""
        if not shutil.which("go"):
            self.skipTest("go is not installed")
        self.open_door()
        self.running["primary"].stop()
        self.write("dial.go", 'package main\nimport ("fmt"; "io"; "net"; "os")\nfunc main() { c, e := net.Dial("tcp", os.Args[1]); '
                   'if e != nil { fmt.Println(e); return }; b, _ := io.ReadAll(c); fmt.Printf("%s", b) }\n')  # fmt: skip
        env = st.clean_env(CGO_ENABLED="0", HOME=self.tmp, GOFLAGS="-mod=mod")
        st.run(["go", "build", "-o", self.path("dial"), self.path("dial.go")], env=env, cwd=self.tmp)
        where = f"{self.primary}:{self.port}"
        st.wait_until(lambda: st.run([*self.cgroup.prefix, self.path("dial"), where]).stdout == "standby", what="Go to be led")

    def test_java(self):
        """a Java program, which goes on naming the address that it asked for"""
        if not shutil.which("java") or "jdk.compiler@" not in st.run(["java", "--list-modules"]).stdout:
            self.skipTest("no JDK is installed")
        self.open_door()
        self.wait_door("attached")
        self.running["primary"].stop()
        self.wait_answer(self.dialer(), "standby")
        source = self.write("Dial.java", 'import java.net.*; public class Dial { public static void main(String[] a) throws Exception { '
                            'Socket s = new Socket(a[0], Integer.parseInt(a[1])); byte[] b = s.getInputStream().readAllBytes(); '
                            'System.out.println(new String(b) + " " + s.getInetAddress().getHostAddress()); } }\n')  # fmt: skip
        done = st.run([*self.cgroup.prefix, "java", source, self.primary, str(self.port)])
        self.assertEqual(done.stdout, f"standby {self.primary}\n", done.stderr)

    def test_ipv6(self):
        """IPv6 goes to IPv6, IPv4 to IPv4, and a mapped address to a mapped one"""
        space = self.start(st.NetNs())
        one, two, six, other = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"
        space.add_address(one, two)
        for address in (six, other):
            space.ip("address", "add", f"{address}/128", "dev", "lo", "nodad")
        self.port = 8080
        self.running = {
            "primary": self.start(doors.Server("primary", (one, self.port), (six, self.port), space=space)),
            "standby": self.start(doors.Server("standby", (two, self.port), (other, self.port), space=space)),
        }
        self.cgroup = self.start(doors.Cgroup())
        text = self.config(one, two).replace(f'address = "{one}"', f'addresses = [ "{one}", "{six}" ]')
        text = text.replace(f'address = "{two}"', f'addresses = [ "{two}", "{other}" ]')
        self.daemon = st.Daemon(self, text, prefix=space.prefix)
        self.helper = self.start(doors.Helper(self, self.daemon.config_path))
        self.start(self.daemon)
        self.daemon.wait_settled()
        if not self.need_kernel():
            return
        self.wait_door("attached")
        inside = self.dialer(prefix=space.prefix)
        self.assertEqual(inside.dial(six, self.port), ("primary", six))
        self.running["primary"].stop()
        self.assertEqual(self.wait_answer(inside, "standby", six), other)
        self.assertEqual(self.wait_answer(inside, "standby", one), two)
        self.assertEqual(self.wait_answer(inside, "standby", f"::ffff:{one}", kind="mapped"), f"::ffff:{two}")

    def test_nobody_answers(self):
        """where nothing is up, a connection goes as the table says: to the primary, or where it was meant to (dns, fail)"""
        for all_down, expected in (("primary", "primary"), ("fail", "standby"), ("dns", "standby")):
            with self.subTest(all_down=all_down):
                self.primary, self.standby = self.servers("primary", "standby")
                port, self.port = self.port, st.free_port()  # the checks' port, where nothing listens
                self.cgroup = self.start(doors.Cgroup())
                record = f'all_down = "{all_down}"; ports = [ {port} ];'
                self.daemon = st.Daemon(self, self.config(self.primary, self.standby, record=record))
                self.helper = self.start(doors.Helper(self, self.daemon.config_path))
                self.start(self.daemon)
                self.daemon.wait_settled()
                if self.need_kernel():
                    self.wait_door("attached")
                    self.wait_answer(self.dialer(), expected, self.standby, port=port)
                self.daemon.stop()
                self.helper.stop()

    def test_records_share_an_address(self):
        """an address that some record answers is never led away from"""
        self.open_door(
            lambda primary, standby: self.config(
                primary, standby, record='failback = "manual";',
                extra=f', {{ name = "other.example.com"; ports = [ {self.port} ]; primary: {{ address = "{standby}"; }}; }}'))  # fmt: skip
        self.wait_door("attached")
        inside = self.dialer()
        self.assertEqual(inside.dial(self.standby, self.port), ("standby", self.standby))
        self.running["primary"].stop()
        self.wait_answer(inside, "standby")


class Lives(Door):
    def shown(self):
        return st.shunt(self.daemon, "status", NAME).stdout

    def test_helper_killed(self):
        """without the helper connections go where they were meant to, it is told, and the next one takes over"""
        self.open_door()
        self.wait_door("attached")
        self.assertIn(f"\nDoor of {self.cgroup.path}: attached.\n", self.shown())
        inside = self.dialer()
        self.running["primary"].stop()
        self.wait_answer(inside, "standby")
        self.helper.kill()
        self.wait_refused(inside)
        self.wait_door("unserved")
        self.assertRegex(self.shown(), rf"\nDoor of {self.cgroup.path}: unserved, .+\.\n")  # why changes with each attempt
        st.wait_until(lambda: self.helper.socket_path in self.door()["reason"], what="the reason")
        self.helper.start()
        self.wait_door("attached")
        self.wait_answer(inside, "standby")

    def test_daemon_killed(self):
        """while the daemon is away the last answers hold, through its restart, until stale_limit has passed"""
        self.open_door(lambda *addresses: self.config(*addresses, file='stale_limit = "2s";'))
        self.wait_door("attached")
        inside = self.dialer()
        self.running["primary"].stop()
        self.wait_answer(inside, "standby")
        self.daemon.stop()  # not kill(): what is saved at once is asserted elsewhere
        self.assertEqual(inside.dial(self.primary, self.port)[0], "standby")
        self.daemon.start()
        for _ in range(20):
            self.assertEqual(inside.dial(self.primary, self.port)[0], "standby")
        self.daemon.wait_settled()
        self.wait_door("attached")
        self.assertEqual(inside.dial(self.primary, self.port)[0], "standby")
        self.running["primary"].start()
        self.wait_answer(inside, "primary")
        self.daemon.kill()
        self.assertEqual(self.wait_answer(inside, "standby", self.standby), self.standby)
        self.helper.wait_log("stale_limit")

    def test_daemon_hangs(self):
        """a daemon that hangs is gone, too, after ten seconds; it is served again once it goes on"""
        self.open_door(lambda *addresses: self.config(*addresses, file='stale_limit = "0s";'))
        self.wait_door("attached")
        inside = self.dialer()
        self.running["primary"].stop()
        self.wait_answer(inside, "standby")
        self.daemon.pause()
        self.wait_refused(inside)
        self.daemon.resume()
        self.wait_answer(inside, "standby")
        self.wait_door("attached")

    def test_service_restarts(self):
        """a cgroup that is not there yet is waited for, and one that is made anew has its door again"""
        self.open_door(cgroup=False)
        self.wait_door("waiting")
        self.assertEqual(self.door()["reason"], "there is no such cgroup now")
        self.running["primary"].stop()
        self.daemon.wait_active(NAME, "secondary")
        for _ in range(3):
            self.start(self.cgroup)
            self.wait_door("attached")
            self.wait_answer(self.dialer(), "standby")
            self.cgroup.stop()
            self.wait_door("waiting")
        for _ in range(10):  # too quick for anybody to see that it was away
            self.cgroup.start()
            self.cgroup.stop()
        self.start(self.cgroup)
        self.wait_answer(self.dialer(), "standby")

    def test_ports_change(self):
        """what a reload leads no longer goes where it was meant to, and what it leads newly is led"""
        self.open_door(lambda *addresses: self.config(*addresses, file='stale_limit = "1h";'))
        self.wait_door("attached")
        inside, other = self.dialer(), st.free_port(self.primary, self.standby)
        self.wait_answer(inside, "primary", self.standby)
        for name, address in (("other primary", self.primary), ("other standby", self.standby)):
            self.start(doors.Server(name, (address, other)))
        self.daemon.reload(self.config(self.primary, self.standby, record=f"ports = [ {other} ];"))
        self.wait_answer(inside, "other primary", self.standby, port=other)
        self.wait_answer(inside, "standby", self.standby)

    def test_own_fault(self):
        """a helper that has no descriptors for a while leaves an attached door as it is"""
        st.need("strace")
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = self.start(doors.Cgroup())
        self.daemon = st.Daemon(self, self.config(self.primary, self.standby))
        trace = ["strace", "-qq", "-o", self.path("trace"), "-P", self.cgroup.folder, "-e", "inject=openat:error=ENFILE:when=2+"]
        self.helper = self.start(doors.Helper(self, self.daemon.config_path, prefix=trace))
        self.start(self.daemon)
        if not self.need_kernel():
            return
        self.running["primary"].stop()
        inside = self.dialer()
        self.wait_answer(inside, "standby")

        def faults():
            with open(self.path("trace"), encoding="utf-8") as file:
                return file.read().count("ENFILE")

        st.wait_until(lambda: faults() >= 3, what="three faults")
        self.assertEqual(inside.dial(self.primary, self.port)[0], "standby")
        self.assertEqual(self.door()["state"], "attached")

    def test_deep(self):
        """none of its parents is there yet, either"""
        self.open_door(lambda *addresses: self.config(*addresses).replace(self.cgroup.path, self.cgroup.path + "/a/b"), cgroup=False)
        self.wait_door("waiting")
        for name in ("", "/a", "/a/b"):
            self.addCleanup(os.rmdir, self.cgroup.folder + name)
        os.makedirs(self.cgroup.folder + "/a/b")
        self.wait_door("attached")

    def test_reload(self):
        """a door that a reload removes is closed, one that it brings is opened, and the others are not touched"""
        self.open_door()
        self.wait_door("attached")
        inside, beside = self.dialer(), self.start(doors.Cgroup())
        self.running["primary"].stop()
        self.wait_answer(inside, "standby")
        one, both = f'"{self.cgroup.path}"; }}', f'"{self.cgroup.path}"; }}, {{ cgroup = "{beside.path}"; }} )'
        text = self.config(self.primary, self.standby)
        self.daemon.reload(text.replace("door = {", "door = ( {", 1).replace(one, both, 1))
        st.wait_until(lambda: [door["state"] for door in self.daemon.status()["doors"]] == ["attached"] * 2, what="two doors")
        other = self.start(doors.Dialer(prefix=beside.prefix))
        self.assertEqual(other.dial(self.primary, self.port)[0], "standby")
        self.assertEqual(inside.dial(self.primary, self.port)[0], "standby")
        self.daemon.reload(text.replace(self.cgroup.path, beside.path))
        self.wait_refused(inside)
        self.assertEqual(other.dial(self.primary, self.port)[0], "standby")
        self.daemon.reload(text.replace(f'door = {{ cgroup = "{self.cgroup.path}"; }};', ""))
        self.wait_refused(other)
        self.assertEqual(self.daemon.status()["doors"], [])


class Refused(Door):
    def start_all(self, config=None, prefix=()):
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = self.start(doors.Cgroup())
        text = (config or self.config)(self.primary, self.standby)
        self.daemon = st.Daemon(self, text)
        self.helper = self.start(doors.Helper(self, self.daemon.config_path, prefix=prefix))
        self.start(self.daemon)

    def test_holds_the_daemon(self):
        """a cgroup that holds shuntd, whose probes would go elsewhere too"""
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = self.start(doors.Cgroup())
        inside = self.start(doors.Cgroup(self.cgroup.path + "/daemon"))
        self.daemon = st.Daemon(self, self.config(self.primary, self.standby), prefix=inside.prefix)
        self.helper = self.start(doors.Helper(self, self.daemon.config_path))
        self.start(self.daemon)
        self.wait_door("refused")
        self.assertEqual(
            self.door()["reason"],
            f"it holds shuntd itself ({inside.path}), whose probes would go elsewhere; name a cgroup beside it",
        )
        self.daemon.stop()

    def test_kernel(self):
        """a kernel that refuses, in its words and ours"""
        st.need("strace")
        says = {
            "EPERM": "the kernel permits no BPF (EPERM): the helper needs CAP_BPF and CAP_NET_ADMIN, a filter of system calls that has bpf, and "
            "a kernel that is not locked down",
            "ENOSYS": "this kernel has no BPF (ENOSYS): it needs CONFIG_BPF_SYSCALL",
        }
        for name, words in says.items():
            with self.subTest(error=name):
                self.start_all(prefix=["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject=bpf:error={name}"])
                self.wait_door("refused")
                self.assertEqual(self.door()["reason"], words)
                self.daemon.wait_log(r"door: \w+ -> refused")
                self.daemon.stop()
                self.helper.stop()

    def test_no_capability(self):
        """a helper that is not given what it needs says so and ends"""
        st.need("setpriv")
        config = self.write("shunt.conf", "records: ( );")
        os.chmod(self.tmp, 0o755)
        os.mkdir(self.path("own"))
        os.chown(self.path("own"), 65534, 65534)
        group = pwd.getpwnam("nobody").pw_gid
        done = st.run(["setpriv", "--reuid=65534", f"--regid={group}", "--clear-groups", doors.HELPER, "-c", config, "--user", "nobody",
                       "--socket", self.path("own/door.sock")])  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (1, NO_CAPABILITY))
        self.assertEqual(os.listdir(self.path("own")), [])

    def test_foreign_configuration(self):
        """a configuration that somebody else than root may write to"""
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = self.start(doors.Cgroup())
        self.daemon = st.Daemon(self, self.config(self.primary, self.standby))
        os.chmod(self.daemon.config_path, 0o666)
        self.helper = self.start(doors.Helper(self, self.daemon.config_path))
        self.start(self.daemon)
        self.wait_door("refused")
        self.assertIn("others than root may write to it", self.door()["reason"])

    def test_busy_helper(self):
        """why it refuses is told, though it closes before it has read all that the daemon sent"""
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = self.start(doors.Cgroup())
        daemon = st.Daemon(self, self.config(self.primary, self.standby))
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.path("door.sock"))
            listener.listen()
            listener.settimeout(st.PATIENCE)
            self.start(daemon)
            connection, _ = listener.accept()
        with connection:
            st.wait_until(lambda: select.select([connection], [], [], 0)[0], what="a packet that nobody reads")
            connection.send(doors.REPLY.pack(doors.VERSION, doors.REFUSED, 0, 0, b"", b"not now"))
        daemon.wait_log(r"door: unserved -> refused: \S+: not now")

    def test_last_words(self):
        """a daemon that ends the last door and goes is heard, though it has not read all that the helper sent"""
        self.primary, self.standby = self.servers("primary", "standby")
        self.cgroup = self.start(doors.Cgroup())
        text = self.config(self.primary, self.standby)
        path = self.write("shunt.conf", text)
        self.helper = self.start(doors.Helper(self, path))
        if not self.need_kernel():
            return
        ask, inside = self.ask(), self.dialer()
        ask.send(doors.BEGIN)
        ask.send(doors.CHANGES, [(doors.place(self.primary, self.port), doors.place(self.standby, self.port))])
        ask.send(doors.COMMIT)
        self.wait_answer(inside, "standby")
        st.write_whole(path, text.replace(f'door = {{ cgroup = "{self.cgroup.path}"; }};', ""))
        self.helper.pause()
        for _ in range(2):
            ask.send(doors.BEGIN)
        ask.stop()
        self.helper.resume()
        self.wait_answer(inside, "primary")
        self.assertNotIn("stale_limit", self.helper.log())

    def ask(self):
        return self.start(doors.Asker(self.helper))

    def test_whom_it_believes(self):
        """only root and shuntd's user may ask"""
        self.start_all()
        self.daemon.stop()
        program = (
            "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect({!r}); "
            "s.settimeout(60); print(s.recv(4096)[528:].split(b'\\0')[0].decode())"
        ).format(self.helper.socket_path)
        os.chmod(self.helper.socket_path, 0o666)
        done = st.run(["setpriv", "--reuid=65533", "--clear-groups", "python3", "-c", program])
        self.assertEqual(done.stdout, "only shuntd's user and root may ask\n", done.stderr)
        self.helper.wait_log(r"may ask \(uid 65533, pid \d+\)")

    def test_mute(self):
        """a caller that says nothing does not keep the next one from being served"""
        self.start_all()
        self.daemon.stop()
        mute, ask = self.ask(), self.ask()
        ask.send(doors.BEGIN)
        self.assertEqual(ask.read().cgroup, self.cgroup.path)
        self.assertEqual(mute.last_word(), "shuntd has said nothing for ten seconds")

    def test_not_accepted(self):
        """only answers that were accepted hold: one who begins again and again, or sends what is refused, keeps no door open"""
        self.start_all(lambda *addresses: self.config(*addresses, file='stale_limit = "1s";'))
        if not self.need_kernel():
            return
        self.wait_door("attached")
        inside = self.dialer()
        self.running["primary"].stop()
        self.wait_answer(inside, "standby")
        self.daemon.kill()
        foreign = doors.place("192.0.2.99", self.port), doors.place(self.standby, self.port)

        def is_closed():
            ask = doors.Asker(self.helper)
            try:
                ask.send(doors.BEGIN)
                ask.send(doors.CHANGES, [foreign])
                ask.last_word()
                return inside.dial(self.primary, self.port) and False
            except ConnectionRefusedError:
                return True
            finally:
                ask.stop()

        st.wait_until(is_closed, what="no door")
        self.assertIn("stale_limit", self.helper.log())

    def test_what_it_is_told(self):
        """what the configuration does not have is refused, and so is what is no request"""
        self.start_all()
        self.daemon.stop()
        good, other = doors.place(self.primary, self.port), doors.place(self.standby, self.port)
        foreign = doors.place("192.0.2.99", self.port)
        no_record = "the configuration has no record with such addresses and such a port; reload shuntd after a change"
        for change in (
            (foreign, other),
            (good, foreign),
            (doors.place(self.primary, 22), doors.place(self.standby, 22)),
            (good, doors.place(self.standby, 22)),
            (good, doors.place("::1", self.port)),
            (doors.place(self.primary, self.port, 1), other),
        ):
            ask = self.ask()
            ask.send(doors.BEGIN)
            ask.send(doors.CHANGES, [change])
            self.assertEqual(ask.last_word(), no_record)
        for kind, options, words in (
            (doors.BEGIN, {"version": 9}, "shuntd is of another release; restart both"),
            (doors.CHANGES, {"count": 65}, "shuntd is of another release; restart both"),
            (doors.COMMIT, {}, "shuntd asks for something that is unknown here"),
            (77, {}, "shuntd asks for something that is unknown here"),
        ):
            ask = self.ask()
            if kind == 77:
                ask.send(doors.BEGIN)
            ask.send(kind, **options)
            self.assertEqual(ask.last_word(), words)
        ask = self.ask()
        ask.socket.send(b"rubbish")
        self.assertEqual(ask.last_word(), "a packet of another size")
        self.daemon.start()
        self.daemon.wait_settled()
        if self.need_kernel():
            self.wait_door("attached")


class Said(Door):
    def test_checked(self):
        """shuntd -t says what keeps a host from having doors, and what is wrong with a door"""
        for text, words in (
            ('door = { cgroup = "/"; };', "is the root of all cgroups"),
            ('door = { cgroup = "/sys/fs/cgroup/app"; };', "begins with the folder of all cgroups"),
            ('door = { cgroup = "app"; };', "is no path from the root of all cgroups"),
            ('door = { cgroup = "/a/../b"; };', 'has a part that is empty, "." or ".."'),
        ):
            done = st.check_config(self.write("bad.conf", text + " records: ( );"))
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
        path = self.write("good.conf", 'door = { cgroup = "/app"; }; records: ( { name = "a"; primary: { address = "192.0.2.1"; }; } );')
        done = st.check_config(path)
        self.assertEqual(done.returncode, 0)
        if not doors.kernel_error():
            self.assertEqual(done.stderr, f"{path}: hint: door: no record has ports, so it leads nothing; write ports = [ 443 ]\n")
        else:
            self.assertRegex(done.stderr, "hint: door: (the|this) kernel ")

    def test_private(self):
        """the daemon of shunt run -c has no doors"""
        config = self.write("shunt.conf", 'door = { cgroup = "/app"; }; records: ( { name = "a"; primary: { address = "192.0.2.1"; }; } );')
        done = st.run([st.SHUNT, "run", "-c", config, "--", st.SHUNT, "status", "--json"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"doors"', done.stdout)


if __name__ == "__main__":
    st.main(jobs=2)
