#!/usr/bin/env python3
"""Connections that the library leads elsewhere: the real daemon, real servers and clients, and a primary that is killed."""
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

import shunttest as st

NAME = "db.example.com"

# find(): an address, as the daemon has it. A program's first lookup is libc's where the machine stands still meanwhile.
FIND = """
import socket, sys, time

def find(name, port):
    deadline = time.monotonic() + 30
    while True:
        try:
            return socket.getaddrinfo(name, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
        except socket.gaierror:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
"""

# A request after another until its input ends: a lookup and a connection for each, or one lookup for all of them. What came of them, as JSON.
CLIENT = FIND + """
import collections, json, os, select

name, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
once = None

def request():
    global once
    once = once if once and how == "cached" else find(name, port)
    with socket.socket() as s:
        if how == "timeout":
            s.settimeout(60)
        try:
            s.connect(once)
        except OSError as error:
            return "connect: " + os.strerror(error.errno)
        try:
            s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            while s.recv(4096):
                pass
            return s.getpeername()[0]
        except OSError:
            return "in flight"

seen = collections.Counter()
print("ready", flush=True)
while not select.select([0], [], [], 0.002)[0]:
    came = request()
    if came not in seen:
        print(came, flush=True)
    seen[came] += 1
print(json.dumps(seen), flush=True)
"""


class Talker:
    """A Python program under the library, with which the test talks over pipes."""

    def __init__(self, daemon, code, *arguments, prefix=()):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", code, *map(str, arguments)],
            env=daemon.env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def read(self):
        return self.process.stdout.readline().strip()

    def ask(self, line=""):
        self.process.stdin.write(line + "\n")
        return self.read()

    def until(self, line):
        said = self.read()
        while said != line:
            if not said:
                raise AssertionError(f"it ended without {line!r}")
            said = self.read()

    def end(self):
        """What it says after its input has ended."""
        self.process.stdin.close()
        return [line.strip() for line in self.process.stdout]


