#!/usr/bin/env python3
"""shunt watch and shunt status --follow: changes as they happen, over restarts of the daemon, and a terminal that is left as it was."""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"


class Watching(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        self.two = self.start(st.Hostile(st.closes, self.standby, self.port))
        self.daemon = st.Daemon(self, self.config())
        self.begin()

    def config(self, records=""):
        return f"""
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "500ms"; fast_interval = "100ms"; fall = 2; rise = 1; }}; }};
            records: (
              {{ name = "{NAME}"; aliases = [ "www" ]; primary: {{ address = "{self.primary}"; check = "tcp"; }};
                 secondary: {{ address = "{self.standby}"; check = "tcp"; }}; }},
              {{ name = "{OTHER}"; primary: {{ address = "192.0.2.1"; }}; secondary: {{ address = "192.0.2.2"; }}; }}{records} );"""

    def begin(self):
        if self.daemon not in self.things:
            self.start(self.daemon)
        else:
            self.daemon.start()
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")

    def force(self, name, endpoint):
        status, body, _ = self.daemon.request(f"/v1/records/{name}/force", "POST", body=json.dumps({"endpoint": endpoint}))
        self.assertEqual(status, 200, body)


class Watcher:
    """shunt watch as a process. lines() is what it said, complaints() what it said on standard error."""

    def __init__(self, daemon, *arguments):
        self.daemon, self.arguments = daemon, arguments
        self.out, self.err = [], []

    def __str__(self):
        return "watch"

    def start(self):
        master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [st.SHUNT, "watch", *self.arguments], stdout=subprocess.PIPE, stderr=slave,
            env=st.clean_env(SHUNT_CONTROL=self.daemon.control),
        )  # fmt: skip
        os.close(slave)
        for stream, lines in ((self.process.stdout, self.out), (os.fdopen(master, "rb"), self.err)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()
        self.wait("^shunt: watching", self.err)

    @staticmethod
    def _read(stream, lines):
        with contextlib.suppress(OSError):  # a terminal that nobody has any more
            for line in stream:
                lines.append(line.decode().rstrip("\r\n"))

    def wait(self, pattern, lines=None):
        """The first line that has it, and takes it and those before it away."""
        lines = self.out if lines is None else lines

        def find():
            for i, line in enumerate(lines):
                if re.search(pattern, line):
                    del lines[: i + 1]
                    return line
            return None

        return st.wait_until(find, what=f"a line with {pattern!r} among {lines}")

    def log(self):
        return "".join(f"{line}\n" for line in self.out + self.err)

    def stop(self):
        self.process.kill()
        self.process.wait()

    abandon = stop


class Watch(Watching):
    def watch(self, *arguments):
        return self.start(Watcher(self.daemon, *arguments))

    def test_failover(self):
        """one line for each change, in a pipe at once; --json has the fields of /v1/events"""
        plain, as_json = self.watch(), self.watch("--json")
        self.one.stop()
        self.assertRegex(
            plain.wait("health|up -> down"),
            rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ {NAME}: primary {self.primary}: up -> down: connection refused$",
        )
        plain.wait(rf"Z {NAME}: primary -> secondary: primary is down: connection refused$")
        event = json.loads(as_json.wait('"type":"answer"'))
        self.assertEqual((event["record"], event["from"], event["to"]), (NAME, "primary", "secondary"))
        self.assertGreater(event["seq"], 0)
        self.one.start()
        plain.wait(rf"Z {NAME}: secondary -> primary: primary is up$")
        self.assertEqual(plain.err + as_json.err, [])

    def test_one_name(self):
        """NAME: the changes of that record alone, by any of its names"""
        watcher = self.watch("WWW")
        self.force(OTHER, "secondary")
        self.force(NAME, "secondary")
        watcher.wait(f"{NAME}: primary -> secondary")
        self.assertNotIn(OTHER, watcher.log())

    def test_restart(self):
        """a daemon that goes is told once and tried for again; what it did in between is told, once"""
        watcher = self.watch("--json")
        self.daemon.stop()
        watcher.wait("has ended; retrying", watcher.err)
        self.one.stop()
        self.daemon.forget()
        self.begin()
        watcher.wait("has restarted; the changes in between follow", watcher.err)
        st.wait_until(lambda: self.daemon.active(NAME) == "secondary", what="the failover")
        event = json.loads(watcher.wait('"to":"secondary"'))
        self.assertEqual((event["type"], event["record"], event["from"]), ("answer", NAME, "primary"))
        self.force(OTHER, "secondary")
        watcher.wait(f'"record":"{OTHER}".*"to":"secondary"')
        self.assertEqual([line for line in watcher.out if f'"record":"{NAME}"' in line and '"answer"' in line], [])
        self.assertEqual(watcher.err, [])

    def test_cut(self):
        """a connection that breaks while the daemon lives: nothing is lost, nothing comes twice"""
        watcher = self.watch("--json")
        self.force(OTHER, "secondary")
        first = json.loads(watcher.wait('"to":"secondary"'))["seq"]
        watcher.process.send_signal(signal.SIGSTOP)
        for number in range(420):  # more than a socket and 256 KiB hold, and no more than is kept
            self.daemon.request(f"/v1/records/{OTHER}/auto", "POST")
            if number < 240:
                self.force(OTHER, "secondary")
        stream = self.start(st.Stream(self.daemon.control))
        last = stream.next()["seq"]
        watcher.process.send_signal(signal.SIGCONT)
        st.wait_until(lambda: watcher.out and f'"seq":{last},' in watcher.out[-1], what="the last event")
        seen = [json.loads(line)["seq"] for line in watcher.out]
        self.assertEqual(seen, list(range(first + 1, last + 1)))

    def test_mistakes(self):
        """one line and a status each: no daemon, no such name, too many names; a record that a reload takes away"""
        cases = ((["nosuch.example.com"], 4, "nosuch.example.com is not a managed name"), (["a", "b"], 64, "one name, not 2"),
                 (["--control", self.path("none")], 3, "no such file"), ([""], 64, "the name is empty"))  # fmt: skip
        for arguments, status, words in cases:
            with self.subTest(arguments):
                done = st.shunt(self.daemon, "watch", *arguments)
                self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (status, "", 1), done.stderr)
                self.assertIn(words, done.stderr)
        watcher = self.watch(OTHER)
        self.daemon.reload(f'records: ( {{ name = "{NAME}"; primary: {{ address = "192.0.2.1"; }}; }} );')
        self.assertEqual(watcher.process.wait(st.PATIENCE), 4)
        watcher.wait(f"{OTHER} is not a managed name", watcher.err)

    def test_a_reader_that_goes(self):
        """head -1 ends it as it ends any other program in a pipe"""
        watcher = subprocess.Popen([st.SHUNT, "watch", "--control", self.daemon.control], stdout=subprocess.PIPE)
        head = subprocess.Popen(["head", "-n", "1"], stdin=watcher.stdout, stdout=subprocess.PIPE)
        watcher.stdout.close()

        def ended():
            self.force(OTHER, "secondary")
            self.force(OTHER, "primary")
            return watcher.poll() is not None

        st.wait_until(ended, what="the watcher to end")
        self.assertEqual(watcher.returncode, -signal.SIGPIPE)
        self.assertIn(b"forced", head.communicate()[0])


