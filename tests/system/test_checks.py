#!/usr/bin/env python3
"""Network checks against real servers: tls, what a request carries and an answer must have, certificates of both sides, sources."""
import base64
import hashlib
import os
import re
import socket
import time

import shunttest as st

PACE = 'interval = "1s"; fast_interval = "100ms"; fall = 1; rise = 1;'
TIMEOUT = 'timeout = "20s";'


class Checks(st.Case):
    """One daemon, with a record for each row: {label: (server, options, words)}; words: why it is down, "" when it is up."""

    def setUp(self):
        super().setUp()
        self.ca = st.CA(self)
        self.trust = f'ca_file = "{self.ca.file}";'

    def nginx(self, name="web", certificate=None, server="", address=None, **options):
        address = address or self.address()
        return self.start(st.Nginx(self, name, address, st.free_port(address), certificate, server, **options))

    def s_server(self, *options):
        """openssl's own server."""
        st.need("openssl")
        cert, key = self.ca.issue("server.example.com")
        server = st.Process(self, "s_server")
        server.at = self.address()
        server.port = st.free_port(server.at)
        server.command = ["openssl", "s_server", "-accept", f"{server.at}:{server.port}", "-cert", cert, "-key", key,
                          "-CAfile", self.ca.file, "-verify_return_error", "-quiet", "-www", *options]  # fmt: skip
        server.ready = lambda: st.can_connect(server.at, server.port)
        return self.start(server)

    def record(self, label, server, options):
        options = options if "timeout" in options else f"{options} {TIMEOUT}"
        return f"""{{ name = "{label}.example.com"; primary: {{ address = "{server.at}";
            check = {{ port = {server.port}; {options if "interval" in options else PACE + options} }}; }}; }}"""

    def config(self, rows):
        records = ", ".join(self.record(label, server, options) for label, (server, options, _) in rows.items())
        return f"records: ( {records} );"

    def watch(self, rows, **options):
        self.daemon = self.start(st.Daemon(self, self.config(rows), **options))
        self.daemon.wait_settled()
        self.expect(rows)

    def address_of(self, label):
        return self.daemon.endpoint(f"{label}.example.com", "primary")["addresses"][0]

    def wrong(self, rows):
        seen = {label: self.address_of(label) for label in rows}
        return {
            label: (seen[label]["health"], seen[label]["last_error"])
            for label, (_, _, words) in rows.items()
            if seen[label]["health"] != ("down" if words else "up")
            or not re.fullmatch(words, seen[label]["last_error"] or "")
        }

    def expect(self, rows):
        """A probe may have been too slow for these servers; the next one is not."""
        try:
            st.wait_until(lambda: not self.wrong(rows), what="each verdict")
        except AssertionError:
            self.fail(f"wrong verdicts: {self.wrong(rows)}")


