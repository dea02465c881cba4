#!/usr/bin/env python3
"""Whose fault silence is: this host's, cut off from everything, or an endpoint's. Answers hold, or leave a dead primary at once."""
import contextlib
import time

import shunttest as st

NAME = "www.example.com"
PORT = 8080
PRIMARY, STANDBY, OWN = "192.0.2.2", "198.51.100.2", "192.0.2.1"
CHECK = f'type = "tcp"; port = {PORT}; interval = "500ms"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "500ms";'
SLOW = f'type = "tcp"; port = {PORT}; interval = "1h"; fast_interval = "1h"; timeout = "2s";'


def record(name, primary, standby=None, check=CHECK, standby_check=None):
    second = f'secondary: {{ address = "{standby}"; check = {{ {standby_check or check} }}; }};' if standby else ""
    return f'{{ name = "{name}"; primary: {{ address = "{primary}"; check = {{ {check} }}; }}; {second} }}'


def records(*all_of_them):
    return f'records: ( {", ".join(all_of_them)} );'


class Network(st.Case):
    """This host, the primary's and the standby's, each in a namespace; a link of its own to each."""

    config = records(record(NAME, PRIMARY, STANDBY))

    def setUp(self):
        super().setUp()
        self.host, self.one, self.two = (self.start(st.NetNs()) for _ in range(3))
        self.links = [
            self.host.connect(self.one, f"{OWN}/30", f"{PRIMARY}/30"),
            self.host.connect(self.two, "198.51.100.1/30", f"{STANDBY}/30"),
        ]
        self.primary = self.serve("primary", PRIMARY, self.one)
        self.standby = self.serve("standby", STANDBY, self.two)

    def serve(self, name, address, space):
        server = self.start(st.Nginx(self, name, address, PORT, prefix=space.prefix))
        with space.inside():
            st.wait_until(lambda: st.can_connect(address, PORT), what=f"{name} to listen")
        return server

    def watch(self, config=None, healths=("up", "up")):
        self.daemon = self.start(st.Daemon(self, config or self.config, prefix=self.host.prefix))
        st.wait_until(lambda: self.healths() == list(healths), what=f"the endpoints to be {healths}")
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")
        self.daemon.wait_active(NAME, "primary")
        self.begun = len(self.daemon.log())

    def healths(self, name=NAME):
        return [endpoint["health"] for endpoint in self.daemon.record(name)["endpoints"]]

    @contextlib.contextmanager
    def at_once(self):
        """What is done to the links one after another happens to all of them in one moment, as the daemon sees it."""
        self.drop(PRIMARY, STANDBY)
        yield
        self.drop()

    def link(self, state):
        with self.at_once():
            for device in self.links:
                self.host.ip("link", "set", device, state)

    def drop(self, *addresses):
        """Packets to these get lost; none: all go through."""
        rules = "".join(f"add rule inet t out ip daddr {address} drop;" for address in addresses)
        self.host.nft("add table inet t; add chain inet t out { type filter hook output priority 0; }; flush chain inet t out;" + rules)

    def isolated(self):
        return self.daemon.status()["isolated"]

    def wait_isolated(self, wanted=True):
        st.wait_until(lambda: self.isolated() == wanted, what="isolation" if wanted else "its end")

    def wait_all_well(self):
        st.wait_until(
            lambda: not any(
                address["last_error"]
                for one in self.daemon.status()["records"]
                for endpoint in one["endpoints"]
                for address in endpoint["addresses"]
            ),
            what="every probe to pass again",
        )

    def since_then(self):
        """The log since all was well at the start."""
        return self.daemon.log()[self.begun :]

    def assert_no_transition(self):
        self.assertNotIn(" -> ", self.since_then())


