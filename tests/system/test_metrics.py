#!/usr/bin/env python3
"""What Prometheus reads: names and words as the manual has them, each thing counted once and where it happens."""
import http.client as client
import os
import re
import time

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"
MANUAL = os.path.join(st.ROOT, "man", "shuntd.8")
# Labels whose values the daemon chooses: each value stands in the manual.
WORDS = {"type", "result", "reason", "state", "health", "problem", "part"}


class Metrics(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)

    def servers(self):
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        self.two = self.start(st.Hostile(st.closes, self.standby, self.port))

    def config(self, extra="", records=""):
        return f"""
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "1s"; fast_interval = "100ms"; fall = 2; rise = 1; }}; }};
            {extra}
            records: (
              {{ name = "{NAME}"; primary: {{ address = "{self.primary}"; check = "tcp"; }};
                 secondary: {{ address = "{self.standby}"; check = "tcp"; }}; }}{records} );"""

    def daemon(self, *arguments, **options):
        daemon = self.start(st.Daemon(self, *arguments, **options))
        st.wait_until(lambda: daemon.status()["settled"], what="the table to settle")
        return daemon


class Form(Metrics):
    def everything(self):
        """A daemon that has lines for every metric: https, several addresses, names and programs that do not work."""
        ca = st.CA(self)
        secure = self.start(st.TlsServer(self.primary, ca.issue(NAME)))
        dns = self.start(st.HostileDns(st.dns_servfail, self.address()))
        user = 'exec_user = "nobody";' if os.geteuid() == 0 else ""
        return self.daemon(f"""{user}
            resolvers = [ "{dns.resolver}" ];
            records: (
              {{ name = "{NAME}"; primary: {{ address = "{self.primary}";
                   check: {{ type = "https"; port = {secure.port}; ca_file = "{ca.file}"; interval = "1s"; }}; }};
                 secondary: {{ addresses = [ "{self.standby}", "192.0.2.1" ]; }}; }},
              {{ name = "{OTHER}"; primary: {{ address = "nowhere.example.net"; }};
                 secondary: {{ address = "{self.standby}"; check: {{ type = "exec"; command = [ "/bin/sh", "-c", "exit 3" ]; interval = "100ms"; }}; }}; }} );""")

    def manual(self):
        """{metric: its labels}, and all words in .Cm, of the section on metrics."""
        with open(MANUAL, encoding="utf-8") as file:
            section = file.read().split(".Sh METRICS\n")[1].split("\n.Sh ")[0]
        found = re.findall(r"^\.It Va ([a-z_]+)(?:\{([a-z,]+)\})?$", section, re.M)
        self.assertEqual(len(found), len({name for name, _ in found}), "a metric is documented twice")
        words = " ".join(re.findall(r"^\.(?:Pq (?:part )?)?Cm (.*)$", section, re.M))
        return {name: set(labels.split(",")) - {""} for name, labels in found}, set(re.findall(r"[a-z_]+", words))

    def test_manual(self):
        """every metric, label and word that /metrics shows is in shuntd(8), and the other way round"""
        daemon = self.everything()
        st.wait_until(lambda: len(daemon.metrics()["shunt_endpoint_problem"]) == 2, what="both problems")
        st.wait_until(lambda: daemon.metrics()["shunt_certificate_expiry_timestamp_seconds"], what="a certificate")
        types, lines = st.read_metrics(daemon.request("/metrics")[1].decode("ascii"))
        documented, words = self.manual()
        self.assertEqual(set(types), set(documented))
        shown = set()
        for metric, kind in types.items():
            suffix = "_count" if kind == "histogram" else ""
            self.assertEqual(kind == "counter", metric.endswith("_total"), f"{metric} is a {kind}")
            self.assertTrue(lines[metric + suffix], f"{metric} has no line")
            for labels in lines[metric + suffix]:
                self.assertEqual({name for name, _ in labels}, documented[metric], metric)
                shown |= {value for name, value in labels if name in WORDS}
        self.assertEqual(shown - words, set(), "words that the manual does not have")
        self.assertEqual(words - shown - {"resolve", "tls"}, set(), "words that are not shown")

    def test_promtool(self):
        """promtool check metrics has nothing to say of names, help, types and form"""
        st.need("promtool")
        text = self.everything().request("/metrics")[1].decode("ascii")
        done = st.run(["promtool", "check", "metrics"], input=text, stdin=None)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        # It does look.
        done = st.run(["promtool", "check", "metrics"], input=text.replace("_records ", "_records_total "), stdin=None)
        self.assertNotEqual(done.returncode, 0)

    def test_listeners(self):
        """on both listeners: who answers, what is up, what is forced"""
        http = st.free_port()
        self.servers()
        records = f', {{ name = "{OTHER}"; primary: {{ address = "192.0.2.1"; }}; }}'
        daemon = self.daemon(self.config(f'http = "127.0.0.1:{http}";', records))
        done = st.shunt(daemon, "force", NAME, "secondary")
        self.assertEqual(done.returncode, 0, done.stderr)
        status, text, headers = daemon.request("/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        found = st.read_metrics(text.decode("ascii"))[1]

        def of(metric, name=NAME):
            return {dict(labels)["endpoint"]: value for labels, value in found[metric].items() if dict(labels)["record"] == name}

        self.assertEqual(of("shunt_record_active"), {"primary": 0, "secondary": 1})
        self.assertEqual(of("shunt_endpoint_up"), {"primary": 1, "secondary": 1})
        self.assertEqual(of("shunt_override"), {"primary": 0, "secondary": 1})
        self.assertEqual(of("shunt_record_active", OTHER), {"primary": 1})
        self.assertEqual(found["shunt_record_on_primary"], {(("record", NAME),): 0, (("record", OTHER),): 1})
        self.assertEqual(found["shunt_overrides"], {(): 1})
        self.assertEqual(found["shunt_records"], {(): 2})
        self.assertEqual(found["shunt_certificate_expiry_timestamp_seconds"], {})
        connection = client.HTTPConnection("127.0.0.1", http, timeout=st.PATIENCE)
        connection.request("GET", "/metrics")
        again = st.read_metrics(connection.getresponse().read().decode("ascii"))[1]
        connection.close()
        self.assertEqual(again.keys(), found.keys())
        for metric in found:
            # Probes, and time, go on meanwhile.
            if not metric.startswith(("process_", "shunt_probe", "shunt_loop_")):
                self.assertEqual(again[metric], found[metric], metric)


class Results(Metrics):
    def results(self, daemon):
        """{(type, result)} of what has been counted."""
        return {(dict(labels)["type"], dict(labels)["result"]) for labels, count in daemon.metrics()["shunt_probes_total"].items() if count}

    def expect(self, checks, head=""):
        """`checks`: {type and result: (server's address, its port, the check's options)}; each is seen, and nothing else."""
        user = 'exec_user = "nobody";' if os.geteuid() == 0 else ""
        records = [
            f"""{{ name = "r{number}.example.com"; primary: {{ address = "{address}"; check:
                   {{ type = "{kind}"; {f"port = {port};" if port else ""} interval = "1s"; timeout = "1s"; {options} }}; }}; }}"""
            for number, ((kind, _), (address, port, options)) in enumerate(checks.items())
        ]
        daemon = self.start(st.Daemon(self, f"{user} {head} records: ( {','.join(records)} );"))
        st.wait_until(lambda: self.results(daemon) >= set(checks), what="every result")
        self.assertEqual(self.results(daemon), set(checks))
        return daemon

    def test_http(self):
        """results of http: each failure by its reason"""
        answers = {
            "pass": b"HTTP/1.0 200 OK\r\n\r\n",
            "status": b"HTTP/1.0 503 no\r\n\r\n",
            "header": b"HTTP/1.0 200 OK\r\n\r\n",
            "body": b"HTTP/1.0 200 OK\r\n\r\nno",
            "protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
            "closed": b"",
        }
        expects = {"header": 'expect_header = "X-Up";', "body": 'expect_body = "yes";'}

        def answering(text):
            def behave(connection, stop):
                connection.recv(65536)
                connection.sendall(text)

            return self.start(st.Hostile(behave, self.address()))

        checks = {}
        for result, text in answers.items():
            server = answering(text)
            checks["http", result] = (server.at, server.port, expects.get(result, ""))
        silent = self.start(st.Hostile(st.silent, self.address()))
        checks["http", "timeout"] = (silent.at, silent.port, "")
        checks["http", "refused"] = (self.primary, self.port, "")
        self.expect(checks)

    def test_tls(self):
        """results of tls and https: an untrusted certificate, no TLS at all"""
        ca = st.CA(self)
        good = self.start(st.TlsServer(self.address(), ca.issue(NAME)))
        plain = self.start(st.Hostile(st.garbage, self.address()))
        closing = self.start(st.Hostile(st.resets, self.address()))
        trust = f'ca_file = "{ca.file}"; host = "{NAME}";'
        checks = {}
        for kind in ("tls", "https"):
            checks[kind, "pass"] = (good.at, good.port, trust)
            checks[kind, "certificate"] = (good.at, good.port, f'host = "{NAME}";')
            checks[kind, "tls"] = (plain.at, plain.port, trust)
        checks["tls", "closed"] = (closing.at, closing.port, trust)
        self.expect(checks)

    def test_programs(self):
        """results of exec, and of an address that this host has no way to"""
        checks = {
            ("exec", "pass"): (self.primary, 0, 'command = [ "/bin/true" ];'),
            ("exec", "exit"): (self.primary, 0, 'command = [ "/bin/false" ];'),
            ("exec", "program"): (self.primary, 0, 'command = [ "/bin/sh", "-c", "exit 3" ];'),
            ("exec", "timeout"): (self.primary, 0, 'command = [ "/bin/sleep", "60" ];'),
            ("tcp", "own_fault"): (self.primary, self.port, 'source = "192.0.2.77";'),
        }
        daemon = self.expect(checks)
        # What came to no verdict has not taken any time.
        self.assertEqual(daemon.metric("shunt_probe_duration_seconds_count", type="tcp"), 0)
        self.assertGreaterEqual(daemon.metric("shunt_probe_duration_seconds_count", type="exec"), 3)


class Counts(Metrics):
    def test_changes_survive_a_reload(self):
        """changes, events, probes and attaches are counted once, and go on over a reload; a bad one is seen"""
        self.servers()
        daemon = self.daemon(self.config())
        self.assertEqual(daemon.metric("shunt_record_changes_total", record=NAME), 0)
        self.assertEqual(daemon.metric("shunt_last_reload_success"), 1)
        start = daemon.metric("process_start_time_seconds")
        self.assertEqual(daemon.metric("shunt_last_reload_timestamp_seconds"), start)
        self.assertEqual(daemon.resolve(NAME), [self.primary])
        self.assertGreaterEqual(daemon.metric("shunt_attaches_total"), 1)
        self.one.stop()
        daemon.wait_active(NAME, "secondary")
        self.assertEqual(daemon.metric("shunt_record_changes_total", record=NAME), 1)
        self.assertEqual(daemon.metric("shunt_events_total", type="answer"), 1)
        since = st.rfc3339(daemon.record(NAME)["since"])
        self.assertEqual(daemon.metric("shunt_record_last_change_timestamp_seconds", record=NAME), since)
        before = daemon.metrics()

        daemon.reload(self.config(records=f', {{ name = "{OTHER}"; primary: {{ address = "192.0.2.1"; }}; }}'))
        st.wait_until(lambda: daemon.metric("shunt_reloads_total", result="success") == 1, what="the reload")
        self.assertEqual(daemon.metric("shunt_table_supersessions_total"), 1)
        self.assertEqual(daemon.metric("shunt_records"), 2)
        self.assertEqual(daemon.metric("shunt_record_changes_total", record=NAME), 1)
        self.assertEqual(daemon.metric("process_start_time_seconds"), start)
        for labels, count in daemon.metrics()["shunt_probes_total"].items():
            self.assertGreaterEqual(count, before["shunt_probes_total"][labels], labels)
        daemon.reload("records = 5;")
        st.wait_until(lambda: daemon.metric("shunt_last_reload_success") == 0, what="the bad reload")
        self.assertEqual(daemon.metric("shunt_reloads_total", result="failure"), 1)
        self.assertEqual(daemon.metric("shunt_table_supersessions_total"), 1)

    def test_stall(self):
        """a loop that stood still shows in its lag, and the probe that failed meanwhile as late"""
        silent = self.start(st.Hostile(st.silent, self.primary, self.port))
        daemon = self.start(st.Daemon(self, f"""records: ( {{ name = "{NAME}"; primary: {{ address = "{self.primary}";
            check: {{ type = "http"; port = {self.port}; interval = "1s"; timeout = "1s"; }}; }}; }} );"""))
        st.wait_until(lambda: silent.open, what="a probe")
        daemon.pause()
        st.wait_until(lambda: st.process_state(daemon.pid) == "T", what="the daemon to stand still")
        begin = time.monotonic()
        st.wait_until(lambda: time.monotonic() - begin > 2, what="two seconds of standing still")
        daemon.resume()
        st.wait_until(lambda: daemon.metric("shunt_probes_total", type="http", result="late") >= 1, what="the late probe")
        lag = daemon.metrics()
        late = lag["shunt_loop_lag_seconds_count"][()] - lag["shunt_loop_lag_seconds_bucket"][(("le", "1"),)]
        self.assertGreaterEqual(late, 1)


if __name__ == "__main__":
    st.main()
