#!/usr/bin/env python3
"""https checks: whom they trust, what they say to a server, and where they connect."""
import contextlib
import errno
import os
import re
import socket
import threading

import shunttest as st

CHECK = 'type = "https"; interval = "1s"; fast_interval = "100ms"; timeout = "10s"; fall = 1; rise = 1;'


class Certificates(st.Case):
    """One daemon with a record for each kind of certificate."""

    def setUp(self):
        super().setUp()
        self.ca = st.CA(self)
        self.rows = []

    def row(self, label, certificate, options="", words="", host=None, sni=None, address=None, **server):
        """A server with that certificate and a record that checks it. `words`: why it fails; `host`, `sni`: what it is asked."""
        name = f"{label}.example.com"
        server = self.start(st.TlsServer(address or self.address(), certificate, **server))
        self.rows.append((name, server, options, words, host or name, host if sni is None else sni))

    def start_daemon(self, **options):
        records = ", ".join(
            f"""{{ name = "{name}"; primary: {{ address = "{server.at}";
                check = {{ {CHECK} port = {server.port}; {options} }}; }}; }}"""
            for name, server, options, *_ in self.rows
        )
        daemon = self.start(st.Daemon(self, f"records: ( {records} );", **options))
        daemon.wait_settled()
        return daemon

    def check_rows(self, daemon):
        """Every endpoint is up or down as it should, with the words."""
        want = {name: (words, "down" if words else "up") for name, _, _, words, *_ in self.rows}

        def seen():
            endpoints = {record["name"]: record["endpoints"][0] for record in daemon.status()["records"]}
            return {name: (one["addresses"][0]["last_error"] or "", one["health"]) for name, one in endpoints.items()}

        # A probe may have been too slow for these servers; the next one is not.
        with contextlib.suppress(AssertionError):
            st.wait_until(lambda: seen() == want)
        self.assertEqual(seen(), want)

    def test_trust(self):
        """a certificate passes with its CA's file alone; what is wrong with another one is said in words"""
        ca, other = f'ca_file = "{self.ca.file}";', st.CA(self, "Other CA")
        self.row("good", self.ca.issue("good.example.com"), ca)
        self.row("wildcard", self.ca.issue("*.example.com"), ca)
        self.row("no-ca", self.ca.issue("no-ca.example.com"), "", "certificate is from an unknown CA")
        self.row("other-ca", other.issue("other-ca.example.com"), ca, "certificate is from an unknown CA")
        expired = self.ca.dated("expired.example.com", end="20210203040506Z")
        self.row("expired", expired, ca, "certificate expired on 2021-02-03")
        future = self.ca.dated("future.example.com", start="20980102030405Z")
        self.row("future", future, ca, "certificate is not valid before 2098-01-02")
        self_signed = self.ca.issue("self.example.com", self_signed=True)
        self.row("self", self_signed, ca, "certificate is self-signed")
        self.row("pinned", self.ca.issue("pinned.example.com", self_signed=True), f'ca_file = "{self.last_file()}";')
        wrong = self.ca.issue("elsewhere.example.com")
        self.row("wrong-name", wrong, ca, 'certificate is not for "wrong-name.example.com"')
        client = self.ca.dated("client.example.com", usage="clientAuth")
        self.row("client", client, ca, "certificate is not one for a server")
        for label, certificate in (("off-expired", expired), ("off-self", self_signed), ("off-name", wrong)):
            self.row(label, certificate, "tls_verify = false;")
        self.row("asks", self.ca.issue("asks.example.com"), ca, "TLS: a client certificate is required",
                 client_ca=self.ca.file)  # fmt: skip
        # What the environment says of trust does not count.
        self.check_rows(self.start_daemon(env=st.clean_env(SSL_CERT_FILE=self.ca.file, CURL_CA_BUNDLE=self.ca.file)))

    def last_file(self):
        """The certificate that was issued last: it may be what is trusted."""
        return max((os.path.join(self.ca.dir, name) for name in os.listdir(self.ca.dir) if re.match(r"\d+\.pem", name)),
                   key=os.path.getmtime)  # fmt: skip

    def test_names(self):
        """Host and SNI are the record's name, or what the check says; the connection goes to the address"""
        ca = f'ca_file = "{self.ca.file}";'
        six = "::1"
        self.row("plain", self.ca.issue("plain.example.com"), ca, sni="plain.example.com")
        self.row("Upper", self.ca.issue("upper.example.com"), ca, host="Upper.example.com", sni="upper.example.com")
        self.row("host", self.ca.issue("inner.example.org"), f'{ca} host = "inner.example.org";',
                 host="inner.example.org")  # fmt: skip
        self.row("sni", self.ca.issue("sni.example.org"), f'{ca} sni = "sni.example.org";', sni="sni.example.org")
        self.row("both", self.ca.issue("sni.example.org"), f'{ca} host = "inner.example.org"; sni = "sni.example.org";',
                 host="inner.example.org", sni="sni.example.org")  # fmt: skip
        self.row("sni-wrong", self.ca.issue("sni-wrong.example.com"), f'{ca} sni = "sni.example.org";',
                 'certificate is not for "sni.example.org"', sni="sni.example.org")  # fmt: skip
        self.row("literal", self.ca.issue("192.0.2.99"), f'{ca} host = "192.0.2.99";', host="192.0.2.99", sni="")
        self.row("off", self.ca.issue("elsewhere.example.com"), "tls_verify = false;", sni="off.example.com")
        if self.has_ipv6():
            self.row("six", self.ca.issue("six.example.com"), ca, address=six, sni="six.example.com")
        daemon = self.start_daemon()
        self.check_rows(daemon)
        for name, server, _, words, host, sni in self.rows:
            with self.subTest(name):
                # A name that is not the certificate's ends the handshake.
                want = {(sni or None, None if words else f"{host}:{server.port}")}
                st.wait_until(lambda server=server: server.seen, what=f"the server of {name} to be asked")
                self.assertEqual(server.seen, want)

    def test_wildcards(self):
        """https and tls take a certificate for the names that curl takes it for: "_" under a wildcard, and no more than one label"""
        wild, deep = self.ca.issue("*.example.com"), self.ca.issue("*.my_zone.example.com")
        partial, top = self.ca.issue("my_*.example.com"), self.ca.issue("*.com")
        rows = {
            "my-db.example.com": (wild, True), "my_db.example.com": (wild, True), "_x.example.com": (wild, True),
            "a.my_zone.example.com": (deep, True), "my_a.my_zone.example.com": (deep, True),
            "my_b.b.example.com": (wild, False), "my_c.example.com": (partial, False), "my_d.com": (top, False),
        }  # fmt: skip
        servers = {name: self.start(st.TlsServer(self.address(), certificate)) for name, (certificate, _) in rows.items()}
        records = ", ".join(
            f"""{{ name = "{kind}-{name}"; primary: {{ address = "{servers[name].at}"; check = {{ {CHECK.replace("https", kind)}
                port = {servers[name].port}; host = "{name}"; ca_file = "{self.ca.file}"; }}; }}; }}"""
            for name in rows for kind in ("https", "tls")
        )  # fmt: skip
        daemon = self.start(st.Daemon(self, f"records: ( {records} );"))
        daemon.wait_settled()
        for name, (_, passes) in rows.items():
            with self.subTest(name):
                server = servers[name]
                url, to = f"https://{name}:{server.port}/", f"::{server.at}:{server.port}"
                curl = st.run(["curl", "-sS", "--noproxy", "*", "--cacert", self.ca.file, "--connect-to", to, url])
                self.assertEqual(curl.returncode == 0, passes, curl.stderr)
                for kind in ("https", "tls"):
                    st.wait_until(lambda one=f"{kind}-{name}": daemon.health(one, "primary") == ("up" if passes else "down"),
                                  what=f"{kind} of {name} to be {'up' if passes else 'down'}")  # fmt: skip

    @staticmethod
    def has_ipv6():
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                return True
        except OSError:
            return False

    def test_proxies(self):
        """proxies in the environment are not used, for https and http"""
        proxy = self.start(st.Hostile(st.closes, self.address()))
        url = f"http://{proxy.at}:{proxy.port}"
        names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
        self.row("good", self.ca.issue("good.example.com"), f'ca_file = "{self.ca.file}";')
        plain = self.address()
        web = self.start(st.Nginx(self, "web", plain, st.free_port(plain)))
        _, server, options, *_ = self.rows[0]
        config = f"""records: (
            {{ name = "good.example.com"; primary: {{ address = "{server.at}";
               check = {{ {CHECK} port = {server.port}; {options} }}; }}; }},
            {{ name = "plain.example.com"; primary: {{ address = "{plain}";
               check = {{ {CHECK.replace("https", "http")} port = {web.port}; }}; }}; }} );"""
        env = st.clean_env(**dict.fromkeys(names, url))
        daemon = self.start(st.Daemon(self, config, env=env))
        daemon.wait_settled()
        for name in ("good.example.com", "plain.example.com"):
            self.assertEqual(daemon.health(name, "primary"), "up", daemon.endpoint(name, "primary"))
        self.assertEqual(proxy.accepted, 0)

    def test_replaced_ca(self):
        """a ca_file that is replaced counts from the next probe on"""
        old = st.CA(self, "Old CA")
        bundle = self.path("bundle.pem")
        os.link(old.file, bundle)
        self.row("moved", self.ca.issue("moved.example.com"), f'ca_file = "{bundle}";')
        daemon = self.start_daemon()
        self.assertEqual(daemon.health("moved.example.com", "primary"), "down")
        os.link(self.ca.file, bundle + ".new")
        os.rename(bundle + ".new", bundle)
        st.wait_until(lambda: daemon.health("moved.example.com", "primary") == "up", what="the new CA to be trusted")

    def test_lost_ca(self):
        """a ca_file that cannot be read any more is this host's fault: no verdict, and the health stays"""
        bundle = self.path("bundle.pem")
        os.link(self.ca.file, bundle)
        self.row("lost", self.ca.issue("lost.example.com"), f'ca_file = "{bundle}";')
        daemon = self.start_daemon()
        os.unlink(bundle)
        address = lambda: daemon.endpoint("lost.example.com", "primary")["addresses"][0]
        st.wait_until(lambda: address()["no_verdict_side"] == "host", what="three intervals without a verdict")
        self.assertIn("bundle.pem", address()["last_error"])
        self.assertEqual(address()["health"], "up")