class CutOff(Network):
    def hold_and_come_back(self, cut, restore):
        self.watch()
        looper = self.start(st.Looper(self, NAME, self.daemon))
        cut()
        self.wait_isolated()
        self.assertIn("isolated: nothing beyond this host answers", self.since_then())
        self.assertIn("this host is isolated", self.daemon.record(NAME)["reason"])
        shown = self.daemon.client([st.SHUNT, "status"])
        self.assertIn("This host is isolated", shown.stdout)
        self.assertEqual(shown.returncode, 0, shown.stdout)
        # More than enough failures for `fall`, if they counted: one a second is asked for at least.
        seen = set()
        probed = lambda: self.daemon.endpoint(NAME, "primary")["addresses"][0]["last_probe"]
        st.wait_until(lambda: seen.add(probed()) or len(seen) > 3, what="three more seconds of probes")
        self.assertEqual(self.healths(), ["up", "up"])
        self.assertEqual(self.daemon.active(NAME), "primary")
        self.assert_doubted()
        restore()
        self.wait_isolated(False)
        self.wait_all_well()
        self.assertIn("no longer isolated", self.since_then())
        self.assert_no_transition()
        self.assertEqual(looper.answers(), {PRIMARY})
        self.assertNotIn("isolated", self.daemon.record(NAME)["reason"])

    def assert_doubted(self):
        """That nothing has counted for three intervals is to be seen: at each address, in explain, in the metrics."""
        doubted = lambda: self.daemon.endpoint(NAME, "primary")["addresses"][0]["no_verdict_side"]
        # Where the daemon itself was late meanwhile, it says that the fault is this host's, until the next probe.
        st.wait_until(lambda: doubted() == "unknown", what="doubt")
        self.assertTrue(self.daemon.endpoint(NAME, "primary")["addresses"][0]["no_verdict_since"])
        self.assertIn("no verdict since", self.daemon.client([st.SHUNT, "status"]).stdout)
        explain = [st.SHUNT, "explain", NAME]
        st.wait_until(lambda: ", of unknown cause" in self.daemon.client(explain).stdout, what="doubt in words")
        count = lambda: self.daemon.metric("shunt_endpoint_no_verdict", record=NAME, endpoint="primary", side="unknown")
        st.wait_until(lambda: count() == 1, what="doubt in numbers")

    def test_all_links_down(self):
        """all links down: answers hold at a real client, an event and the status say why; back again without a transition"""
        self.hold_and_come_back(lambda: self.link("down"), lambda: self.link("up"))

    def test_everything_dropped(self):
        """all packets dropped: the same"""
        self.hold_and_come_back(lambda: self.drop(PRIMARY, STANDBY), self.drop)

    def test_addresses_lost(self):
        """all links down and their addresses gone, as where they are leased: the same"""

        def cut():
            with self.at_once():
                for device in self.links:
                    self.host.ip("address", "flush", "dev", device)

        def restore():
            for device, address in zip(self.links, (OWN, "198.51.100.1")):
                self.host.ip("address", "add", f"{address}/30", "dev", device)

        self.hold_and_come_back(cut, restore)

    def test_really_dead_afterwards(self):
        """what died while this host was cut off falls after its end, by failures of its own"""
        self.watch()
        self.link("down")
        self.wait_isolated()
        self.primary.kill()
        self.assertEqual(self.healths(), ["up", "up"])
        self.link("up")
        self.daemon.wait_active(NAME, "secondary")
        self.assertFalse(self.isolated())
        self.assertEqual(self.daemon.resolve(NAME), [STANDBY])

    def test_at_the_start(self):
        """a daemon that starts cut off knows nothing: the primary answers, and nothing moves until something answers"""
        self.link("down")
        self.daemon = self.start(st.Daemon(self, self.config, prefix=self.host.prefix))
        self.wait_isolated()
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")
        self.assertEqual(self.healths(), ["unknown", "unknown"])
        self.assertEqual(self.daemon.resolve(NAME), [PRIMARY])
        self.link("up")
        st.wait_until(lambda: self.healths() == ["up", "up"], what="both up")
        self.assertNotIn("secondary: ", self.daemon.log().replace("secondary 198", ""))

    def test_own_address(self):
        """an address of this host proves nothing, but it passes: the record moves there, and the one that is lost holds"""
        own = self.serve("own", OWN, self.host)
        self.watch(records(record(NAME, PRIMARY, OWN), record("two.example.com", STANDBY)))
        self.assertTrue(own.running)
        self.drop(PRIMARY, STANDBY)
        self.wait_isolated()
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.daemon.resolve(NAME), [OWN])
        self.assertTrue(self.daemon.record("two.example.com")["holds"])
        self.assertFalse(self.daemon.record(NAME)["holds"])
        self.drop()
        self.wait_isolated(False)
        self.daemon.wait_active(NAME, "primary")
        self.wait_all_well()
        self.assertNotRegex(self.since_then(), r"two\.example\.com: [^\n]* -> ")

    def test_failback_waits(self):
        """a failback that is due meanwhile waits for the end"""
        pair = record(NAME, PRIMARY, STANDBY)
        self.watch(records(pair[:-1] + 'failback_delay = "8s"; }'))
        self.primary.kill()
        self.daemon.wait_active(NAME, "secondary")
        self.primary.start()
        st.wait_until(lambda: self.healths() == ["up", "up"], what="the primary up again")
        self.drop(PRIMARY, STANDBY)
        self.wait_isolated()
        since = self.daemon.status()["records"][0]["since"]
        due = time.monotonic() + 9
        st.wait_until(lambda: time.monotonic() > due, what="the time of the failback")
        self.assertTrue(self.isolated())
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.assertEqual(self.daemon.record(NAME)["since"], since)
        self.drop()
        self.daemon.wait_active(NAME, "primary")

    def test_reload_with_nothing_to_compare(self):
        """a reload that leaves one address ends it: nothing could be told any more"""
        self.watch()
        self.link("down")
        self.wait_isolated()
        self.daemon.reload(records(record(NAME, PRIMARY, "127.0.0.1")))
        self.daemon.wait_log("no longer isolated: too few addresses")
        st.wait_until(lambda: self.healths()[0] == "down", what="the primary to fall")


