#!/usr/bin/env python3
"""A fleet when etcd fails in one of the ways that it has, each against the real one.

In each, hosts agree before and after; and while etcd is of no use, lookups are answered, probes go on, and
every host says what it lacks.
"""
import json
import os
import re
import shlex
import shutil
import signal

import etcd
import fleet
import shunttest as st

NAME = fleet.NAME
# All of three hosts must say so: one host's view is then never the fleet's.
ALL = 'scope = "unanimous";'


class Faults(st.Case):
    def cluster(self, members=1, **options):
        return self.start(etcd.Cluster(self, members=members, **options))

    def lookups(self, host):
        """A program that looks the name up all the time; see answered()."""
        return self.start(st.Looper(self, NAME, host))

    def answered(self, looper):
        """Asserts that it never got anything but one of the endpoints, and is going on."""
        looked = looper.report()["lookups"]
        st.wait_until(lambda: looper.report()["lookups"] > looked, what="lookups to go on")
        self.assertLessEqual(looper.answers(), set(self.places))

    def fleet(self, cluster, count=3, **options):
        hosts = fleet.start_hosts(self, cluster, count, **options)
        self.places = list(hosts[0].places.values())
        return hosts

    def agree(self, hosts, endpoint="secondary"):
        """The hosts agree upon the secondary: not as long as one of them sees the primary."""
        for host in hosts[1:]:
            host.fail("primary")
            st.wait_until(lambda host=host: hosts[0].votes()[host.host]["primary"] == "down", what=f"{host}'s vote")
        self.assertEqual({host.active(NAME) for host in hosts}, {"primary"})
        hosts[0].fail("primary")
        fleet.wait_answer(hosts, endpoint)


class Lost(Faults):
    def alone(self, host):
        """Asserts that this host decides alone: it fails over and back by what it sees itself."""
        host.wait_state("lost")
        host.fail("primary")
        host.wait_active(NAME, "secondary")
        host.mend("primary")
        host.wait_active(NAME, "primary")

    def test_paused(self):
        """etcd is stopped (SIGSTOP): it accepts and says nothing. Each host decides alone, and together again after it"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, record=ALL, settings='lease = "2s";')
        looper = self.lookups(hosts[0])
        hosts[0].fail("primary")
        st.wait_until(lambda: hosts[1].votes()["host-0"]["primary"] == "down", what="the vote")
        cluster.members[0].pause()
        hosts[0].wait_state("lost")
        hosts[0].wait_active(NAME, "secondary")
        self.assertTrue(hosts[0].fleet()["error"])
        self.alone(hosts[1])
        self.answered(looper)
        cluster.members[0].resume()
        for host in hosts:
            host.wait_state("synced")
        fleet.wait_answer(hosts, "primary")
        self.answered(looper)

    def test_hold(self):
        """with on_etcd_lost = "hold" the answer stays, over a restart of the daemon too; probes go on"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, count=1, record='scope = "quorum"; on_etcd_lost = "hold";', settings='lease = "2s";')
        host = hosts[0]
        host.fail("primary")
        host.wait_active(NAME, "secondary")
        cluster.members[0].pause()
        host.wait_state("lost")
        host.mend("primary")
        host.fail("secondary")
        st.wait_until(lambda: (host.health(NAME, "primary"), host.health(NAME, "secondary")) == ("up", "down"), what="probes")
        self.assertEqual(host.active(NAME), "secondary")
        st.Daemon.stop(host)
        st.Daemon.start(host)
        host.wait_state("lost")
        host.wait_settled()
        self.assertEqual(host.active(NAME), "secondary")
        cluster.members[0].resume()
        host.wait_active(NAME, "primary")

    def test_gone(self):
        """etcd ends, and begins again without what it had: each host decides alone, and writes its key anew"""
        cluster = self.cluster()
        member = cluster.members[0]
        hosts = self.fleet(cluster, record=ALL, settings='lease = "5s";')
        member.kill()
        self.alone(hosts[2])
        member.forget()
        member.start()
        fleet.wait_joined(hosts)
        self.agree(hosts)


