#!/usr/bin/env python3
"""Orders for a fleet, and what is told of it: force, auto, drill, status, explain, metrics, over a real etcd."""
import json
import os
import re
import time

import etcd
import fleet
import shunttest as st

NAME = fleet.NAME
SCOPE = 'scope = "quorum"; aliases = [ "db" ];'


class Orders(st.Case):
    def hosts(self, count=3, sites=2, record=SCOPE, **options):
        self.etcd = self.start(etcd.Cluster(self))
        return fleet.start_hosts(self, self.etcd, count, sites=sites, record=record, **options)

    def shunt(self, host, *arguments, status=0, stderr=""):
        """Its standard output."""
        done = st.shunt(host, *arguments)
        seen = f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, status, seen)
        self.assertRegex(done.stderr, f"(?s)^{stderr}$", seen)
        return done.stdout

    def post(self, host, path, body, status=200):
        seen, answer, _ = host.request(f"/v1/records/{NAME}/{path}", "POST", body=json.dumps(body))
        self.assertEqual(seen, status, answer)
        return json.loads(answer)

    def orders(self):
        return self.etcd.keys(f"{fleet.PREFIX}/orders/")

    def record(self, host):
        """What the host says of the record of the fleet."""
        return host.fleet()["records"][0]


class Force(Orders):
    def test_force_and_auto(self):
        """force --fleet: every host follows, with who, why and until when; auto --fleet on another host ends it for all"""
        one, two, three = self.hosts()
        begin = time.monotonic()
        text = self.shunt(one, "force", "--fleet", "DB", "secondary", "--reason", "new\tdisks", "--for", "1h")
        self.note(f"force --fleet returned after {time.monotonic() - begin:.3f} s, when all followed")
        self.assertRegex(text, rf"^{NAME}: secondary for the fleet until 20\d\d-\S+Z: new\?disks\n3 of 3 hosts answer so\n$")
        for host in (one, two, three):
            self.assertEqual(host.active(NAME), "secondary")
            record = host.record(NAME)
            self.assertEqual((record["rule"], record["forced"]), ("ordered", False))
            self.assertRegex(record["fleet"]["order"]["by"], r"^\S+@host-0$")
            self.assertEqual((record["fleet"]["agreed"], record["fleet"]["disagree"]), ("primary", 0))
            self.assertRegex(record["reason"], r"^forced for the fleet to secondary by \S+@host-0 until 20\d\d-\S+Z: new\?disks$")
            self.assertEqual(host.resolve(NAME), [host.places["secondary"]])
        self.assertEqual(len(self.orders()), 1)
        text = self.shunt(two, "status", "--fleet")
        self.assertRegex(" ".join(text.split()), r"secondary by \S+@host-0 until \S+Z: new\?disks")
        self.assertIn("> FLEET", self.shunt(two, "explain", NAME))
        self.assertEqual(two.metric("shunt_fleet_order", record=NAME, endpoint="secondary"), 1)
        text = self.shunt(three, "auto", "--fleet", NAME)
        self.assertEqual(text, f"{NAME}: the votes of the fleet decide: primary\n3 of 3 hosts answer so\n")
        for host in (one, two, three):
            self.assertEqual(host.active(NAME), "primary")
            self.assertIsNone(host.record(NAME)["fleet"]["order"])
        # Once more: there is none, and that is no mistake.
        self.assertEqual(self.shunt(three, "auto", "--fleet", NAME), text)

    def test_own_override(self):
        """an override of a host's own is above the fleet's order: the command names the host, and ends with status 3"""
        one, two = self.hosts(2)
        self.shunt(two, "force", NAME, "primary")
        text = self.shunt(one, "force", "--fleet", NAME, "secondary", status=3,
                          stderr="shunt: host-1 at site-1 does not follow yet: it answers primary\n")  # fmt: skip
        self.assertEqual(text, f"{NAME}: secondary for the fleet\n1 of 2 hosts answer so\n")
        self.assertEqual((one.active(NAME), two.active(NAME)), ("secondary", "primary"))
        text = self.shunt(one, "status", "--fleet", status=1)
        self.assertRegex(text, rf"\nhost-1 +site-1 +\S+ +\d+s +{NAME}: answers primary\n")
        self.assertEqual(one.metric("shunt_fleet_disagreeing_hosts", record=NAME), 1)
        self.assertEqual(two.record(NAME)["rule"], "forced")
        self.shunt(two, "auto", NAME)
        fleet.wait_answer([one, two], "secondary")
        self.shunt(one, "status", "--fleet")

    def test_expiry(self):
        """an order with --for ends by itself, on all hosts; another takes the place of one"""
        hosts = self.hosts(2)
        # An order that may end before the command has looked whether all follow is given without the command.
        short = {"endpoint": "secondary", "fleet": True, "for": "2s"}
        self.shunt(hosts[0], "force", "--fleet", NAME, "secondary", "--for", "1h")
        self.post(hosts[0], "force", short)
        fleet.wait_answer(hosts, "primary")
        st.wait_until(lambda: not self.orders(), what="etcd to end the order")
        for host in hosts:
            st.wait_until(lambda host=host: host.record(NAME)["fleet"]["order"] is None, what="the order to end")
        self.post(hosts[0], "force", short)
        first = {f"{kv['lease']:016x}" for kv in self.etcd.range(f"{fleet.PREFIX}/orders/")}
        self.shunt(hosts[1], "force", "--fleet", NAME, "secondary", "--reason", "longer")
        st.wait_until(lambda: not first & set(self.etcd.leases()), what="the first one's end")
        self.assertEqual([host.active(NAME) for host in hosts], ["secondary"] * 2)
        self.assertEqual(self.record(hosts[0])["order"]["reason"], "longer")

    def test_refusals(self):
        """what is refused is one line, and no key is written"""
        (host,) = self.hosts(1, record=SCOPE)

        def no(text, number):
            return rf"shunt: the daemon at [^\n]* refused: {text} \(HTTP status {number}\)\n"

        host.fail("secondary")
        st.wait_until(lambda: self.record(host)["endpoints"][1]["health"] == "down", what="the vote")
        for arguments, expected in (
            (["force", "--fleet", NAME, "tertiary"], no(f'{NAME} has no endpoint "tertiary"; it has primary, secondary', 404)),
            (["force", "--fleet", NAME, "secondary"], no(r'secondary is down for 1 of 1 hosts of the fleet; "anyway" \(--anyway\) [^\n]*', 409)),
            (["force", "--fleet", NAME, "primary", "--for", "1s"], no("for: etcd keeps no time of less than 2s", 400)),
            (["drill", NAME, "primary", "--for", "2s", "--hosts", "0%"], no('hosts: "0%" is no live host of the fleet [^\n]*', 400)),
            (["drill", NAME, "primary", "--for", "2s", "--hosts", "host-0,nobody"], no('hosts: "nobody" is no live host of the fleet [^\n]*', 400)),
        ):
            with self.subTest(" ".join(arguments)):
                self.shunt(host, *arguments, status=4, stderr=expected)
        self.shunt(host, "drill", NAME, "primary", "--hosts", "10%", status=64, stderr="shunt: drill needs --hosts and --for[^\n]*\n")
        self.shunt(host, "status", "--fleet", "--follow", status=64, stderr="shunt: --follow shows this host alone[^\n]*\n")
        self.assertEqual(self.orders(), {})
        self.shunt(host, "force", "--fleet", NAME, "secondary", "--anyway")
        self.assertEqual(host.active(NAME), "secondary")

    def test_no_fleet(self):
        """without a fleet, or for a record of this host alone, an order for the fleet is refused in one line"""
        daemon = self.start(st.Daemon(self, f'records: ( {{ name = "{NAME}"; primary: {{ address = "192.0.2.1"; }}; }} );'))
        no = r"shunt: the daemon at [^\n]* refused: [^\n]*: this host is in no fleet; add fleet to its configuration \(HTTP status 409\)\n"
        self.shunt(daemon, "force", "--fleet", NAME, "primary", status=4, stderr=no)
        self.shunt(daemon, "auto", "--fleet", NAME, status=4, stderr=no)
        self.shunt(daemon, "status", "--fleet", status=4, stderr="shunt: this host is in no fleet; see fleet in shunt.conf[^\n]*\n")
        self.assertEqual(json.loads(self.shunt(daemon, "status", "--fleet", "--json", status=4))["state"], "off")
        self.assertIsNone(daemon.status()["fleet"])
        self.etcd = self.start(etcd.Cluster(self))
        host = self.start(fleet.Host(self, self.etcd, "host-0", "site-0", (self.address(), self.address())))
        host.wait_state("synced")
        self.shunt(host, "force", "--fleet", NAME, "primary", status=4, stderr=r"[^\n]* refused: [^\n]*: each host decides alone; [^\n]*\n")
        self.assertEqual(self.orders(), {})

    def test_no_right(self):
        """a host whose user may not write orders says so in one line; its votes go on"""
        ca = st.CA(self)
        self.etcd = self.start(etcd.Cluster(self, ca=ca))
        self.etcd.add_role("host", ("write", f"{fleet.PREFIX}/hosts/host-0"), ("read", f"{fleet.PREFIX}/"))
        self.etcd.add_user("db-0", "secret-0", "host")
        self.etcd.enable_auth()
        password = self.write("password", "secret-0\n")
        os.chmod(password, 0o600)
        settings = f'ca_file = "{ca.file}"; user = "db-0"; password_file = "{password}";'
        host = fleet.Host(self, self.etcd, "host-0", "site-0", (self.address(), self.address()), record=SCOPE, settings=settings)
        self.start(host)
        fleet.wait_joined([host])
        self.shunt(host, "force", "--fleet", NAME, "secondary", status=4,
                   stderr=r"shunt: the daemon at [^\n]* refused: etcd's user .db-0. may give no orders; grant it the role [^\n]* \(HTTP status 503\)\n")  # fmt: skip
        self.assertEqual(host.active(NAME), "primary")
        host.fail("primary")
        fleet.wait_answer([host], "secondary")