class Connections(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.serve("one", self.primary)
        self.two = self.serve("two", self.standby)

    def serve(self, name, address):
        return self.start(st.Nginx(self, name, address, self.port))

    def daemon(self, connect, check='interval = "1h"; fast_interval = "100ms"; fall = 2; rise = 1;', more=""):
        daemon = self.start(
            st.Daemon(
                self,
                f"""checks: {{ c: {{ type = "tcp"; port = {self.port}; timeout = "1s"; {check} }}; }};
                records: ( {{ name = "{NAME}"; connect = "{connect}"; {more}
                    primary: {{ address = "{self.primary}"; check = "c"; }};
                    secondary: {{ address = "{self.standby}"; check = "c"; }}; }} );""",
            )
        )
        daemon.wait_settled()
        return daemon

    def python(self, daemon, code, *arguments, **options):
        """What a program under the library prints."""
        done = st.run([sys.executable, "-c", code, *map(str, arguments)], env=daemon.env(), **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def loop(self, daemon, how):
        """Kills the primary under a client's loop, waits until the standby answers, and returns what the client saw."""
        with Talker(daemon, CLIENT, NAME, self.port, how) as client:
            client.until(self.primary)
            self.one.kill()
            client.until(self.standby)
            daemon.wait_active(NAME, "secondary")
            seen = json.loads(client.end()[-1])
        self.note(f"{how}: {seen}")
        return seen

    def test_retry(self):
        """no blocking connection fails while the primary is killed, and the first one that is refused has it probed at once"""
        daemon = self.daemon("retry")
        seen = self.loop(daemon, "blocking")
        self.assertEqual([came for came in seen if came.startswith("connect")], [])
        self.assertGreater(seen[self.standby], 0)
        self.assertGreaterEqual(daemon.metric("shunt_reports_total", result="probed"), 1)

    def test_without_blocking(self):
        """with a time-out, which makes the socket one that does not block"""
        seen = self.loop(self.daemon("retry"), "timeout")
        failed = sum(count for came, count in seen.items() if came.startswith("connect"))
        # A machine that stands still for longer than the library looks may show a refusal too late.
        self.assertLessEqual(failed, 2, seen)
        self.assertGreater(seen[self.standby], 0)

    def test_redirect(self):
        """a program that looked the name up once is led to the standby, and back"""
        daemon = self.daemon("redirect", 'interval = "100ms"; fall = 2; rise = 1;')
        seen = self.loop(daemon, "cached")
        self.assertEqual([came for came in seen if came.startswith("connect")], [])
        code = FIND + """
address = find(sys.argv[1], int(sys.argv[2]))
for line in sys.stdin:
    with socket.create_connection(address) as s:
        print(s.getpeername()[0], flush=True)
"""
        with Talker(daemon, code, NAME, self.port) as client:
            self.assertEqual(client.ask(), self.standby)
            self.serve("again", self.primary)
            daemon.wait_active(NAME, "primary")
            st.wait_until(lambda: client.ask() == self.primary, what="the way back")
            daemon.reload()
            self.assertEqual(client.ask(), self.primary)

    def test_curl(self):
        """curl, and an endpoint without a check, which is never known to be down"""
        st.need("curl")
        self.one.kill()
        for connect, status in (("off", 7), ("retry", 0)):
            daemon = self.start(
                st.Daemon(
                    self,
                    f"""records: ( {{ name = "{NAME}"; connect = "{connect}"; primary: {{ address = "{self.primary}"; }};
                        secondary: {{ address = "{self.standby}"; }}; }} );""",
                    name=f"shuntd-{connect}",
                )
            )
            daemon.wait_settled()

            def ask(daemon=daemon, status=status):
                # Not by curl's word: from 8.14 on remote_ip is the address that it asked for, not the one that it is connected to.
                done = daemon.client(["curl", "-sS", f"http://{NAME}:{self.port}/"])
                self.assertEqual((done.returncode, done.stdout), (status, "two\n" if status == 0 else ""), done.stderr)

            st.unhurried(ask)

    def test_override(self):
        """an operator's override holds for connections: none goes elsewhere"""
        daemon = self.daemon("redirect")
        self.assertEqual(st.shunt(daemon, "force", NAME, "primary").returncode, 0)
        self.one.kill()
        code = """
import socket, sys
for _ in range(3):
    try:
        print(socket.create_connection((sys.argv[1], int(sys.argv[2]))).getpeername()[0])
    except OSError as error:
        print(type(error).__name__)
"""
        st.unhurried(lambda: self.assertEqual(self.python(daemon, code, NAME, self.port), 3 * ["ConnectionRefusedError"]))
        self.assertEqual(st.shunt(daemon, "auto", NAME).returncode, 0)
        st.unhurried(lambda: self.assertEqual(self.python(daemon, code, NAME, self.port), 3 * [self.standby]))

    def test_daemon_stands_still(self):
        """a report that nobody takes is not waited for, and no descriptor stays"""
        daemon = self.daemon("retry")
        code = FIND + """
import os
address = find(sys.argv[1], int(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
before = len(os.listdir("/proc/self/fd"))
for _ in range(2000):
    with socket.create_connection(address) as s:
        assert s.getpeername()[0] == sys.argv[3]
assert len(os.listdir("/proc/self/fd")) == before
print("done", flush=True)
"""
        with Talker(daemon, code, NAME, self.port, self.standby) as client:
            client.until("ready")
            self.one.kill()
            daemon.pause()
            said = client.ask()
            daemon.resume()
            self.assertEqual(said, "done")

    def report(self, address, name=NAME):
        words = struct.unpack("=I", socket.inet_aton(address))[0]
        header = struct.pack("=5I4III", 0x4F505253, 44, 111, self.port, 4, words, 0, 0, 0, 0, len(name))
        return header + name.encode()

    def test_flood(self):
        """reports without end, false ones and rubbish, of a user without rights: probes, and nothing else"""
        daemon = self.daemon("retry")
        path = daemon.socket + ".report"
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o666)
        probes = daemon.metric("shunt_probes_total", type="tcp", result="pass")
        pieces = [self.report(self.primary), self.report("192.0.2.1"), self.report(self.primary, "other.example.com"), b"", b"x" * 600]
        code = f"""
import os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect({path!r})
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for i in range(20000):
    s.send({pieces!r}[i % {len(pieces)}])
"""
        done = st.run([sys.executable, "-c", code])
        self.assertEqual(done.returncode, 0, done.stderr)
        st.wait_until(
            lambda: sum(daemon.metric("shunt_reports_total", result=r) for r in ("probed", "ignored", "limited", "invalid")) == 20000,
            what="all of them",
        )
        count = {r: daemon.metric("shunt_reports_total", result=r) for r in ("probed", "ignored", "limited", "invalid")}
        self.note(f"{count}, {daemon.metric('shunt_probes_total', type='tcp', result='pass') - probes:.0f} probes")
        self.assertGreater(count["limited"], 10000)
        self.assertGreaterEqual(count["probed"], 1)
        self.assertGreater(count["ignored"], 0)
        self.assertGreater(count["invalid"], 0)
        st.wait_until(lambda: daemon.metric("shunt_probes_total", type="tcp", result="pass") > probes, what="the probe")
        self.assertEqual(daemon.health(NAME, "primary"), "up")
        self.assertEqual(daemon.active(NAME), "primary")

    def test_long_path(self):
        """a client socket whose path leaves no room for the other one: said so, and all else works"""
        daemon = st.Daemon(self, f'records: ( {{ name = "{NAME}"; primary: {{ address = "{self.primary}"; }}; }} );')
        folder = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        daemon.socket = os.path.join(folder, "s" * (105 - len(folder)))
        daemon.write_config(open(daemon.config_path).read().split("\n", 1)[1])
        self.start(daemon)
        daemon.wait_settled()
        daemon.wait_log("too long for a socket: clients cannot report failures")
        self.assertEqual(daemon.resolve(NAME), [self.primary])


if __name__ == "__main__":
    st.main()
