#!/usr/bin/env python3
"""The network between this host and its endpoints: a lost link, a lost packet, and the loss of everything."""
import shunttest as st

NAME = "www.example.com"
PORT = 8080
PRIMARY, STANDBY = "192.0.2.2", "198.51.100.2"
CHECK = f'type = "http"; port = {PORT}; interval = "500ms"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "2s";'
CONFIG = f"""
    checks: {{ web: {{ {CHECK} }}; }};
    records: ( {{ name = "{NAME}"; primary: {{ address = "{PRIMARY}"; check = "web"; }};
                 secondary: {{ address = "{STANDBY}"; check = "web"; }}; }} );
"""


class TwoLinks(st.Case):
    """This host, the primary's and the standby's, each in a namespace; a link of its own to each."""

    def setUp(self):
        super().setUp()
        self.host, one, two = (self.start(st.NetNs()) for _ in range(3))
        self.to_primary = self.host.connect(one, "192.0.2.1/30", f"{PRIMARY}/30")
        self.to_standby = self.host.connect(two, "198.51.100.1/30", f"{STANDBY}/30")
        self.start(st.Nginx(self, "primary", PRIMARY, PORT, prefix=one.prefix))
        self.start(st.Nginx(self, "standby", STANDBY, PORT, prefix=two.prefix))
        self.daemon = self.start(st.Daemon(self, CONFIG, prefix=self.host.prefix))
        self.daemon.wait_active(NAME, "primary")
        st.wait_until(lambda: set(self.healths()) == {"up"}, what="both endpoints up")

    def healths(self):
        return [self.daemon.health(NAME, name) for name in ("primary", "secondary")]

    def error(self, name):
        return self.daemon.endpoint(NAME, name)["addresses"][0]["last_error"] or ""

    def last_probe(self, name):
        return self.daemon.endpoint(NAME, name)["addresses"][0]["last_probe"]

    def link(self, device, state):
        self.host.ip("link", "set", device, state)

    def test_lost_link(self):
        """the route to the primary is lost, the standby's is not: failover, and back when the link is"""
        self.link(self.to_primary, "down")
        self.daemon.wait_active(NAME, "secondary")
        self.assertIn("no route: network unreachable from here", self.error("primary"))
        self.assertEqual(self.daemon.resolve(NAME), [STANDBY])
        self.link(self.to_primary, "up")
        self.daemon.wait_active(NAME, "primary")

    def test_dropped_packets(self):
        """the primary's packets are dropped: timed out in connect, failover, and back"""
        self.host.nft(f"add table inet t; add chain inet t out {{ type filter hook output priority 0; }};"
                      f"add rule inet t out ip daddr {PRIMARY} drop")
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.error("primary"), "timed out in connect after 2s")
        self.host.nft("flush ruleset")
        self.daemon.wait_active(NAME, "primary")


if __name__ == "__main__":
    st.main()
