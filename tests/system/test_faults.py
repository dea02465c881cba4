#!/usr/bin/env python3
"""What a network and a server can do wrong, each in network namespaces: the verdict, the reason in words, and what real clients get."""
import contextlib
import json
import re
import sys

import shunttest as st

NAME = "www.example.com"
PORT = 8080
HOST, GATE = "192.0.2.1", "192.0.2.2"  # the two ends of the link
PRIMARY, STANDBY, OTHER, DNS = "192.0.2.10", "192.0.2.20", "192.0.2.30", "192.0.2.53"
LINKED = "198.51.100.2"  # behind a link of its own

TIMES = 'interval = "500ms"; fast_interval = "100ms"; timeout = "2s"; fall = 2; rise = 2;'
HTTP = f'type = "http"; port = {PORT}; {TIMES}'
BODY = f'{HTTP} expect_body = "ok";'

ASK = "import socket, sys; print(socket.getaddrinfo(sys.argv[1], 80, 0, socket.SOCK_STREAM)[0][4][0])"


def web(text):
    """A server that is well and says who it is."""

    def answers(connection, stop):
        connection.recv(65536)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text) + 3}\r\nConnection: close\r\n\r\n"
        connection.sendall(f"{head}{text} ok".encode())

    return answers


def slow_body(connection, stop):
    """A good header, then a body of one byte a second, without end."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not stop.wait(1):
        connection.sendall(b"x")


class Network(st.Case):
    """This host and the servers' in namespaces of their own: a primary and a standby that are well, and a daemon that watches them."""

    def setUp(self):
        super().setUp()
        self.host, self.there = (self.start(st.NetNs()) for _ in range(2))
        self.host.connect(self.there, f"{HOST}/24", f"{GATE}/24")
        self.there.add_address(PRIMARY, STANDBY, OTHER, DNS)
        self.standby = self.serve(STANDBY, "standby")

    def serve(self, address, text, space=None):
        with (space or self.there).inside():
            return self.start(st.Hostile(web(text), address, PORT))

    def link(self):
        """LINKED behind a link of its own, with its server: the devices at this end and at the other."""
        far = self.start(st.NetNs())
        device = self.host.connect(far, "198.51.100.1/30", f"{LINKED}/30")
        self.primary = self.serve(LINKED, "primary", far)
        return device, far, device[:-1] + "b"

    def start_daemon(self, check=HTTP, primary=PRIMARY, more="", records=""):
        self.daemon = self.start(
            st.Daemon(
                self,
                f"""checks: {{ web: {{ {check} }}; }}; {more}
                records: ( {{ name = "{NAME}"; primary: {{ address = "{primary}"; check = "web"; }};
                                               secondary: {{ address = "{STANDBY}"; check = "web"; }}; }} {records} );""",
                prefix=self.host.prefix,
            )
        )
        self.daemon.wait_settled()
        self.wait_primary()

    def status(self):
        """The record, as `shunt status --json` shows it."""
        done = st.shunt(self.daemon, "status", "--json")
        return json.loads(done.stdout)["records"][0]

    def client(self, *command):
        """A program in this host's namespace, under the shim: what it says."""
        done = self.daemon.attached([*self.host.prefix, *command])
        return done.stdout.strip() or done.stderr

    def clients(self, address, text, url=f"http://{NAME}:{PORT}/", options=()):
        """python3, getent and curl, each in a new process, are sent to `address`, where `text` answers."""
        self.assertEqual(self.client(sys.executable, "-c", ASK, NAME), address)
        self.assertEqual(self.client("getent", "hosts", NAME).split()[0], address)
        got = self.client("curl", "-sS", "--noproxy", "*", "--max-time", "30", *options, url)
        self.assertEqual(got, f"{text} ok")

    def wait_primary(self):
        st.wait_until(lambda: set(self.healths()) == {"up"}, what="both endpoints up")
        self.daemon.wait_active(NAME, "primary")

    def healths(self):
        return [self.daemon.health(NAME, name) for name in ("primary", "secondary")]

    def failover(self, words, **options):
        """The primary goes down with these words (a regular expression), and clients go to the standby."""
        took = self.daemon.wait_active(NAME, "secondary")
        # Of a server that stands still itself a probe may say something else; the next one does not.
        with contextlib.suppress(AssertionError):
            st.wait_until(lambda: self.says(self.status(), words), what="these words")
        record = self.status()
        self.assertEqual([endpoint["health"] for endpoint in record["endpoints"]], ["down", "up"])
        self.assertRegex(record["endpoints"][0]["addresses"][0]["last_error"], rf"\A{words}\Z")
        self.assertRegex(record["reason"], rf"\Aprimary is down: {words}\Z")
        self.note(f"{record['reason']}; failover after {took:.1f} s")
        self.clients(STANDBY, "standby", **options)

    @staticmethod
    def says(record, words):
        error = record["endpoints"][0]["addresses"][0]["last_error"] or ""
        return re.fullmatch(words, error) and re.fullmatch(f"primary is down: {words}", record["reason"])

    def stop_and_start(self):
        """The primary dies, and comes back."""
        self.primary.stop()
        self.failover("connection refused")
        with self.there.inside():
            self.primary.start()
        self.failback()

    def failback(self, address=PRIMARY, **options):
        self.wait_primary()
        self.clients(address, "primary", **options)
        self.assertEqual(self.status()["endpoints"][0]["addresses"][0]["last_error"], None)


