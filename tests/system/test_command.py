#!/usr/bin/env python3
"""The command, as people type it: every command and option, exit statuses, messages, what a terminal gets and what a pipe."""
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest

import shunttest as st

NAME = "www.example.com"
COMMANDS = ("run", "status", "resolve", "explain", "doors", "force", "auto", "check", "reload", "bugreport", "help")
RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


class Command(st.Case):
    def check(self, arguments, status, stdout="", stderr="", **options):
        """Runs `shunt` with the arguments. stdout and stderr are regular expressions; "" stands for nothing at all."""
        options.setdefault("env", st.clean_env())
        done = st.run([options.pop("program", st.SHUNT), *arguments], **options)
        seen = f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, status, seen)
        for name, text, expected in (("stdout", done.stdout, stdout), ("stderr", done.stderr, stderr)):
            if expected:
                self.assertRegex(text, f"(?s){expected}", f"{name} of {seen}")
            else:
                self.assertEqual(text, "", f"{name} of {seen}")
        return done

    def check_all(self, cases, **options):
        for arguments, status, stdout, stderr in cases:
            with self.subTest(" ".join(arguments)):
                self.check(arguments, status, stdout, stderr, **options)


class Words(Command):
    """What needs no daemon."""

    def test_help(self):
        """help of everything: on standard output, status 0, plain, within 80 columns"""
        general = "^shunt sends .*Usage: shunt COMMAND"
        cases = [(["--help"], general), (["-h"], general), (["help"], general), (["-h", "status"], general)]
        for name in COMMANDS:
            expected = f"^Usage: shunt {name} "
            cases += [([name, "--help"], expected), ([name, "-h"], expected), (["help", name], expected)]
        cases += [(["status", NAME, "--help"], "^Usage: shunt status"), (["run", "-h", "true"], "^Usage: shunt run")]
        for arguments, expected in cases:
            with self.subTest(" ".join(arguments)):
                text = self.check(arguments, 0, expected).stdout
                self.assertTrue(text.isascii() and text.endswith("\n") and "\x1b" not in text)
                self.assertLessEqual(max(map(len, text.splitlines())), 80)
        text = st.run([st.SHUNT, "--help"]).stdout
        for name in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {name} +[a-z]")

    def test_version(self):
        """the version, the same as shuntd's, and those of the libraries"""
        for option in ("-V", "--version"):
            text = self.check([option], 0, r"\Ashunt \d+\.\d+\.\d+\njansson \d+\.\S+\nglibc \d+\.\S+\n\Z").stdout
        told = st.run([st.SHUNTD, "-V"]).stdout
        self.assertEqual(text.split()[1], told.split()[1])
        needed = re.findall(r"NEEDED.*\[lib([a-z0-9]+)", st.run(["readelf", "-d", st.SHUNTD]).stdout)
        others = {"cares": "c-ares", "ssl": "OpenSSL", "crypto": "OpenSSL", "jansson": "jansson", "c": "glibc"}
        runtimes = {"asan", "ubsan", "m", "gcc"}  # of a sanitizer's build
        self.assertEqual({line.split()[0] for line in told.splitlines()[1:]}, {others.get(one, f"lib{one}") for one in needed if one not in runtimes})

    def test_usage(self):
        """a mistake on the command line is one line, status 64, and says where help is"""

        def one(text):
            return f"^shunt: {text}[^\n]*shunt help[^\n]*\n$"

        cases = [
            (["stauts"], one("there is no command 'stauts'; did you mean 'status'?")),
            (["resolv", NAME], one("there is no command 'resolv'; did you mean 'resolve'?")),
            (["xyzzy"], one("there is no command 'xyzzy' ")),
            (["help", "rum"], one("there is no command 'rum'; did you mean 'run'?")),
            (["help", "run", "status"], one("help takes one command, not 2")),
            (["--bogus"], one("there is no option --bogus")),
            (["--halp"], one("there is no option --halp; did you mean --help?")),
            (["-x", "status"], one("there is no option -x")),
            (["status", "--jsn"], one("there is no option --jsn; did you mean --json?")),
            (["status", "-j"], one("there is no option -j")),
            (["status", "--json=yes"], one("--json takes no value")),
            (["status", "--control"], one("--control needs a value")),
            (["status", "--control="], one("--control needs a value")),
            (["--control"], one("--control needs a value")),
            (["status", "a", "b"], one("status takes one name, not 2")),
            (["resolve"], one("resolve takes one name, not 0")),
            (["resolve", "a", "b"], one("resolve takes one name, not 2")),
            (["explain"], one("explain takes one name, not 0")),
            (["explain", ""], one("the name is empty")),
            (["explain", NAME, "--pid"], one("--pid needs a value")),
            (["explain", NAME, "--pid", "0"], one("--pid takes the number of a process, not '0'")),
            (["explain", NAME, "--pid", "1x"], one("--pid takes the number of a process, not '1x'")),
            (["explain", NAME, "--pid", "99999999999"], one("--pid takes the number of a process, not '99999999999'")),
            (["run"], one("run needs a command")),
            (["run", "--"], one("run needs a command")),
            (["run", "-c"], one("-c needs a value")),
            (["run", "-c", "", "true"], one("-c needs a value, and the one given is empty")),
            (["status", ""], one("the name is empty")),
            (["resolve", ""], one("the name is empty")),
            (["force"], one("force takes a name and an endpoint, not 0")),
            (["force", NAME], one("force takes a name and an endpoint, not 1")),
            (["force", NAME, "a", "b"], one("force takes a name and an endpoint, not 3")),
            (["force", "", "a"], one("the name is empty")),
            (["force", NAME, ""], one("the endpoint is empty")),
            (["force", NAME, "a", "--for"], one("--for needs a value")),
            (["force", NAME, "a", "--raeson", "x"], one("there is no option --raeson; did you mean --reason?")),
            (["auto"], one("auto takes one name, not 0")),
            (["auto", ""], one("the name is empty")),
            (["check", "a", "b"], one("check takes one name, not 2")),
            (["check", ""], one("the name is empty")),
            (["reload", NAME], one(f"reload takes no operands, not '{NAME}'")),
            (["run", "--socket"], one("--socket needs a value")),
            (["run", "-c", "f", "--socket", "s", "true"], one("-c brings a daemon and a socket of its own")),
            (["run", "--control", "c", "true"], one("there is no option --control")),
            (["--control", "c", "run", "true"], one("run takes no --control")),
        ]
        for arguments, expected in cases:
            with self.subTest(" ".join(arguments)):
                expected = expected.replace("?", r"\?")
                self.check(arguments, 64, "", expected)
        self.check([], 64, "", "^shunt sends .*Usage: shunt COMMAND")

    def test_hostile_words(self):
        """what was typed comes back without escape sequences"""
        done = self.check(["\x1b[31mx\x07\n"], 64, "", "there is no command")
        self.assertRegex(done.stderr, r"^[ -~]+\n$")