UNCHECKED = "203.0.113.9"


class LostSite(Network):
    """Two names, primaries at one remote site, which is lost as a whole: they move to what counts as healthy, as in Route 53."""

    NAMES = [NAME, "two.example.com"]

    def pair(self, secondary, more=""):
        primaries = (PRIMARY, STANDBY)
        return "records: ( " + ", ".join(
            f'{{ name = "{name}"; {more} primary: {{ address = "{primary}"; check = {{ {CHECK} }}; }}; secondary: {{ {secondary} }}; }}'
            for name, primary in zip(self.NAMES, primaries)
        ) + " );"

    def lose_and_come_back(self, secondary, answer, healths=("up", "up")):
        self.watch(self.pair(secondary), healths=healths)
        self.drop(PRIMARY, STANDBY)
        for name in self.NAMES:
            self.daemon.wait_active(name, "secondary")
            self.assertEqual(self.daemon.resolve(name), [answer])
            words = "primary does not answer, or this host is cut off: timed out"
            # A probe that was late says so first, until the next one.
            st.wait_until(lambda: words in self.daemon.record(name)["reason"], what=f"{name}'s reason")
            self.assertEqual(self.healths(name), ["down", "up"])
        self.drop()
        for name in self.NAMES:
            self.daemon.wait_active(name, "primary")
        self.wait_isolated(False)

    def test_unchecked_standby(self):
        """standbys without a check: both names move, and come back"""
        self.lose_and_come_back(f'address = "{UNCHECKED}";', UNCHECKED)

    def test_local_standby(self):
        """a checked standby on this host, passing: the same"""
        self.serve("local", "127.0.0.1", self.host)
        self.lose_and_come_back(f'address = "127.0.0.1"; check = {{ {CHECK} }};', "127.0.0.1")

    def test_calculated(self):
        """primaries whose checks are calculated: the same"""
        self.config = self.pair(f'address = "{UNCHECKED}";').replace(
            f"check = {{ {CHECK} }};", 'check = "all";'
        )
        self.config = f'checks: {{ one: {{ {CHECK} }}; all: {{ type = "calculated"; of = [ "one" ]; }}; }}; ' + self.config
        self.watch(self.config)
        self.drop(PRIMARY, STANDBY)
        for name in self.NAMES:
            self.daemon.wait_active(name, "secondary")

    def test_at_the_start(self):
        """a daemon that starts while the site is lost: the standby without a check answers"""
        self.drop(PRIMARY, STANDBY)
        self.daemon = self.start(st.Daemon(self, self.pair(f'address = "{UNCHECKED}";'), prefix=self.host.prefix))
        for name in self.NAMES:
            self.daemon.wait_active(name, "secondary")
        self.drop()
        for name in self.NAMES:
            self.daemon.wait_active(name, "primary")

    def test_checked_standby_is_lost_too(self):
        """a standby that is checked and as silent: the answers hold"""
        self.watch(self.pair(f'address = "{STANDBY}"; check = {{ {CHECK} }};'))
        self.drop(PRIMARY, STANDBY)
        self.wait_isolated()
        self.assertTrue(self.daemon.record(NAME)["holds"])
        self.assertEqual(self.daemon.active(NAME), "primary")

    def test_off_in_the_record(self):
        """isolation = "off" in one record: it falls with its endpoints, and the other holds"""
        config = self.pair(f'address = "{STANDBY}"; check = {{ {CHECK} }};').replace(
            f'name = "{NAME}";', f'name = "{NAME}"; isolation = "off"; all_down = "fail";'
        )
        self.watch(config)
        self.drop(PRIMARY, STANDBY)
        st.wait_until(lambda: self.daemon.active(NAME) is None, what="lookups to fail")
        self.assertEqual(self.healths(), ["down", "down"])
        self.wait_isolated()
        self.assertEqual(self.daemon.active(self.NAMES[1]), "primary")
        self.drop()
        self.daemon.wait_active(NAME, "primary")

    def test_off_in_the_file(self):
        """isolation = "off" in the file: what does not answer is down, and this host is never isolated"""
        self.watch('isolation = "off"; ' + self.pair(f'address = "{STANDBY}"; check = {{ {CHECK} }};', more='all_down = "fail";'))
        self.drop(PRIMARY, STANDBY)
        for name in self.NAMES:
            st.wait_until(lambda: self.daemon.active(name) is None, what="lookups to fail")
        self.assertNotIn("isolated", self.since_then())

    def test_switched_off_meanwhile(self):
        """a reload that switches it off ends an isolation"""
        config = self.pair(f'address = "{STANDBY}"; check = {{ {CHECK} }};', more='all_down = "fail";')
        self.watch(config)
        self.drop(PRIMARY, STANDBY)
        self.wait_isolated()
        self.daemon.reload('isolation = "off"; ' + config)
        self.daemon.wait_log("no longer isolated: isolation is off")
        for name in self.NAMES:
            st.wait_until(lambda: self.daemon.active(name) is None, what="lookups to fail")