class Server(Network):
    """The server is reached, and what it does is wrong."""

    def setUp(self):
        super().setUp()
        self.primary = self.serve(PRIMARY, "primary")

    def behave(self, behaviour, words, check=HTTP):
        """It behaves so for a while."""
        self.start_daemon(check)
        good, self.primary.behave = self.primary.behave, behaviour
        self.failover(words)
        self.primary.behave = good
        self.failback()

    def test_refused(self):
        """refused: the server has gone from its port"""
        self.start_daemon()
        self.stop_and_start()

    def test_silent(self):
        """a server that accepts and says nothing"""
        self.behave(st.silent, "timed out in first byte after 2s")

    def test_one_byte_a_second(self):
        """a server that sends one byte a second"""
        self.behave(st.slow, "timed out in headers after 2s")

    def test_body_of_one_byte_a_second(self):
        """a server that sends its body at one byte a second, where the body counts"""
        self.behave(slow_body, "timed out in body after 2s", BODY)

    def test_endless_body(self):
        """a body without end, where the body counts: its beginning decides"""
        self.behave(st.endless_body, 'body without "ok"', BODY)

    def test_endless_body_unread(self):
        """a body without end, where only the status counts: it passes, and is not read"""
        self.start_daemon()
        self.primary.behave = st.endless_body
        before = self.primary.accepted
        st.wait_until(lambda: self.primary.accepted > before + 5, what="five probes")
        self.assertEqual(self.healths(), ["up", "up"])
        self.assertNotIn("down", self.daemon.log())
        st.wait_until(lambda: self.primary.open == 0, what="the connections to be closed")


class Certificates(Network):
    """An https server whose certificate is replaced by one that is wrong."""

    def behave(self, make, words):
        ca = st.CA(self)
        good, wrong = ca.dated(NAME), make(ca)
        with self.there.inside():
            server = self.start(st.TlsServer(PRIMARY, good, port=443, body="primary ok"))
            self.start(st.TlsServer(STANDBY, good, port=443, body="standby ok"))
        self.start_daemon(f'type = "https"; ca_file = "{ca.file}"; {TIMES}')
        client = {"url": f"https://{NAME}/", "options": ("--cacert", ca.file)}
        self.clients(PRIMARY, "primary", **client)
        server.present(wrong)
        self.failover(words, **client)
        server.present(good)
        self.failback(**client)

    def test_expired(self):
        """an expired certificate"""
        self.behave(lambda ca: ca.dated(NAME, end="20210203040506Z"), "certificate expired on 2021-02-03")

    def test_self_signed(self):
        """a self-signed certificate"""
        self.behave(lambda ca: ca.issue(NAME, self_signed=True), "certificate is self-signed")

    def test_wrong_name(self):
        """a certificate for another name"""
        self.behave(lambda ca: ca.dated("elsewhere.example.com"), f'certificate is not for "{NAME}"')