class Managed(Command):
    """A daemon with a name on its primary, one on its standby, one that is down."""

    def setUp(self):
        super().setUp()
        up, down = self.address(), self.address()
        port = st.free_port(up, down)
        self.server = self.start(st.Hostile(st.closes, up, port))
        self.up, self.down = up, down
        self.long = "a-rather-long-label-number-one." * 3 + "example.com"
        many = ", ".join(f'"2001:db8::face:{number:x}"' for number in range(1, 7))
        self.daemon = self.start(st.Daemon(self, f"""
            checks: {{ tcp: {{ type = "tcp"; port = {port}; interval = "1s"; }}; }};
            records: (
              {{ name = "{NAME}"; aliases = [ "www" ]; primary: {{ address = "{up}"; check = "tcp"; }};
                 secondary: {{ address = "192.0.2.1"; }}; }},
              {{ name = "db.example.com"; primary: {{ address = "{down}"; check = "tcp"; }};
                 secondary: {{ id = "replica-1"; address = "{up}"; check = "tcp"; }}; }},
              {{ name = "down.example.com"; primary: {{ address = "{down}"; check = "tcp"; }}; }},
              {{ name = "fail.example.com"; all_down = "fail"; primary: {{ address = "{down}"; check = "tcp"; }}; }},
              {{ name = "dns.example.com"; all_down = "dns"; primary: {{ address = "{down}"; check = "tcp"; }}; }},
              {{ name = "{self.long}"; primary: {{ addresses = [ {many} ]; }}; }} );"""))  # fmt: skip
        self.daemon.wait_settled()
        st.wait_until(lambda: self.daemon.status()["settled"])
        self.env = st.clean_env(SHUNT_CONTROL=self.daemon.control, SHUNT_SOCKET=self.daemon.socket)


