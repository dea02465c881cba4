#!/usr/bin/env python3
"""Which endpoint answers: order, min_up, failback, flap_penalty, all_down, and what a reload leaves as it was."""
import json
import os
import sys
import threading
import time

import shunttest as st

NAME = "www.example.com"
PACE = 'interval = "200ms"; fast_interval = "100ms"; timeout = "20s"; fall = 2; rise = 2;'
ASK = "import socket, sys; print(*sorted({answer[4][0] for answer in socket.getaddrinfo(sys.argv[1], 80)}))"


def accept(connection, stop):
    """Takes a connection, and ends it."""


class Policy(st.Case):
    def servers(self, count):
        """So many, each on an address of its own, on one port."""
        addresses = [self.address() for _ in range(count)]
        self.port = st.free_port(*addresses)
        return [self.start(st.Hostile(accept, address, self.port)) for address in addresses]

    def check(self, more=""):
        return f'check = {{ type = "tcp"; port = {self.port}; {PACE} {more} }};'

    def endpoint(self, *servers, more="", check=None):
        addresses = ", ".join(f'"{server.at}"' for server in servers)
        return f"{{ addresses = [ {addresses} ]; {self.check() if check is None else check} {more} }}"

    def record(self, primary, *secondaries, policy="", name=NAME):
        return f'{{ name = "{name}"; {policy} primary: {primary}; secondary: ( {", ".join(secondaries)} ); }}'

    def watch(self, *records):
        self.daemon = self.start(st.Daemon(self, f'records: ( {", ".join(records)} );'))
        self.daemon.wait_settled()
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")

    def ask(self, name=NAME):
        """What python3 is told."""
        done = self.daemon.attached([sys.executable, "-c", ASK, name])
        return set(done.stdout.split()) if done.returncode == 0 else done.stderr.splitlines()[-1]

    def wait_asked(self, *servers):
        wanted = {server.at for server in servers}
        st.wait_until(lambda: self.ask() == wanted, what=f"the answer {wanted}")

    def healths(self, name=NAME):
        return [endpoint["health"] for endpoint in self.daemon.record(name)["endpoints"]]

    def wait_healths(self, *healths):
        st.wait_until(lambda: self.healths() == list(healths), what=f"the endpoints to be {healths}")

    def reason(self):
        return self.daemon.record(NAME)["reason"]

    def still_so(self, condition, probes=4):
        """It holds while each server that lives is probed a few times more."""
        seen = set()

        def probed():
            self.assertTrue(condition())
            counts = [
                address["probes"]
                for endpoint in self.daemon.record(NAME)["endpoints"]
                for address in endpoint["addresses"]
            ]
            seen.add(min(counts))
            return max(seen) - min(seen) >= probes

        st.wait_until(probed, what="more probes")


def late(connection, stop):
    """Answers well, 200 ms after it was asked."""
    stop.wait(0.2)
    st.well(connection, stop)


class Settling(Policy):
    """The primary refuses at once, the next endpoint's first answer takes 200 ms, and the third has no check."""

    def start_all(self, policy='failback = "manual";'):
        self.addresses = [self.address() for _ in range(3)]
        self.port = st.free_port(*self.addresses)
        self.late = self.start(st.Hostile(late, self.addresses[1], self.port))
        check = f'check = {{ type = "http"; port = {self.port}; {PACE} }};'
        primary, second, third = (f'address = "{address}";' for address in self.addresses)
        self.daemon = self.start(
            st.Daemon(
                self,
                f'''records: ( {{ name = "{NAME}"; {policy} primary: {{ {primary} {check} }};
                    secondary: ( {{ {second} {check} }}, {{ {third} }} ); }} );''',
            )
        )
        self.wait_settled()

    def wait_settled(self):
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")

    def saved(self):
        path = os.path.join(self.daemon.dir, "state.json")
        if not os.path.exists(path):
            return {}
        with open(path, encoding="ascii") as file:
            return json.load(file)["records"][NAME]

    def start_primary(self):
        self.start(st.Hostile(st.well, self.addresses[0], self.port))
        self.wait_healths("up", "up", "up")

    def test_first_settled_election_is_free(self):
        """failback = "manual": the third endpoint, which could answer first, has no claim when the table settles; then it latches"""
        self.start_all()
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.assertEqual(self.reason(), "primary is down: connection refused")
        self.start_primary()
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.assertEqual(self.reason(), "primary is up again; failback is manual")

    def test_no_penalty(self):
        """flap_penalty: what came and went before the table settled is no flapping"""
        self.start_all(policy='flap_penalty = "1h";')
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.start_primary()
        self.daemon.wait_active(NAME, "primary")

    def test_restored(self):
        """a restart with restored state stays as it was, although the primary is up"""
        self.start_all()
        st.wait_until(lambda: self.saved().get("endpoint") == "secondary", what="the state to be written")
        self.daemon.kill()
        self.start(st.Hostile(st.well, self.addresses[0], self.port))
        self.daemon.start()
        self.wait_settled()
        self.wait_healths("up", "up", "up")
        self.assertEqual(self.daemon.active(NAME), "secondary")