class Path(Network):
    """What is on the way there."""

    def filtered(self, words, rule):
        self.primary = self.serve(PRIMARY, "primary")
        self.start_daemon()
        self.host.nft(f"add table inet t; add chain inet t out {{ type filter hook output priority 0; }};"
                      f"add rule inet t out ip daddr {PRIMARY} {rule}")  # fmt: skip
        self.failover(words)
        self.host.nft("flush ruleset")
        self.failback()

    def test_dropped(self):
        """dropped packets"""
        self.filtered("timed out in connect after 2s", "drop")

    def test_dropped_answers(self):
        """answers dropped within established connections"""
        self.filtered("timed out in first byte after 2s", "tcp flags & (syn | psh) == psh drop")

    def test_rejected(self):
        """a firewall that rejects with a reset"""
        self.filtered("connection refused", "meta l4proto tcp reject with tcp reset")

    def test_unreachable(self):
        """a router that knows no way: an ICMP message"""
        self.primary = self.serve(PRIMARY, "primary")
        self.start_daemon()
        self.there.nft(f"add table inet t; add chain inet t in {{ type filter hook input priority 0; }};"
                       f"add rule inet t in ip daddr {PRIMARY} reject with icmp type host-unreachable")  # fmt: skip
        self.failover("no route: host unreachable")
        self.there.nft("flush ruleset")
        self.failback()

    def test_link_down(self):
        """the link down at this end"""
        device, _, _ = self.link()
        self.start_daemon(primary=LINKED)
        self.host.ip("link", "set", device, "down")
        self.failover("no route: network unreachable from here")
        self.host.ip("link", "set", device, "up")
        self.failback(LINKED)

    def test_far_link_down(self):
        """the link down at the other end: the route is there, and nobody answers"""
        _, far, device = self.link()
        self.start_daemon(primary=LINKED)
        far.ip("link", "set", device, "down")
        self.failover("(timed out in connect after 2s|no route: host unreachable.*)")
        far.ip("link", "set", device, "up")
        self.failback(LINKED)

    def test_loss(self):
        """30 % of the packets lost, each way: probes that have the time for TCP's repeats pass, and nothing changes"""
        self.primary = self.serve(PRIMARY, "primary")
        # TCP says SYN at 0, 1, 3, 7 and 15 s: all are lost once in 30 probes, three times in a row once in 25,000.
        check = HTTP.replace('"2s"', '"20s"').replace('"500ms"', '"200ms"').replace("fall = 2", "fall = 3")
        others = range(4)
        self.start_daemon(check, records="".join(
            f', {{ name = "{n}.example.com"; primary: {{ address = "{PRIMARY}"; check = {{ {check} path = "/{n}"; }}; }}; }}'
            for n in others))  # fmt: skip
        start, before = len(self.daemon.log()), self.primary.accepted
        self.host.nft(
            "add table inet t; add chain inet t out { type filter hook output priority 0; };"
            "add chain inet t in { type filter hook input priority 0; };"
            + "".join(f"add rule inet t {chain} ip {end}addr {PRIMARY} numgen random mod 100 < 30 counter drop;"
                      for chain, end in (("out", "d"), ("in", "s")))  # fmt: skip
        )
        st.wait_until(lambda: self.primary.accepted >= before + 10, what="ten probes to get through")
        self.assertEqual(self.healths(), ["up", "up"])
        self.assertEqual({self.daemon.health(f"{n}.example.com", "primary") for n in others}, {"up"})
        self.assertNotIn("down", self.daemon.log()[start:])
        # curl's own connection is lost as well: five SYNs in a row once in 29 times.
        self.clients(PRIMARY, "primary", options=("--retry", "9", "--retry-all-errors", "--connect-timeout", "5"))
        lost = [int(word) for word in re.findall(r"packets (\d+)", self.host.run("nft", "list", "ruleset"))]
        self.note(f"packets lost on the way there and back: {lost}")
        self.assertTrue(all(lost), lost)

    def test_delay(self):
        """300 ms of delay, each way: the time that a check allows decides"""
        far = self.start(st.NetNs())
        self.start(st.SlowLink(self, self.host, far, "198.51.100.1", LINKED, 0.3))
        self.primary = self.serve(LINKED, "primary", far)
        for timeout in ("5s", "1s", "500ms"):
            with self.subTest(timeout):
                self.start_slow(timeout)
        self.note(f"latency {self.latency} ms")

    def start_slow(self, timeout):
        """Two journeys for the connect, two for the answer."""
        check = HTTP.replace('"2s"', f'"{timeout}"')
        self.daemon = self.start(
            st.Daemon(
                self,
                f"""checks: {{ near: {{ {HTTP} }}; far: {{ {check} }}; }};
                records: ( {{ name = "{NAME}"; primary: {{ address = "{LINKED}"; check = "far"; }};
                                               secondary: {{ address = "{STANDBY}"; check = "near"; }}; }} );""",
                prefix=self.host.prefix,
            )
        )
        if timeout == "5s":
            self.wait_primary()
            self.clients(LINKED, "primary")
            self.latency = self.status()["endpoints"][0]["addresses"][0]["latency_ms"]
            self.assertGreaterEqual(self.latency, 1200)
        else:
            self.failover(f"timed out in {'first byte' if timeout == '1s' else 'connect'} after {timeout}")