class Status(Managed):
    def test_exit(self):
        """0 on the primary, 1 elsewhere, 2 without a healthy endpoint, 4 for a name that is not managed"""
        self.check_all(
            (
                (["status", NAME], 0, f"{NAME} +{self.up} +primary ", ""),
                (["status", "www"], 0, f"{NAME} +{self.up} +primary ", ""),
                (["status", "WWW.Example.COM."], 0, f"{NAME} +{self.up} +primary ", ""),
                (["status", "db.example.com"], 1, f"db.example.com +{self.up} +replica-1 .*refused", ""),
                (["status", "down.example.com"], 2, f"down.example.com +{self.down} +primary .*refused", ""),
                (["status", "fail.example.com"], 2, r"fail.example.com +\(fails\) +- ", ""),
                (["status"], 2, f"{NAME}.*db.example.com.*down.example.com", ""),
                (["status", "--", NAME], 0, NAME, ""),
                (["status", "nobody.example.com"], 4, "", "refused: nobody.example.com is not a managed name[^\n]*\n$"),
                (["status", "nobody.example.com", "--json"], 4, "", "is not a managed name"),
            ),
            env=self.env,
        )

    def test_table(self):
        """off a terminal: ASCII, no colours, 80 columns"""
        text = self.check(["status"], 2, "NAME", env=dict(self.env, TERM="xterm")).stdout
        self.assertTrue(text.isascii())
        self.assertNotIn("\x1b", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)
        self.assertRegex(text, r"^NAME +ANSWER +ENDPOINT +SINCE[^\n]*\n    ENDPOINT +HEALTH +ADDRESS +LATENCY +LAST ERROR\n")
        self.assertRegex(text, r"(?m)^dns.example.com +\(DNS\) ")
        self.assertRegex(text, r"(?m)^  \* replica-1 +up ")
        self.assertRegex(text, r"(?m)^  - primary +down ")
        self.assertEqual([line for line in text.splitlines() if line != line.rstrip()], [])

    def on_terminal(self, columns=100, **env):
        """What `shunt status` writes to a terminal."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        try:
            process = subprocess.Popen(
                [st.SHUNT, "status"], stdin=slave, stdout=slave, stderr=slave, env=dict(self.env, **env)
            )
            os.close(slave)
            slave = -1
            text = b""
            while True:
                try:
                    piece = os.read(master, 65536)
                except OSError:  # EIO: the other side is closed
                    break
                if not piece:
                    break
                text += piece
            self.assertEqual(process.wait(), 2)
            return text.decode()
        finally:
            os.close(master)
            if slave >= 0:
                os.close(slave)

    def test_terminal(self):
        """on a terminal there are colours, unless NO_COLOR or the terminal says no; the width is the terminal's"""
        text = self.on_terminal(TERM="xterm")
        self.assertRegex(text, r"\x1b\[31m.*down")
        self.assertRegex(text, r"\x1b\[32m")
        self.assertEqual(text.count("\x1b[0m"), len(re.findall(r"\x1b\[[1-9]", text)), "each colour ends")
        for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
            with self.subTest(str(env)):
                self.assertNotIn("\x1b", self.on_terminal(**env))
        self.assertIn("\x1b", self.on_terminal(TERM="xterm", NO_COLOR=""))
        for columns, most in ((100, 100), (40, 80), (0, 80), (400, 120)):
            with self.subTest(columns):
                plain = re.sub(r"\x1b\[\d*m", "", self.on_terminal(columns, TERM="xterm"))
                self.assertLessEqual(max(len(line.rstrip()) for line in plain.splitlines()), most, plain)

    def test_json(self):
        """--json has every documented field"""
        status = json.loads(self.check(["status", "--json"], 2, "{", env=self.env).stdout)
        self.assertEqual(len(status["records"]), 6)
        for record in status["records"]:
            self.assertLessEqual({"name", "active", "answer", "reason", "since", "forced", "all_down", "endpoints"}, set(record))
            self.assertRegex(record["since"], RFC3339)
            self.assertIs(record["forced"], False)
            self.assertTrue(record["reason"])
            for endpoint in record["endpoints"]:
                self.assertLessEqual({"id", "health", "addresses"}, set(endpoint))
                self.assertIn(endpoint["health"], ("up", "down", "unknown"))
                for address in endpoint["addresses"]:
                    self.assertLessEqual({"address", "health", "last_error"}, set(address))
                    self.assertEqual(address["last_error"] is not None, address["health"] == "down")
        records = {record["name"]: record for record in status["records"]}
        self.assertEqual((records[NAME]["active"], records[NAME]["answer"]), ("primary", [self.up]))
        self.assertEqual((records["db.example.com"]["active"], records["db.example.com"]["answer"]), ("replica-1", [self.up]))
        self.assertEqual((records["fail.example.com"]["active"], records["fail.example.com"]["answer"]), (None, []))
        self.assertEqual(len(records[self.long]["answer"]), 6)
        one = json.loads(self.check(["status", "--json", "www"], 0, "{", env=self.env).stdout)
        self.assertEqual([record["name"] for record in one["records"]], [NAME])
        one = json.loads(self.check(["status", "db.example.com", "--json"], 1, "{", env=self.env).stdout)
        self.assertEqual([record["name"] for record in one["records"]], ["db.example.com"])

    def test_control(self):
        """--control before and after the operands, as --control=PATH, and SHUNT_CONTROL; what is typed wins"""
        path, nothing = self.daemon.control, self.path("nothing")
        plain, wrong = st.clean_env(), st.clean_env(SHUNT_CONTROL=nothing)
        for arguments in (
            ["--control", path, "status", NAME],
            ["--control=" + path, "status", NAME],
            ["status", "--control", path, NAME],
            ["status", NAME, "--control", path],
            ["status", NAME, f"--control={path}"],
            ["--control", nothing, "status", NAME, "--control", path],
        ):
            for env in (plain, wrong):
                with self.subTest(" ".join(arguments)):
                    self.check(arguments, 0, NAME, env=env)
        self.check(["status", NAME], 0, NAME, env=st.clean_env(SHUNT_CONTROL=path))
        self.check(["status", NAME], 3, "", re.escape(nothing), env=wrong)
        os.chdir(self.daemon.dir)
        self.addCleanup(os.chdir, st.ROOT)
        self.check(["status", NAME, "--control", "control.sock"], 0, NAME)

    def test_output_fails(self):
        """output that cannot be written is an error"""
        with open("/dev/full", "w", encoding="ascii") as full:
            for arguments in (["status", NAME], ["status", "--json"], ["--help"], ["resolve", NAME]):
                with self.subTest(" ".join(arguments)):
                    done = st.run([st.SHUNT, *arguments], env=self.env, stdout=full)
                    self.assertNotIn(done.returncode, (0, 2), done.stderr)
                    self.assertIn("cannot write the output", done.stderr)


