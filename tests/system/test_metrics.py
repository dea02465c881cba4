#!/usr/bin/env python3
"""What Prometheus reads: names and words as the manual has them, each thing counted once and where it happens."""
import http.client as client
import json
import os
import re
import time
import urllib.parse
import urllib.request

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"
MANUAL = os.path.join(st.ROOT, "man", "shuntd.8")
RULES = os.path.join(st.ROOT, "conf", "prometheus", "shunt.rules.yml")
SCRAPE = os.path.join(st.ROOT, "conf", "prometheus", "scrape.yml")
DASHBOARD = os.path.join(st.ROOT, "conf", "grafana", "shunt.json")
# Labels whose values the daemon chooses: each value stands in the manual.
WORDS = {"type", "result", "reason", "state", "health", "problem", "part", "cause", "vote"}


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
        """A daemon that has lines for every metric: https, several addresses, a fleet, names and programs that do not work."""
        ca = st.CA(self)
        secure = self.start(st.TlsServer(self.primary, ca.issue(NAME)))
        dns = self.start(st.HostileDns(st.dns_servfail, self.address()))
        user = 'exec_user = "nobody";' if os.geteuid() == 0 else ""
        return self.daemon(f"""{user}
            resolvers = [ "{dns.resolver}" ];
            door = {{ cgroup = "/nowhere.slice"; }}; door_socket = "{self.path("door.sock")}";
            fleet: {{ etcd = [ "http://{self.standby}:{self.port}" ]; prefix = "/shunt/test"; site = "here"; }};
            records: (
              {{ name = "{NAME}"; scope = "quorum"; primary: {{ address = "{self.primary}";
                   check: {{ type = "https"; port = {secure.port}; ca_file = "{ca.file}"; interval = "1s"; }}; }};
                 secondary: {{ addresses = [ "{self.standby}", "192.0.2.1" ]; }}; }},
              {{ name = "{OTHER}"; primary: {{ address = "nowhere.example.net"; }};
                 secondary: {{ address = "{self.standby}"; check: {{ type = "exec"; command = [ "/bin/sh", "-c", "exit 127" ]; interval = "100ms"; }}; }}; }} );""")

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
        self.assertEqual(words - shown - {"resolve", "tls", "host"}, set(), "words that are not shown")

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
                   {{ type = "{kind}"; {f"port = {port};" if port else ""} interval = "1s"; timeout = "{"1s" if result == "timeout" else "10s"}"; {options} }}; }}; }}"""
            for number, ((kind, result), (address, port, options)) in enumerate(checks.items())
        ]
        daemon = self.start(st.Daemon(self, f"{user} {head} records: ( {','.join(records)} );"))
        st.wait_until(lambda: self.results(daemon) >= set(checks), what="every result")
        # A loaded machine may be late besides.
        more = {(kind, result) for kind, result in self.results(daemon) - set(checks) if result not in ("timeout", "late")}
        self.assertEqual(more, set())
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
            ("exec", "exit"): (self.primary, 0, 'command = [ "/bin/sh", "-c", "exit 3" ];'),
            ("exec", "program"): (self.primary, 0, 'command = [ "/bin/sh", "-c", "exit 127" ];'),
            ("exec", "undecided"): (self.primary, 0, 'command = [ "/bin/sh", "-c", "exit 4" ]; none_status = 4;'),
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

    def stall(self, daemon):
        """Two seconds in which the loop does not turn."""
        daemon.pause()
        st.wait_until(lambda: st.process_state(daemon.pid) == "T", what="the daemon to stand still")
        begin = time.monotonic()
        st.wait_until(lambda: time.monotonic() - begin > 2, what="two seconds")
        daemon.resume()

    def test_stall(self):
        """a loop that stood still shows in its lag, and the probe that failed meanwhile as late"""
        silent = self.start(st.Hostile(st.silent, self.primary, self.port))
        daemon = self.start(st.Daemon(self, f"""records: ( {{ name = "{NAME}"; primary: {{ address = "{self.primary}";
            check: {{ type = "http"; port = {self.port}; interval = "1s"; timeout = "1s"; }}; }}; }} );"""))
        st.wait_until(lambda: silent.open, what="a probe")

        def late():
            self.stall(daemon)
            return daemon.metric("shunt_probes_total", type="http", result="late") >= 1

        # Again when no probe was under way just then.
        st.wait_until(late, what="the late probe")
        lag = daemon.metrics()
        late = lag["shunt_loop_lag_seconds_count"][()] - lag["shunt_loop_lag_seconds_bucket"][(("le", "1"),)]
        self.assertGreaterEqual(late, 1)

    def test_idle(self):
        """without a probe the loop's lag is looked at all the same, by the heartbeats of the table"""
        daemon = self.daemon(f"""records: ( {{ name = "{NAME}"; primary: {{ address = "{self.primary}"; }}; }} );""")
        st.wait_until(lambda: daemon.metric("shunt_loop_lag_seconds_count") >= 2, what="two heartbeats")
        self.stall(daemon)
        st.wait_until(lambda: daemon.metric("shunt_loop_lag_seconds_sum") >= 1, what="the lag")


