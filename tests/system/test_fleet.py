#!/usr/bin/env python3
"""Hosts that decide together over a real etcd: votes, agreed answers, orders, and etcd lost."""
import json
import os
import time

import etcd
import shunttest as st

NAME = "db.example.com"
PREFIX = "/shunt/test"


def accept(connection, ending):
    """A server that is well."""


class Fleet(st.Case):
    """One etcd, and daemons that check servers of their own: what is down for one is up for another."""

    members = 1
    lease = "20s"  # longer than any machine stands still: votes stay

    def setUp(self):
        super().setUp()
        self.etcd = self.start(etcd.Cluster(self, members=self.members))
        self.hosts = {}
        self.servers = {}

    def server(self, host, endpoint):
        """The server that `host` takes for that endpoint, a TCP port of its own on one address."""
        return self.servers[host, endpoint]

    def config(self, host, record="", fleet="", site="fra-1", scope="quorum"):
        ports = {end: self.servers[host, end].port for end in ("primary", "secondary")}
        check = '{{ type = "tcp"; port = {}; interval = "100ms"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "500ms"; }}'
        lease = "" if "lease" in fleet else f'lease = "{self.lease}";'
        return (
            f'fleet = {{ etcd = [ {self.etcd.setting()} ]; prefix = "{PREFIX}"; site = "{site}"; host = "{host}"; {lease} {fleet} }};\n'
            f'records: ( {{ name = "{NAME}"; scope = "{scope}"; {record}\n'
            f'  primary: {{ address = "{self.one}"; check = {check.format(ports["primary"])}; }};\n'
            f'  secondary: {{ address = "{self.two}"; check = {check.format(ports["secondary"])}; }}; }} );'
        )

    def host(self, name, start=True, **options):
        self.one = getattr(self, "one", None) or self.address()
        self.two = getattr(self, "two", None) or self.address()
        for end, address in (("primary", self.one), ("secondary", self.two)):
            if (name, end) not in self.servers:
                self.servers[name, end] = self.start(st.Hostile(accept, address))
        daemon = st.Daemon(self, self.config(name, **options), name=f"shuntd-{name}")
        self.hosts[name] = daemon
        if start:
            self.start(daemon)
        return daemon

    def votes(self):
        """Host → its key, as JSON."""
        keys = self.etcd.keys(PREFIX + "/hosts/")
        return {key.rsplit("/", 1)[1]: json.loads(text) for key, text in keys.items()}

    def wait_joined(self, *names):
        names = names or list(self.hosts)
        st.wait_until(
            lambda: all(NAME in self.votes().get(name, {}).get("records", {}) for name in names), what="all votes"
        )
        for name in filter(self.hosts.get, names):
            st.wait_until(lambda name=name: set(names) <= self.seen(name), what=f"{name} to see all votes")

    def seen(self, name):
        """The hosts whose votes on the record that host knows."""
        status, body, _ = self.hosts[name].request("/v1/fleet")
        self.assertEqual(status, 200, body)
        return {host for record in json.loads(body)["records"] if record["name"] == NAME for host in record["hosts"]}

    def wait_all(self, endpoint, *names):
        for name in names or self.hosts:
            st.wait_until(
                lambda name=name: self.hosts[name].active(NAME) == endpoint, what=f"{name} to answer {endpoint}"
            )

    def down(self, host, endpoint="primary"):
        self.servers[host, endpoint].stop()

    def reason(self, host):
        return self.hosts[host].record(NAME)["reason"]

    def wait_vote(self, host, endpoint, health):
        st.wait_until(
            lambda: self.votes()[host]["records"][NAME]["health"][endpoint] == health, what=f"{host} to vote {health}"
        )


