#!/usr/bin/env python3
"""Endpoints, clients and readers that behave as badly as they can cost little, and nobody else notices them."""
import array
import contextlib
import gzip
import os
import re
import resource
import shutil
import socket
import struct
import subprocess
import sys
import time
import unittest

import shunttest as st

GOOD = "good.example.com"


def peak_kb(daemon):
    return st.memory_kb(daemon.pid, "VmHWM")


# Memory that all of this may cost in addition. A sanitizer keeps what was freed.
MEMORY_KB = 300_000 if st.SANITIZED else 16_000


# --- endpoints ------------------------------------------------------------------------------------------


def says(*pieces, pause=0.0):
    """A server that reads the request, sends these pieces one after another and closes."""

    def behave(connection, stop):
        connection.recv(65536)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(pieces):
            if number and pause:
                stop.wait(pause)
            connection.sendall(piece)

    behave.__name__ = "says"
    return behave


def status(code, *headers):
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {code} Word", "Content-Length: 0", "Connection: close", *headers))
    return says((head + "\r\n").encode())


def body(data, *headers):
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", f"Content-Length: {len(data)}", *headers))
    return says((head + "\r\n").encode() + data)


def chunked(*chunks, pause=0.05):
    pieces = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *pieces, b"0\r\n\r\n", pause=pause)