class Drill(Orders):
    def test_drill(self):
        """drill: a share of the hosts, spread over the sites, answers the standby, the others stay; a larger share has the same and more"""
        hosts = self.hosts(6, sites=2)
        text = self.shunt(hosts[0], "drill", NAME, "secondary", "--hosts", "34%", "--for", "1h", "--reason", "canary")
        self.assertRegex(text, rf"^{NAME}: secondary for the fleet until 20\d\d-\S+Z: canary\n(  host-\d at site-\d\n){{2}}2 of 2 hosts answer so\n$")
        few = re.findall(r"(?m)^  (\S+) at (\S+)$", text)
        self.assertEqual({site for _, site in few}, {"site-0", "site-1"})
        few = {name for name, _ in few}
        self.assertEqual({host.host for host in hosts if host.active(NAME) == "secondary"}, few)
        self.assertEqual({host.record(NAME)["fleet"]["disagree"] for host in hosts}, {0})
        self.assertEqual(self.record(hosts[5])["order"]["hosts"], sorted(few))
        self.assertIn("for 2 hosts: canary", " ".join(self.shunt(hosts[1], "status", "--fleet").split()))
        more = self.shunt(hosts[0], "drill", NAME, "secondary", "--hosts", "67%", "--for", "1h")
        more = set(re.findall(r"(?m)^  (\S+) at ", more))
        self.assertEqual(len(more), 4)
        self.assertLess(few, more)
        one = next(host for host in hosts if host.host not in more)
        text = self.shunt(hosts[0], "drill", NAME, "secondary", "--hosts", f"{one.host},{one.host}", "--for", "1h")
        self.assertIn("1 of 1 host answers so\n", text)
        self.shunt(hosts[0], "auto", "--fleet", NAME)
        fleet.wait_answer(hosts, "primary")

    def test_failover_meanwhile(self):
        """an order does not stop the votes: when the primary is lost the others fail over, and the drill's hosts stay"""
        hosts = self.hosts(3)
        self.shunt(hosts[0], "drill", NAME, "primary", "--hosts", "host-2", "--for", "1h")
        for host in hosts:
            host.fail("primary")
        fleet.wait_answer(hosts[:2], "secondary")
        self.assertEqual(hosts[2].active(NAME), "primary")
        self.shunt(hosts[1], "auto", "--fleet", NAME)
        fleet.wait_answer(hosts, "secondary")


