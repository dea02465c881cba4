#!/usr/bin/env python3
"""10,000 records: how soon the daemon is ready, what memory it takes, and that each name has its own answer.

And 2,000 endpoints with a check, more than may be probed at one time.
"""
import contextlib
import random
import select
import socket
import sys
import threading
import time
import unittest

import shunttest as st

RECORDS = 10_000
ASKED = 100
READY_SECONDS = 10  # of processor time; the goal is 2 on an idle machine
MEMORY_KB = 64 * 1024

# Asks for the names on its standard input, in one process.
CLIENT = """
import socket, sys
for name in sys.stdin.read().split():
    print(name, *(found[4][0] for found in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)))
"""


def name_of(number):
    return f"db-{number}.example.invalid"


def address_of(number):
    return f"198.18.{number >> 8}.{number & 255}"


def config():
    records = (
        f'{{ name = "{name_of(number)}"; primary: {{ address = "{address_of(number)}"; }}; }}' for number in range(RECORDS)
    )
    return "records: (\n" + ",\n".join(records) + "\n);\n"


class Scale(st.Case):
    def setUp(self):
        super().setUp()
        self.daemon = st.Daemon(self, config())
        begin = time.monotonic()
        self.start(self.daemon)
        self.ready = time.monotonic() - begin

    def test_ready(self):
        """with 10,000 records the daemon is ready in good time"""
        self.note(f"both sockets answer after {self.ready:.2f} s")
        self.assertLess(st.cpu_seconds(self.daemon.pid), READY_SECONDS)
        self.assertEqual(len(self.daemon.status()["records"]), RECORDS)

    @unittest.skipIf(st.SANITIZED, "a sanitizer's memory is not the daemon's")
    def test_memory(self):
        """with 10,000 records the daemon takes less than 64 MB, the table included"""
        self.daemon.client([sys.executable, "-c", CLIENT], input=name_of(0), stdin=None)
        peak = st.memory_kb(self.daemon.pid, "VmHWM")
        self.note(f"VmRSS {st.memory_kb(self.daemon.pid)} kB, VmHWM {peak} kB")
        self.assertLess(peak, MEMORY_KB)

    def test_answers(self):
        """of 10,000 names each has its own answer"""
        seed = random.randrange(1 << 32)
        self.note(f"seed {seed}")
        numbers = random.Random(seed).sample(range(RECORDS), ASKED) + [0, RECORDS - 1]
        done = self.daemon.attached([sys.executable, "-c", CLIENT], input="\n".join(map(name_of, numbers)), stdin=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [f"{name_of(number)} {address_of(number)}" for number in numbers])


class Crowd:
    """Every address of 127.0.0.0/8 on one port: a web server that answers each connection after a while, and counts."""

    HOLD_SECONDS = 0.05
    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    def __init__(self):
        self.port = st.free_port("0.0.0.0")
        self.probes = {}  # by address
        self.most = 0  # connections without an answer yet, at one time
        self.overlaps = []  # addresses that were probed while they were being probed
        self._held = {}  # the connections without an answer, in order, by address
        self._answered = {}  # by descriptor, until the client closes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self):
        self._listener = socket.create_server(("0.0.0.0", self.port), backlog=4096)
        self._listener.setblocking(False)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()
        for connection in [self._listener, *self._answered.values(), *(held for held, _ in self._held.values())]:
            connection.close()

    abandon = stop

    def log(self):
        return f"{sum(self.probes.values())} probes of {len(self.probes)} addresses"

    def _serve(self):
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        while not self._stop.is_set():
            for fd, _ in self._poll.poll(0.01):
                if fd in self._answered:
                    self._poll.unregister(fd)
                    self._answered.pop(fd).close()
            self._accept()
            self._answer_due()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            address = connection.getsockname()[0]
            if address in self._held:
                self.overlaps.append(address)
            self._held[address] = connection, time.monotonic() + self.HOLD_SECONDS
            self.probes[address] = self.probes.get(address, 0) + 1
            self.most = max(self.most, len(self._held))

    def _answer_due(self):
        now = time.monotonic()
        for address, (connection, due) in list(self._held.items()):
            if due > now:
                return
            del self._held[address]
            with contextlib.suppress(ConnectionError):  # the daemon has ended
                connection.recv(4096)
                connection.send(self.ANSWER)
            self._answered[connection.fileno()] = connection
            self._poll.register(connection, select.EPOLLIN)


class Probes(st.Case):
    ENDPOINTS = 2000
    DESCRIPTORS = 256
    IN_FLIGHT = DESCRIPTORS // 4  # half of them are for probes, two for each

    def config(self, port):
        checks = f'web: {{ type = "http"; port = {port}; interval = "100ms"; timeout = "60s"; }};'
        records = (
            f'{{ name = "{name_of(number)}"; primary: {{ address = "127.9.{number >> 7}.{1 + number % 128}"; check = "web"; }};'
            f' secondary: {{ address = "127.10.{number >> 7}.{1 + number % 128}"; check = "web"; }}; }}'
            for number in range(self.ENDPOINTS // 2)
        )
        return f"checks: {{ {checks} }};\nrecords: (\n" + ",\n".join(records) + "\n);\n"

    def test_in_flight(self):
        """2,000 endpoints, few descriptors: each is probed in its turn, none while it is being probed, and no more at one time"""
        st.need("prlimit")
        crowd = self.start(Crowd())
        limit = ["prlimit", f"--nofile={self.DESCRIPTORS}:{self.DESCRIPTORS}"]
        daemon = self.start(st.Daemon(self, self.config(crowd.port), prefix=limit))
        every = f"two probes of each of {self.ENDPOINTS} endpoints"
        st.wait_until(lambda: sum(count >= 2 for count in list(crowd.probes.values())) == self.ENDPOINTS, what=every)
        endpoints = [endpoint for record in daemon.status()["records"] for endpoint in record["endpoints"]]
        self.assertEqual({endpoint["health"] for endpoint in endpoints}, {"up"})
        self.assertEqual(crowd.overlaps, [])
        self.assertEqual(crowd.most, self.IN_FLIGHT)
        counts = crowd.probes.values()
        self.note(f"{sum(counts)} probes, {min(counts)} to {max(counts)} of an endpoint")
        self.assertLess(max(counts) - min(counts), 5)


if __name__ == "__main__":
    st.main()