class Members(Faults):
    def test_leader(self):
        """the leader changes, in good order and by its death, while hosts vote"""
        cluster = self.cluster(3)
        hosts = self.fleet(cluster, record=ALL)
        looper = self.lookups(hosts[0])
        cluster.move_leader()
        hosts[1].fail("primary")
        hosts[2].fail("primary")
        leader = cluster.leader()
        leader.kill()
        hosts[0].fail("primary")
        fleet.wait_answer(hosts, "secondary")
        leader.start()
        for host in hosts:
            host.mend("primary")
        fleet.wait_answer(hosts, "primary")
        self.answered(looper)

    def test_one_hangs(self):
        """the member that hosts talk to hangs: they go on with another, and nobody decides alone meanwhile"""
        cluster = self.cluster(3)
        hosts = self.fleet(cluster, record=ALL)
        hosts[0].fail("primary")
        st.wait_until(lambda: hosts[1].votes()["host-0"]["primary"] == "down", what="the vote")
        asked = hosts[0].fleet()["member"]
        member = next(member for member in cluster.members if member.url == asked)
        member.pause()
        st.wait_until(lambda: hosts[0].fleet()["member"] != asked, what="another member")
        st.wait_until(lambda: hosts[0].state() == "synced", what="its answer")
        self.assertEqual(hosts[0].active(NAME), "primary")
        for host in hosts[1:]:
            host.fail("primary")
        fleet.wait_answer(hosts, "secondary")
        member.resume()

    def test_cut_from_peers(self):
        """the member that a host talks to is cut off from the others, but not from the host: it turns to another"""
        lan = self.start(etcd.Lan(self))
        cluster = self.cluster(3, lan=lan)
        space = lan.join()
        (host,) = self.fleet(cluster, count=1, prefix=space.prefix)
        asked = host.fleet()["member"]
        cut = next(member for member in cluster.members if member.url == asked)
        lan.cut(cut.space, *(member.space for member in cluster.members if member is not cut))
        st.wait_until(lambda: host.fleet()["member"] != asked and host.state() == "synced", what="another member")
        for member in cluster.members:
            if member is not cut:
                st.wait_until(lambda member=member: member.ctl("get", host.key(), check=False).stdout, what="its key there")

    def test_silent_stream(self):
        """the stream of changes alone falls silent, as where a firewall has forgotten it: it is begun again within seconds"""
        lan = self.start(etcd.Lan(self))
        cluster = self.cluster(lan=lan)
        space = lan.join()
        (host,) = self.fleet(cluster, count=1, settings='lease = "20s";', prefix=space.prefix)
        # The one on which nothing was sent for longest: votes and the lease go over others.
        idle = {}
        for line in space.run("ss", "-tniHO", "state", "established").splitlines():
            port = line.split()[2].rpartition(":")[2]
            idle[port] = int((re.search(r"lastsnd:(\d+)", line) or (0, 0))[1])
        port = max(idle, key=idle.get)
        self.assertGreater(len(idle), 1)
        space.nft(f"add rule ip lan in tcp dport {port} drop; add rule ip lan out tcp sport {port} drop")
        fleet.put_order(cluster, "secondary")
        # TCP's own patience would be 20 s and more.
        self.note(f"{fleet.wait_answer([host], 'secondary', 15):.1f} s until it heard of an order")


