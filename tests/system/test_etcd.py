#!/usr/bin/env python3
"""What shunt relies on of etcd and of its HTTP gateway, with the clusters that the other tests use."""
import etcd
import shunttest as st


class Alone(st.Case):
    def setUp(self):
        super().setUp()
        self.etcd = self.start(etcd.Cluster(self))
        self.member = self.etcd.members[0]
        self.gateway = self.member.gateway()

    def test_lease(self):
        """a lease of less than 2 s becomes one of 2 s; keepalive of one that is gone gives no TTL, or 0"""
        status, granted = self.gateway.call("lease/grant", {"TTL": "1"})
        self.assertEqual((status, granted["TTL"]), (200, "2"))
        status, alive = self.gateway.call("lease/keepalive", {"ID": granted["ID"]})
        self.assertEqual((status, alive["result"]["TTL"]), (200, "2"))
        self.gateway.call("lease/revoke", {"ID": granted["ID"]})
        status, gone = self.gateway.call("lease/keepalive", {"ID": granted["ID"]})
        self.assertEqual((status, gone["result"].get("TTL", "0")), (200, "0"))

    def test_health(self):
        """/health answers to GET, and HEAD is an error on a healthy server"""
        url = f"{self.member.url}/health"
        self.assertRegex(st.run(["curl", "-s", url]).stdout, r'"health":"true"')
        self.assertEqual(st.run(["curl", "-sI", "-o", "/dev/null", "-w", "%{http_code}", url]).stdout, "405")

    def test_compacted(self):
        """a watch from a revision that was compacted is cancelled, and says from where on there is history"""
        for number in range(5):
            self.etcd.put("/a", str(number))
        self.etcd.compact()
        last = None
        for last in self.gateway.watch("/a", revision=2):
            if last["result"].get("canceled"):
                break
        self.assertEqual(last["result"]["compact_revision"], str(self.etcd.revision()))

    def test_restored(self):
        """a cluster that was restored from a snapshot has another id, a lower revision, and the old keys"""
        self.etcd.put("/a", "early")
        path = self.etcd.snapshot(self.path("snapshot"))
        self.etcd.put("/a", "late")
        before = self.gateway.call("kv/range", {"key": etcd.to64("/a")})[1]["header"]
        self.etcd.restore(path)
        after = self.gateway.call("kv/range", {"key": etcd.to64("/a")})[1]["header"]
        self.assertEqual(self.etcd.keys("/"), {"/a": "early"})
        self.assertNotEqual(before["cluster_id"], after["cluster_id"])
        self.assertLess(int(after["revision"]), int(before["revision"]))

    def test_hangs(self):
        """a member that is paused accepts connections and says nothing; resumed, it goes on"""
        self.member.pause()
        self.assertTrue(st.can_connect(self.member.address, self.member.port))
        with self.assertRaises(TimeoutError):
            self.gateway.call("kv/range", {"key": etcd.to64("/a")}, timeout=0.5)
        self.member.resume()
        self.assertEqual(self.gateway.call("kv/range", {"key": etcd.to64("/a")})[0], 200)

    def test_again(self):
        """a member that was killed has its keys when it is started again, and the lease's time begins anew"""
        self.etcd.put("/a", "kept")
        self.member.kill()
        self.member.start()
        self.assertEqual(self.etcd.keys("/"), {"/a": "kept"})