def keeps_its_mouth(connection, stop):
    """A good answer to everything but a client's hello."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    stop.wait()


BOMB = gzip.compress(bytes(64 << 20), 9)  # 64 MB in 64 KB
PACKED = ("Content-Encoding: gzip",)
TIMED_OUT = "timed out in {} after 1s"
NEEDLE = 'expect_body = "needle";'
NO_NEEDLE = 'body without "needle"'
NOT_HTTP = "the answer is not HTTP"
LOST = "connection (closed|reset)"

# name: behaviour, options of the check, what the last error says (a regular expression; "": it passes)
HTTP = {
    "silent": (st.silent, "", TIMED_OUT.format("first byte")),
    "closes": (st.closes, "", LOST),
    "resets": (st.resets, "", "connection reset"),
    "garbage": (st.garbage, "", NOT_HTTP),
    "old": (says(b"<html>HTTP/0.9 had no header"), "", NOT_HTTP),
    "ssh": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "", NOT_HTTP),
    "endless-body": (st.endless_body, "", ""),
    "endless-search": (st.endless_body, NEEDLE, NO_NEEDLE),
    "endless-header": (st.endless_header, "", "headers over 16 KB"),
    "endless-headers": (st.endless_headers, "", "headers over 16 KB"),
    "endless-trailers": (st.endless_trailers, NEEDLE, "headers over 16 KB|in the body: a trailer without end"),
    "endless-100": (st.endless_100, "", "headers over 16 KB|" + TIMED_OUT.format(r"(headers|first byte)")),
    "half-header": (st.half_header, "", "connection closed within the headers"),
    "slow": (st.slow, "", TIMED_OUT.format(r"(headers|first byte)")),
    "slow-body": (says(b"HTTP/1.1 200 OK\r\n\r\nn", *[b"e"] * 30, pause=1), NEEDLE, TIMED_OUT.format("body")),
    "half-body": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nnee"), NEEDLE, "in the body: connection closed"),
    "bad-chunk": (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"), NEEDLE, "in the body: wrong chunks"),
    "upgrade": (says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "", "status 101"),
    "early-hints": (says(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "", ""),
    "length": (says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "", ".+"),
    "huge-length": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nneedle"), NEEDLE, ""),
    "bomb": (body(BOMB, *PACKED), NEEDLE, NO_NEEDLE),
    "bomb-unread": (body(BOMB, *PACKED), "", ""),
    "packed": (body(gzip.compress(b"a needle"), *PACKED), NEEDLE, ""),
    "packed-twice": (body(gzip.compress(BOMB), "Content-Encoding: gzip, gzip"), NEEDLE, "the body is compressed more than"),
    "packed-badly": (body(b"\x1f\x8b\x08" + b"\xff" * 60, *PACKED), NEEDLE, "in the body: it cannot be unpacked"),
    "not-packed": (body(b"a needle", "Content-Encoding: UTF-8"), NEEDLE, ""),
    "not-packed-without": (body(b"a heap", "Content-Encoding: aws-chunked"), NEEDLE, NO_NEEDLE),
    "in-body": (body(b"a needle in a heap"), NEEDLE, ""),
    "not-in-body": (body(b"a heap"), NEEDLE, NO_NEEDLE),
    "over-chunks": (chunked(b"a ne", b"ed", b"le"), NEEDLE, ""),
    "interrupted": (chunked(b"nee", b"x", b"dle"), NEEDLE, NO_NEEDLE),
    "at-limit": (body(b"x" * 5114 + b"needle"), NEEDLE, ""),
    "beyond-limit": (body(b"x" * 5115 + b"needle"), NEEDLE, NO_NEEDLE),
    "own-limit": (body(b"x" * 9994 + b"needle"), NEEDLE + " body_limit = 10000;", ""),
    "beyond-own-limit": (body(b"x" * 95 + b"needle"), NEEDLE + " body_limit = 100;", NO_NEEDLE),
    "not-found": (status(404), "", "status 404"),
    "broken": (status(503), "", "status 503"),
    "not-found-is-right": (status(404), 'expect_status = "404";', ""),
    "lowest": (status(200), "", ""),
    "highest": (status(399), "", ""),
    "above": (status(400), "", "status 400"),
    "listed": (status(204), 'expect_status = ( 200, "203-205" );', ""),
    "not-listed": (status(206), 'expect_status = ( 200, "203-205" );', "status 206"),
    "strange": (status(999), "", "status 999"),
    "search-in-error": (says(b"HTTP/1.1 500 Oh\r\nContent-Length: 6\r\n\r\nneedle"), NEEDLE, "status 500"),
}
HTTPS = {
    "tls-silent": (st.silent, TIMED_OUT.format("TLS")),
    "tls-closes": (st.closes, "TLS: " + LOST),
    "tls-resets": (st.resets, "TLS: " + LOST),
    "tls-garbage": (st.garbage, "TLS: .+"),
    "tls-truncated": (st.tls_truncated, "TLS: " + LOST),
    "tls-stalled": (st.tls_stalled, TIMED_OUT.format("TLS")),
    "tls-plain": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "TLS: the answer is not TLS"),
    "tls-plain-first": (keeps_its_mouth, "TLS: the answer is not TLS"),
}


class Endpoints(st.Case):
    CHECK = 'interval = "500ms"; fast_interval = "500ms"; timeout = "1s"; fall = 1; rise = 1;'

    def setUp(self):
        super().setUp()
        self.records = []
        self.servers = {}

    def add(self, label, behave, type_, options=""):
        self.servers[label] = server = self.start(st.Hostile(behave, self.address()))
        self.add_record(label, server.at, server.port, type_, options)

    def add_record(self, label, address, port, type_, options=""):
        self.records.append(
            f"""{{ name = "{label}.example.com"; primary: {{ address = "{address}";
            check = {{ type = "{type_}"; {self.CHECK} port = {port}; {options} }}; }}; }}"""
        )

    def start_good(self):
        address = self.address()
        self.good = self.start(st.Nginx(self, "good", address, st.free_port(address)))
        check, self.CHECK = self.CHECK, self.CHECK.replace('timeout = "1s"', 'timeout = "10s"')
        self.add_record("good", address, self.good.port, "http")
        self.CHECK = check

    def start_daemon(self):
        return self.start(st.Daemon(self, f'records: ( {", ".join(self.records)} );'))

    def errors(self, daemon):
        """{label: (health, last error)}"""
        return {
            record["name"].split(".")[0]: (
                record["endpoints"][0]["health"],
                record["endpoints"][0]["addresses"][0]["last_error"] or "",
            )
            for record in daemon.status()["records"]
        }

    def full_backlog(self):
        """A place that accepts no connection and refuses none: (address, port)."""
        listener = socket.create_server((self.address(), 0), backlog=0)
        self.addCleanup(listener.close)
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            self.addCleanup(client.close)
            with contextlib.suppress(BlockingIOError):
                client.connect(listener.getsockname())
        return listener.getsockname()

    def test_endpoints(self):
        """every bad answer is a failed probe with its words, at a bounded cost, and others are probed on time"""
        elsewhere = self.start(st.Hostile(st.closes, self.address()))
        location = f"Location: http://{elsewhere.at}:{elsewhere.port}/"
        want = {label: words for label, (_, _, words) in HTTP.items()}
        want.update({label: words for label, (_, words) in HTTPS.items()})
        for label, (behave, options, _) in HTTP.items():
            self.add(label, behave, "http", options)
        for label, (behave, _) in HTTPS.items():
            self.add(label, behave, "https", "tls_verify = false;")
        self.add("redirect", status(302, location), "http")
        self.add("redirect-not-right", status(302, location), "http", 'expect_status = "200-299";')
        searched = says(f"HTTP/1.1 302 Word\r\nContent-Length: 6\r\n{location}\r\n\r\nneedle".encode())
        self.add("redirect-searched", searched, "http", NEEDLE)
        want.update({"redirect": "", "redirect-not-right": "status 302", "redirect-searched": ""})
        closed = self.address()
        self.add_record("refused", closed, st.free_port(closed), "http")
        self.add_record("lost", *self.full_backlog(), "http")
        self.add_record("tcp-lost", *self.full_backlog(), "tcp")
        want.update({"refused": "connection refused", **dict.fromkeys(("lost", "tcp-lost"), TIMED_OUT.format("connect"))})
        self.start_good()
        want["good"] = ""

        daemon = self.start_daemon()
        before = st.memory_kb(daemon.pid)
        first = time.monotonic()
        daemon.wait_settled()
        st.wait_until(
            lambda: min(server.accepted for server in self.servers.values()) >= 4, what="each server to be probed four times"
        )
        probed = daemon.endpoint(GOOD, "primary")["addresses"][0]["last_probe"]
        st.wait_until(
            lambda: daemon.endpoint(GOOD, "primary")["addresses"][0]["last_probe"] != probed,
            what="the good server to be probed on",
        )
        seconds = time.monotonic() - first
        got = {}

        def all_right():
            """Where these servers' threads are slow themselves, another probe is needed."""
            got.update(self.errors(daemon))
            return all(re.search(pattern(words), got[label][1]) and got[label][0] == health(words) for label, words in want.items())

        def pattern(words):
            return rf"^({words})" if words else "^$"

        def health(words):
            return "down" if words else "up"

        with contextlib.suppress(AssertionError):
            st.wait_until(all_right)
        for label, words in want.items():
            with self.subTest(label):
                self.assertRegex(got[label][1], pattern(words))
                self.assertEqual(got[label][0], health(words))
        self.assertEqual(elsewhere.accepted, 0)
        self.assertNotRegex(daemon.log(), rf"{GOOD}: .*down")
        probes = len(self.good.requests())
        cpu = 1e3 * st.cpu_seconds(daemon.pid)
        self.note(f"{probes} probes of the good server in {seconds:.1f} s; {cpu:.0f} ms of CPU; {peak_kb(daemon)} kB at most")
        self.assertGreater(probes, seconds / 0.5 / 4)
        self.assertLess(peak_kb(daemon), before + MEMORY_KB)
        # Not more than one connection for each of them, and what the daemon has of its own.
        self.assertLess(daemon.descriptors(), len(self.records) + 36)
        for server in self.servers.values():
            server.stop()
        st.wait_until(lambda: self.errors(daemon)["silent"][1] == "connection refused", what="the servers to be gone")
        st.wait_until(lambda: daemon.descriptors() < 36, what="the descriptors to be closed")

    def test_stopped_loop(self):
        """a daemon that was stopped while probes were in flight blames no endpoint"""
        self.CHECK = self.CHECK.replace('timeout = "1s"', 'timeout = "4s"')
        servers = [self.start(Moody(self.address())) for _ in range(4)]
        for number, server in enumerate(servers):
            self.add_record(f"moody-{number}", server.at, server.port, "http")
        daemon = self.start_daemon()
        daemon.wait_settled()
        for server in servers:
            server.mute = True
        st.wait_until(lambda: all(server.muted for server in servers), what="a probe of each in flight", pause=0.001)
        daemon.pause()
        stopped = time.monotonic()
        for server in servers:
            server.mute = False
        # The stop has to be longer than the timeout: nothing else tells that this time has passed.
        st.wait_until(lambda: time.monotonic() - stopped > 5, what="more time than the timeout to pass")
        answered = [server.answered for server in servers]
        daemon.resume()
        st.wait_until(
            lambda: all(server.answered > count + 1 for server, count in zip(servers, answered)),
            what="each to be probed again",
        )
        self.assertNotIn("down", daemon.log())
        self.assertEqual({health for health, _ in self.errors(daemon).values()}, {"up"})
        # The same silence counts when it is the endpoint's own.
        servers[0].mute = True
        daemon.wait_log("moody-0.example.com: .*up -> down: timed out in first byte after 4s")