class Names(Network):
    """The primary is given by name."""

    def start_named(self):
        self.primary = self.serve(PRIMARY, "primary")
        self.dns = self.start(st.Dns(self, DNS, 53, {"web.example.net": [PRIMARY]}, prefix=self.there.prefix))
        self.start_daemon(primary="web.example.net", more=f'resolvers = [ "{DNS}" ];')
        self.clients(PRIMARY, "primary")

    def dns_error(self):
        return self.status()["endpoints"][0]["error"]

    def no_dns(self, words):
        """The address stays, and stays probed: a primary that dies meanwhile is left, and its return is seen."""
        st.wait_until(lambda: re.search(words, self.dns_error() or ""), what=f"the DNS error to be {words!r}")
        self.assertEqual(self.healths(), ["up", "up"])
        self.clients(PRIMARY, "primary")
        self.stop_and_start()

    def test_dns_down(self):
        """the DNS server is gone: its port is closed"""
        self.start_named()
        self.dns.kill()
        self.no_dns("server failure or refused")
        self.dns.start()
        st.wait_until(lambda: not self.dns_error(), what="the names to be resolved again")
        self.clients(PRIMARY, "primary")

    def test_dns_dropped(self):
        """the way to the DNS server is lost: its packets are dropped"""
        self.start_named()
        self.there.nft("add table inet t; add chain inet t in { type filter hook input priority 0; };"
                       "add rule inet t in udp dport 53 drop")  # fmt: skip
        self.no_dns("no answer from the DNS servers")
        self.there.nft("flush ruleset")
        st.wait_until(lambda: not self.dns_error(), what="the names to be resolved again")
        self.clients(PRIMARY, "primary")

    def test_dns_changing(self):
        """the DNS changes its mind again and again: clients follow to what passes, never to what does not"""
        self.start_named()
        looper = self.start(st.Looper(self, NAME, self.daemon))
        self.serve(OTHER, "primary")
        for address in (OTHER, PRIMARY, OTHER):
            self.dns.set({"web.example.net": [address]})
            looper.wait_answer(address)
            self.clients(address, "primary")
        # Where nothing listens there is nothing to follow to: the standby answers.
        self.dns.set({"web.example.net": [GATE]})
        self.failover("connection refused")
        looper.wait_answer(STANDBY)
        self.dns.set({"web.example.net": [PRIMARY]})
        looper.wait_answer(PRIMARY)
        self.failback()
        self.assertEqual(looper.answers(), {PRIMARY, OTHER, STANDBY})


if __name__ == "__main__":
    st.main(jobs=8)