class Tls(Checks):
    def server(self, certificate, **options):
        return self.start(st.TlsServer(options.pop("address", None) or self.address(), certificate, **options))

    def test_trust(self):
        """tls: the certificate, its dates, its issuer and its name are those that https would take, in the same words"""
        tls = f'type = "tls"; {self.trust}'
        expired = self.server(self.ca.dated("expired.example.com", end="20210203040506Z"))
        own = self.server(self.ca.issue("self.example.com", self_signed=True))
        wrong = self.server(self.ca.issue("elsewhere.example.com"))
        rows = {
            "good": (self.server(self.ca.issue("good.example.com")), tls, ""),
            "unknown": (wrong, 'type = "tls";', "certificate is from an unknown CA"),
            "expired": (expired, tls, "certificate expired on 2021-02-03"),
            "self": (own, tls, "certificate is self-signed"),
            "wrong": (wrong, tls, 'certificate is not for "wrong.example.com"'),
            "host": (wrong, f'{tls} host = "elsewhere.example.com";', ""),
            "sni": (wrong, f'{tls} host = "x.example.com"; sni = "elsewhere.example.com";', ""),
            "literal": (self.server(self.ca.issue("192.0.2.99")), f'{tls} host = "192.0.2.99";', ""),
            "off": (expired, 'type = "tls"; tls_verify = false;', ""),
            "nginx": (self.nginx(certificate=self.ca.issue("nginx.example.com")), tls, ""),
        }
        six = self.six()
        if six:
            rows["six"] = (self.server(self.ca.issue("six.example.com"), address=six), tls, "")
        self.watch(rows)
        # A server notes it after the verdict.
        names = {"unknown.example.com", "wrong.example.com", "elsewhere.example.com"}
        st.wait_until(lambda: {sni for sni, _ in wrong.seen} == names, what=f"the names {names} to be sent")
        literal, good = rows["literal"][0], rows["good"][0]
        st.wait_until(lambda: literal.seen and good.seen, what="both servers to note what they were asked")
        self.assertEqual({sni for sni, _ in literal.seen}, {None})
        self.assertEqual({host for sni, host in good.seen}, {None}, "no request is made")

    @staticmethod
    def six():
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                return "::1"
        except OSError:
            return None

    def test_faults(self):
        """tls: what is not TLS, or ends, or says nothing, is said in words"""
        tls = f'type = "tls"; {self.trust}'

        def hostile(behave):
            return self.start(st.Hostile(behave, self.address()))

        dead = hostile(st.closes)
        dead.stop()
        self.watch(
            {
                "refused": (dead, tls, "connection refused"),
                "http": (self.nginx(), tls, "TLS: the answer is not TLS"),
                "garbage": (hostile(st.garbage), tls, "TLS: (the answer is not TLS|connection reset)"),
                "closes": (hostile(st.closes), tls, "TLS: connection (closed|reset)"),
                "resets": (hostile(st.resets), tls, "(TLS: )?connection reset"),
                "silent": (hostile(st.silent), f'{tls} timeout = "500ms";', "timed out in TLS after 500ms"),
            }
        )

    def test_client_certificates(self):
        """a client certificate is shown to servers that ask; one that is lacking or not taken is said in words, in TLS 1.2 and 1.3"""
        cert, key = self.ca.dated("client.example.com", usage="clientAuth")
        other_cert, other_key = st.CA(self, "Other CA").dated("client.example.com", usage="clientAuth")
        both = self.path("both.pem")
        with open(os.open(both, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            for part in (key, cert):
                with open(part, encoding="ascii") as source:
                    file.write(source.read())
        name = f'{self.trust} host = "server.example.com";'
        tls, https = f'type = "tls"; {name}', f'type = "https"; {name}'
        mine = f'client_cert = "{cert}"; client_key = "{key}";'
        other = f'client_cert = "{other_cert}"; client_key = "{other_key}";'
        new, old = self.s_server("-tls1_3", "-Verify", "1"), self.s_server("-tls1_2", "-Verify", "1")
        mute = self.s_server("-tls1_3", "-Verify", "1", "-num_tickets", "0")
        asks = self.s_server("-tls1_3", "-verify", "1", "-num_tickets", "0")
        verify = f"ssl_verify_client on; ssl_client_certificate {self.ca.file}; ssl_protocols TLSv1.2 TLSv1.3;"
        web = self.nginx(certificate=self.ca.issue("server.example.com"), server=verify)
        self.watch(
            {
                "https": (web, https + mine, ""),
                "https-both": (web, f'{https} client_cert = "{both}";', ""),
                "https-none": (web, https, "status 400"),
                "https-new-none": (new, https, "TLS: a client certificate is required"),
                "nginx": (web, tls + mine, ""),
                "new": (new, tls + mine, ""),
                "new-none": (new, tls, "TLS: a client certificate is required"),
                "new-other": (new, tls + other, "TLS: .*(alert .*(ca|certificate|error))"),
                "mute": (mute, tls + mine, ""),
                "mute-none": (mute, tls, "TLS: a client certificate is required"),
                "asks": (asks, tls, ""),
                "old": (old, tls + mine, ""),
                "old-none": (old, tls, "TLS: .*handshake failure"),
            }
        )
        # Replaced by what cannot be read, it is our own fault; a FIFO does not hold up the loop.
        for replace, words in ((os.mknod, "no start line"), (os.mkfifo, "Invalid argument"), (lambda _: None, "No such file")):
            os.unlink(both)
            replace(both)
            st.wait_until(
                lambda words=words: re.fullmatch(
                    f"cannot use the client certificate {both}: {words}.*", self.address_of("https-both")["last_error"] or ""
                ),
                what=words,
            )
            self.assertEqual(self.address_of("https-both")["health"], "up")

    def test_warning(self):
        """a certificate that ends soon is one warning and a date in the status; the next certificate is another one"""

        def end(days):
            moment = time.gmtime(time.time() + days * 86400)
            return time.strftime("%Y%m%d%H%M%SZ", moment), time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)

        def certificate(text):
            return self.ca.dated("a.example.com", end=text)

        (soon, soon_date), (later, later_date), (far, far_date) = end(5.5), end(9.5), end(300)
        server = self.server(certificate(soon))
        tls = f'type = "tls"; host = "a.example.com"; {self.trust}'
        rows = {
            "default": (server, tls, ""),
            "https": (server, tls.replace("tls", "https"), ""),
            "week": (server, f'{tls} cert_warning = "168h";', ""),
            "hours": (server, f'{tls} cert_warning = "100h";', ""),
            "never": (server, f'{tls} cert_warning = "0s";', ""),
            "off": (server, 'type = "tls"; tls_verify = false;', ""),
            "plain": (self.nginx(), 'type = "tcp";', ""),
        }
        self.watch(rows)

        def shows(date):
            return all(self.address_of(label)["certificate_expires"] == date for label in rows if label != "plain")

        def warned():
            return sorted(re.findall(r"(\w+)\.example\.com: primary [\d.]+: certificate expires on (\S+)", self.daemon.log()))

        st.wait_until(lambda: shows(soon_date), what="the date in the status")
        self.assertIsNone(self.address_of("plain")["certificate_expires"])
        day, next_day = soon_date[:10], later_date[:10]
        first = [(label, day) for label in ("default", "https", "off", "week")]
        self.assertEqual(warned(), first)
        server.present(certificate(later))
        st.wait_until(lambda: shows(later_date), what="the second certificate")
        second = [(label, next_day) for label in ("default", "https", "off")]
        self.assertEqual(warned(), sorted(first + second))
        server.present(certificate(soon))
        st.wait_until(lambda: shows(soon_date), what="the first certificate again")
        server.present(certificate(far))
        st.wait_until(lambda: shows(far_date), what="the last certificate")
        self.assertEqual(warned(), sorted(first + second))


class Requests(Checks):
    def test_headers(self):
        """headers are sent, and one is expected; bodies are read though they are packed"""
        web = self.nginx(
            server="""gzip on; gzip_types *; gzip_min_length 1; gzip_comp_level 9; add_header X-Role primary;
            location /sent { if ($http_x_probe != "one, two") { return 403; }
                             if ($http_user_agent != "mine") { return 404; } return 204; }
            location /early { return 103; }""",
            body="Alive " * 500,
        )
        http = 'type = "http";'
        self.watch(
            {
                "sent": (web, f'{http} path = "/sent"; headers = [ "X-Probe: one, two", "User-Agent: mine" ];', ""),
                "other": (web, f'{http} path = "/sent"; headers = [ "X-Probe: one" ];', "status 403"),
                "name": (web, f'{http} expect_header = "x-role";', ""),
                "value": (web, f'{http} expect_header = "X-Role: prim"; expect_body = "Alive";', ""),
                "case": (web, f'{http} expect_header = "X-Role: Prim";', 'headers without "X-Role: Prim"'),
                "missing": (web, f'{http} expect_header = "X-Rule"; expect_body = "Alive";', 'headers without "X-Rule"'),
                "status": (web, f'{http} path = "/sent"; expect_header = "X-Rule";', "status 403"),
                "gzip": (web, f'{http} path = "/gzip"; expect_body = "Alive Alive";', ""),
                "gzip-not": (web, f'{http} expect_body = "Dead";', 'body without "Dead"'),
            }
        )
        self.assertEqual({r["encoding"] for r in web.requests() if r["uri"] == "/gzip"}, {"gzip"})

    def test_interim_headers(self):
        """a header of an interim answer is not the answer's"""

        def answers(connection, stop):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Role: primary\r\n\r\n"
                               b"HTTP/1.1 200 OK\r\nX-Late: yes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")  # fmt: skip

        server = self.start(st.Hostile(answers, self.address()))
        self.watch(
            {
                "early": (server, 'type = "http"; expect_header = "X-Role";', 'headers without "X-Role"'),
                "late": (server, 'type = "http"; expect_header = "X-Late: yes";', ""),
            }
        )

    def test_credentials(self):
        """user and password come from a file, over http and https, and are shown nowhere; a reload takes a new password"""
        digest = base64.b64encode(hashlib.sha1(b"open sesame:1").digest()).decode()
        users = self.write("users", f"probe:{{SHA}}{digest}\n")
        block = f'location /secret {{ auth_basic "x"; auth_basic_user_file {users}; empty_gif; }}'
        plain = self.nginx("plain", server=block)
        secure = self.nginx("secure", self.ca.issue("https.example.com"), block)
        password = self.write("password", "probe:open sesame:1\n")
        os.chmod(password, 0o600)
        old = self.write("old", "probe:sesame\n")
        os.chmod(old, 0o640)
        http = 'type = "http"; path = "/secret";'
        rows = {
            "http": (plain, f'{http} credentials_file = "{password}";', ""),
            "https": (secure, f'{http.replace("http", "https")} {self.trust} credentials_file = "{password}";', ""),
            "none": (plain, http, "status 401"),
            "old": (plain, f'{http} credentials_file = "{old}";', "status 401"),
        }
        self.watch(rows, options=("--verbose",))
        os.replace(self.write("new", "probe:open sesame:1\n"), old)
        os.chmod(old, 0o600)
        self.daemon.reload()
        self.expect({**rows, "old": (*rows["old"][:2], "")})
        for text in (self.daemon.log(), str(self.daemon.status())):
            self.assertNotIn("sesame", text)
            self.assertNotIn("cHJvYmU6", text)
        os.chmod(password, 0o644)
        done = st.check_config(self.write("open.conf", self.config({"http": rows["http"]})))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\A\S+: \S+credentials_file: cannot use \S+: it is open to every user.*\n\Z")