FAR = "203.0.113.2"
SERVER = "203.0.113.10"


class Proofs(Network):
    """What shows that the silence of every endpoint is not this host's fault, and what does not."""

    FAIL = 'all_down = "fail";'

    def config_with(self, standby, more=""):
        pair = record(NAME, PRIMARY, standby)
        return more + records(pair[:-1] + self.FAIL + " }")

    def assert_falls(self):
        """Both endpoints go down for what their probes and the proof say, and this host was never taken for isolated."""
        st.wait_until(lambda: self.daemon.active(NAME) is None, what="lookups to fail, since both are down")
        self.assertEqual(self.healths(), ["down", "down"])
        self.assertNotIn("isolated", self.since_then())

    def assert_holds(self, error):
        self.wait_isolated()
        self.assertEqual(self.healths(), ["up", "up"])
        self.assertEqual(self.daemon.active(NAME), "primary")
        said = lambda: self.daemon.endpoint(NAME, "primary")["addresses"][0]["last_error"]
        st.wait_until(lambda: said() == error, what=f"{error!r}, of a probe that was not late")

    def named(self, dns, space):
        """Its standby is a name, which is not due to be asked again for minutes."""
        server = self.start(st.Dns(self, dns, port=5353, hosts={"standby.test": [STANDBY]}, ttl=300, prefix=space.prefix))
        config = self.config_with("standby.test", f'resolvers = [ "{server.resolver}" ];')
        self.watch(config)
        return server

    def test_dns_answer(self):
        """a DNS server beyond this host answers, no endpoint does: it is asked for proof, and all of them fall"""
        space = self.start(st.NetNs())
        self.host.connect(space, "203.0.113.9/30", f"{SERVER}/30")
        self.named(SERVER, space)
        self.drop(PRIMARY, STANDBY)
        self.assert_falls()

    def test_dns_ends_it(self):
        """the DNS server comes back before any endpoint: the isolation ends, and then all of them fall"""
        space = self.start(st.NetNs())
        self.host.connect(space, "203.0.113.9/30", f"{SERVER}/30")
        self.named(SERVER, space)
        self.drop(PRIMARY, STANDBY, SERVER)
        self.assert_holds("timed out in connect after 500ms")
        self.drop(PRIMARY, STANDBY)
        self.daemon.wait_log("no longer isolated: a DNS server answers")
        st.wait_until(lambda: self.daemon.active(NAME) is None, what="lookups to fail, since both are down")

    def test_dns_answer_from_here(self):
        """a DNS server on this host, not on loopback, proves nothing"""
        server = self.named(OWN, self.host)
        asked = server.log().count("query[")
        self.drop(PRIMARY, STANDBY)
        self.assert_holds("timed out in connect after 500ms")
        st.wait_until(lambda: server.log().count("query[") > asked, what="the server to be asked for proof")
        self.assertTrue(self.isolated())

    def behind_a_router(self):
        """FAR stands behind the standby's host, which forwards."""
        far = self.start(st.NetNs())
        self.two.connect(far, "203.0.113.1/30", f"{FAR}/30")
        self.two.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
        far.ip("route", "add", "default", "via", "203.0.113.1")
        self.host.ip("route", "add", "203.0.113.0/30", "via", STANDBY)
        self.serve("far", FAR, far)
        self.watch(self.config_with(FAR))

    def test_icmp_of_a_router(self):
        """a router says that one endpoint is unreachable, the other is silent: both fall"""
        self.behind_a_router()
        self.two.nft(
            "add table inet t; add chain inet t f { type filter hook forward priority 0; };"
            f"add rule inet t f ip daddr {FAR} reject with icmp type host-unreachable;"
        )
        self.drop(PRIMARY)
        self.assert_falls()
        self.assertEqual(self.daemon.endpoint(NAME, "secondary")["addresses"][0]["last_error"], "no route: host unreachable")

    def test_router_ends_it(self):
        """a router's word ends an isolation, and the event says so"""
        self.behind_a_router()
        self.drop(PRIMARY, FAR)
        self.assert_holds("timed out in connect after 500ms")
        self.two.nft(
            "add table inet t; add chain inet t f { type filter hook forward priority 0; };"
            f"add rule inet t f ip daddr {FAR} reject with icmp type host-unreachable;"
        )
        self.drop(PRIMARY)
        self.daemon.wait_log(f"{FAR}: no longer isolated: is reported to be unreachable")

    def reject(self, rule):
        """This host's own firewall rejects all that goes to both endpoints."""
        self.host.nft(
            "add table inet t; add chain inet t out { type filter hook output priority 0; };"
            f"add rule inet t out ip daddr {{ {PRIMARY}, {STANDBY} }} {rule};"
        )

    def test_own_firewall(self):
        """this host's own firewall rejects everything by an ICMP error: no proof, although it looks like a refusal"""
        self.watch(self.config_with(STANDBY))
        self.reject("reject")
        self.assert_holds("no route: rejected by this host's own firewall")

    def test_own_firewall_alone(self):
        """it rejects the primary only: programs cannot reach it either, and the standby answers"""
        self.watch(self.config_with(STANDBY))
        self.host.nft(
            "add table inet t; add chain inet t out { type filter hook output priority 0; };"
            f"add rule inet t out ip daddr {PRIMARY} reject;"
        )
        self.daemon.wait_active(NAME, "secondary")
        self.assertNotIn("isolated", self.since_then())

    def test_no_neighbour(self):
        """no neighbour answers ARP: this host's kernel says "host unreachable", which is no proof"""
        self.watch(self.config_with(STANDBY).replace('timeout = "500ms"', 'timeout = "30s"'))
        with self.at_once():
            for space, device in zip((self.one, self.two), self.links):
                space.ip("link", "set", device[:-1] + "b", "arp", "off")
                self.host.ip("neigh", "flush", "dev", device)
        self.assert_holds("no route: host unreachable")