class Rights(st.Case):
    def test_rights(self):
        """a user may do what its role says, over TLS with an own CA; a wrong password and no right are told apart"""
        cluster = self.start(etcd.Cluster(self, ca=st.CA(self)))
        cluster.add_role("one", ("write", "/fleet/hosts/one"), ("read", "/fleet/"))
        cluster.add_user("one", "secret", "one")
        cluster.enable_auth()
        gateway = cluster.members[0].gateway()
        status, answer = gateway.call("auth/authenticate", {"name": "one", "password": "wrong"})
        self.assertEqual((status, "authentication failed" in answer["message"]), (400, True))
        gateway.login("one", "secret")
        self.assertEqual(gateway.call("kv/put", {"key": etcd.to64("/fleet/hosts/one"), "value": ""})[0], 200)
        status, answer = gateway.call("kv/put", {"key": etcd.to64("/fleet/hosts/two"), "value": ""})
        self.assertEqual((status, answer["message"]), (403, "etcdserver: permission denied"))
        end = etcd.to64(etcd.prefix_end("/fleet/"))
        self.assertEqual(gateway.call("kv/range", {"key": etcd.to64("/fleet/"), "range_end": end})[1]["count"], "1")

    def test_token(self):
        """a token ends when it is not used; a watch that is refused for that says created and canceled, and stays open"""
        cluster = self.start(etcd.Cluster(self, options=["--auth-token-ttl", "1"]))
        cluster.add_role("one", ("readwrite", "/fleet/"))
        cluster.add_user("one", "secret", "one")
        cluster.enable_auth()
        gateway = cluster.members[0].gateway()
        gateway.login("one", "secret")
        key = {"key": etcd.to64("/fleet/a")}
        granted = gateway.call("lease/grant", {"TTL": "60"})[1]
        st.wait_until(lambda: gateway.call("kv/range", key)[0] == 401, what="the token to end", pause=2)
        self.assertEqual(gateway.call("kv/range", key)[1]["message"], "etcdserver: invalid auth token")
        refused = next(gateway.watch("/fleet/"))["result"]
        self.assertEqual((refused["created"], refused["canceled"], refused["watch_id"]), (True, True, "-1"))
        self.assertIn("invalid auth token", refused["cancel_reason"])
        alive = gateway.call("lease/keepalive", {"ID": granted["ID"]})[1]  # without a token that holds: up to 3.5.16
        if "error" in alive:
            self.assertEqual(alive["error"]["message"], "etcdserver: invalid auth token")
        else:
            self.assertEqual(alive["result"]["TTL"], "60")
        # A login with a token that has ended: 3.4 refuses it.
        self.assertIn(gateway.call("auth/authenticate", {"name": "one", "password": "secret"})[0], (200, 401))
        gateway.login("one", "secret")
        self.assertEqual(gateway.call("kv/range", key)[0], 200)


class Three(st.Case):
    def test_leader(self):
        """three on loopback addresses: the leader is killed, another leads, the killed one comes back with what it missed"""
        cluster = self.start(etcd.Cluster(self, members=3))
        first = cluster.leader()
        first.kill()
        self.assertIsNot(cluster.leader(), first)
        cluster.put("/a", "without it")
        first.start()
        self.assertEqual(first.ctl("get", "/a", "--print-value-only").stdout, "without it\n")
        moved = cluster.move_leader()
        self.assertIs(cluster.leader(), moved)

    def test_cut(self):
        """three in namespaces: one cut from its peers still serves its clients' watches, but for the header `hasleader`"""
        lan = self.start(etcd.Lan(self))
        cluster = self.start(etcd.Cluster(self, members=3, lan=lan))
        cut = cluster.followers()[0]
        deaf = cut.gateway().watch("/a", revision=1)
        heard = cut.gateway().watch("/a", revision=1, **{"Grpc-Metadata-hasleader": "true"})
        for watch in (deaf, heard):
            self.assertTrue(next(watch)["result"]["created"])
        lan.isolate(cut.space)
        ends = list(heard)
        self.assertIn("no leader", ends[-1]["error"]["message"])
        cluster.leader(among=[member for member in cluster.members if member is not cut])
        lan.heal()
        cluster.wait_healthy(cut)
        cluster.put("/a", "after")
        self.assertEqual(etcd.from64(next(deaf)["result"]["events"][0]["kv"]["value"]), "after")


if __name__ == "__main__":
    st.main(jobs=2)