class Connections(Checks):
    def test_nobody_is_woken(self):
        """a tcp check ends when the peer's kernel has answered: its program accepts nothing, and a socket is used for many probes"""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind((self.address(), 0))
        listener.listen(1000)
        server = type("Server", (), dict(zip(("at", "port"), listener.getsockname())))
        self.watch({"tcp": (server, 'type = "tcp"; interval = "100ms";', "")})
        probes = lambda: self.daemon.metric("shunt_probes_total", type="tcp", result="pass")
        before = probes()
        st.wait_until(lambda: probes() >= before + 10, what="ten probes")
        accepted = 0
        listener.settimeout(0)
        while True:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                break
            accepted += 1
        # A daemon that stands still for 200 ms between the answer and the end acknowledges it.
        self.assertLess(accepted, probes() / 2)
        listener.close()
        self.expect({"tcp": (server, "", "connection refused")})

    def test_connected_to_itself(self):
        """nobody listens on a port that a probe gets as its own: that it is connected, to itself, is a refusal"""
        space = self.start(st.NetNs())
        space.run("sh", "-c", "echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range")
        itself = type("Server", (), {"at": "127.0.0.1", "port": 40000})
        refused = "connection refused"
        rows = {"tcp": (itself, 'type = "tcp";', refused), "http": (itself, 'type = "http";', refused)}
        self.watch(rows, prefix=space.prefix)

    def test_mapped_address(self):
        """a socket that was connected to ::ffff:127.0.0.1 reaches no IPv6 address any more: it is used for no other probe"""
        if not Tls.six():
            self.skipTest("this host has no IPv6")
        listener = socket.create_server(("::", 0), family=socket.AF_INET6, backlog=1000, dualstack_ipv6=True)
        self.addCleanup(listener.close)
        self.expect_no_failure(listener, "::ffff:127.0.0.1", "::1")

    def test_zoned_address(self):
        """a socket that was connected through a zone stays on that interface: it is used for no other probe"""
        host, there = (self.start(st.NetNs()) for _ in range(2))
        zone = host.connect(there, "fe80::1/64", "fe80::2/64")
        host.connect(there, "2001:db8::1/64", "2001:db8::2/64")
        # A socket that stays there sends into the void, and does not fail at once.
        host.ip("route", "add", "2001:db8::/64", "dev", zone, "metric", "9999")
        with there.inside():
            listener = socket.create_server(("::", 0), family=socket.AF_INET6, backlog=1000)
        self.addCleanup(listener.close)
        self.expect_no_failure(listener, f"fe80::2%{zone}", "2001:db8::2", prefix=host.prefix)

    def expect_no_failure(self, listener, *addresses, **options):
        """Probes that may use each other's sockets."""
        port = listener.getsockname()[1]
        tcp = 'type = "tcp"; interval = "100ms"; fall = 1; timeout = "5s";'
        rows = {f"at-{n}": (type("Server", (), {"at": at, "port": port}), tcp, "") for n, at in enumerate(addresses)}
        self.watch(rows, **options)
        passed = lambda: self.daemon.metric("shunt_probes_total", type="tcp", result="pass")
        st.wait_until(lambda: passed() >= 60, what="sixty probes to pass")
        self.assertNotIn("up -> down", self.daemon.log())