class Moody(st.Hostile):
    """Answers, or while it is mute says nothing."""

    def __init__(self, address):
        super().__init__(self.serve, address)
        self.mute = False
        self.muted = self.answered = 0

    def serve(self, connection, stop):
        connection.recv(65536)
        if self.mute:
            self.muted += 1
            stop.wait()
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.answered += 1


# --- clients --------------------------------------------------------------------------------------------

HELLO = struct.Struct("5I")
HELLO_MAGIC, TABLE_VERSION = 0x4F4C4853, 1
WELCOME = struct.Struct("7I")


def hello(magic=HELLO_MAGIC, size=HELLO.size, low=TABLE_VERSION, high=TABLE_VERSION, nonce=7):
    return HELLO.pack(magic, size, low, high, nonce)


@unittest.skipIf(os.getuid() != 0, "needs root")
class ManyUids(st.Case):
    PREFIX = ("prlimit", "--nofile=4096")

    def start_daemon(self, prefix=PREFIX):
        os.chmod(self.tmp, 0o755)
        record = f'records: ( {{ name = "{GOOD}"; primary: {{ address = "192.0.2.10"; }}; }} );'
        self.daemon = st.Daemon(self, record, prefix=prefix)
        os.chmod(self.daemon.dir, 0o755)
        self.start(self.daemon)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def connect(self, uid):
        """As that uid; its welcome, if it is given one, is not read."""
        client = self.stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        os.seteuid(uid)
        try:
            client.connect(self.daemon.socket)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.send(hello())
        finally:
            os.seteuid(0)
        return client

    def attaches(self, uid):
        """Whether it is given a welcome. One that stands still for a second before its hello is not listened to: once more."""
        for _ in range(5):
            begin = time.monotonic()
            client = self.connect(uid)
            took = time.monotonic() - begin
            client.settimeout(st.PATIENCE)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                if len(client.recv(256)) == WELCOME.size:
                    return True
            if took < 0.5:
                break
        return False

    def test_places_are_shared(self):
        """a person with 50 subordinate uids takes all places that he is given, and never reads: strangers attach all the same"""
        self.start_daemon()
        for number in range(50):
            for _ in range(330 if number < 8 else 40):
                self.connect(100000 + number)
        self.assertTrue(self.attaches(200000))
        self.assertTrue(self.attaches(200001))

    @unittest.skipUnless(os.path.exists("/etc/subuid"), "this system has no file of subordinate uids")
    def test_uids_of_one_owner(self):
        """a person takes the places with thousands of subordinate uids, a connection each, and never reads: strangers attach, and so do another's containers"""
        subuid = self.path("subuid")
        with open(subuid, "w", encoding="ascii") as out:
            out.write("mallory:100000:65536\nalice:165536:65536\n")
        mount = 'mount --bind "$0" /etc/subuid && exec "$@"'
        self.start_daemon(("unshare", "--mount", "sh", "-c", mount, subuid) + self.PREFIX)
        for number in range(3000):
            self.connect(100000 + number)
        for uid in (165536, 165537, 1000, 200000 + 65536):
            self.assertTrue(self.attaches(uid), uid)
        self.assertFalse(self.attaches(100000 + 60000))