# --- the alerts -------------------------------------------------------------------------------------------

DAY = 86400
# A daemon that is well, with one record whose primary answers. Minute by minute, for five hours.
WELL = {
    "up": 1,
    "process_start_time_seconds": 1000,
    "shunt_settled": 1,
    "shunt_isolated": 0,
    "shunt_last_reload_success": 1,
    "shunt_state_write_failures_total": 0,
    "shunt_attach_refusals_total{reason=crowd}": 0,
    "shunt_reset_ready": 1,
    "shunt_resets_total{result=failure}": 0,
    "shunt_notify_total{result=delivered}": "0+1x300",
    "shunt_notify_total{result=failed}": 0,
    "shunt_notify_total{result=timeout}": 0,
    "shunt_loop_lag_seconds_bucket{le=0.25}": "0+1200x300",
    "shunt_loop_lag_seconds_bucket{le=1}": "0+1200x300",
    "shunt_loop_lag_seconds_bucket{le=+Inf}": "0+1200x300",
    "shunt_record_changes_total{record=www}": 0,
    "shunt_record_on_primary{record=www}": 1,
    "shunt_record_active{record=www,endpoint=primary}": 1,
    "shunt_record_active{record=www,endpoint=standby}": 0,
    "shunt_endpoint_up{record=www,endpoint=primary}": 1,
    "shunt_endpoint_up{record=www,endpoint=standby}": 1,
    "shunt_override{record=www,endpoint=primary}": 0,
    "shunt_override{record=www,endpoint=standby}": 0,
    "shunt_certificate_expiry_timestamp_seconds{record=www,endpoint=primary,address=192.0.2.1}": 60 * DAY,
}
# At minute 2 the standby comes to answer.
ON_STANDBY = {
    "shunt_record_on_primary{record=www}": "1 1 0x298",
    "shunt_record_active{record=www,endpoint=primary}": "1 1 0x298",
    "shunt_record_active{record=www,endpoint=standby}": "0 0 1x298",
}
FORCED = {"shunt_override{record=www,endpoint=standby}": "0 0 1x298"}
NO_VERDICT = " ".join(["NaN"] * 300)  # it has no short form
UP = "shunt_endpoint_up{record=www,endpoint=%s}"
NO_VERDICT_SERIES = "shunt_endpoint_no_verdict{record=www,endpoint=primary,side=host}"
PROBLEM = "shunt_endpoint_problem{record=www,endpoint=primary,problem=%s}"
# What differs from that; and at which minute which alerts fire, none that is not named.
SCENARIOS = {
    "all is well": ({}, {0: [], 299: []}),
    "a failover": (
        {**ON_STANDBY, UP % "primary": "1 1 0x298", "shunt_record_changes_total{record=www}": "0 0 1x298"},
        {1: [], 3: ["ShuntFailover record=www endpoint=standby"], 200: ["ShuntFailover record=www endpoint=standby"]},
    ),
    "a failover and back": (
        {
            "shunt_record_on_primary{record=www}": "1 0 0 1x297",
            "shunt_record_active{record=www,endpoint=primary}": "1 0 0 1x297",
            "shunt_record_active{record=www,endpoint=standby}": "0 1 1 0x297",
            UP % "primary": "1 0 0 1x297",
        },
        {2: ["ShuntFailover record=www endpoint=standby"], 4: []},
    ),
    "an operator's override": ({**ON_STANDBY, **FORCED}, {10: [], 200: [], 243: ["ShuntOverrideForgotten record=www endpoint=standby"]}),
    "changes again and again": (
        {"shunt_record_changes_total{record=www}": "0x20 0+1x10 10x200"},
        {20: [], 31: ["ShuntFlapping record=www"], 80: []},
    ),
    "nothing is up": ({UP % "primary": "1 0x298", UP % "standby": "0x299"}, {2: ["ShuntNoHealthyEndpoint record=www"]}),
    "nothing is up, and one has no verdict": ({UP % "primary": "0x299", UP % "standby": NO_VERDICT}, {2: ["ShuntNoHealthyEndpoint record=www"]}),
    "no verdict yet": ({UP % "primary": NO_VERDICT, UP % "standby": NO_VERDICT}, {10: []}),
    "the standby is down": ({UP % "standby": "0x299"}, {9: [], 11: ["ShuntStandbyDown record=www endpoint=standby"]}),
    "the host is isolated": ({"shunt_isolated": "0 1x298"}, {1: [], 3: ["ShuntIsolated"]}),
    "probes without verdict": ({NO_VERDICT_SERIES: "_ 1x10 _x280"}, {1: [], 3: ["ShuntProbesWithoutVerdict record=www endpoint=primary"], 20: []}),
    "probes without verdict while the host is isolated": ({NO_VERDICT_SERIES: "1x299", "shunt_isolated": "1x299"}, {9: ["ShuntIsolated"]}),
    "a name that does not resolve": ({PROBLEM % "resolve": "1x299"}, {9: [], 11: ["ShuntNameDoesNotResolve record=www endpoint=primary"]}),
    "a certificate that ends soon": (
        {"shunt_certificate_expiry_timestamp_seconds{record=www,endpoint=primary,address=192.0.2.1}": 13 * DAY},
        {50: [], 61: ["ShuntCertificateExpiresSoon record=www endpoint=primary"]},
    ),
    "the daemon is gone": ({"up": "1 0x298"}, {1: [], 3: ["ShuntDown"]}),
    "one start": ({"process_start_time_seconds": "1000x9 2000x280"}, {12: []}),
    "starts again and again": ({"process_start_time_seconds": "1000x9 2000 3000 4000 5000x280"}, {12: [], 13: ["ShuntRestarting"], 60: []}),
    "a reload that failed": ({"shunt_last_reload_success": "1 0x10 1x280"}, {1: ["ShuntReloadFailed"], 15: []}),
    "a table that does not settle": ({"shunt_settled": "0x299"}, {0: [], 2: ["ShuntNotSettled"]}),
    "a loop that is late": (
        {
            "shunt_loop_lag_seconds_bucket{le=0.25}": "0+1000x300",
            "shunt_loop_lag_seconds_bucket{le=1}": "0+1200x300",
        },
        {5: [], 15: ["ShuntLoopLate"]},
    ),
    "a full disk": ({"shunt_state_write_failures_total": "0x9 0+12x280"}, {12: [], 17: ["ShuntStateNotWritten"]}),
    "no shunt-reset": ({"shunt_reset_ready": "1 0x5 1x3 0x300"}, {5: [], 8: [], 20: ["ShuntResetUnavailable"]}),
    "connections that were not reset": ({"shunt_resets_total{result=failure}": "0x9 1x290"}, {9: [], 11: ["ShuntResetFailed"], 25: []}),
    "a crowd of clients": (
        {"shunt_attach_refusals_total{reason=crowd}": "0x9 0+100x280"},
        {12: [], 25: ["ShuntClientsRefused reason=crowd"]},
    ),
    "the fleet is lost": ({"shunt_fleet_etcd_up": "1 0x10 1x280"}, {1: [], 3: ["ShuntFleetLost"], 15: []}),
    "a name that is taken": ({"shunt_fleet_name_taken": "0 1x10 0x280"}, {1: [], 3: ["ShuntFleetNameTaken"], 15: []}),
    "a host that disagrees": (
        {"shunt_fleet_disagreeing_hosts{record=www}": "0x9 2x3 0 1x9 0x270"},
        {12: [], 17: [], 20: ["ShuntFleetDisagrees record=www"], 30: []},
    ),
    "an order for the fleet": (
        {**ON_STANDBY, "shunt_fleet_order{record=www,endpoint=standby}": "0 0 1x298", "shunt_fleet_order{record=www,endpoint=primary}": 0},
        {10: [], 200: [], 243: ["ShuntFleetOrderForgotten record=www endpoint=standby"]},
    ),
    "an order for others of the fleet": ({"shunt_fleet_order{record=www,endpoint=standby}": "1x30 0x270"}, {10: [], 200: []}),
    "programs that hang": ({"shunt_notify_total{result=timeout}": "0x9 1x290"}, {9: [], 11: ["ShuntNotifyFailing"], 25: []}),
}