class Unreachable(Command):
    """Where no daemon answers: status 3, and which of the ways it is."""

    def setUp(self):
        super().setUp()
        self.sock = self.path("c")

    def serve(self, behave):
        """A Unix server whose every connection `behave` gets."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.sock)
        listener.listen(16)
        self.addCleanup(listener.close)
        child = os.fork()
        if child == 0:
            try:
                while True:
                    connection, _ = listener.accept()
                    behave(connection)
                    connection.close()
            finally:
                os._exit(0)
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)

    def refused(self, why, status=3, program=None, prefix=()):
        """Returns the seconds that it took."""
        begin = time.monotonic()
        arguments = ["status", "--control", self.sock]
        if prefix:
            arguments, program = [*prefix[1:], program or st.SHUNT, *arguments], prefix[0]
        self.check(arguments, status, "", f"^shunt: [^\n]*{re.escape(self.sock)}[^\n]*{why}[^\n]*\n$", program=program or st.SHUNT)
        return time.monotonic() - begin

    def test_absent(self):
        """no socket; a file; a socket that nobody holds any more"""
        self.refused("no such file")
        self.write("c", "")
        self.refused("nothing answers there")
        os.unlink(self.sock)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.sock)
        self.refused("nothing answers there")
        self.sock = self.path("x" * 200)
        self.refused("too long")

    def test_denied(self):
        """a socket that one may not open"""
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        st.need("setpriv")
        public = st.public_build(self)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.sock)
            listener.listen()
            os.chmod(self.sock, 0o600)
            self.refused(r"permission denied \(ask the socket's owner\)", program=public.shunt, prefix=st.NOBODY)

    def test_silent(self):
        """a socket that accepts and says nothing: timed out, within a bound"""
        self.serve(lambda connection: connection.recv(1 << 16) and connection.recv(1))
        took = self.refused(r"timed out \(it does not answer: is it stopped\?\)")
        self.note(f"{took:.1f} s")
        self.assertGreater(took, 1)
        self.assertLess(took, 50)

    def test_full(self):
        """a socket whose queue is full: timed out, within a bound"""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.sock)
        listener.listen(0)
        while True:
            client = socket.socket(socket.AF_UNIX)
            self.addCleanup(client.close)
            client.setblocking(False)
            try:
                client.connect(self.sock)
            except BlockingIOError:
                break
        self.assertLess(self.refused("timed out"), 50)

    def test_strangers(self):
        """something else answers there"""
        cases = (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 3, "not shuntd"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", 3, "not shuntd"),
            (b"SSH-2.0-OpenSSH\r\n", 3, "not shuntd"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", 3, "closed before the answer ended"),
            (b"", 3, "closed before the answer ended"),
            (b'HTTP/1.1 403 No\r\nConnection: close\r\n\r\n{"error":"not\\u001byou"}', 4, r"refused: not\?you"),
        )
        for number, (answer, status, why) in enumerate(cases):
            with self.subTest(answer):

                def behave(connection, answer=answer):
                    connection.recv(1 << 16)
                    connection.sendall(answer)

                self.sock = self.path(f"c{number}")
                self.serve(behave)
                self.refused(why, status)

    def test_clients_socket(self):
        """the clients' socket is not the control socket, and the other way round"""
        daemon = self.start(st.Daemon(self, 'records: ( { name = "localhost"; primary: { address = "192.0.2.1"; }; } );'))
        self.sock = daemon.socket
        self.refused("not a control socket")
        self.check(["resolve", "localhost", "--socket", daemon.control], 3, "^127.0.0.1\n|^::1\n", "not a client socket")