class Sources(Checks):
    def test_addresses(self):
        """a probe connects from the address or interface that it is told; one that the host lacks is no verdict on the endpoint"""
        web, source = self.nginx(), self.address()
        name = 'type = "http"; path'
        rows = {
            "address": (web, f'{name} = "/address"; source = "{source}";', ""),
            "tcp": (web, f'type = "tcp"; source = "{source}";', ""),
            "interface": (web, f'{name} = "/interface"; source = "lo";', ""),
        }
        fault = {
            "lacks-address": (web, 'type = "http"; source = "192.0.2.77";', "this host does not have the address 192.0.2.77"),
            "lacks-interface": (web, 'type = "http"; source = "nosuch0";', "this host has no interface nosuch0"),
        }
        six = Tls.six()
        if six:
            rows["six"] = (self.nginx("six", address=six), f'{name} = "/six"; source = "::1";', "")
        self.daemon = self.start(st.Daemon(self, self.config({**rows, **fault})))
        self.expect(rows)
        # nginx writes its log after the answer.
        st.wait_until(lambda: any(request["uri"] == "/address" for request in web.requests()))
        self.assertEqual({r["peer"] for r in web.requests() if r["uri"] == "/address"}, {source})
        for label, (_, _, words) in fault.items():
            st.wait_until(lambda label=label: self.address_of(label)["last_error"], what=f"a probe of {label}")
            address = self.address_of(label)
            self.assertEqual((address["health"], address["last_error"]), ("unknown", words))

    def test_network(self):
        """in a network: the second address, the second interface, and connect_timeout where packets are dropped"""
        host, there = (self.start(st.NetNs()) for _ in range(2))
        first = host.connect(there, "192.0.2.1/24", "192.0.2.2/24")
        second = host.connect(there, "198.51.100.1/24", "198.51.100.2/24")
        host.add_address("192.0.2.9/24", device=first)
        host.connect(there, "2001:db8::1/64", "2001:db8::2/64")
        there.add_address("203.0.113.5")
        host.ip("route", "add", "203.0.113.5", "via", "192.0.2.2")
        host.ip("route", "add", "203.0.113.5", "via", "198.51.100.2", "metric", "9")
        host.nft("add table inet t; add chain inet t out { type filter hook output priority 0; };"
                 "add rule inet t out tcp dport 9 drop;")  # fmt: skip
        seen = {}

        def notes(connection, stop):
            request = connection.recv(65536).decode()
            if " /limit " in request:
                stop.wait(0.6)
            seen.setdefault(request.split()[1], set()).add(connection.getpeername()[0])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        with there.inside():
            far, six = (self.start(st.Hostile(notes, address)) for address in ("203.0.113.5", "2001:db8::2"))

        class Dropped:
            at, port = "203.0.113.5", 9

        six_drop = type("SixDrop", (), {"at": "2001:db8::2", "port": 9})
        limit = 'connect_timeout = "300ms"; timeout = "20s";'
        words = "timed out in connect after 300ms"
        rows = {
            "plain": (far, 'type = "http"; path = "/plain";', ""),
            "address": (far, 'type = "http"; path = "/address"; source = "192.0.2.9";', ""),
            "interface": (far, f'type = "http"; path = "/interface"; source = "{second}";', ""),
            "six": (six, 'type = "http"; path = "/six"; source = "2001:db8::1";', ""),
            "limit": (far, f'type = "http"; path = "/limit"; {limit}', ""),
            **{f"dropped-{kind}": (Dropped, f'type = "{kind}"; {limit}', words) for kind in ("http", "https", "tcp", "tls")},
            "dropped-six": (six_drop, f'type = "tcp"; {limit}', words),
        }
        self.watch(rows, prefix=host.prefix)
        self.assertEqual(seen["/plain"], {"192.0.2.1"})
        self.assertEqual(seen["/address"], {"192.0.2.9"})
        self.assertEqual(seen["/interface"], {"198.51.100.1"})
        self.assertEqual(seen["/six"], {"2001:db8::1"})

    def test_without_rights(self):
        """an interface can be chosen by a daemon without capabilities"""
        st.need("setpriv")
        powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--") if os.geteuid() == 0 else ()
        self.watch({"interface": (self.nginx(), 'type = "http"; source = "lo";', "")}, prefix=powerless)


if __name__ == "__main__":
    st.main()