class Votes(Fleet):
    def test_quorum(self):
        """one of three is no majority, two are: all three follow, and go back together"""
        for name in "abc":
            self.host(name)
        self.wait_joined()
        self.down("a")
        self.wait_vote("a", "primary", "down")
        self.assertEqual([self.hosts[name].active(NAME) for name in "abc"], ["primary"] * 3)
        self.down("b")
        self.wait_all("secondary")
        st.wait_until(lambda: "down for 2 of 3 hosts" in self.reason("c"), what="the reason")
        self.servers["b", "primary"].start()
        self.wait_all("primary")

    def test_unanimous(self):
        """one that sees the primary keeps all on it; without it they leave"""
        for name in "ab":
            self.host(name, scope="unanimous")
        self.wait_joined()
        self.down("a")
        self.wait_vote("a", "primary", "down")
        self.assertEqual([self.hosts[name].active(NAME) for name in "ab"], ["primary"] * 2)
        self.down("b")
        self.wait_all("secondary")

    def test_sites(self):
        """a majority at one site is not enough where two are wanted"""
        for name, site in (("a", "x"), ("b", "x"), ("c", "y")):
            self.host(name, site=site, record="sites = 2;")
        self.wait_joined()
        self.down("a")
        self.down("b")
        self.wait_vote("a", "primary", "down")
        self.wait_vote("b", "primary", "down")
        self.assertEqual([self.hosts[name].active(NAME) for name in "abc"], ["primary"] * 3)
        self.down("c")
        self.wait_all("secondary")

    def test_newcomer(self):
        """a host that starts later answers what the others have agreed upon, from its first answer on"""
        for name in "ab":
            self.host(name)
        self.wait_joined()
        for name in "ab":
            self.down(name)
        self.wait_all("secondary")
        late = self.host("c")
        self.wait_joined("c")
        self.assertEqual(late.active(NAME), "secondary")
        self.assertNotIn("-> primary", late.log())

    def test_leaves(self):
        """the vote of a host that is stopped goes at once, that of one that is killed with its lease"""
        for name in "abc":
            self.host(name, fleet='lease = "60s";')
        self.wait_joined()
        self.hosts["a"].stop()
        st.wait_until(lambda: set(self.votes()) == {"b", "c"}, 30, what="its vote to go before its lease ends")
        self.hosts["b"].kill()
        (key,) = self.etcd.range(PREFIX + "/hosts/b")
        self.etcd.ctl("lease", "revoke", f"{key['lease']:x}")
        self.assertEqual(set(self.votes()), {"c"})
        self.down("c")
        self.wait_all("secondary", "c")

    def test_restart(self):
        """a host that is back after a kill votes again, and says nothing of another of its name"""
        host = self.host("a", fleet='lease = "2s";')
        self.wait_joined()
        before = self.votes()["a"]["id"]
        host.kill()
        host.start()
        st.wait_until(lambda: self.votes().get("a", {"id": before})["id"] != before, what="the new vote")
        self.assertNotIn("another host is called", host.log())

    def test_name_taken(self):
        """of two hosts with one name the later has no vote, says so, and has one when the other is gone"""
        lease = 'lease = "4s";'
        first = self.host("a", fleet=lease)
        self.wait_joined()
        before = self.votes()["a"]["id"]
        second = st.Daemon(self, self.config("a", fleet=lease), name="shuntd-second")
        self.start(second)
        second.wait_log("another host is called a: this one has no vote")
        self.assertEqual(self.votes()["a"]["id"], before)
        self.assertEqual(second.active(NAME), "primary")
        first.stop()
        st.wait_until(lambda: self.votes().get("a", {"id": before})["id"] != before, what="the other's vote")
        second.wait_log("no other host is called a")

    def test_reload(self):
        """a record that is no longer the fleet's has no vote; without a fleet the key goes; and back"""
        host = self.host("a")
        self.wait_joined()
        host.reload(self.config("a", scope="local"))
        st.wait_until(lambda: self.votes()["a"]["records"] == {}, what="the vote to go")
        text = self.config("a", scope="local")
        host.reload(text[text.index("records:") :])
        st.wait_until(lambda: self.votes() == {}, what="the key to go")
        host.reload(self.config("a"))
        self.wait_joined()
        self.down("a")
        self.wait_all("secondary")

    def test_other_members(self):
        """a reload with other members and another lease: the key is taken over, and is never gone"""
        host = self.host("a")
        self.wait_joined()
        (before,) = self.etcd.range(PREFIX + "/hosts/a")
        other = f'"http://{self.address()}:{st.free_port()}", '
        host.reload(self.config("a", fleet='lease = "30s";').replace("etcd = [ ", "etcd = [ " + other))
        st.wait_until(lambda: self.etcd.range(PREFIX + "/hosts/a")[0]["lease"] != before["lease"], what="the other lease")
        (after,) = self.etcd.range(PREFIX + "/hosts/a")
        self.assertEqual(after["create_revision"], before["create_revision"])
        self.down("a")
        self.wait_all("secondary")

    def test_quiet(self):
        """nothing is written while nothing changes"""
        self.host("a")
        self.wait_joined()
        for endpoint in ("primary", "secondary"):
            self.wait_vote("a", endpoint, "up")
        revision = self.etcd.revision()
        st.wait_until(lambda: self.hosts["a"].record(NAME)["endpoints"][0]["addresses"][0]["probes"] > 30, what="probes")
        self.assertEqual(self.etcd.revision(), revision)


