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

    def setUp(self):
        super().setUp()
        self.etcd = self.start(etcd.Cluster(self, members=self.members))
        self.hosts = {}
        self.servers = {}

    def server(self, host, endpoint):
        """The server that `host` takes for that endpoint, a TCP port of its own on one address."""
        return self.servers[host, endpoint]

    def config(self, host, record="", fleet="", site="fra-1", etcd_urls=None):
        ports = {end: self.servers[host, end].port for end in ("primary", "secondary")}
        check = '{{ type = "tcp"; port = {}; interval = "100ms"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "500ms"; }}'
        return (
            f'fleet = {{ etcd = [ {etcd_urls or self.etcd.setting()} ]; prefix = "{PREFIX}"; site = "{site}"; host = "{host}"; lease = "2s"; {fleet} }};\n'
            f'records: ( {{ name = "{NAME}"; scope = "quorum"; {record}\n'
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


if __name__ == "__main__":
    st.main()