V6 = "2001:db8::2"
FAR_V6 = "2001:db8:1::2"


class ProofsOfIpv6(Network):
    """The same by ICMPv6: the endpoints' own hosts reject, or this one does."""

    def setUp(self):
        super().setUp()
        for space, mine, address in ((self.one, "2001:db8::1", V6), (self.two, "2001:db8:1::1", FAR_V6)):
            self.host.connect(space, f"{mine}/64", f"{address}/64")
            space.run("sysctl", "-qw", "net.ipv6.icmp.ratelimit=0")
            self.serve("six", address, space)
        pair = record(NAME, V6, FAR_V6)
        self.watch(records(pair[:-1] + 'all_down = "fail"; }'))

    @staticmethod
    def reject(space, hook, kind):
        space.nft(
            f"add table inet s; add chain inet s c {{ type filter hook {hook} priority 0; }};"
            f"add rule inet s c meta nfproto ipv6 tcp dport {PORT} reject with icmpv6 type {kind};"
        )

    def test_others_reject(self):
        """the endpoints' hosts reject by ICMPv6: proof, both fall"""
        for space in (self.one, self.two):
            self.reject(space, "input", "addr-unreachable")
        st.wait_until(lambda: self.daemon.active(NAME) is None, what="lookups to fail, since both are down")
        self.assertNotIn("isolated", self.since_then())

    def test_this_host_rejects(self):
        """this host's own firewall rejects by ICMPv6: none"""
        self.reject(self.host, "output", "admin-prohibited")
        self.wait_isolated()
        self.assertEqual(self.daemon.active(NAME), "primary")




