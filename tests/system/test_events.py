#!/usr/bin/env python3
"""/v1/events: a snapshot, then each change in order and without gaps; what a reader missed, readers that do not read, the end."""
import contextlib
import json
import os
import socket
import subprocess
import threading
import time

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"
THIRD = "cache.example.com"


class Events(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        self.two = self.start(st.Hostile(st.closes, self.standby, self.port))
        self.daemon = st.Daemon(self, self.config())

    def config(self, extra="", records=""):
        return f"""
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "500ms"; fast_interval = "100ms"; fall = 2; rise = 1; }}; }};
            {extra}
            records: (
              {{ name = "{NAME}"; aliases = [ "www" ]; primary: {{ address = "{self.primary}"; check = "tcp"; }};
                 secondary: {{ address = "{self.standby}"; check = "tcp"; }}; }},
              {{ name = "{OTHER}"; primary: {{ address = "{self.primary}"; check = "tcp"; }}; }},
              {{ name = "{THIRD}"; primary: {{ address = "192.0.2.1"; }}; secondary: {{ address = "192.0.2.2"; }}; }}{records} );"""

    def begin(self):
        self.start(self.daemon)
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")

    def stream(self, query=""):
        """An open stream, and its snapshot."""
        stream = self.start(st.Stream(self.daemon.control, query))
        return stream, stream.next()

    def force(self, name, endpoint="secondary"):
        status, body, _ = self.daemon.request(f"/v1/records/{name}/force", "POST", body=json.dumps({"endpoint": endpoint}))
        self.assertEqual(status, 200, body)

    def release(self, name):
        self.assertEqual(self.daemon.request(f"/v1/records/{name}/auto", "POST")[0], 200)

    def refused(self, query, status):
        seen, body, headers = self.daemon.request(f"/v1/events{query}")
        self.assertEqual(seen, status, body)
        self.assertEqual(headers["Content-Type"], "application/json")
        return json.loads(body)["error"]


class Changes(Events):
    def test_failover(self):
        """the snapshot is the status; a failover is health, then answer, numbered without gaps; failback too"""
        self.begin()
        stream, first = self.stream()
        status = self.daemon.status()
        self.assertEqual(stream.response.headers["Content-Type"], "application/x-ndjson")
        self.assertEqual(list(first), ["seq", "boot", "snapshot"])
        self.assertEqual(list(first["snapshot"]), list(status))
        self.assertEqual([r["name"] for r in first["snapshot"]["records"]], [NAME, OTHER, THIRD])
        self.assertRegex(first["boot"], "^[0-9a-f]{16}$")
        self.one.stop()
        down = stream.until_type("answer", record=NAME)
        self.one.start()
        up = stream.until_type("answer", record=NAME)
        seen = down + up
        self.assertEqual([event["seq"] for event in seen], list(range(first["seq"] + 1, first["seq"] + 1 + len(seen))))
        health = next(event for event in down if event["type"] == "health")
        self.assertEqual(
            {key: health[key] for key in health if key not in ("seq", "time", "text")},
            {"type": "health", "level": "info", "record": OTHER, "more": 1, "endpoint": "primary", "address": self.primary,
             "from": "up", "to": "down", "reason": "connection refused"},
        )  # fmt: skip
        self.assertEqual(health["text"], f"{OTHER} and 1 more: primary {self.primary}: up -> down: connection refused")
        self.assertIn(health["text"] + "\n", self.daemon.log())
        self.assertLess(abs(st.rfc3339(health["time"]) - time.time()), 60)
        answers = [(e["record"], e["from"], e["to"], e["level"]) for e in seen if e["type"] == "answer"]
        self.assertEqual(answers, [(NAME, "primary", "secondary", "warning"), (NAME, "secondary", "primary", "warning")])

    def test_curl_sees_it_at_once(self):
        """a client that only reads is given each line when it happens, over the socket and over TCP"""
        port = st.free_port("127.0.0.1")
        self.daemon.write_config(self.config(f'http = "127.0.0.1:{port}";'))
        self.begin()
        for way in (["--unix-socket", self.daemon.control, "http://localhost/v1/events"], [f"http://127.0.0.1:{port}/v1/events"]):
            with self.subTest(way), subprocess.Popen(["curl", "-sN", *way], stdout=subprocess.PIPE) as curl:
                try:
                    self.assertIn("snapshot", json.loads(curl.stdout.readline()))
                    self.force(THIRD)
                    self.assertEqual(json.loads(curl.stdout.readline())["type"], "forced")
                    self.assertEqual(json.loads(curl.stdout.readline())["to"], "secondary")
                    self.release(THIRD)
                finally:
                    curl.kill()

    def test_reload(self):
        """a reload tells its own events and then another snapshot, of the new records, on the same stream"""
        self.begin()
        stream, _ = self.stream()
        self.daemon.reload(self.config(records=f', {{ name = "new.example.com"; primary: {{ address = "192.0.2.9"; }}; }}'))
        seen = stream.until(lambda line: "snapshot" in line)
        self.assertEqual([line["type"] for line in seen[:-1]], ["settled", "reload"])
        self.assertEqual(seen[-1]["seq"], seen[-2]["seq"])
        self.assertIn("new.example.com", [record["name"] for record in seen[-1]["snapshot"]["records"]])
        self.force(THIRD)
        self.assertEqual(stream.next()["seq"], seen[-1]["seq"] + 1)

    def test_the_end(self):
        """a daemon that is told to end ends its streams as HTTP says, so that a client knows that nothing is missing"""
        self.begin()
        streams = [self.stream()[0] for _ in range(20)]
        self.daemon.stop()
        for stream in streams:
            self.assertEqual(stream.response.read(), b"")  # IncompleteRead, were it cut


class Missed(Events):
    def test_since(self):
        """what came after an event is told first; another life's number counts for nothing; what is no longer kept is counted"""
        self.begin()
        _, first = self.stream()
        for _ in range(3):
            self.force(THIRD)
            self.release(THIRD)
        stream, snapshot = self.stream(f"?since={first['seq'] + 2}&boot={first['boot']}")
        self.assertEqual(snapshot["seq"], first["seq"] + 12)
        self.assertNotIn("lost", snapshot)
        self.assertEqual([stream.next()["seq"] for _ in range(10)], list(range(first["seq"] + 3, first["seq"] + 13)))
        self.force(THIRD)
        self.assertEqual(stream.next()["seq"], first["seq"] + 13)
        last = first["seq"] + 14
        self.assertEqual(stream.next()["seq"], last)
        for query, begins in (("?since=0", 1), (f"?since={last}&boot=0123456789abcdef", 1), (f"?since={last - 1}", last)):
            with self.subTest(query):
                stream, _ = self.stream(query)
                self.assertEqual(stream.next()["seq"], begins)
        stream, _ = self.stream(f"?since={last + 7}&boot={first['boot']}")
        self.release(THIRD)
        self.assertEqual(stream.next()["seq"], last + 1)

    def test_lost(self):
        """more events than are kept: the number of those that cannot be told stands in the snapshot"""
        self.begin()
        _, first = self.stream()
        for _ in range(251):
            self.force(THIRD)
            self.release(THIRD)
        stream, snapshot = self.stream(f"?since={first['seq']}&boot={first['boot']}")
        self.assertEqual(snapshot["lost"], 4)
        self.assertEqual(stream.next()["seq"], first["seq"] + 5)

    def test_a_burst(self):
        """a reader that is not slow gets every event of a burst, in order"""
        self.begin()
        stream, first = self.stream()
        seen = []
        # Meanwhile: what a socket holds of lines that are sent one by one is much less than of many at once.
        threading.Thread(target=lambda: seen.extend(stream.next()["seq"] for _ in range(1200)), daemon=True).start()
        for _ in range(300):
            self.force(THIRD)
            self.release(THIRD)
        st.wait_until(lambda: len(seen) == 1200, what="every event")
        self.assertEqual(seen, list(range(first["seq"] + 1, first["seq"] + 1201)))

    def test_more_than_is_kept_at_once(self):
        """a failover of more records than events are kept: who follows is given another snapshot, and how many it missed"""
        records = "".join(
            f', {{ name = "r{number}.example.com"; primary: {{ address = "{self.primary}"; check = "tcp"; }};'
            f' secondary: {{ address = "192.0.2.1"; }}; }}'
            for number in range(1500)
        )
        self.daemon.write_config(self.config(records=records))
        self.begin()
        stream, first = self.stream()
        self.one.stop()
        again = stream.until(lambda line: "snapshot" in line)[-1]
        self.assertGreater(again["lost"], 500)
        self.assertEqual(again["seq"], first["seq"] + again["lost"])
        self.assertEqual({record["active"] for record in again["snapshot"]["records"][3:]}, {"secondary"})


class OneRecord(Events):
    def test_record(self):
        """one record's snapshot, its events, those of an address that it shares, and those of no record"""
        self.begin()
        for name in (NAME, "WWW."):
            stream, first = self.stream(f"?record={name}")
            self.assertEqual([record["name"] for record in first["snapshot"]["records"]], [NAME])
            self.assertIn("settled", first["snapshot"])
        self.force(THIRD)
        self.one.stop()
        down = stream.next()
        self.assertEqual((down["type"], down["record"], down["more"]), ("health", OTHER, 1))
        self.assertEqual(stream.next()["to"], "secondary")
        self.daemon.reload()
        seen = stream.until(lambda line: "snapshot" in line)
        self.assertEqual([line["type"] for line in seen[:-1]], ["settled", "reload"])
        self.assertEqual([record["name"] for record in seen[-1]["snapshot"]["records"]], [NAME])

    def test_a_record_that_goes(self):
        """after a reload without the record there is nothing more to say"""
        self.begin()
        stream, _ = self.stream(f"?record={THIRD}")
        self.daemon.reload(f'records: ( {{ name = "{NAME}"; primary: {{ address = "192.0.2.1"; }}; }} );')
        self.assertEqual([json.loads(line)["type"] for line in stream.response.read().splitlines()], ["settled", "reload"])

    def test_mistakes(self):
        """one clear line each"""
        self.begin()
        self.assertIn("did you mean www.example.com?", self.refused("?record=wwv.example.com", 404))
        for bad in ("", "x", "-1", "1.5", "12345678901234567890"):
            self.assertIn("is not the number of an event", self.refused(f"?since={bad}", 400))
        self.assertEqual(self.daemon.request("/v1/events", "POST")[0], 405)
        status, body, headers = self.daemon.request("/v1/events", "HEAD")
        self.assertEqual((status, body, headers["Content-Type"]), (200, b"", "application/x-ndjson"))


class Readers(Events):
    def open(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(st.PATIENCE)
        self.addCleanup(client.close)
        client.connect(self.daemon.control)
        client.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        return client

    def test_slow(self):
        """who does not read is dropped, long before what is kept for it is large; others get everything meanwhile"""
        self.begin()
        rude = [self.open() for _ in range(20)]
        stream, first = self.stream()
        memory = st.memory_kb(self.daemon.pid)
        before = self.daemon.descriptors()
        expected = first["seq"]

        def dropped():
            nonlocal expected
            for _ in range(20):
                self.force(THIRD)
                self.release(THIRD)
            for _ in range(80):
                expected += 1
                self.assertEqual(stream.next()["seq"], expected)
            return self.daemon.descriptors() <= before - len(rude)

        st.wait_until(dropped, what="the slow readers to be dropped")
        if not st.SANITIZED:  # which keeps what is freed
            self.assertLess(st.memory_kb(self.daemon.pid), memory + 4096)
        for client in rude:
            while client.recv(1 << 16):
                pass

    def test_quiet(self):
        """a stream outlives the deadlines of a request, costs nothing, and says an empty line every 15 s"""
        self.daemon.write_config(f'records: ( {{ name = "{NAME}"; primary: {{ address = "192.0.2.1"; }}; }} );')
        self.begin()
        start = time.monotonic()
        streams = [self.stream()[0] for _ in range(50)]
        cpu = st.cpu_seconds(self.daemon.pid)
        for _ in range(3):
            for stream in streams:
                self.assertIsNone(stream.next())
        took, used = time.monotonic() - start, st.cpu_seconds(self.daemon.pid) - cpu
        self.note(f"three empty lines in {took:.1f} s, {used:.2f} s of processor time")
        self.assertGreater(took, 44)
        self.assertLess(used, took / 5)

    def test_gone(self):
        """a client that has gone is let go at once, and not by the next line"""
        self.begin()
        before = self.daemon.descriptors()
        start = time.monotonic()
        for _ in range(200):
            stream, _ = self.stream()
            stream.stop()
        clients = [self.open() for _ in range(100)]
        for client in clients:
            client.recv(100)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        st.wait_until(lambda: self.daemon.descriptors() <= before, what="the descriptors to be closed")
        self.note(f"after {time.monotonic() - start:.1f} s")

    def test_limit(self):
        """at most half of the connections are streams; the status is answered all the same, and a place that is free is taken"""
        port = st.free_port("127.0.0.1")
        self.daemon.write_config(self.config(f'http = "127.0.0.1:{port}";'))
        self.begin()

        def ask():
            client = socket.create_connection(("127.0.0.1", port), st.PATIENCE)
            self.addCleanup(client.close)
            client.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client, client.recv(12)[9:]

        clients = []
        while True:
            client, status = ask()
            if status != b"200":
                break
            clients.append(client)
        self.assertEqual((len(clients), status), (32, b"503"))
        said = b""
        while b"which is the limit" not in said:
            said += (piece := client.recv(4096))
            self.assertTrue(piece, said)
        with socket.create_connection(("127.0.0.1", port), st.PATIENCE) as client:
            client.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(client.recv(12)[9:], b"200")
        self.stream()  # the socket's are others
        clients.pop().close()
        st.wait_until(lambda: ask()[1] == b"200", what="a place to be free")

    def test_a_client_that_says_more(self):
        """whoever sends more on a stream has no use for it: it ends"""
        self.begin()
        client = self.open()
        client.recv(100)
        client.sendall(b"more")
        with contextlib.suppress(ConnectionResetError):
            while client.recv(1 << 16):
                pass


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    st.main(jobs=4)