class History(Faults):
    def test_compacted(self):
        """all history is compacted, again and again, while hosts join, vote, and come back"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, record=ALL, settings='lease = "5s";')
        for _ in range(3):
            cluster.put("/shunt/test/hosts/stranger", "no host")
            cluster.compact()
        hosts[2].kill()
        hosts[2].start()
        cluster.compact()
        fleet.wait_joined(hosts)
        self.agree(hosts)

    def test_defragmented(self):
        """the file of a member is written anew while hosts vote"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, record=ALL)
        for host in hosts:
            host.fail("primary")
            cluster.defragment()
        fleet.wait_answer(hosts, "secondary")

    def test_full(self):
        """etcd has no space left: who has something to say stays with the others, says why it cannot, and can later"""
        cluster = self.cluster(options=["--quota-backend-bytes", str(1 << 20)])
        hosts = self.fleet(cluster, record='scope = "quorum"; share = "34%";')
        number = 0
        while "space exceeded" not in cluster.members[0].ctl("put", f"/fill/{number}", "x" * 100000, check=False).stderr:
            number += 1
        for host in hosts:
            host.fail("primary")
            host.wait_log("etcd refuses its key .*space exceeded")
            self.assertEqual(host.state(), "synced")
            self.assertEqual(host.active(NAME), "primary")
        cluster.ctl("del", "--prefix", "/fill/")
        cluster.ctl("compact", str(cluster.revision()), "--physical")
        cluster.defragment()
        cluster.ctl("alarm", "disarm")
        fleet.wait_answer(hosts, "secondary")

    def test_missed(self):
        """a host is stopped (SIGSTOP) for longer than its lease, and all that happened meanwhile is compacted: it catches up"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, record='scope = "quorum"; share = "34%";', settings='lease = "2s";')
        hosts[2].pause()
        st.wait_until(lambda: hosts[2].key() not in cluster.keys(), what="its key to go with its lease")
        hosts[0].fail("primary")
        hosts[1].fail("primary")
        fleet.wait_answer(hosts[:2], "secondary")
        cluster.compact()
        hosts[2].resume()
        hosts[2].wait_active(NAME, "secondary")
        st.wait_until(lambda: hosts[2].key() in cluster.keys(), what="its key to be back")

    def test_lease_revoked(self):
        """a host's lease is revoked: its key is back at once, under another, with what it had"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, count=2, settings='lease = "10s";')
        before = cluster.range(hosts[0].key())[0]
        cluster.ctl("lease", "revoke", f"{before['lease']:x}")
        st.wait_until(lambda: cluster.range(hosts[0].key()), what="its key to be back")
        after = cluster.range(hosts[0].key())[0]
        self.assertNotEqual(after["lease"], before["lease"])
        fleet.wait_joined(hosts)

    def test_deleted(self):
        """somebody deletes a host's key: it is back"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, count=2)
        cluster.delete(hosts[0].key())
        st.wait_until(lambda: cluster.range(hosts[0].key()), what="its key to be back")
        fleet.wait_joined(hosts)

    def test_restored(self):
        """a backup is restored, with a lower revision: what came after it is forgotten, and all agree again"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, record=ALL)
        backup = cluster.snapshot(self.path("backup"))
        fleet.put_order(cluster, "secondary")
        fleet.wait_answer(hosts, "secondary")
        for number in range(20):
            cluster.put("/other", str(number))
        cluster.restore(backup)
        fleet.wait_answer(hosts, "primary")
        fleet.wait_joined(hosts)
        self.agree(hosts)

    def test_another_store(self):
        """etcd begins again without what it had, and is further than a host knows when that comes: it forgets what it knew"""
        cluster = self.cluster()
        member = cluster.members[0]
        (host,) = self.fleet(cluster, count=1, settings='lease = "2s";')
        cluster.put(f"{fleet.PREFIX}/hosts/ghost", json.dumps({**host.published(), "id": "0" * 32}))
        st.wait_until(lambda: "ghost" in host.votes(), what="the other host")
        host.signal(signal.SIGSTOP)
        member.kill()
        member.forget()
        member.start()
        for number in range(50):
            cluster.put("/other", str(number))
        host.signal(signal.SIGCONT)
        st.wait_until(lambda: cluster.range(host.key()), what="its key")
        st.wait_until(lambda: set(host.votes()) == {host.host}, what="the other host to be forgotten")

    def test_strangers(self):
        """keys that no host would write, below hosts/ and orders/, are ignored; the fleet goes on"""
        cluster = self.cluster()
        hosts = self.fleet(cluster, record=ALL)
        for number, value in enumerate(("", "{", "[]", '{"v":1}', '{"v":2,"id":"x"}', "\x01" * 100, "9" * 10000)):
            cluster.put(f"{fleet.PREFIX}/hosts/stranger-{number}", value)
            cluster.put(f"{fleet.PREFIX}/orders/{NAME if number else 'x.example.com'}", value)
        cluster.put(f"{fleet.PREFIX}/hosts/a/b", "{}")
        cluster.put(f"{fleet.PREFIX}/unknown", "{}")
        self.agree(hosts)
        self.assertEqual({one["name"] for one in hosts[0].fleet()["hosts"]}, {host.host for host in hosts})