class Clients(st.Case):
    def setUp(self):
        super().setUp()
        self.daemon = self.start(
            st.Daemon(self, f'records: ( {{ name = "{GOOD}"; primary: {{ address = "192.0.2.10"; }}; }} );')
        )
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 8192:
            raise unittest.SkipTest(f"{hard} descriptors are too few")
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def connect(self, kind=socket.SOCK_SEQPACKET, path=None):
        client = self.stack.enter_context(socket.socket(socket.AF_UNIX, kind))
        client.connect(path or self.daemon.socket)  # without a limit: with one, a full queue were an error
        client.settimeout(st.PATIENCE)
        return client

    def rude(self, *words):
        """A connection that says these words, as far as it is let."""
        client = self.connect()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for word in words:
                client.send(word)
        return client

    def greet(self, word, rights=()):
        """What the daemon says to it: (message, descriptors). A client that stood still for a second is not listened to."""

        def attempt():
            client = self.connect()
            client.sendmsg([word], rights)
            data, fds, _, _ = socket.recv_fds(client, 256, 4)
            return data and (data, fds)

        return st.wait_until(attempt, what="a welcome")

    def ended(self, client):
        """The daemon has closed this connection."""
        client.settimeout(0)
        try:
            return client.recv(65536) == b""
        except BlockingIOError:
            return False
        except (ConnectionResetError, BrokenPipeError):
            return True

    def all_ended(self, clients):
        st.wait_until(lambda: all(map(self.ended, clients)), what="the daemon to close them")

    def check_real(self, what):
        """Real clients attach, and at once."""
        took = []

        def attach():
            start = time.monotonic()
            data, fds = self.greet(hello())
            for fd in fds:
                os.close(fd)
            took.append(time.monotonic() - start)
            self.assertEqual((WELCOME.unpack(data)[2], len(fds)), (0, 1), what)
            return took[-1] < 1

        # Nobody is waited for, neither those that say nothing (a second each) nor others; this machine may stand still, once.
        self.assertTrue(attach() or attach() or attach(), f"{what}: {took}")
        took = took[-1]
        # The shim itself waits for 100 ms at most, which a loaded machine may take now and then.
        st.wait_until(lambda: self.daemon.resolve(GOOD) == ["192.0.2.10"], what=f"a real client, {what}")
        self.note(f"{1e3 * took:.1f} ms to attach, {what}")

    def settle(self, before):
        self.stack.close()
        st.wait_until(lambda: self.daemon.descriptors() <= before, what="the daemon's descriptors to be what they were")

    def test_rubbish(self):
        """silence, rubbish and half a hello end the connection; a version of tomorrow is told so"""
        self.daemon.resolve(GOOD)
        before = self.daemon.descriptors()
        silent = [self.connect() for _ in range(100)]
        self.check_real("beside 100 clients that say nothing")
        words = [
            b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"x" * 20, b"x" * 256, b"x" * 100_000, hello()[:19], hello()[:4],
            hello(magic=HELLO_MAGIC + 1), hello(size=19), hello(size=21), hello(size=0), hello(size=2**32 - 1),
            hello(low=2, high=1), hello() + b"x" * 300,
        ]  # fmt: skip
        self.all_ended([self.rude(word) for word in words])
        data, fds = self.greet(hello(low=1000, high=1001))
        self.assertEqual((WELCOME.unpack(data)[2], WELCOME.unpack(data)[3], fds), (1, 7, []))
        data, fds = self.greet(hello(size=64) + bytes(44))
        self.assertEqual((WELCOME.unpack(data)[2], len(fds)), (0, 1))
        os.close(fds[0])
        # Descriptors that come along are not kept.
        _, fds = self.greet(hello(), [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 100))])
        os.close(fds[0])
        self.rude(hello(), hello(), b"x" * 1000)
        self.check_real("beside rude clients")
        self.all_ended(silent)
        self.settle(before)

    def test_never_reads(self):
        """200 clients that attach and never read, and 1,000 connections, keep nobody from attaching"""
        self.daemon.resolve(GOOD)
        before = self.daemon.descriptors()
        for _ in range(200 if os.geteuid() == 0 else 50):
            self.rude(hello())
        self.check_real("beside clients that never read")
        if os.geteuid() == 0:
            for number in range(800):
                self.rude(*[hello()] * (number % 2))
            self.check_real("beside 1,000 connections")
        self.settle(before)
        self.check_real("after they have gone")

    STRANGER = """if True:
        import os, resource, socket, sys
        resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        held = []
        for number in range(1000):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            client.connect(sys.argv[1])
            try:
                client.send(bytes.fromhex(sys.argv[2]))
            except OSError:
                pass
            held.append(client)
        print("held", flush=True)
        sys.stdin.read()
    """

    def test_stranger(self):
        """another user's 1,000 clients that never read keep nobody from attaching, and cost a bounded number of descriptors"""
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root to become another user")
        self.daemon.resolve(GOOD)
        before = self.daemon.descriptors()
        for path in (self.tmp, self.daemon.dir):
            os.chmod(path, 0o755)
        stranger = subprocess.Popen(
            [sys.executable, "-c", self.STRANGER, self.daemon.socket, hello().hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=st.clean_env(),
        )  # fmt: skip
        try:
            self.assertEqual(stranger.stdout.readline(), "held\n")
            self.check_real("beside a stranger's 1,000")
            self.assertLess(self.daemon.descriptors(), before + 64 + 256 + 16)
        finally:
            stranger.stdin.close()
            stranger.stdout.close()
            stranger.wait(st.PATIENCE)
        self.settle(before)


# --- readers of the status ------------------------------------------------------------------------------


class Readers(Clients):
    """The control socket: HTTP clients that behave badly."""

    RECORDS = 3000

    test_rubbish = test_never_reads = test_stranger = None

    def setUp(self):
        super().setUp()
        records = [f'{{ name = "{GOOD}"; primary: {{ address = "192.0.2.10"; }}; }}']
        records += [
            f'{{ name = "r{number}.example.com"; primary: {{ address = "192.0.2.1"; }}; }}' for number in range(self.RECORDS)
        ]
        self.daemon = self.start(st.Daemon(self, f"records: ( {', '.join(records)} );", name="large"))

    def http(self, *pieces):
        client = self.connect(socket.SOCK_STREAM, self.daemon.control)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                client.sendall(piece)
        return client

    def trickle(self, client):
        """Another byte of a request, unless the daemon has had enough of it."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.send(b"X")

    def check_status(self, what):
        start = time.monotonic()
        self.assertEqual(len(self.daemon.status()["records"]), self.RECORDS + 1)
        took = time.monotonic() - start
        self.note(f"{1e3 * took:.0f} ms for a status of {self.RECORDS} records, {what}")
        self.assertLess(took, 30)

    def push(self, client, piece, most):
        """Sends it again and again until the daemon has had enough: the number of bytes."""
        sent = 0
        client.settimeout(st.PATIENCE)
        try:
            while sent < most:
                sent += client.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return sent

    def test_readers(self):
        """slow and endless requests, and slow readers of a large status cost little, and others are answered at once"""
        for _ in range(3):
            self.check_status("alone")
        before, memory = self.daemon.descriptors(), peak_kb(self.daemon)
        request = b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n"
        idle = [self.http() for _ in range(20)]
        idle += [self.http(b"G"), self.http(request[:-2]), self.http(b"POST /v1/status HTTP/1.1\r\nContent-Length: 99\r\n\r\n")]
        trickle = self.http(b"GET /v1/status HTTP/1.1\r\n")
        started = time.monotonic()

        # Without end, in one piece and in many.
        for head, piece in ((b"GET /", b"x" * 4096), (b"GET / HTTP/1.1\r\nX: ", b"x" * 4096),
                            (b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 500), (b"", b"\r\n" * 500), (b"", b"\0" * 4096)):  # fmt: skip
            with self.subTest(head):
                self.assertLess(self.push(self.http(head), piece, 8 << 20), 8 << 20)
        self.check_status("after endless requests")

        slow = [self.http(request) for _ in range(100)]
        slow += [self.http(request * 20) for _ in range(5)]
        for client in [self.http(request) for _ in range(50)]:
            client.recv(100)
            client.close()
        self.trickle(trickle)
        self.check_status("beside 100 slow readers")
        self.check_real("beside slow readers")
        self.assertGreater(len(slow[0].recv(100)), 0)
        self.note(f"{memory} kB before, {peak_kb(self.daemon)} kB at most")
        self.assertLess(peak_kb(self.daemon), memory + MEMORY_KB)
        self.trickle(trickle)

        self.all_ended(idle)
        self.note(f"idle connections were closed within {time.monotonic() - started:.1f} s")
        self.settle(before)
        self.check_status("after all have gone")


# --- a thousand at one time -----------------------------------------------------------------------------


class Crowds(st.Case):
    """bench/sockets tells what such crowds delay; here, that everything works beside them."""

    # Root lets others come: four of them, each with fewer than one may have. Alone, one only keeps oneself from being served.
    CROWD = [(65530 + n, 240) for n in range(4)] + [(0, 40)] if os.geteuid() == 0 else [(os.geteuid(), 200)]
    RECORDS = 300

    def setUp(self):
        super().setUp()
        address = self.address()
        self.probed = self.start(st.Hostile(st.well, address))
        check = f'checks: {{ it: {{ type = "http"; port = {self.probed.port}; interval = "200ms"; timeout = "20s"; fall = 1; }}; }};'
        records = [f'{{ name = "{GOOD}"; primary: {{ address = "{address}"; check = "it"; }}; '
                   'secondary: { address = "192.0.2.11"; }; }']  # fmt: skip
        records += [f'{{ name = "r{n}.example.com"; primary: {{ address = "192.0.2.1"; }}; }}' for n in range(self.RECORDS)]
        self.daemon = self.start(st.Daemon(self, f"{check} records: ( {', '.join(records)} );"))
        self.daemon.wait_settled()
        self.at = address
        self.program = shutil.copy(os.path.join(st.B, "bench", "crowd"), self.tmp)
        for path in (self.tmp, self.daemon.dir):
            os.chmod(path, 0o755)

    @contextlib.contextmanager
    def crowd(self, behaviour, path):
        """A thousand connections that behave so, each replaced when the daemon ends it. Those of root say nothing."""
        parts = []
        for uid, count in self.CROWD:
            prefix = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"] if uid != os.geteuid() else []
            what = behaviour if prefix or len(self.CROWD) == 1 else f"{behaviour.replace('events', 'control').split('-')[0]}-idle"
            parts.append((self.start(st.Process(self, what, [self.program, what, path, str(count)], prefix=prefix)), count))
        for part, count in parts:
            st.wait_until(lambda: len(st.descriptors(part.pid)) > count * 9 // 10, what=f"the crowd that is {part}")
        yield f"beside a crowd that is {behaviour}"
        for part, _ in parts:
            part.stop()

    def check_all(self, what):
        """Probes go on, a program attaches, an operator sees and changes."""
        accepted = self.probed.accepted
        st.wait_until(lambda: self.probed.accepted > accepted + 3, what=f"probes {what}")
        st.wait_until(lambda: self.daemon.resolve(GOOD) == [self.at], what=f"a program's answer {what}")
        for arguments, status in ((("status", GOOD), 0), (("force", GOOD, "secondary"), 0), (("auto", GOOD), 0)):
            st.wait_until(lambda: st.shunt(self.daemon, *arguments).returncode == status, what=f"{arguments} {what}")
        self.assertNotRegex(self.daemon.log(), f"{GOOD}: .*down")

    def test_client_socket(self):
        """a thousand connections on the client socket: probes, programs and operators notice nothing"""
        for behaviour in ("client-idle", "client-garbage", "client-unread"):
            with self.crowd(behaviour, self.daemon.socket) as what:
                self.check_all(what)

    def test_control_socket(self):
        """a thousand connections on the control socket, that say nothing, rubbish, or read slowly: the same"""
        for behaviour in ("idle", "garbage", "half", "unread", "slow", "greedy"):
            with self.crowd(f"control-{behaviour}", self.daemon.control) as what:
                self.check_all(what)

    def test_events(self):
        """a thousand followers of the events, that read and that do not: the same"""
        for behaviour in ("events-unread", "events-read"):
            with self.crowd(behaviour, self.daemon.control) as what:
                self.check_all(what)


if __name__ == "__main__":
    st.main(jobs=3)
