#!/usr/bin/env python3
"""What a peer does × when × kind of check: each cell has its verdict and its words, and none of them is a fault of this host.

And the other way round: what a probe does to a healthy server leaves no error there. PROBES is how many probes each of the counting
tests makes: 400 unless the environment says otherwise.
"""
import contextlib
import http.server
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time

import shunttest as st

PROBES = int(os.environ.get("PROBES", "400"))
TIMEOUT = "1s"  # where it is waited for
TIMED_OUT = f"timed out in (connect|TLS|first byte|headers|body) after {TIMEOUT}"
CHECK = 'interval = "500ms"; fast_interval = "500ms"; fall = 1; rise = 1;'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n"
CLOSED, RESET, EITHER = "connection closed", "connection reset", "connection (closed|reset)"
UNANSWERED = "connection (closed without an answer|closed|reset)"


# --- what a peer does -----------------------------------------------------------------------------------


def fin(connection, stop):
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(5)  # what is unread at a close would make it a reset
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass


def rst(after_us):
    def reset(connection, stop):
        end = time.perf_counter() + after_us / 1e6
        while time.perf_counter() < end:
            pass
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return reset


def silence(connection, stop):
    stop.wait()


def one_byte(connection, stop):
    connection.sendall(b"x")
    stop.wait()


ACTIONS = {"fin": fin, "silence": silence, "byte": one_byte, **{f"rst{us}": rst(us) for us in (0, 30, 100, 200)}}


SILENT = ("silence", "byte")


# --- when -----------------------------------------------------------------------------------------------


def at_accept(act, tls):
    return act


def in_tls(act, tls):
    def serve(connection, stop):
        connection.recv(65536)
        act(connection, stop)

    return serve


def after(said):
    """Once the request has come and `said` is sent."""

    def stage(act, tls):
        def serve(connection, stop):
            if not tls:
                connection.recv(65536)
                connection.sendall(said)
                act(connection, stop)
                return
            # Else what was said may wait here for an acknowledgement, and be lost by a reset.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Records are made in memory, so that what ends the connection is done to the socket itself.
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = tls.wrap_bio(incoming, outgoing, server_side=True)
            talk(connection, session.do_handshake, incoming, outgoing)
            talk(connection, lambda: session.read(65536), incoming, outgoing)
            session.write(said)
            connection.sendall(outgoing.read())
            act(connection, stop)

        return serve

    return stage


def talk(connection, step, incoming, outgoing):
    while True:
        try:
            done = step()
            break
        except ssl.SSLWantReadError:
            if outgoing.pending:
                connection.sendall(outgoing.read())
            data = connection.recv(65536)
            if not data:
                raise OSError("closed") from None
            incoming.write(data)
    if outgoing.pending:
        connection.sendall(outgoing.read())
    return done


STAGES = {"accept": at_accept, "tls": in_tls, "headers": after(HEAD), "body": after(HEAD + b"\r\nnee")}


# --- what it says of the peer: kind, stage: {action: words (a regular expression; "": it passes)} ----------


def words(closed, reset, waits_in, byte_in=None):
    return {"fin": closed, "rst": reset, "silence": f"timed out in {waits_in} after {TIMEOUT}",
            "byte": f"timed out in {byte_in or waits_in} after {TIMEOUT}"}  # fmt: skip


PASSES = dict.fromkeys(("fin", "rst", "silence", "byte"), "")
CELLS = {
    # A reset may come before our look at the connection, and after it.
    ("tcp", "accept"): {**PASSES, "rst": f"|{RESET}"},
    ("tls", "accept"): words(f"TLS: {EITHER}", f"(TLS: )?{EITHER}", "TLS"),
    ("tls", "tls"): words(f"TLS: {CLOSED}", f"TLS: {RESET}", "TLS"),
    ("http", "accept"): {
        **words(UNANSWERED, UNANSWERED, "first byte"),
        "byte": f"the answer is not HTTP|timed out in (first byte|headers) after {TIMEOUT}",
    },
    ("http", "headers"): words("connection closed within the headers", RESET, "headers"),
    ("http", "body"): words(f"in the body: {CLOSED}", f"in the body: {RESET}", "body"),
    ("https", "accept"): words(f"TLS: {EITHER}", f"(TLS: )?{EITHER}", "TLS"),
    ("https", "tls"): words(f"TLS: {CLOSED}", f"TLS: {RESET}", "TLS"),
    ("https", "headers"): words(f"(TLS: )?{CLOSED}( within the headers)?", RESET, "headers"),
    ("https", "body"): words(f"in the body: {CLOSED}.*", f"in the body: {RESET}", "body"),
    # The status is enough: the body decides nothing.
    ("http-status", "body"): PASSES,
    ("https-status", "body"): PASSES,
}