class Terminal:
    """A program on a terminal of its own; the screen is what stands after the last time that it went to the top."""

    def __init__(self, command, env, rows=40, columns=80):
        self.command, self.env, self.size = command, env, (rows, columns)
        self.text = b""

    def __str__(self):
        return "terminal"

    def start(self):
        self.master, self.slave = pty.openpty()
        self.resize(*self.size)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            self.command, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=self.env, start_new_session=True
        )

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 65536)
        return self.text.decode()

    def screen(self):
        last = self.read().split("\x1b[H")[-1]
        return re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", last).replace("\r", "")

    def wait(self, pattern):
        st.wait_until(lambda: re.search(pattern, self.screen()), what=f"{pattern!r} on the screen")
        return self.screen()

    def key(self, text):
        os.write(self.master, text)

    def log(self):
        return self.screen() + "\n"

    def stop(self):
        self.process.kill()
        self.process.wait()
        for fd in (self.master, self.slave):
            os.close(fd)

    abandon = stop


class Follow(Watching):
    def follow(self, *arguments, **size):
        command = [st.SHUNT, "status", "--follow", "--control", self.daemon.control, *arguments]
        return self.start(Terminal(command, st.clean_env(TERM="xterm"), **size))

    def check_restored(self, terminal, status):
        self.assertEqual(terminal.process.wait(st.PATIENCE), status)
        text = terminal.read()
        self.assertEqual(text.count("\x1b[?1049h"), text.count("\x1b[?1049l"))
        self.assertGreater(text.rindex("\x1b[?1049l"), text.rindex("\x1b[?1049h"))
        self.assertGreater(text.rindex("\x1b[?25h"), text.rindex("\x1b[?25l"))
        self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def test_failover(self):
        """drawn again at a failover, with the event below; daemon gone and back; q ends it"""
        terminal = self.follow()
        screen = terminal.wait(r"2 names: all on the primary(.*\n)+LAST EVENTS\n(\d\d:\d\d:\d\d .*\n)+.*settled")
        self.assertRegex(screen, rf"(?m)^{NAME} +{re.escape(self.primary)} +primary ")
        self.one.stop()
        screen = terminal.wait(rf"2 names: 1 not on the primary(.*\n)+\d\d:\d\d:\d\d {NAME}: primary -> secondary: primary is down")
        self.assertRegex(screen, rf"(?m)^{NAME} +{re.escape(self.standby)} +secondary ")
        self.daemon.stop()
        self.assertRegex(terminal.wait("no update for"), "has ended")
        self.begin()
        terminal.wait(r"2 names: 1 not on the primary")
        terminal.key(b"q")
        self.check_restored(terminal, 0)

    def test_signals(self):
        """the terminal is as it was after Ctrl-C, SIGTERM and SIGHUP, and while Ctrl-Z holds it"""
        for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)):
            with self.subTest(number):
                terminal = self.follow()
                terminal.wait("on the primary")
                terminal.process.send_signal(number)
                self.check_restored(terminal, status)
        terminal = self.follow()
        terminal.wait("on the primary")
        terminal.process.send_signal(signal.SIGTSTP)
        st.wait_until(lambda: st.process_state(terminal.process.pid) == "T", what="it to stop")
        self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)
        self.assertTrue(terminal.read().endswith("\x1b[?1049l"))
        terminal.process.send_signal(signal.SIGCONT)
        st.wait_until(lambda: terminal.read().count("\x1b[?1049h") == 2, what="it to go on")
        terminal.key(b"q")
        self.check_restored(terminal, 0)

    def test_windows(self):
        """one name alone; a window that changes; one that is too small for the table shows what is worst, and never scrolls"""
        terminal = self.follow("www", rows=40)
        self.assertNotIn(OTHER, terminal.wait(r"1 name: on the primary(.*\n)+LAST EVENTS"))
        records = "".join(
            f', {{ name = "r{number}.example.com"; primary: {{ address = "192.0.2.1"; }}; }}' for number in range(30)
        )
        self.daemon.reload(self.config(records))
        self.one.stop()
        self.daemon.wait_active(NAME, "secondary")
        terminal = self.follow(rows=12)
        self.assertRegex(terminal.wait(r"more lines; a taller window"), NAME)
        self.assertLessEqual(terminal.screen().count("\n"), 11)
        terminal.resize(24, 100)
        terminal.process.send_signal(signal.SIGWINCH)
        st.wait_until(lambda: terminal.screen().count("\n") == 23, what="the larger window to be full")

    def test_not_a_terminal(self):
        """in a pipe, and with --json, it is refused with the other way to go"""
        done = st.shunt(self.daemon, "status", "--follow")
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("'shunt watch' does not", done.stderr)
        done = st.shunt(self.daemon, "status", "--follow", "--json")
        self.assertEqual(done.returncode, 64)
        self.assertIn("shunt watch --json", done.stderr)


if __name__ == "__main__":
    time.tzset()
    st.main(jobs=4)