def written(pairs):
    """Labels as Prometheus writes them; `pairs`: "name=value" each."""
    return "{" + ",".join('{}="{}"'.format(*pair.split("=", 1)) for pair in pairs if pair) + "}"


def series_of(text):
    """NAME{a=b,c=d} as Prometheus writes it, with instance and job."""
    name, _, labels = text.partition("{")
    return name + written(["instance=web1:9469", "job=shunt", *labels.rstrip("}").split(",")])


def alert_of(text):
    """The labels of "Alert a=b c=d"."""
    name, *labels = text.split(" ")
    return written([f"alertname={name}", *labels])


def scenario_test(name, differs, expected):
    values = {**WELL, **differs}
    return {
        "name": name,
        "interval": "1m",
        "input_series": [
            {"series": series_of(series), "values": value if isinstance(value, str) else f"{value}x299"} for series, value in values.items()
        ],
        "promql_expr_test": [
            {
                "expr": 'max by (alertname, record, endpoint, reason) (ALERTS{alertstate="firing"})',
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": alert_of(alert), "value": 1} for alert in alerts],
            }
            for minute, alerts in expected.items()
        ],
    }


def metric_names(expression):
    """The metrics that a PromQL expression reads, as far as it writes them in our way."""
    return set(re.findall(r"\b(?:shunt|process)_[a-z_]+\b", expression))