class Resolve(Managed):
    def check(self, *arguments, **options):
        return st.unhurried(lambda: super(Resolve, self).check(*arguments, **options))

    def test_answers(self):
        """what a program gets: managed names, aliases, the standby, all_down, and names that are not managed"""
        self.check_all(
            (
                (["resolve", NAME], 0, f"^{self.up}\n$", ""),
                (["resolve", "www"], 0, f"^{self.up}\n$", ""),
                (["resolve", "WWW.EXAMPLE.COM."], 0, f"^{self.up}\n$", ""),
                (["resolve", "db.example.com"], 0, f"^{self.up}\n$", ""),
                (["resolve", "down.example.com"], 0, f"^{self.down}\n$", ""),
                (["resolve", "fail.example.com"], 1, "", "^shunt: fail.example.com: Temporary failure[^\n]*\n$"),
                (["resolve", self.long], 0, "^(2001:db8::face:[1-6]\n){6}$", ""),
                (["resolve", "localhost"], 0, "^(127.0.0.1|::1)\n", "^shunt: localhost is not managed: this is libc's answer\n$"),
                (["resolve", "127.0.0.9"], 0, "^127.0.0.9\n$", "is not managed"),
                (["resolve", "not..a.name"], 1, "", "not..a.name: "),
            ),
            env=self.env,
        )

    def test_where(self):
        """--socket, --control, SHUNT_SOCKET, SHUNT_CONTROL: each of them is enough"""
        client, control, answer = self.daemon.socket, self.daemon.control, f"^{self.up}\n$"
        wrong = st.clean_env(SHUNT_SOCKET=self.path("no"), SHUNT_CONTROL=self.path("no"))
        self.check(["resolve", NAME], 0, answer, env=st.clean_env(SHUNT_SOCKET=client))
        self.check(["resolve", NAME], 0, answer, env=st.clean_env(SHUNT_CONTROL=control))
        for env in (st.clean_env(), wrong):
            self.check(["resolve", NAME, "--socket", client], 0, answer, env=env)
            self.check(["resolve", "--socket=" + client, NAME], 0, answer, env=env)
            self.check(["resolve", NAME, "--control", control], 0, answer, env=env)
            self.check(["--control", control, "resolve", NAME], 0, answer, env=env)
        for extra in ({"SHUNT_DISABLE": "1"}, {"LD_PRELOAD": st.SHIM}):
            self.check(["resolve", NAME], 0, answer, env=dict(self.env, **extra))

    def test_gone(self):
        """without a daemon: libc's answer, status 3, and why"""
        self.daemon.stop()
        for env in (self.env, dict(self.env, LD_PRELOAD=st.SHIM)):
            self.check(["resolve", "localhost"], 3, "^(127.0.0.1|::1)\n", "cannot reach [^\n]*; this is libc's answer\n$", env=env)
            self.check(["resolve", "127.0.0.9"], 3, "^127.0.0.9\n$", "cannot reach", env=env)
            self.check(["resolve", "not..a.name"], 3, "", "cannot reach", env=env)

    def test_stopped(self):
        """a daemon that stands still: libc's answer, status 3, within a bound"""
        self.daemon.pause()
        begin = time.monotonic()
        self.check(["resolve", "localhost"], 3, "^(127.0.0.1|::1)\n", r"timed out \(it does not answer: is it stopped\?\); this is libc's answer", env=self.env)
        self.assertLess(time.monotonic() - begin, 50)
        self.daemon.resume()