class Matrix(st.Case):
    def test_matrix(self):
        """each cell has its verdict and its words, over several probes, and none is without a verdict"""
        ca = st.CA(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.issue("cell.example.com"))
        records, want = [], {}
        for (kind, stage), row in CELLS.items():
            type_, _, rest = kind.partition("-")
            options = f'host = "cell.example.com"; ca_file = "{ca.file}";' if type_ in ("https", "tls") else ""
            if type_.startswith("http") and not rest:
                options += 'expect_body = "needle";'
            for action, act in ACTIONS.items():
                label = f"{kind}-{stage}-{action}"
                # Of records inside TLS a byte of nothing is no record yet: it is silence.
                serve = STAGES[stage](act, context if type_ == "https" else None)
                server = self.start(st.Hostile(serve, self.address()))
                want[label] = row[re.sub(r"\d+$", "", action)]
                records.append(f"""{{ name = "{label}.example.com"; primary: {{ address = "{server.at}"; check = {{
                    type = "{type_}"; {CHECK} timeout = "{TIMEOUT if action in SILENT else "60s"}"; port = {server.port}; {options} }}; }}; }}""")
        daemon = self.start(st.Daemon(self, f'records: ( {", ".join(records)} );'))
        seen = {label: set() for label in want}

        right = lambda label, text: bool(re.fullmatch(want[label], text))

        def look():
            for record in daemon.status()["records"]:
                address = record["endpoints"][0]["addresses"][0]
                if address["probes"] >= 1:
                    seen[record["name"].split(".")[0]].add(address["last_error"] or "")
            told = all(any(right(label, text) for text in texts) for label, texts in seen.items())
            return told and min(record["endpoints"][0]["addresses"][0]["probes"] for record in daemon.status()["records"]) >= 4

        # Where it does not come to that, what was seen says more.
        with contextlib.suppress(AssertionError):
            st.wait_until(look, what="four probes of each cell, and its words")
        self.assertEqual({label for label, texts in seen.items() if not any(right(label, text) for text in texts)}, set(), seen)

        def good(label, text):
            """A machine that stood still is our own lateness, and a server that did may have been silent too early."""
            late = label.rpartition("-")[2] in SILENT and re.fullmatch(TIMED_OUT, text)
            return right(label, text) or late or "our own loop was late" in text

        wrong = {label: texts for label, texts in seen.items() if not all(good(label, text) for text in texts)}
        self.assertEqual(wrong, {})
        results = {dict(labels)["result"] for labels, count in daemon.metrics()["shunt_probes_total"].items() if count}
        self.assertEqual(results & {"own_fault", "other", "program"}, set())


class Counting(st.Case):
    """Many probes, and how they ended."""

    def watch(self, records):
        self.daemon = self.start(st.Daemon(self, f'records: ( {", ".join(records)} );'))
        return self.daemon

    @staticmethod
    def record(label, address, port, type_, options=""):
        return f"""{{ name = "{label}.example.com"; primary: {{ address = "{address}"; check = {{ type = "{type_}";
            interval = "100ms"; fast_interval = "100ms"; timeout = "10s"; port = {port}; {options} }}; }}; }}"""

    def results(self):
        found = {}
        for labels, count in self.daemon.metrics()["shunt_probes_total"].items():
            labels = dict(labels)
            if count:
                found.setdefault(labels["type"], {})[labels["result"]] = count
        return found

    def enough(self, kinds):
        results = self.results()
        return all(sum(results.get(kind, {}).values()) >= PROBES for kind in kinds)

    def test_accept_and_reset(self):
        """a peer that accepts and resets at once, or a moment later, is the peer's failure in every one of many probes"""
        kinds = ("tcp", "tls", "http", "https")
        servers = [self.start(st.Hostile(rst(us), self.address())) for us in (0, 30, 100, 200)]
        self.watch([self.record(f"{kind}{i}", server.at, server.port, kind) for kind in kinds for i, server in enumerate(servers)])
        st.wait_until(lambda: self.enough(kinds), timeout=60 + PROBES, what="the probes")
        for kind, results in self.results().items():
            # Late: our own loop was, on a machine that stood still. A tcp check may see the connection before its reset.
            allowed = {"closed", "late"} | ({"pass"} if kind == "tcp" else set())
            self.assertEqual(set(results) - allowed, set(), f"{kind}: {results}")
        print(f"      # results: {self.results()}")

    def test_servers_keep_no_error(self):
        """healthy servers of Python's http.server, with bodies in pieces, over TLS, and with kept connections: no error in any"""
        ca = st.CA(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.issue("cell.example.com"))
        trust = f'host = "cell.example.com"; ca_file = "{ca.file}";'
        self.errors = []
        cells = [
            ("short", "HTTP/1.0", 300, None, ""),
            ("long", "HTTP/1.0", 20000, None, ""),
            ("kept", "HTTP/1.1", 20000, None, ""),
            ("head", "HTTP/1.1", 300, None, 'method = "HEAD";'),
            ("found", "HTTP/1.1", 20000, None, 'expect_body = "  ";'),
            ("bad", "HTTP/1.1", 20000, None, 'expect_status = "404";'),
            ("tls", "HTTP/1.0", 20000, context, trust),
            ("tls-kept", "HTTP/1.1", 20000, context, trust),
        ]
        records = []
        for label, protocol, size, tls, options in cells:
            server = self.serve(label, protocol, size, tls)
            records.append(self.record(label, *server.server_address[:2], "https" if tls else "http", options))
        self.watch(records)
        st.wait_until(lambda: self.enough(("http",)), timeout=60 + PROBES, what="the probes")
        # Before the daemon's end, which resets what is under way.
        self.assertEqual(list(self.errors), [])

    def serve(self, label, protocol, size, tls):
        errors, began = self.errors, threading.local()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = protocol

            def do_GET(self):
                began.at = time.monotonic()
                self.send_response(200)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                for _ in range(4):
                    self.wfile.write(b" " * (size // 4))

            def do_HEAD(self):
                began.at = time.monotonic()
                self.send_response(200)
                self.send_header("Content-Length", str(size))
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                # A server that stood still for longer than a probe reads is not what is asked for.
                if time.monotonic() - getattr(began, "at", time.monotonic()) < 0.1:
                    errors.append((label, repr(sys.exc_info()[1])))

        server = Server((self.address(), 0), Handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server


if __name__ == "__main__":
    st.main(jobs=3)
