#!/usr/bin/env python3
"""shunt-reset by itself: which connections it finds and resets, which it leaves, and whom it believes what."""
import contextlib
import errno
import os
import socket
import time
import unittest

import doors
import resets
import shunttest as st

ONE, OTHER, SIX = "192.0.2.2", "192.0.2.3", "2001:db8::2"
PORT, SECOND = 5432, 5433
CHECK = f'check = {{ type = "tcp"; port = {PORT}; }};'


def config(extra="", record=""):
    return (
        f'{extra} records: ( {{ name = "db.example.com"; {record}'
        f'primary: {{ addresses = [ "{ONE}", "{SIX}" ]; check: {{ type = "tcp"; port = {PORT}; }}; }}; }} );'
    )


class Reset(st.Case):
    """A namespace with a server at each address, and the helper in it."""

    def setUp(self):
        super().setUp()
        if not resets.may_reset():
            self.skipTest("resetting connections needs root")
        st.need("ss")
        self.space = self.start(st.NetNs())
        self.space.add_address(ONE, OTHER)
        self.space.ip("address", "add", f"{SIX}/128", "dev", "lo", "nodad")
        self.clients = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def serve(self, *places, **options):
        return self.start(resets.Server(self.space, *places, **options))

    def help(self, text=None, **options):
        self.helper = self.start(resets.Helper(self, text or config(), prefix=self.space.prefix, **options))
        return self.helper

    def ask(self, **options):
        return self.start(resets.Asker(self.helper, **options))

    def connect(self, address, port, family=None, protocol=0, wait=True):
        with self.space.inside():
            client = socket.socket(family or st.family_of(address), socket.SOCK_STREAM, protocol)
        self.clients.append(client)
        client.settimeout(st.PATIENCE if wait else 0)
        with contextlib.suppress(BlockingIOError):
            client.connect((address, port))
        return client

    def many(self, count, *place, **options):
        return [self.connect(*place, **options) for _ in range(count)]

    def assert_aborted(self, *clients):
        self.assertEqual({resets.error_of(client) for client in clients}, {errno.ECONNABORTED})