def rules_of():
    """{alert: its expression} of the rules."""
    with open(RULES, encoding="utf-8") as file:
        return dict(re.findall(r"- alert: (\w+)\n(?: +#.*\n)* +expr: (?:>-\n)?((?:.+\n)+?) +(?:for|labels):", file.read()))


class Alerts(Metrics):
    def promtool(self, *arguments):
        st.need("promtool")
        done = st.run(["promtool", *arguments], timeout=300)  # it computes hours of metrics
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_rules(self):
        """the alert rules and the example of a configuration are what Prometheus takes"""
        self.assertRegex(self.promtool("check", "rules", RULES), f"SUCCESS: {len(rules_of())} rules found")
        self.promtool("check", "config", SCRAPE)

    def test_scenarios(self):
        """each alert fires when it should, for the right record and endpoint, and no other with it"""
        tests = {
            "rule_files": [RULES],
            "evaluation_interval": "1m",
            "tests": [scenario_test(name, *scenario) for name, scenario in SCENARIOS.items()],
        }
        path = self.write("alerts.test.yml", json.dumps(tests))
        self.promtool("test", "rules", path)
        fired = {alert.split(" ")[0] for _, expected in SCENARIOS.values() for alerts in expected.values() for alert in alerts}
        self.assertEqual(fired, set(rules_of()), "alerts without a scenario")

    def test_metrics_exist(self):
        """alerts and scenarios read nothing that the daemon does not show"""
        self.servers()
        daemon = self.daemon(self.config())
        known = set(daemon.metrics()) | {"shunt_certificate_expiry_timestamp_seconds", "shunt_endpoint_problem"}
        for alert, expression in rules_of().items():
            self.assertTrue(metric_names(expression) or "up{" in expression, alert)
            self.assertEqual(metric_names(expression) - known, set(), alert)
        used = {series.partition("{")[0] for differs, _ in SCENARIOS.values() for series in {**WELL, **differs}}
        self.assertEqual(used - known - {"up"}, set())