class RealServers(st.Case):
    """nginx and curl."""

    def test_virtual_hosts(self):
        """one nginx with two names and two certificates gives each record its own"""
        ca = st.CA(self)
        address = self.address()
        port = st.free_port(address)
        one, two = ca.issue("one.example.com"), ca.issue("two.example.com")
        blocks = f"""server_name one.example.com; return 200 "alpha\\n"; }}
            server {{ listen {address}:{port} ssl; server_name two.example.com;
            ssl_certificate {two[0]}; ssl_certificate_key {two[1]};"""
        nginx = self.start(st.Nginx(self, "nginx", address, port, one, blocks, body="beta"))
        records = ", ".join(
            f"""{{ name = "{name}.example.com"; primary: {{ address = "{address}";
                check = {{ {CHECK} port = {port}; ca_file = "{ca.file}"; expect_body = "{body}"; }}; }}; }}"""
            for name, body in (("one", "alpha"), ("two", "beta"))
        )
        daemon = self.start(st.Daemon(self, f"records: ( {records} );"))
        daemon.wait_settled()
        for name in ("one.example.com", "two.example.com"):
            self.assertEqual(daemon.health(name, "primary"), "up", daemon.endpoint(name, "primary"))
        want = {(name, f"{name}:{port}") for name in ("one.example.com", "two.example.com")}

        def seen():
            return {(request["sni"], request["host"]) for request in nginx.requests()}

        # nginx writes its log after the answer.
        st.wait_until(lambda: seen() >= want, what="both requests in the log")
        self.assertEqual(seen(), want)

    def test_failover(self):
        """curl, which verifies by itself, leaves a killed https server; one whose certificate is not for the name is never used"""
        ca, name = st.CA(self), "www.example.com"
        addresses = [self.address() for _ in range(3)]
        port = st.free_port(*addresses)
        good, wrong = ca.issue(name), ca.issue("elsewhere.example.com")
        servers = [
            self.start(st.Nginx(self, label, address, port, certificate))
            for label, address, certificate in zip(("one", "wrong", "two"), addresses, (good, wrong, good))
        ]
        daemon = self.start(
            st.Daemon(
                self,
                f"""checks: {{ web: {{ {CHECK} port = {port}; ca_file = "{ca.file}"; }}; }};
                records: ( {{ name = "{name}"; primary: {{ address = "{addresses[0]}"; check = "web"; }};
                secondary: ( {{ address = "{addresses[1]}"; check = "web"; }},
                             {{ address = "{addresses[2]}"; check = "web"; }} ); }} );""",
            )
        )
        daemon.wait_settled()

        def curl():
            url = f"https://{name}:{port}/"
            done = daemon.attached(["curl", "-sS", "--noproxy", "*", "--cacert", ca.file, "--max-time", "10", url])
            return done.stdout.strip() or done.stderr

        self.assertEqual(curl(), "one")
        servers[0].kill()
        daemon.wait_active(name, "secondary-2")
        self.assertEqual(curl(), "two")
        self.assertEqual(daemon.health(name, "secondary"), "down")
        self.assertIn("certificate is not for", daemon.endpoint(name, "secondary")["addresses"][0]["last_error"])
        servers[0].start()
        daemon.wait_active(name, "primary")
        self.assertEqual(curl(), "one")