class Strangers(Fleet):
    """Keys that others have written, by hand."""

    def put(self, host, health, isolated=False, site="x", prefers="primary"):
        vote = {"health": {"primary": health, "secondary": "up"}, "prefers": prefers, "answers": "primary", "since": 1}
        value = {"v": 1, "id": "0" * 32, "site": site, "version": "1", "isolated": isolated, "records": {NAME: vote}}
        self.etcd.put(f"{PREFIX}/hosts/{host}", json.dumps(value))

    def test_isolated(self):
        """votes of isolated hosts do not count"""
        host = self.host("a")
        self.wait_joined()
        for name in "xyz":
            self.put(name, "down", isolated=True, prefers="secondary")
        self.put("w", "up")
        st.wait_until(lambda: "up for 2 of 2 hosts" in self.reason("a"), what="two voters")
        self.assertEqual(host.active(NAME), "primary")
        for name in "xyz":
            self.put(name, "down", prefers="secondary")
        self.wait_all("secondary")

    def test_malformed(self):
        """what is malformed counts for nothing, and is counted; what is not known is left alone"""
        host = self.host("a", fleet='lease = "2s";')
        self.wait_joined()
        bad = {
            "hosts/x": "no JSON", "hosts/y": "{}", "hosts/z": "[" * 5000, "hosts/a b": "{}", "hosts/": "", "orders/" + NAME: "7",
            "orders/-": "{}", "hosts/n/m": "{}",
        }  # fmt: skip
        for key, text in bad.items():
            self.etcd.put(f"{PREFIX}/{key}", text)
        self.etcd.put(PREFIX + "/others/x", "whatever")
        self.put("b", "up")
        st.wait_until(lambda: "up for 2 of 2 hosts" in self.reason("a"), what="two voters")
        host.wait_log("is not of a form that is known, and is ignored")
        host.kill()
        host.start()
        st.wait_until(lambda: "up for 2 of 2 hosts" in self.reason("a"), what="two voters again")

    def test_many(self):
        """more keys than one answer has"""
        for number in range(0, 1201, 100):
            lines = "".join(
                f"put {PREFIX}/hosts/h{number + one} " + json.dumps(json.dumps({
                    "v": 1, "id": "0" * 32, "site": "x", "version": "1", "isolated": False,
                    "records": {NAME: {"health": {"primary": "up"}, "prefers": "primary", "answers": "primary", "since": 1}},
                })) + "\n" for one in range(100)
            )  # fmt: skip
            self.etcd.ctl("txn", input=f"\n{lines}\n\n", stdin=None)
        self.host("a")
        self.wait_joined()
        st.wait_until(lambda: "up for 1301 of 1301 hosts" in self.reason("a"), what="all of them")