class Order(Policy):
    def test_several_secondaries(self):
        """several secondaries: the first that is up answers, down the order and back up"""
        servers = self.servers(4)
        self.watch(self.record(*(self.endpoint(server) for server in servers)))
        looper = self.start(st.Looper(self, NAME, self.daemon, threads=1))
        for number in range(3):
            servers[number].stop()
            self.wait_asked(servers[number + 1])
            looper.wait_answer(servers[number + 1].at)
        self.assertEqual(self.daemon.active(NAME), "secondary-3")
        for number in (1, 2, 0):
            servers[number].start()
            self.wait_asked(servers[1 if number == 2 else number])
            looper.wait_answer(servers[1 if number == 2 else number].at)
            self.wait_healths(*("up" if st.can_connect(server.at, self.port) else "down" for server in servers))
        order = [0, 1, 2, 3, 1, 0]
        st.wait_until(lambda: [change[2] for change in looper.changes] == [servers[i].at for i in order], what=f"{order}")

    def test_min_up(self):
        """several addresses: those that are up answer, and with fewer than min_up the next endpoint does"""
        *three, standby = self.servers(4)
        self.watch(self.record(self.endpoint(*three, more="min_up = 2;"), self.endpoint(standby)))
        self.assertEqual(self.ask(), {server.at for server in three})
        three[0].stop()
        self.wait_asked(*three[1:])
        three[1].stop()
        self.wait_asked(standby)
        self.assertEqual(self.reason(), "primary has 1 of 2 addresses up that it needs: connection refused")
        three[0].start()
        self.wait_asked(three[0], three[2])

    def test_no_check(self):
        """a standby without a check is always healthy, and so is a record without any, though nobody is there"""
        one, two = self.servers(2)
        two.stop()
        bare = self.record(self.endpoint(two, check=""), self.endpoint(one, check=""), name="bare.example.com")
        self.watch(self.record(self.endpoint(one), self.endpoint(two, check="")), bare)
        one.stop()
        self.wait_asked(two)
        self.assertEqual(self.healths(), ["down", "up"])
        self.assertEqual(self.ask("bare.example.com"), {two.at})

    def test_all_down_for_getent(self):
        """all_down = primary, hold, dns, fail, as getent sees them"""
        one, two = self.servers(2)
        names = {"primary": NAME, "hold": "hold.example.com", "dns": "localhost", "fail": "fail.example.com"}
        self.watch(
            *(
                self.record(self.endpoint(one), self.endpoint(two), policy=f'all_down = "{word}";', name=name)
                for word, name in names.items()
            )
        )
        one.stop()
        for name in names.values():
            self.daemon.wait_active(name, "secondary")
        two.stop()

        def getent(name, env=None):
            # Not ahostsv4: getent asks with AI_ADDRCONFIG, and libc then has no IPv4 address to give where only lo has one.
            done = self.daemon.client(["getent", "ahosts", name], env=env or self.daemon.env())
            return {line.split()[0] for line in done.stdout.splitlines()} or done.returncode

        alone = getent("localhost", st.clean_env())
        self.assertLessEqual({"127.0.0.1"}, alone)
        wanted = [{one.at}, {two.at}, alone, 2]
        st.wait_until(lambda: [getent(name) for name in names.values()] == wanted, what=f"getent to say {wanted}")