class Library(st.Case):
    """OpenSSL's start, as seen at its configuration: a FIFO, at which it waits until somebody writes."""

    def setUp(self):
        super().setUp()
        self.fifo = self.path("openssl.cnf")
        os.mkfifo(self.fifo, 0o644)

    def let_go(self):
        """Whether somebody waited at the FIFO; waits no longer."""
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            self.assertEqual(error.errno, errno.ENXIO)
            return False
        return True

    def new_daemon(self, server, options):
        record = f'{{ name = "www.example.com"; primary: {{ address = "{server.at}"; check = {{ {options} port = {server.port}; }}; }}; }}'
        return st.Daemon(self, f"records: ( {record} );", env=st.clean_env(OPENSSL_CONF=self.fifo))

    def wait_up(self, daemon):
        st.wait_until(lambda: daemon.health("www.example.com", "primary") == "up", what="a passed check")

    def test_not_needed(self):
        """tcp checks and usual http checks start neither OpenSSL nor libcurl, which starts it: they take megabytes"""
        server = self.start(st.Hostile(st.well, self.address()))
        for kind in ("tcp", "http"):
            daemon = self.start(self.new_daemon(server, f'type = "{kind}";'))
            self.wait_up(daemon)
            self.assertFalse(self.let_go(), kind)

    def test_needed(self):
        """an https check starts OpenSSL, with its configuration"""
        ca, waited, over = st.CA(self), threading.Event(), threading.Event()
        server = self.start(st.TlsServer(self.address(), ca.issue("www.example.com")))

        def watch():
            while not over.wait(0.01):
                if self.let_go():
                    waited.set()

        threading.Thread(target=watch).start()
        self.addCleanup(over.set)
        daemon = self.start(self.new_daemon(server, f'{CHECK} ca_file = "{ca.file}";'))
        self.wait_up(daemon)
        self.assertTrue(waited.is_set())


if __name__ == "__main__":
    st.main()