class Clocks(Faults):
    def test_order_ends(self):
        """clocks that are a day early and late: an order is in force on all, and ends on all when etcd ends it"""
        cluster = self.cluster()
        hosts = []
        for day in (0, 1, -1):
            env = fleet.clock_off(self, day * 86400) if day else None
            hosts += self.fleet(cluster, count=1, name=f"day{day}", env=env)
        fleet.put_order(cluster, "secondary", seconds=600)
        fleet.wait_answer(hosts, "secondary")
        fleet.put_order(cluster, "secondary", seconds=2)
        key = f"{fleet.PREFIX}/orders/{NAME}"
        st.wait_until(lambda: key not in cluster.keys(), what="etcd to end the order")
        fleet.wait_answer(hosts, "primary")


class Rights(Faults):
    PASSWORD = "correct horse"

    def secured(self, ttl=None, **options):
        ca = st.CA(self)
        cluster = self.cluster(ca=ca, options=["--auth-token-ttl", str(ttl)] if ttl else [], **options)
        cluster.add_role("hosts", ("write", f"{fleet.PREFIX}/hosts/host-0"), ("read", f"{fleet.PREFIX}/"))
        cluster.add_user("hosts", self.PASSWORD, "hosts")
        cluster.enable_auth()
        return cluster

    def follow_document(self, cluster):
        """The commands of docs/fleet.md, for host-0 and the tests' prefix: those for each host, and those for who gives orders."""
        with open(os.path.join(st.ROOT, "docs", "fleet.md"), encoding="utf-8") as file:
            text = file.read().replace("db-7", "host-0").replace("/shunt/prod", fleet.PREFIX)
        each, orders = re.findall(r"(?m)(?:^    etcdctl .*\n)+", text)
        cluster.enable_auth()
        self.type(cluster, each.replace("user add host-0", f"user add 'host-0:{self.PASSWORD}'"))
        return orders

    @staticmethod
    def type(cluster, commands):
        for line in commands.splitlines():
            cluster.ctl(*shlex.split(line)[1:])

    def settings(self, cluster, password=PASSWORD, user="hosts"):
        path = self.write("password", password + "\n")
        os.chmod(path, 0o600)
        return f'lease = "10s"; ca_file = "{cluster.ca.file}"; user = "{user}"; password_file = "{path}";'

    def one(self, cluster, settings, name="host-0"):
        places = self.address(), self.address()
        return self.start(fleet.Host(self, cluster, name, "site-0", places, record='scope = "quorum";', settings=settings))

    def refused(self, host, pattern):
        """Asserts that the host says why etcd is of no use to it, and decides alone."""
        st.wait_until(lambda: re.search(pattern, host.fleet()["error"] or ""), what=f"an error like {pattern}")
        host.wait_settled()
        host.fail("primary")
        host.wait_active(NAME, "secondary")
        self.assertNotIn(self.PASSWORD, host.log())

    def test_wrong_password(self):
        """a wrong password: it says so, decides alone, and joins once the password is right"""
        cluster = self.secured()
        host = self.one(cluster, self.settings(cluster, password="wrong"))
        self.refused(host, "(?i)password|authentication failed")
        cluster.ctl("user", "passwd", "hosts", "--interactive=false", input="wrong\n", stdin=None)
        host.wait_state("synced")

    def test_token_ends(self):
        """tokens end after 2 s: it logs in again, and keeps its vote"""
        cluster = self.secured(ttl=2)
        host = self.one(cluster, self.settings(cluster))
        host.wait_state("synced")
        # A token lives on while it is used. The host has used its own for the last time; this one comes later.
        gateway = cluster.members[0].gateway()
        gateway.login("hosts", self.PASSWORD)
        ask = {"key": etcd.to64(f"{fleet.PREFIX}/")}
        st.wait_until(lambda: gateway.call("kv/range", ask)[0] == 401, what="tokens to end", pause=3)
        host.fail("primary")
        st.wait_until(lambda: host.votes()["host-0"]["primary"] == "down", what="its vote")
        host.wait_active(NAME, "secondary")

    def test_restarted(self):
        """etcd is started again and knows no token any more: the host logs in again"""
        cluster = self.secured()
        host = self.one(cluster, self.settings(cluster))
        host.wait_state("synced")
        cluster.members[0].kill()
        cluster.members[0].start()
        host.fail("primary")
        st.wait_until(lambda: host.votes()["host-0"]["primary"] == "down", what="its vote")

    def test_no_permission(self):
        """a user who may not write the host's key: it says so, has no vote, and follows those that have one"""
        cluster = self.secured()
        settings = self.settings(cluster)
        hosts = [self.one(cluster, settings, name=name) for name in ("host-0", "host-1")]
        st.wait_until(lambda: "permission denied" in (hosts[1].fleet()["error"] or ""), what="an error")
        for host in hosts:
            host.wait_state("synced")
            st.wait_until(lambda host=host: list(host.votes()) == ["host-0"], what="the one vote")
        hosts[1].fail("primary")
        st.wait_until(lambda: hosts[1].health(NAME, "primary") == "down", what="its own verdict")
        hosts[0].fail("secondary")
        st.wait_until(lambda: hosts[1].votes()["host-0"]["secondary"] == "down", what="the vote of the other")
        self.assertEqual({host.active(NAME) for host in hosts}, {"primary"})
        cluster.ctl("role", "grant-permission", "hosts", "write", f"{fleet.PREFIX}/hosts/host-1")
        st.wait_until(lambda: sorted(hosts[0].votes()) == ["host-0", "host-1"], what="both votes")

    def test_nobody_votes(self):
        """no host may write its key: each decides alone, as if etcd were lost"""
        cluster = self.secured()
        host = self.one(cluster, self.settings(cluster), name="host-1")
        self.refused(host, "permission denied")
        self.assertEqual((host.state(), host.votes()), ("synced", {}))

    def test_documented(self):
        """the rights that docs/fleet.md gives: a host votes, and may not give orders; then it may"""
        cluster = self.cluster(ca=st.CA(self))
        orders = self.follow_document(cluster)
        host = self.one(cluster, self.settings(cluster, user="host-0"))
        st.wait_until(lambda: list(host.votes()) == ["host-0"], what="its vote")
        force = ("force", NAME, "secondary", "--fleet")
        refused = st.shunt(host, *force)
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(refused.stderr, r"\A[^\n]*may give no orders[^\n]*\n\Z")
        self.assertEqual(cluster.keys(f"{fleet.PREFIX}/orders/"), {})
        self.type(cluster, orders)
        given = st.shunt(host, *force)
        self.assertEqual(given.returncode, 0, given.stderr)
        host.wait_active(NAME, "secondary")

    def test_certificate_ends(self):
        """a member's certificate has expired: it says so, decides alone, and joins once there is a new one"""
        cluster = self.secured()
        member = cluster.members[0]
        good = [self.path("good.pem"), self.path("good.key")]
        expired = cluster.ca.issue(member.address, expired=True)
        for now, kept, bad in zip(member.certificate, good, expired):
            shutil.copy(now, kept)
            shutil.copy(bad, now)
        host = self.one(cluster, self.settings(cluster))
        self.refused(host, "(?i)certificate has expired")
        for now, kept in zip(member.certificate, good):
            shutil.copy(kept, now)
        host.wait_state("synced")

    def test_wrong_ca(self):
        """a member's certificate is of a CA that is not ours: it says so, and nothing is sent to it"""
        cluster = self.secured()
        settings = self.settings(cluster).replace(cluster.ca.file, st.CA(self).file)
        self.refused(self.one(cluster, settings), "(?i)certificate")


if __name__ == "__main__":
    st.main(jobs=2)