class Which(Reset):
    def test_among_many(self):
        """those to the address and port, v4-mapped ones too, and no other one, by its cookie"""
        self.serve((ONE, PORT), (ONE, SECOND), (OTHER, PORT), (SIX, PORT))
        self.help()
        ask = self.ask()
        others = self.many(10, ONE, SECOND) + self.many(10, OTHER, PORT) + self.many(5, SIX, PORT)
        wanted = self.many(10, ONE, PORT) + self.many(3, f"::ffff:{ONE}", PORT)
        before, lost = resets.cookies(self.space), {resets.cookie(client) for client in wanted}
        found, done = ask.ask(ONE, [PORT])
        self.assertEqual((found.found, done.found, done.reset, done.gone, done.kept), (13, 13, 13, 0, 0))
        self.assert_aborted(*wanted)
        # Their peers, which the server has not even accepted, are reset by the network.
        peers = {one for one in before - resets.cookies(self.space) if one not in lost}
        self.assertEqual(len(peers), 13)
        self.assertTrue({resets.cookie(client) for client in others} <= resets.cookies(self.space))
        for client in others:
            client.send(b"x")
            self.assertEqual(resets.error_of(client), 0)
        # The same for IPv6, and for what is not there any more.
        found, done = ask.ask(SIX, [PORT])
        self.assertEqual((found.found, done.reset), (5, 5))
        self.assertEqual(ask.ask(ONE, [PORT])[1].found, 0)

    def test_ports(self):
        """every port of a request, and a request for several is refused for one that is not listed"""
        ports = list(range(6000, 6016))
        self.serve(*[(ONE, port) for port in ports])
        self.help(config(record=f"ports = {ports};"))
        ask = self.ask()
        wanted = [self.connect(ONE, port) for port in ports]
        self.assertEqual(ask.ask(ONE, ports, flags=resets.DRY_RUN)[1].found, 16)
        for port, client in zip(ports, wanted):
            self.assertEqual(ask.ask(ONE, [port])[1].reset, 1)
            self.assert_aborted(client)
        self.assertEqual(ask.ask(ONE, ports[:3] + [PORT])[0].kind, resets.REFUSED)

    def test_black_hole(self):
        """a connect() that nobody answers ends at once"""
        st.need("nft")
        self.space.nft(f"add table ip t; add chain ip t o {{ type filter hook output priority 0; }}; "
                       f"add rule ip t o ip daddr {ONE} tcp dport {PORT} drop")
        self.help()
        client = self.connect(ONE, PORT, wait=False)
        self.assertIn(resets.cookie(client), resets.cookies(self.space, "state", "syn-sent"))
        self.assertEqual(self.ask().ask(ONE, [PORT])[1].reset, 1)
        self.assert_aborted(client)

    def test_not_a_programs(self):
        """what listens and what is in TIME_WAIT stays; ten thousand of the latter make no difference"""
        server = self.serve((ONE, PORT))
        self.help()
        ask = self.ask()
        for _ in range(100):
            batch = self.many(100, ONE, PORT)
            for client, peer in zip(batch, server.take(len(batch))):
                client.close()
                peer.close()
        self.clients = []
        live = self.connect(ONE, PORT)
        waiting = resets.cookies(self.space, "state", "time-wait")
        count = len(self.space.run("ss", "-Htan", "state", "time-wait").splitlines())
        self.assertGreaterEqual(count, 9000)
        begin = time.monotonic()
        found, done = ask.ask(ONE, [PORT])
        self.note(f"{1000 * (time.monotonic() - begin):.1f} ms beside {count} in TIME_WAIT")
        self.assertEqual((found.found, done.reset), (1, 1))
        self.assert_aborted(live)
        left = len(self.space.run("ss", "-Htan", "state", "time-wait").splitlines())
        self.assertGreaterEqual(left, count - 100, "a few may have ended by themselves")
        self.assertEqual(waiting, resets.cookies(self.space, "state", "time-wait"))
        self.assertEqual(len(resets.cookies(self.space, "state", "listening")), 1)

    def test_mptcp(self):
        """a connection of MPTCP is counted as one that stays, and works on"""
        with self.space.inside():
            try:
                socket.socket(socket.AF_INET, socket.SOCK_STREAM, resets.IPPROTO_MPTCP).close()
            except OSError as error:
                self.skipTest(f"no MPTCP here: {error}")
        server = self.serve((ONE, PORT), protocol=resets.IPPROTO_MPTCP)
        self.help()
        client = self.connect(ONE, PORT, protocol=resets.IPPROTO_MPTCP)
        plain = self.connect(ONE, PORT)
        peers = server.take(2)
        found, done = self.ask().ask(ONE, [PORT])
        self.assertEqual((found.found, found.kept, done.reset, done.kept), (2, 1, 1, 1))
        self.assert_aborted(plain)
        client.send(b"on")
        self.assertEqual(peers[0].recv(2), b"on")

    def test_half_closed(self):
        """a connection that one side has closed is the program's still, and one that the program has closed is nobody's"""
        server = self.serve((ONE, PORT))
        self.help()
        remote, own, gone = self.many(3, ONE, PORT)
        peers = server.take(3)
        peers[0].shutdown(socket.SHUT_WR)
        own.shutdown(socket.SHUT_WR)
        gone.close()
        st.wait_until(lambda: len(resets.cookies(self.space, "state", "close-wait")) == 3, what="the states")
        done = self.ask().ask(ONE, [PORT])[1]
        self.assertEqual((done.found, done.reset), (2, 2))
        self.assert_aborted(remote, own)


class Pace(Reset):
    def test_rate(self):
        """at most reset_rate a second, the first tenth at once; and of what was there at first, not of what came later"""
        self.serve((ONE, PORT))
        self.help(config("reset_rate = 50;"))
        ask = self.ask()
        self.assertEqual(ask.hello.rate, 50)
        wanted = self.many(30, ONE, PORT)
        begin = time.monotonic()
        ask.send(ONE, [PORT])
        self.assertEqual(ask.read().found, 30)
        later = self.connect(ONE, PORT)
        self.assertEqual(ask.read().reset, 30)
        self.assertGreaterEqual(time.monotonic() - begin, (30 - 5 - 1) / 50)
        self.assert_aborted(*wanted)
        self.assertEqual(resets.error_of(later), 0)

    def test_caller_leaves(self):
        """what is not done when the caller leaves is not done"""
        self.serve((ONE, PORT))
        self.help(config("reset_rate = 1;"))
        ask = self.ask()
        clients = self.many(20, ONE, PORT)
        ask.send(ONE, [PORT])
        self.assertEqual(ask.read().found, 20)
        ask.stop()
        st.wait_until(lambda: not self.helper.children(), what="it to end")
        self.assertGreaterEqual([resets.error_of(client) for client in clients].count(0), 15)

    def test_several(self):
        """requests that come while others are worked off are listed at once"""
        self.serve((ONE, PORT), (SIX, PORT))
        self.help(config("reset_rate = 20;"))
        ask = self.ask()
        self.many(10, ONE, PORT), self.many(10, SIX, PORT)
        self.helper.pause()  # so that the second one comes before the first is done, however slow we are
        ask.send(ONE, [PORT], job=7)
        ask.send(SIX, [PORT], job=8)
        self.helper.resume()
        replies = [ask.read() for _ in range(4)]
        self.assertEqual([(reply.kind, reply.job) for reply in replies],
                         [(resets.FOUND, 7), (resets.FOUND, 8), (resets.DONE, 7), (resets.DONE, 8)])
        self.assertEqual([reply.reset for reply in replies[2:]], [10, 10])