class Run(Managed):
    def check(self, *arguments, **options):
        """It warns of a daemon that does not answer for as long as an attach may take, as on a machine that stands still."""
        return st.unhurried(lambda: super(Run, self).check(*arguments, **options))

    def variable(self, name, **env):
        """A variable as COMMAND sees it."""
        done = self.check(["run", "sh", "-c", f'echo "${name}"'], 0, "\n$", env=dict(self.env, **env))
        return done.stdout.rstrip("\n")

    def test_running_daemon(self):
        """the command is answered by the daemon that --socket or SHUNT_SOCKET names"""
        plain, client = st.clean_env(), self.daemon.socket
        look = [st.LOOPER, "-1", NAME]
        answer = f" {self.up}\n$"

        def looks(arguments, **env):
            self.check(["run", *arguments], 0, answer, env=dict(plain, **env))

        looks(["--socket", client, *look])
        looks(["--socket=" + client, "--", *look])
        looks(look, SHUNT_SOCKET=client)
        looks(["--socket", client, *look], SHUNT_SOCKET="/nowhere", SHUNT_DISABLE="1")
        # COMMAND may change its folder.
        os.chdir(self.daemon.dir)
        self.addCleanup(os.chdir, st.ROOT)
        inside = f'cd /; exec "{st.LOOPER}" -1 {NAME}'
        looks(["--socket", "shunt.sock", "sh", "-c", inside])

    def test_no_daemon(self):
        """without a daemon the command runs all the same, after one warning"""
        socket_path = self.path("nothing")
        done = self.check(["run", "--socket", socket_path, "sh", "-c", "echo ran; exit 5"], 5, "^ran\n$", "warning: no daemon answers")
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_exit(self):
        """COMMAND's own status; 126 and 127 as env(1); what follows COMMAND is COMMAND's"""
        self.check_all(
            (
                (["run", "sh", "-c", "exit 3"], 3, "", ""),
                (["run", "--", "sh", "-c", "exit 4"], 4, "", ""),
                (["run", "echo", "-c", "--help", "--", "-V"], 0, "^-c --help -- -V\n$", ""),
                (["run", "--", "echo", "--"], 0, "^--\n$", ""),
                (["run", "no-such-program-here"], 127, "", "^shunt: cannot run no-such-program-here: No such file[^\n]*\n$"),
                (["run", "/no/such/program"], 127, "", "^shunt: cannot run /no/such/program: "),
                (["run", ""], 127, "", "cannot run"),
                (["run", "--", "-no-such-program"], 127, "", "cannot run -no-such-program"),
                (["run", self.tmp], 126, "", "^shunt: cannot run [^\n]*: it is a folder\n$"),
                (["run", self.daemon.config_path], 126, "", "Permission denied"),
            ),
            env=self.env,
        )
        done = st.run([st.SHUNT, "run", "sh", "-c", "kill -KILL $$"], env=self.env)
        self.assertEqual(done.returncode, -signal.SIGKILL)

    def test_environment(self):
        """LD_PRELOAD, GODEBUG and GRPC_DNS_RESOLVER keep what they had, SHUNT_DISABLE goes"""
        self.assertRegex(self.variable("LD_PRELOAD"), r"/libshunt\.so$")
        self.assertRegex(self.variable("LD_PRELOAD", LD_PRELOAD="libm.so.6"), r"/libshunt\.so:libm\.so\.6$")
        nested = [st.SHUNT, "run", st.SHUNT, "run", "sh", "-c", 'echo "$LD_PRELOAD"']
        self.assertEqual(st.run(nested, env=self.env).stdout.count("libshunt"), 1)
        self.assertEqual(self.variable("GODEBUG"), "netdns=cgo")
        self.assertEqual(self.variable("GODEBUG", GODEBUG="madvdontneed=1"), "madvdontneed=1,netdns=cgo")
        self.assertEqual(self.variable("GODEBUG", GODEBUG="netdns=go"), "netdns=go")
        self.assertEqual(self.variable("GRPC_DNS_RESOLVER"), "native")
        self.assertEqual(self.variable("GRPC_DNS_RESOLVER", GRPC_DNS_RESOLVER="ares"), "ares")
        self.assertEqual(self.variable("SHUNT_DISABLE", SHUNT_DISABLE="1"), "")
        self.assertEqual(self.variable("SHUNT_SOCKET"), self.daemon.socket)
        done = self.check(["run", "-v", "true"], 0, "", "LD_PRELOAD=[^\n]*libshunt.so\n", env=self.env)
        self.assertIn("GODEBUG=netdns=cgo", done.stderr)
        self.assertIn("GRPC_DNS_RESOLVER=native", done.stderr)

    def test_beyond_reach(self):
        """a program that no preloaded library reaches is run with a warning"""
        st.need("readelf", "ldconfig")
        with self.subTest("static"):
            static = shutil.which("ldconfig")
            if "INTERP" in st.run(["readelf", "-lW", static]).stdout:
                raise unittest.SkipTest("ldconfig is not static here")
            self.check(["run", static, "--version"], 0, "ldconfig", "^shunt: warning: [^\n]*statically linked\n$", env=self.env)
        if os.geteuid() != 0:
            return
        with self.subTest("setuid"):
            public = st.public_build(self)
            program = self.path("setuid")
            shutil.copy(shutil.which("true"), program)
            os.chmod(program, 0o4755)
            os.chmod(self.daemon.dir, 0o755)
            arguments = [*st.NOBODY[1:], public.shunt, "run", program]
            self.check(arguments, 0, "", "^shunt: warning: [^\n]*raised privileges[^\n]*\n$", env=self.env, program=st.NOBODY[0])

    def test_private(self):
        """-c: a configuration that does not load is shuntd's one line and status 125; nothing is left"""
        runtime = self.path("runtime")
        os.mkdir(runtime, 0o700)
        env = st.clean_env(XDG_RUNTIME_DIR=runtime)
        bad = self.write("bad.conf", 'records: ( { nam = "x"; } );\n')
        for path, expected in ((bad, r"bad.conf:1: [^\n]*"), (self.path("none.conf"), r"none.conf: cannot be read[^\n]*")):
            with self.subTest(path):
                begin = time.monotonic()
                self.check(["run", "-c", path, "touch", self.path("ran")], 125, "", f"^{self.tmp}/{expected}\n$", env=env)
                self.assertLess(time.monotonic() - begin, 20)
                self.assertFalse(os.path.exists(self.path("ran")))
                self.assertEqual(os.listdir(runtime), [])
        # COMMAND is looked for before a daemon is started for it.
        self.check(["run", "-c", bad, "no-such-program-here"], 127, "", "cannot run", env=env)

    def test_incomplete(self):
        """an installation without its library or its daemon: status 125, and what is missing"""
        public = st.public_build(self)
        good = self.write("good.conf", 'records: ( { name = "x.example.com"; primary: { address = "192.0.2.1"; }; } );\n')
        os.unlink(public.shuntd)
        self.check(["run", "-c", good, "true"], 125, "", "^shunt: cannot find shuntd: it is neither at [^\n]*/bin/shuntd nor at [^\n]*/sbin/shuntd\n$", program=public.shunt)
        os.rename(self.path("bin"), self.path("b in"))
        program = self.path("b in/shunt")
        self.check(["run", "true"], 125, "", "LD_PRELOAD cannot name a library below", program=program)
        shutil.rmtree(self.path("b in/lib"), ignore_errors=True)
        shutil.rmtree(self.path("b in/lib64"), ignore_errors=True)
        self.check(["run", "true"], 125, "", "cannot find libshunt.so", program=program)


if __name__ == "__main__":
    st.main()