class Failback(Policy):
    def test_delay_of_unbroken_health(self):
        """failback_delay: a relapse during it begins it anew"""
        one, two = self.servers(2)
        self.watch(self.record(self.endpoint(one), self.endpoint(two), policy='failback_delay = "6s";'))
        looper = self.start(st.Looper(self, NAME, self.daemon, threads=1))
        one.stop()
        looper.wait_answer(two.at)
        one.start()
        self.wait_healths("up", "up")
        self.assertIn("waits for failback_delay", self.reason())
        one.stop()
        self.wait_healths("down", "up")
        begun = time.monotonic()
        one.start()
        took = looper.wait_answer(one.at) - begun
        self.note(f"{took:.2f} s after its second start")
        self.assertGreaterEqual(took, 6)
        self.assertEqual([change[2] for change in looper.changes], [one.at, two.at, one.at])

    def test_manual(self):
        """failback manual: the standby stays, until it fails itself"""
        one, two = self.servers(2)
        self.watch(self.record(self.endpoint(one), self.endpoint(two), policy='failback = "manual";'))
        one.stop()
        self.wait_asked(two)
        one.start()
        self.wait_healths("up", "up")
        self.still_so(lambda: self.daemon.active(NAME) == "secondary")
        self.assertIn("failback is manual", self.reason())
        self.assertEqual(self.ask(), {two.at})
        two.stop()
        self.wait_asked(one)
        two.start()
        self.wait_healths("up", "up")
        self.still_so(lambda: self.daemon.active(NAME) == "primary")

    def test_flap_penalty(self):
        """flap_penalty: each return that does not last is followed by a longer wait, up to failback_max"""
        one, two = self.servers(2)
        policy = 'flap_penalty = "1s"; flap_window = "1h"; failback_max = "3s";'
        self.watch(self.record(self.endpoint(one), self.endpoint(two), policy=policy))
        looper = self.start(st.Looper(self, NAME, self.daemon, threads=1))
        for wait in (0, 1, 2, 3):
            one.stop()
            looper.wait_answer(two.at)
            begun = time.monotonic()
            one.start()
            if wait > 1:
                self.wait_healths("up", "up")
                reason = self.reason()
                if time.monotonic() - begun < wait:  # else it may have come back meanwhile
                    self.assertIn("waits for failback_delay and flap_penalty", reason)
            took = looper.wait_answer(one.at) - begun
            self.note(f"penalty {wait} s: back {took:.2f} s after its start")
            self.assertGreaterEqual(took, wait)


class Reload(Policy):
    def reload(self, *records):
        """Returns when it is in force."""
        begun = len(self.daemon.log())
        self.daemon.reload(f'records: ( {", ".join(records)} );')
        st.wait_until(lambda: "reload: " in self.daemon.log()[begun:], what="the reload")

    def test_unchanged_checks(self):
        """a check that did not change keeps its health, its verdicts and its answer, wherever it stands now"""
        one, two, three = self.servers(3)
        self.watch(self.record(self.endpoint(one), self.endpoint(two)))
        one.stop()
        self.wait_asked(two)
        begun = len(self.daemon.log())
        since = self.daemon.record(NAME)["since"]
        self.reload(
            self.record(self.endpoint(three), name="other.example.com"),
            self.record(self.endpoint(one), self.endpoint(two), self.endpoint(three)),
        )
        self.assertEqual(self.healths()[:2], ["down", "up"])
        self.assertEqual(self.daemon.record(NAME)["since"], since)
        self.assertEqual(self.ask(), {two.at})
        self.wait_healths("down", "up", "up")
        log = self.daemon.log()[begun:]
        self.assertNotIn(one.at, log)
        self.assertNotIn(two.at, log)

    def test_new_check_inherits_up(self):
        """a new check on an endpoint that is up begins as up; on one that is down it begins without a verdict"""
        one, two = self.servers(2)
        check = self.check().replace("rise = 2", "rise = 100")  # what is down stays so, though it listens before the reload
        self.watch(self.record(self.endpoint(one), self.endpoint(two, check=check)))
        two.stop()
        self.wait_healths("up", "down")
        release = threading.Event()
        self.addCleanup(release.set)

        def say_nothing(connection, stop):
            """Takes a connection, and does nothing until it may."""
            release.wait(st.PATIENCE)

        one.behave = two.behave = say_nothing
        two.start()
        slow = f'check = {{ type = "http"; port = {self.port}; interval = "100ms"; timeout = "5m"; fall = 2; }};'
        self.reload(self.record(self.endpoint(one, check=slow), self.endpoint(two, check=slow)))
        self.assertEqual(self.healths(), ["up", "unknown"])
        self.assertEqual(self.ask(), {one.at})
        # The first verdict decides for the one; for the other it takes `fall`.
        release.set()
        self.wait_healths("down", "down")

    def test_bad_configuration(self):
        """a configuration with a mistake in its last record changes nothing at all"""
        one, two = self.servers(2)
        good = self.record(self.endpoint(one), self.endpoint(two))
        self.watch(good)
        before = self.daemon.status()["records"][0]
        begun = len(self.daemon.log())
        swapped = self.record(self.endpoint(two), self.endpoint(one))
        self.daemon.reload(f'records: ( {swapped}, {{ name = "bad.example.com"; }} );')
        st.wait_until(lambda: "nothing has changed" in self.daemon.log()[begun:], what="the mistake")
        after = self.daemon.status()["records"]
        self.assertEqual(len(after), 1)
        self.assertEqual(after[0]["since"], before["since"])
        self.assertEqual(self.ask(), {one.at})
        self.assertEqual(self.healths(), ["up", "up"])


if __name__ == "__main__":
    st.main(jobs=6)