class Families(Network):
    """This host has no IPv6 beside link-local addresses."""

    def test_unreachable_beside_others(self):
        """an IPv6 address beside an IPv4 one: no health, no event, no part of the answer, and the endpoint is up"""
        both = record(NAME, PRIMARY).replace(f'address = "{PRIMARY}"', f'addresses = [ "{PRIMARY}", "{V6}" ]')
        self.watch(records(both), healths=["up"])
        address = next(one for one in self.daemon.endpoint(NAME, "primary")["addresses"] if one["address"] == V6)
        self.assertEqual(address["health"], "unknown")
        self.assertEqual(address["last_error"], "not reachable from here: this host has no IPv6")
        self.assertFalse(address["answers"])
        self.assertIsNone(address["no_verdict_since"])
        self.assertEqual(self.daemon.resolve(NAME), [PRIMARY])
        self.assertNotIn(V6, self.daemon.log())
        self.primary.kill()
        st.wait_until(lambda: self.healths() == ["down"], what="the primary to fall with the address that counts")
        self.assertEqual(self.daemon.resolve(NAME), [PRIMARY])

    def test_unreachable_alone(self):
        """an endpoint whose only address is so is down, and the next one answers"""
        self.daemon = self.start(st.Daemon(self, records(record(NAME, V6, STANDBY)), prefix=self.host.prefix))
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.healths()[0], "down")
        self.assertIn("no route: this host has no IPv6", self.daemon.record(NAME)["reason"])
        self.assertEqual(self.daemon.resolve(NAME), [STANDBY])

    def test_family(self):
        """family: only such addresses of a name are asked for and taken"""
        dns = self.start(st.Dns(self, OWN, port=5353, hosts={"both.test": [PRIMARY, V6]}, prefix=self.host.prefix))
        named = lambda name, family: f'{{ name = "{name}"; primary: {{ address = "both.test"; family = "{family}"; }}; }}'
        config = records(named("four.example.com", "ipv4"), named("six.example.com", "ipv6"))
        self.daemon = self.start(st.Daemon(self, f'resolvers = [ "{dns.resolver}" ]; {config}', prefix=self.host.prefix))
        for name, address in (("four.example.com", PRIMARY), ("six.example.com", V6)):
            st.wait_until(lambda: self.daemon.answer(name) == [address], what=f"{name} to be {address}")
            self.assertEqual([one["address"] for one in self.daemon.endpoint(name, "primary")["addresses"]], [address])

    def test_only_one_family_is_asked(self):
        """family = "ipv4": no question for AAAA; the other family is asked from the reload on that wants it"""
        dns = self.start(st.Dns(self, OWN, port=5353, hosts={"both.test": [PRIMARY, V6]}, prefix=self.host.prefix))
        config = f'resolvers = [ "{dns.resolver}" ];' + 'records: ( {{ name = "{}"; primary: {{ address = "both.test"; family = "{}"; }}; }} );'
        asked = lambda kind: dns.log().count(f"query[{kind}] both.test")
        self.daemon = self.start(st.Daemon(self, config.format(NAME, "ipv4"), prefix=self.host.prefix))
        st.wait_until(lambda: asked("A") >= 3, what="three questions for A")
        self.assertEqual(asked("AAAA"), 0)
        self.daemon.reload(config.format(NAME, "ipv6"))
        st.wait_until(lambda: self.daemon.answer(NAME) == [V6], what="the IPv6 address")
        last = asked("A")
        seen = asked("AAAA")
        st.wait_until(lambda: asked("AAAA") >= seen + 3, what="three more questions for AAAA")
        self.assertLessEqual(asked("A"), last + 1)

    def test_unreachable_of_a_name(self):
        """an IPv6 address from DNS on this host without IPv6: not reachable from here, no health, no event"""
        dns = self.start(st.Dns(self, OWN, port=5353, hosts={"both.test": [PRIMARY, V6]}, prefix=self.host.prefix))
        self.watch(f'resolvers = [ "{dns.resolver}" ]; ' + records(record(NAME, "both.test")), healths=["up"])
        of_v6 = lambda: [one for one in self.daemon.endpoint(NAME, "primary")["addresses"] if one["address"] == V6]
        st.wait_until(of_v6, what="the IPv6 address to be known")
        self.assertEqual(of_v6()[0]["last_error"], "not reachable from here: this host has no IPv6")
        self.assertEqual(of_v6()[0]["health"], "unknown")
        self.assertEqual(self.daemon.resolve(NAME), [PRIMARY])
        self.assertNotIn(f"primary {V6}: ", self.daemon.log())