class Orders(Fleet):
    def order(self, host, what, **body):
        status, answer, _ = self.hosts[host].request(
            f"/v1/records/{NAME}/{what}", "POST", body=json.dumps({"fleet": True, **body}),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        return status, answer.decode()

    def test_all(self):
        """an order given at one host is in force on all, and its end on all"""
        for name in "abc":
            self.host(name)
        self.wait_joined()
        status, answer = self.order("a", "force", endpoint="secondary", reason="maintenance")
        self.assertEqual(status // 100, 2, answer)
        self.wait_all("secondary")
        self.assertIn("forced for the fleet to secondary by", self.reason("c"))
        self.assertIn("@a: maintenance", self.reason("c"))
        self.hosts["c"].wait_log("forced for the fleet: by .*@a: maintenance")
        status, answer = self.order("b", "auto")
        self.assertEqual(status // 100, 2, answer)
        self.wait_all("primary")
        self.hosts["c"].wait_log("no longer forced for the fleet")

    def test_time_limit(self):
        """it ends by its lease, for all; a host that starts meanwhile has it"""
        for name in "ab":
            self.host(name)
        self.wait_joined()
        status, answer = self.order("a", "force", endpoint="secondary", **{"for": "1h"})
        self.assertEqual(status // 100, 2, answer)
        self.wait_all("secondary")
        self.host("c")
        self.wait_all("secondary")
        status, answer = self.order("b", "force", endpoint="secondary", **{"for": "2s"})
        self.assertEqual(status // 100, 2, answer)
        self.wait_all("primary")

    def test_some(self):
        """an order for one host is for that alone; one of its own is above it"""
        for name in "abc":
            self.host(name)
        self.wait_joined()
        status, answer = self.order("a", "force", endpoint="secondary", hosts="b")
        self.assertEqual(status // 100, 2, answer)
        self.wait_all("secondary", "b")
        self.assertEqual([self.hosts[name].active(NAME) for name in "ac"], ["primary"] * 2)
        self.hosts["b"].request(
            f"/v1/records/{NAME}/force", "POST", body='{"endpoint": "primary"}', headers={"Content-Type": "application/json"}
        )
        self.wait_all("primary")

    def test_manual_failback(self):
        """all stay on the secondary until one host ends the wait for all"""
        for name in "abc":
            self.host(name, record='failback = "manual";')
        self.wait_joined()
        for name in "ab":
            self.down(name)
        self.wait_all("secondary")
        for name in "ab":
            self.servers[name, "primary"].start()
            self.wait_vote(name, "primary", "up")
        st.wait_until(lambda: "failback is manual" in self.reason("c"), what="the wait")
        self.assertEqual([self.hosts[name].active(NAME) for name in "abc"], ["secondary"] * 3)
        status, answer = self.order("c", "auto")
        self.assertEqual(status // 100, 2, answer)
        self.wait_all("primary")

    def test_failback_delay_goes_on(self):
        """a reload does not begin the wait for failback_delay anew"""

        def failback():
            return host.record(NAME)["failback"]

        def begun_at():
            wait = failback()
            return st.rfc3339(wait["at"]) - wait["wait_ms"] / 1000

        host = self.host("a", record='failback_delay = "1h";')
        self.wait_joined()
        self.down("a")
        self.wait_all("secondary")
        self.servers["a", "primary"].start()
        st.wait_until(lambda: failback()["at"], what="the wait")
        begun = begun_at()
        st.wait_until(lambda: time.time() > begun + 4, what="a later moment")
        host.reload(self.config("a", record='failback_delay = "2h";'))
        st.wait_until(lambda: failback()["delay_ms"] == 7200000, what="the reload")
        st.wait_until(lambda: begun_at() <= begun + 2, what="the wait to have begun before the reload")

    def test_stagger(self):
        """a failover is followed at once, the way back by each host at a time of its own"""
        names = "abcdef"
        for name in names:
            self.host(name, record='stagger = "4s";')
        self.wait_joined()
        for name in names:
            self.down(name)
        self.wait_all("secondary")
        for name in names:
            self.servers[name, "primary"].start()
        back = {}
        while len(back) < len(names):
            for name in names:
                if name not in back and self.hosts[name].active(NAME) == "primary":
                    back[name] = time.monotonic()
            time.sleep(0.02)
        for name in names:
            self.assertIn("-> primary", self.hosts[name].log())
        self.note(f"back within {max(back.values()) - min(back.values()):.1f} s of 4 s")
        self.assertGreater(max(back.values()) - min(back.values()), 0.5)


class Lost(Fleet):
    lease = "2s"

    def test_local(self):
        """without etcd each decides alone, says so, and comes back to what is agreed"""
        for name in "abc":
            self.host(name)
        self.wait_joined()
        self.etcd.members[0].kill()
        self.down("a")
        self.wait_all("secondary", "a")
        st.wait_until(lambda: "this host decides alone" in self.reason("a"), what="the reason")
        self.assertEqual([self.hosts[name].active(NAME) for name in "bc"], ["primary"] * 2)
        self.hosts["a"].wait_log("fleet: synced -> lost: http")
        self.etcd.members[0].start()
        self.wait_all("primary")
        self.hosts["a"].wait_log("fleet: lost -> synced: http")

    def test_hold(self):
        """with "hold" the answer stays, however long; a record may say otherwise"""
        self.host("a", fleet='on_etcd_lost = "hold";')
        self.host("b", fleet='on_etcd_lost = "hold";', record='on_etcd_lost = "local";')
        self.wait_joined()
        self.etcd.members[0].kill()
        for name in "ab":
            self.hosts[name].wait_log("fleet: synced -> lost")
            self.down(name)
        self.wait_all("secondary", "b")
        st.wait_until(lambda: self.hosts["a"].health(NAME, "primary") == "down", what="a's own health")
        self.assertEqual(self.hosts["a"].active(NAME), "primary")
        self.assertIn("the answer holds", self.reason("a"))
        self.etcd.members[0].start()
        self.wait_all("secondary")

    def test_never_there(self):
        """a host that starts without etcd decides alone within seconds, and joins when it is there"""
        self.etcd.members[0].kill()
        host = self.host("a")
        self.down("a")
        self.wait_all("secondary")
        self.etcd.members[0].start()
        self.wait_joined()
        host.wait_log("lost -> synced")

    def test_stopped(self):
        """a member that takes connections and answers nothing is lost after a lease; probes and lookups go on"""
        host = self.host("a")
        self.wait_joined()
        probes = lambda: host.record(NAME)["endpoints"][0]["addresses"][0]["probes"]
        self.etcd.members[0].pause()
        before = probes()
        host.wait_log("synced -> lost: .*it does not answer in time")
        st.wait_until(lambda: probes() > before + 5, what="probes to go on")
        self.assertEqual(host.resolve(NAME), [self.one])
        self.etcd.members[0].resume()
        host.wait_log("lost -> synced")

    def test_order_ends(self):
        """an order with a time limit ends by the own clock while etcd is lost"""
        host = self.host("a", fleet='on_etcd_lost = "hold";')
        self.wait_joined()
        host.request(
            f"/v1/records/{NAME}/force", "POST", body='{"endpoint": "secondary", "fleet": true, "for": "6s"}',
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        # By the log: on a machine that stands still the order may be over before anybody looks.
        host.wait_log("primary -> secondary: forced for the fleet")
        self.etcd.members[0].kill()
        host.wait_log("synced -> lost")
        host.wait_log("no longer forced for the fleet")
        self.wait_all("primary")


class Members(Fleet):
    members = 3

    def test_next(self):
        """the member that is asked goes: the next one is asked, and nothing is lost"""
        for name in "abc":
            self.host(name)
        self.wait_joined()
        self.etcd.leader().kill()
        for name in "ab":
            self.down(name)
        self.wait_all("secondary")
        for name in "abc":
            self.assertNotIn("-> lost", self.hosts[name].log())


class Restless(st.Case):
    """A member of etcd that answers every call, and ends every watch as soon as it has begun."""

    def setUp(self):
        super().setUp()
        self.watched = []

    def answer(self, path):
        header = '"header": {"cluster_id": "1", "revision": "5"}'
        if path == "/v3/lease/grant":
            return f'{{{header}, "ID": "7", "TTL": "60"}}'
        if path == "/v3/kv/txn":
            return f'{{{header}, "succeeded": true}}'
        if path == "/v3/kv/range":
            return f"{{{header}}}"
        if path == "/v3/watch":
            self.watched.append(time.monotonic())
            return f'{{"result": {{{header}, "created": true}}}}'
        return f'{{"result": {{{header}, "ID": "7", "TTL": "60"}}}}'

    def member(self, connection, ending):
        """A member of etcd."""
        with connection.makefile("rb") as lines:
            path = lines.readline().split()[1].decode()
            length = [int(line.split(b":")[1]) for line in iter(lines.readline, b"\r\n") if line.lower().startswith(b"content-length:")]
            lines.read(length[0])
        body = self.answer(path) + "\n"
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())

    def test_pauses(self):
        """it is asked again and again, after ever longer pauses"""
        members = [self.start(st.Hostile(self.member, self.address())) for _ in range(2)]
        etcds = ", ".join(f'"http://{member.at}:{member.port}"' for member in members)
        config = (
            f'fleet = {{ etcd = [ {etcds} ]; prefix = "{PREFIX}"; site = "x"; host = "a"; lease = "1m"; }};\n'
            f'records: ( {{ name = "{NAME}"; scope = "quorum"; primary: {{ address = "192.0.2.1"; }}; secondary: {{ address = "192.0.2.2"; }}; }} );'
        )
        self.start(st.Daemon(self, config))
        st.wait_until(
            lambda: any(later - earlier > 1 for earlier, later in zip(self.watched, self.watched[1:])), what="a pause of a second"
        )


class Rights(st.Case):
    """TLS, and users of etcd with roles."""

    def setUp(self):
        super().setUp()
        self.ca = st.CA(self)
        self.etcd = self.start(etcd.Cluster(self, ca=self.ca))
        self.etcd.enable_auth()

    def daemon(self, host, password="secret", grants=None, ca=None):
        key = f"{PREFIX}/hosts/{host}"
        self.etcd.add_role(host, *(grants or (("read", PREFIX + "/"), ("write", key))))
        self.etcd.add_user(host, "secret", host)
        path = self.write(f"password-{host}", password + "\n")
        os.chmod(path, 0o600)
        config = (
            f'fleet = {{ etcd = [ {self.etcd.setting()} ]; prefix = "{PREFIX}"; site = "x"; host = "{host}"; lease = "10s";'
            f' ca_file = "{ca or self.ca.file}"; user = "{host}"; password_file = "{path}"; }};\n'
            f'records: ( {{ name = "{NAME}"; scope = "quorum"; primary: {{ address = "192.0.2.1"; }}; secondary: {{ address = "192.0.2.2"; }}; }} );'
        )
        return self.start(st.Daemon(self, config, name=f"shuntd-{host}"))

    def force(self, daemon):
        status, answer, _ = daemon.request(
            f"/v1/records/{NAME}/force", "POST", body='{"endpoint": "secondary", "fleet": true}',
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        return status, answer.decode()

    def test_role(self):
        """a host with its role votes, and may give no orders; with the role for these it may"""
        host = self.daemon("a")
        st.wait_until(lambda: NAME in self.etcd.keys(PREFIX + "/hosts/").get(PREFIX + "/hosts/a", ""), what="its vote")
        status, answer = self.force(host)
        self.assertGreaterEqual(status, 400)
        self.assertIn("may give no orders", answer)
        self.etcd.add_role("orders", ("write", PREFIX + "/orders/"))
        self.etcd.ctl("user", "grant-role", "a", "orders")
        st.wait_until(lambda: self.force(host)[0] // 100 == 2, what="the order")
        host.wait_active(NAME, "secondary")

    def test_wrong_password(self):
        """it says so, and decides alone"""
        host = self.daemon("a", password="wrong")
        self.wait_lost(host, "invalid user ID or password")
        self.assertNotIn("wrong", host.log().replace("password", ""))

    def test_no_key(self):
        """a host that may read only knows the votes, and says that it has none"""
        host = self.daemon("a", grants=(("read", PREFIX + "/"),))
        host.wait_log("joining -> synced")
        host.wait_log("this host has no vote, or an old one, since etcd refuses its key .*permission denied")
        st.wait_until(lambda: self.link(host)["error"], what="the error")
        self.assertIn("permission denied", self.link(host)["error"])
        st.wait_until(lambda: "no host has a vote: this host decides alone" in host.record(NAME)["reason"], what="the reason")

    def link(self, host):
        return json.loads(host.request("/v1/fleet")[1])

    def wait_lost(self, host, words):
        """Not as the log says it: the first attempt may have ended for another reason, with an etcd that stands still."""
        host.wait_log("joining -> lost")
        st.wait_until(lambda: words in (self.link(host)["error"] or ""), what=f"'{words}'")

    def test_stranger(self):
        """a member with a certificate of another CA gets nothing"""
        other = st.CA(self, "Other CA")
        host = self.daemon("a", ca=other.file)
        self.wait_lost(host, "certificate")

    def test_login_again(self):
        """a token that no longer holds is renewed"""
        host = self.daemon("a")
        st.wait_until(lambda: self.etcd.keys(PREFIX + "/hosts/"), what="its key")
        self.etcd.members[0].kill()
        self.etcd.members[0].start()
        st.wait_until(lambda: self.link(host)["state"] == "synced", what="it to be back")
        begun = len(host.log())
        self.etcd.ctl("user", "passwd", "a", "--interactive=false", input="secret\n", stdin=None)
        self.etcd.delete(PREFIX + "/hosts/a")
        st.wait_until(lambda: self.etcd.keys(PREFIX + "/hosts/"), what="its key again")
        self.assertNotIn("-> lost", host.log()[begun:])


if __name__ == "__main__":
    st.main(jobs=2)