class Trust(Reset):
    def test_not_in_configuration(self):
        """an address or a port that no record has is refused, and nothing is touched"""
        self.serve((ONE, PORT), (ONE, SECOND), (OTHER, PORT))
        self.help()
        ask = self.ask()
        clients = [self.connect(ONE, SECOND), self.connect(OTHER, PORT)]
        for address, port in ((ONE, SECOND), (OTHER, PORT), ("::1", PORT)):
            reply, _ = ask.ask(address, [port])
            self.assertEqual(reply.kind, resets.REFUSED)
            self.assertEqual(reply.text, f"{address} port {port} is no record's in the configuration")
        self.assertEqual([resets.error_of(client) for client in clients], [0, 0])

    def test_named_endpoint(self):
        """an endpoint given by name can have any address, but none that is local, unless it says so"""
        text = 'records: ( {{ name = "a.example"; ports = [ 80 ]; primary: {{ address = "b.example"; {} }}; }} );'
        self.help(text.format(""))
        ask = self.ask()
        self.assertEqual(ask.ask("198.51.100.7", [80])[0].kind, resets.FOUND)
        self.assertEqual(ask.ask("127.0.0.1", [80])[0].kind, resets.REFUSED)
        self.assertEqual(ask.ask("198.51.100.7", [81])[0].kind, resets.REFUSED)
        ask.stop()
        self.helper.write(text.format("allow_local = true;"))
        self.assertEqual(self.ask().ask("127.0.0.1", [80])[0].kind, resets.FOUND)

    def test_damaged(self):
        """requests that no daemon of this release sends are refused"""
        self.help()
        ask = self.ask()
        for options in ({"version": 9}, {"count": 0}, {"count": 17}, {"count": 0xFFFFFFFF}, {"flags": 2}):
            reply, _ = ask.ask(ONE, [PORT], **options)
            self.assertEqual(reply.kind, resets.REFUSED, options)
        for packet in (b"x", b"x" * 71, b"x" * 73, b"x" * 100000):
            ask = self.ask()
            ask.socket.send(packet)
            self.assertEqual(ask.read().kind, resets.REFUSED)
            self.assertIsNone(ask.read())
        self.assertEqual(self.ask().ask(ONE, [PORT])[0].kind, resets.FOUND)

    def test_who(self):
        """the daemon's user and root may ask; somebody else is told that he may not, or cannot even connect"""
        self.help()
        uid, gid = 65534, os.stat(self.helper.socket_path).st_gid
        self.assertEqual(self.hello_as(0, 0), "ready")
        self.assertEqual(self.hello_as(uid, gid), "ready")
        self.assertRegex(self.hello_as(4711, gid), r"^uid 4711 \(process \d+\) may not ask: only nobody and root may$")
        self.assertEqual(self.hello_as(4711, 4711), "Permission denied")

    def hello_as(self, uid, gid):
        """What a process of that user is told when it connects."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
                said = resets.Asker(self.helper).hello
                text = "ready" if said.kind == resets.READY else said.text
            except OSError as error:
                text = error.strerror
            os.write(writing, text.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as file:
            text = file.read()
        os.waitpid(pid, 0)
        return text

    def test_configuration(self):
        """one that is not root's alone, or wrong, or missing: nothing may be reset, and it says why"""
        self.help()
        path, other = self.helper.config_path, os.path.join(self.helper.dir, "other.conf")
        st.write_whole(other, "")

        def told():
            said = self.ask().hello
            self.assertEqual(said.kind, resets.REFUSED)
            return said.text

        os.chmod(path, 0o664)
        self.assertIn("others than root may write to it, which chmod go-w ends", told())
        os.chmod(path, 0o644)
        os.chown(path, 65534, 0)
        self.assertIn("it does not belong to root", told())
        os.chown(path, 0, 0)
        self.helper.write(f'@include "other.conf"\n{config()}')
        os.chmod(other, 0o644)
        self.assertEqual(self.ask().hello.kind, resets.READY)
        os.chown(other, 65534, 0)
        self.assertIn("it does not belong to root", told())
        self.helper.write("records = (")
        self.assertIn("syntax error", told())
        os.remove(path)
        self.assertIn("No such file", told())

    def test_confined(self):
        """one capability, no other privileges, few system calls"""
        self.help()
        ask = self.ask()
        pid = self.helper.children()[-1]
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual({status[f"Cap{kind}"] for kind in ("Prm", "Eff")}, {f"{1 << 12:016x}"})
        self.assertEqual(status["CapAmb"], f"{0:016x}")
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(ask.ask(ONE, [PORT])[0].kind, resets.FOUND)

    def test_shortage(self):
        """where the host is out of descriptors for a while, the next caller is served later"""
        st.need("strace")
        trace = ["strace", "-qq", "-o", self.path("trace"), "-e", "inject=accept4:error=ENFILE:when=1..3"]
        self.helper = self.start(resets.Helper(self, config(), prefix=[*self.space.prefix, *trace]))
        self.assertEqual(self.ask().hello.kind, resets.READY)
        with open(self.path("trace"), encoding="utf-8") as file:
            self.assertEqual(file.read().count("ENFILE"), 3)

    def test_many_callers(self):
        """a few at a time; the next one waits, and is served when one has left"""
        self.help()
        first = [self.ask() for _ in range(4)]
        fifth = self.ask(greet=False)
        fifth.socket.settimeout(0.2)
        self.assertRaises(TimeoutError, fifth.read)
        first[2].stop()
        fifth.socket.settimeout(st.PATIENCE)
        self.assertEqual(fifth.read().kind, resets.READY)


