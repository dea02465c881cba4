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
        address = self.daemon.endpoint(NAME, "primary")["addresses"][0]
        self.assertTrue(address["no_verdict_since"])
        self.assertEqual(address["no_verdict_side"], "unknown")
        self.assertIn("no verdict since", self.daemon.client([st.SHUNT, "status"]).stdout)
        self.assertIn(", of unknown cause", self.daemon.client([st.SHUNT, "explain", NAME]).stdout)
        self.assertEqual(self.daemon.metric("shunt_endpoint_no_verdict", record=NAME, endpoint="primary", side="unknown"), 1)

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
        self.assertNotIn("two.example.com: ", self.since_then())

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
            self.assertIn("primary does not answer, or this host is cut off: timed out", self.daemon.record(name)["reason"])
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


V6 = "2001:db8::2"


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
        """family: only such addresses of a name are taken"""
        dns = self.start(st.Dns(self, OWN, port=5353, hosts={"both.test": [PRIMARY, V6]}, prefix=self.host.prefix))
        named = lambda name, family: f'{{ name = "{name}"; primary: {{ address = "both.test"; family = "{family}"; }}; }}'
        config = records(named("four.example.com", "ipv4"), named("six.example.com", "ipv6"))
        self.daemon = self.start(st.Daemon(self, f'resolvers = [ "{dns.resolver}" ]; {config}', prefix=self.host.prefix))
        for name, address in (("four.example.com", PRIMARY), ("six.example.com", V6)):
            st.wait_until(lambda: self.daemon.answer(name) == [address], what=f"{name} to be {address}")
            self.assertEqual([one["address"] for one in self.daemon.endpoint(name, "primary")["addresses"]], [address])


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