# --- the dashboard ----------------------------------------------------------------------------------------


def dashboard():
    with open(DASHBOARD, encoding="utf-8") as file:
        return json.load(file)


def things(value):
    """Every object within a JSON value, itself included."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from things(inner)


def expressions():
    """[PromQL] of the dashboard, with values for its variables."""
    found = [thing["expr"] for thing in things(dashboard()) if "expr" in thing]
    return [re.sub(r"\$(job|instance|record)\b", ".*", text.replace("$__rate_interval", "1m")) for text in found]


class Dashboard(Metrics):
    def test_model(self):
        """the dashboard: panels that do not overlap, each with a title, and no data source but the one that is chosen"""
        model = dashboard()
        taken = {}
        for panel in model["panels"]:
            place = panel["gridPos"]
            self.assertTrue(panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
                self.assertNotIn(cell, taken, f"{panel['title']} lies on {taken.get(cell)}")
                taken[cell] = panel["title"]
        ids = [panel["id"] for panel in model["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        sources = [thing["datasource"] for thing in things(model) if "expr" in thing or "definition" in thing]
        self.assertGreater(len(sources), 20)
        for source in sources:
            self.assertEqual(source, {"type": "prometheus", "uid": "${datasource}"})
        variables = [variable["name"] for variable in model["templating"]["list"]]
        self.assertEqual(variables, ["datasource", "job", "instance", "record"])
        used = set(re.findall(r"\$\{?([a-z]+)", json.dumps([thing["expr"] for thing in things(model) if "expr" in thing])))
        self.assertEqual(used - set(variables), set())

    def test_expressions(self):
        """the dashboard's expressions are PromQL, of metrics that the daemon shows"""
        st.need("promtool")
        rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
        path = self.write("dashboard.yml", json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        done = st.run(["promtool", "check", "rules", path])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.servers()
        types, _ = st.read_metrics(self.daemon(self.config()).request("/metrics")[1].decode("ascii"))
        known = set(types) | {f"{metric}_bucket" for metric, kind in types.items() if kind == "histogram"}
        definitions = [thing["definition"] for thing in things(dashboard()) if "definition" in thing]
        used = set().union(*(metric_names(text) for text in expressions() + definitions))
        self.assertEqual(used - known, set())
        # What is in neither is of no use to anybody; these are for whoever looks closer.
        alerts = set().union(*(metric_names(text) for text in rules_of().values()))
        rest = {"shunt_table_version", "shunt_table_supersessions_total", "shunt_reloads_total", "shunt_clients", "shunt_settled"}
        rest |= {"shunt_watched_connections", "shunt_watched_ends_total"}  # hints; what comes of them is health
        rest |= {"shunt_door_attached", "shunt_door_rewritten_total", "shunt_door_entries"}  # a service that is stopped has no door either
        rest |= {"shunt_reports_total"}  # what a report starts is a probe like others
        rest |= {"shunt_connections_reset_total"}  # how many programs were told
        self.assertEqual({metric for metric in types if not {metric, f"{metric}_bucket"} & (used | alerts)} - rest, set())


class Prometheus(st.Process):
    """Prometheus that asks 127.0.0.1:`target` every second, and judges the rules more often, without their delays."""

    def __init__(self, case, target):
        st.need("prometheus")
        super().__init__(case, "prometheus")
        self.port = st.free_port()
        with open(RULES, encoding="utf-8") as file:
            rules = re.sub(r"\n +for: .*", "", file.read())
        with open(SCRAPE, encoding="utf-8") as file:
            scrape = file.read().replace("127.0.0.1:9469", f"127.0.0.1:{target}").replace("scrape_interval: 15s", "scrape_interval: 1s").replace("15s", "200ms")
        for name, text in (("shunt.rules.yml", rules), ("scrape.yml", scrape)):
            with open(os.path.join(self.dir, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.command = ["prometheus", f"--config.file={self.dir}/scrape.yml", f"--storage.tsdb.path={self.dir}/data",
                        f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]  # fmt: skip

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=st.PATIENCE) as answer:
            return json.load(answer)["data"]

    def ready(self):
        return self.get("status/buildinfo")

    def query(self, expression):
        """{labels: value} of an instant query."""
        result = self.get("query?" + urllib.parse.urlencode({"query": expression}))["result"]
        return {tuple(sorted(row["metric"].items())): float(row["value"][1]) for row in result}

    def firing(self):
        """{alert: its annotations}"""
        return {alert["labels"]["alertname"]: alert["annotations"] for alert in self.get("alerts")["alerts"] if alert["state"] == "firing"}


class Scraped(Metrics):
    def test_prometheus(self):
        """a real Prometheus reads a real daemon over TCP, and alerts of a failover, a bad reload, and a daemon that is gone"""
        http = st.free_port()
        self.servers()
        daemon = self.daemon(self.config(f'http = "127.0.0.1:{http}";'))
        prometheus = self.start(Prometheus(self, http))
        st.wait_until(lambda: set(prometheus.query("up").values()) == {1.0}, what="Prometheus to read the metrics")
        st.wait_until(lambda: prometheus.query(f'shunt_endpoint_up{{record="{NAME}"}} == 1'), what="what it has read")
        rate = 'sum(rate(shunt_probes_total{type="tcp",result="pass"}[1m])) > 0 and histogram_quantile(0.5, sum by (le) (rate(shunt_probe_duration_seconds_bucket[1m]))) < 1'
        st.wait_until(lambda: prometheus.query(rate), what="rates of probes")
        # A loaded machine may be late at both ends.
        self.assertEqual(set(prometheus.firing()) - {"ShuntDown", "ShuntLoopLate"}, set())
        self.one.stop()
        daemon.wait_active(NAME, "secondary")
        st.wait_until(lambda: "ShuntFailover" in prometheus.firing(), what="the alert of a failover")
        words = prometheus.firing()["ShuntFailover"]
        self.assertEqual(words["summary"], f"{NAME} is answered by secondary on 127.0.0.1:{http}")
        self.assertIn(f"shunt explain {NAME}", words["action"])
        for expression in [*expressions(), *rules_of().values()]:
            prometheus.query(expression)  # HTTP 422 when its sides do not match one to one
        self.two.stop()
        st.wait_until(lambda: "ShuntNoHealthyEndpoint" in prometheus.firing(), what="the alert that nothing is up")
        daemon.reload("records = 5;")
        st.wait_until(lambda: "ShuntReloadFailed" in prometheus.firing(), what="the alert of a bad reload")
        daemon.kill()
        st.wait_until(lambda: "ShuntDown" in prometheus.firing(), what="the alert of a daemon that is gone")
        for alert, words in prometheus.firing().items():
            for text in words.values():
                self.assertNotRegex(text, "no value|<error|\\{\\{", alert)


if __name__ == "__main__":
    st.main(jobs=3)