class Sandbox(st.Case):
    PROGRAM = r"""
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "serve/packet.h"
#include "serve/sandbox.h"
int main(void)
{
	int end[2];
	char text[8] = "packet";
	struct timespec now;
	char *volatile memory;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, end) != 0 || !sandbox_enter(NULL, 0))
		return 1;
	if (socket(AF_UNIX, SOCK_SEQPACKET, 0) >= 0 && sizeof(long) == 8)
		return 2;
	if (!packet_write(end[0], text, sizeof(text)))
		return 3;
	if (poll(&(struct pollfd){ end[1], POLLIN, 0 }, 1, 1000) != 1)
		return 4;
	if (packet_read(end[1], text, sizeof(text)) != PACKET_READ || packet_read(end[1], text, sizeof(text)) != PACKET_NONE)
		return 5;
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || !(memory = malloc(1 << 22)))
		return 6;
	memset(memory, 1, 1 << 22);
	free(memory);
	fputs("done\n", stderr);
	return 0;
}
"""

    def test_widths(self):
        """what a helper does goes through its filter of system calls, in a build of 32 bits too"""
        folder = os.path.join(st.ROOT, "helper")
        sources = [self.write("main.c", self.PROGRAM), *(os.path.join(folder, "serve", f"{name}.c") for name in ("packet", "sandbox"))]
        for width in ([], ["-m32"]):
            with self.subTest(width=width):
                if st.run(["gcc", *width, "-o", self.path("none"), self.write("none.c", "int main(void) { return 0; }")]).returncode:
                    self.note("gcc makes no programs of 32 bits here")
                    continue
                done = st.run(["gcc", *width, "-D_GNU_SOURCE", "-iquote", folder, "-o", self.path("program"), *sources])
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                done = st.run([self.path("program")])
                self.assertEqual((done.returncode, done.stderr), (0, "done\n"))


class Usage(unittest.TestCase):
    def test_mistakes(self):
        """of each helper: one line, with the cure"""
        for path in (resets.HELPER, doors.HELPER):
            name = os.path.basename(path)
            if not os.path.exists(path):
                continue
            for options, status, text in (
                (["x"], 64, f"{name}: what is 'x'? The configuration is named by -c\nTry '{name} --help'.\n"),
                (["--user", "nobody-at-all"], 1,
                 f'{name}: there is no user "nobody-at-all"; name the one that shuntd runs as by --user\n'),
                (["--user", "root"], 1, f"{name}: there is no socket: systemd starts this program, by its socket unit; "
                                        "elsewhere give --socket PATH\n"),
            ):  # fmt: skip
                done = st.run([path, *options])
                self.assertEqual((done.returncode, done.stdout, done.stderr), (status, "", text))
            self.assertEqual(st.run([path, "--version"]).stdout.split()[0], name)
            self.assertTrue(st.run([path, "--help"]).stdout.startswith(f"Usage: {name} "))


if __name__ == "__main__":
    st.main(jobs=2)