class OneIsSilent(Network):
    def test_witness(self):
        """a blackholed primary falls at its first failure, since the standby, due in an hour, is asked at once"""
        check = f'type = "tcp"; port = {PORT}; interval = "500ms"; fall = 1; timeout = "500ms";'
        self.watch(records(record(NAME, PRIMARY, STANDBY, check=check, standby_check=SLOW)))
        begun = time.monotonic()
        self.drop(PRIMARY)
        self.daemon.wait_active(NAME, "secondary")
        self.note(f"{1000 * (time.monotonic() - begun):.0f} ms after the packets were dropped (interval 500 ms, timeout 500 ms)")
        self.assertFalse(self.isolated())
        self.assertNotIn("isolated", self.since_then())
        self.assertEqual(self.daemon.endpoint(NAME, "primary")["addresses"][0]["last_error"], "timed out in connect after 500ms")

    def test_loopback_standby(self):
        """one remote address alone cannot be compared with any: its silence counts, and the loopback standby answers"""
        self.serve("local", "127.0.0.1", self.host)
        self.watch(records(record(NAME, PRIMARY, "127.0.0.1")))
        self.drop(PRIMARY)
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.daemon.resolve(NAME), ["127.0.0.1"])
        self.assertNotIn("isolated", self.since_then())

    def test_refusal(self):
        """a refused connection proves the path: a silent primary falls, although nothing passes"""
        self.standby.kill()
        self.watch(healths=("up", "down"))
        self.drop(PRIMARY)
        st.wait_until(lambda: self.healths() == ["down", "down"], what="the primary to fall")
        self.assertNotIn("isolated", self.since_then())

    def test_all_hang(self):
        """servers that accept and say nothing are reached: they fall, and this host is not isolated"""
        check = CHECK.replace('"tcp"', '"http"')
        self.watch(records(record(NAME, PRIMARY, STANDBY, check=check)))
        self.primary.pause()
        self.standby.pause()
        st.wait_until(lambda: self.healths() == ["down", "down"], what="both to fall")
        self.assertNotIn("isolated", self.since_then())
        self.primary.resume()
        self.standby.resume()
        st.wait_until(lambda: self.healths() == ["up", "up"], what="both to rise")


if __name__ == "__main__":
    st.main(jobs=6)