class Told(Orders):
    def test_status(self):
        """status --fleet: hosts, sites, votes, who says otherwise and since when; lost and back; the page and metrics likewise"""
        hosts = self.hosts(3, settings='lease = "6s";')
        one = hosts[0]
        hosts[2].fail("primary")
        st.wait_until(lambda: self.record(one)["endpoints"][0]["down"] == 1, what="the vote")
        text = self.shunt(one, "status", "--fleet", "db.")
        self.assertRegex(text, rf"^In the fleet {fleet.PREFIX} for [^\n]*: 3 hosts at 2 sites\. This host is host-0 at site-0\.\n")
        self.assertRegex(text, rf"\n{NAME} +primary +3 +more than 50% +-\n")
        self.assertRegex(text, r"\n  \* primary +up +1 at 1 site +2 +0\n  - secondary +up +0 +3 +0\n")
        self.assertRegex(text, rf"\nhost-0 +site-0 +\S+ +- +-\nhost-1 +site-1 +\S+ +- +-\nhost-2 +site-0 +\S+ +\d+s +{NAME}: says primary is down\n")
        whole = json.loads(self.shunt(one, "status", "--fleet", "--json"))
        self.assertEqual(whole["state"], "synced")
        self.assertEqual(whole["records"][0]["hosts"]["host-2"]["dissents"], ["primary"])
        self.assertIn("an endpoint is down for all if more than 50%", " ".join(self.shunt(one, "explain", NAME).split()))
        metrics = one.metrics()
        for vote, count in (("up", 2), ("down", 1), ("unknown", 0)):
            self.assertEqual(one.metric("shunt_fleet_votes", record=NAME, endpoint="primary", vote=vote), count)
        self.assertEqual(metrics["shunt_fleet_hosts"], {(): 3})
        self.assertEqual(metrics["shunt_fleet_etcd_up"], {(): 1})
        self.assertEqual(one.status()["fleet"]["live"], 3)
        self.etcd.stop()
        for host in hosts:
            host.wait_state("lost")
        text = self.shunt(one, "status", "--fleet", status=2)
        self.assertRegex(text, rf"^Without the fleet {fleet.PREFIX} for [^\n]*\netcd: [^\n]+ What follows was known before\.\n")
        self.assertRegex(st.shunt(one, "status").stdout, r"\nThis host has no part in its fleet: etcd is lost since \S+Z: [^\n]+\.\n$")
        self.assertRegex(self.shunt(one, "explain", NAME), r"\n> HEALTH (?s:.*)\n  FLEET (?s:.*)this host decides alone")
        self.assertEqual(one.metric("shunt_fleet_etcd_up"), 0)
        refused = r"shunt: the daemon at [^\n]* refused: [^\n]+ \(HTTP status 503\)\n"
        self.shunt(one, "force", "--fleet", NAME, "secondary", status=4, stderr=refused)
        self.shunt(one, "auto", "--fleet", NAME, status=4, stderr=refused)
        self.etcd.start()
        for host in hosts:
            host.wait_state("synced")
        fleet.wait_joined(hosts)
        self.shunt(one, "status", "--fleet")

    def test_check(self):
        """shuntd -t says which host this one is, and what the fleet lacks"""
        for members, scope, hints in (
            ('"http://192.0.2.1:2379"', "", ["no record has a scope", "this one member", "with http"]),
            ('"https://192.0.2.1:2379", "https://192.0.2.2:2379"', 'scope = "quorum";', []),
            ('"http://127.0.0.1:2379"', 'scope = "quorum";', []),
        ):
            path = self.write("fleet.conf", f"""
                fleet: {{ etcd = [ {members} ]; prefix = "/shunt/x"; site = "fra-1"; host = "db-7"; }};
                records: ( {{ name = "{NAME}"; {scope} primary: {{ address = "192.0.2.1"; }}; }} );""")  # fmt: skip
            done = st.run([st.SHUNTD, "-t", "-c", path])
            self.assertEqual(done.returncode, 0, done.stderr)
            count = 1 if scope else 0
            self.assertEqual(done.stdout, f"{path}: good: 1 record\n{path}: fleet: host db-7 at fra-1, below /shunt/x; {count} of 1 records are the fleet's\n")
            lines = done.stderr.splitlines()
            self.assertEqual(len(lines), len(hints), done.stderr)
            for line, hint in zip(lines, hints):
                self.assertRegex(line, rf"^{re.escape(path)}: fleet[^\n]*hint: [^\n]*{hint}")


if __name__ == "__main__":
    st.main(jobs=2)
