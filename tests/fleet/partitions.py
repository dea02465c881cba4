#!/usr/bin/env python3
"""A fleet in a network that falls apart at random: hosts in namespaces, three members of etcd in others.

    make check-fleet FLEET_TIME=600 SEED=1          (as root)

What can happen: hosts lose the primary or the secondary; hosts lose members of etcd; members lose each
other, hang, or are killed; the leader moves; daemons are killed; operators give the whole fleet orders
and end them. One host never reaches the primary: alone it would never agree with the others. SEED repeats the decisions, though not the moments at which processes see them.

All the while:
- No two hosts that both reach a majority of etcd answer differently for longer than LIMIT. How long the
  longest difference was is printed as agree_within. A host counts as reaching etcd from the moment that
  the network lets it, so that the time to find out is in it.
- Every lookup gets one of the endpoints.
At the end, when all is healed: every host knows all votes, all answer the same, and the last order that
was accepted is in force; it is ended, the primary is lost for all, and all answer the secondary.

FLEET_HOSTS=20 is the number of hosts.
"""
import itertools
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import etcd
import fleet
import shunttest as st

NAME, PORT = fleet.NAME, 9000
LIMIT = 20 * (3 if st.SANITIZED else 1)
SITES = 4


class Host(st.Daemon):
    """A daemon in a namespace of its own; `cut` is what it has lost."""

    def __init__(self, case, cluster, number, space, servers):
        self.host, self.space, self.cut = f"host-{number}", space, set()
        super().__init__(case, self._config(cluster, number, servers), name=self.host, prefix=space.prefix)

    def _config(self, cluster, number, servers):
        return f"""
fleet = {{ etcd = [ {cluster.setting()} ]; prefix = "{fleet.PREFIX}"; site = "site-{number % SITES}"; host = "{self.host}"; lease = "2s"; }};
isolation = "off";
checks: {{ own: {{ type = "tcp"; port = {PORT}; interval = "500ms"; fast_interval = "200ms"; timeout = "400ms"; fall = 2; rise = 2; }}; }};
records: ( {{ name = "{NAME}"; scope = "quorum"; share = "50%";
  primary: {{ address = "{servers[0].address}"; check = "own"; }};
  secondary: {{ address = "{servers[1].address}"; check = "own"; }}; }} );
"""


class Judge:
    """How long pairs of hosts that reach etcd have answered differently."""

    def __init__(self):
        self.inside = {}  # host: since when it reaches a majority
        self.apart = {}  # pair: since when both do, and answer differently
        self.longest, self.pair = 0.0, ()
        self.last, self.changes = {}, 0  # the last answers, and how many of them have changed

    def reach(self, now, hosts):
        """These hosts reach a majority of etcd from now on."""
        self.inside = {host: self.inside.get(host, now) for host in hosts}

    def answers(self, now, answers):
        """answers: {host: what it answers}, of hosts that run."""
        self.changes += sum(self.last.get(host, answer) != answer for host, answer in answers.items())
        self.last.update(answers)
        known = [host for host in answers if host in self.inside]
        apart = {}
        for pair in itertools.combinations(known, 2):
            if answers[pair[0]] != answers[pair[1]]:
                since = apart[pair] = max(self.apart.get(pair, now), *(self.inside[host] for host in pair))
                if now - since > self.longest:
                    self.longest, self.pair = now - since, pair
        self.apart = apart


class World:
    """The network and the processes, with what is broken in them."""

    def __init__(self, case, count):
        self.lan = case.start(etcd.Lan(case))
        self.servers = [self.lan.join() for _ in fleet.IDS]
        for space in self.servers:
            with space.inside():
                case.start(st.Hostile(st.closes, space.address, PORT))
        self.cluster = case.start(etcd.Cluster(case, members=3, lan=self.lan))
        self.members = self.cluster.members
        self.hosts = [Host(case, self.cluster, number, self.lan.join(), self.servers) for number in range(count)]
        self.cut(self.hosts[0], ())
        for host in self.hosts:
            case.start(host)
        self.parted = set()  # members without the other two
        self.halted = {}  # member: how it is brought back

    def member_serves(self, member):
        return member not in self.halted and member not in self.parted

    def reaching(self):
        """The hosts that reach a majority of members which reach each other."""
        serving = [member for member in self.members if self.member_serves(member)]
        if len(serving) < 2:
            return []
        return [host for host in self.hosts if host.running and sum(member.space not in host.cut for member in serving) >= 2]

    def cut(self, host, spaces):
        """All that the host has lost, from now on."""
        host.cut = set(spaces) | ({self.servers[0]} if host is self.hosts[0] else set())
        self.lan.cut_just(host.space, sorted(host.cut, key=lambda space: space.address))

    def part(self, member):
        self.parted.add(member)
        self.lan.cut_just(member.space, [other.space for other in self.members if other is not member])

    def join(self, member):
        self.parted.discard(member)
        self.lan.cut_just(member.space, [])

    def heal(self):
        for host in self.hosts:
            if host.cut:
                self.cut(host, ())
            if not host.running:
                host.start()
        for member in list(self.parted):
            self.join(member)
        for member in list(self.halted):
            self.halted.pop(member)()


class Chance:
    """What happens, by a seed. Each method is one kind of thing; all names of them are in KINDS."""

    KINDS = (
        *("lose_endpoint", "find") * 4, *("mend",) * 2,
        "lose_etcd", "part", "halt", "lead", "die", "order",
    )  # fmt: skip

    def __init__(self, world, seed):
        self.world, self.random = world, random.Random(seed)
        self.counts = dict.fromkeys(self.KINDS, 0)
        self.in_force = None  # by the last order: an endpoint's id; None: none; "?": not known

    def step(self):
        kind = self.random.choice(self.KINDS)
        self.counts[kind] += 1
        getattr(self, kind)()

    def pause(self):
        return self.random.choice((self.random.uniform(0.1, 1), self.random.uniform(1, 4)))

    def some(self):
        """From one host to all of them."""
        hosts = self.world.hosts
        return self.random.sample(hosts, self.random.choice((1, len(hosts) // 3 or 1, len(hosts) * 2 // 3 or 1, len(hosts))))

    def lose_endpoint(self):
        lost = {self.random.choice(self.world.servers)}
        for host in self.some():
            self.world.cut(host, {space for space in host.cut if space not in self.world.servers} | lost)

    def find(self):
        for host in self.some():
            self.world.cut(host, ())

    def lose_etcd(self):
        members = self.random.sample(self.world.members, self.random.choice((1, 1, 2, 3)))
        for host in self.some()[: len(self.world.hosts) // 2 or 1]:
            self.world.cut(host, host.cut | {member.space for member in members})

    def part(self):
        self.world.part(self.random.choice(self.world.members))

    def halt(self):
        member = self.random.choice(self.world.members)
        if member in self.world.halted:
            return
        if self.random.random() < 0.5:
            member.pause()
            self.world.halted[member] = member.resume
        else:
            member.kill()
            self.world.halted[member] = member.launch

    def mend(self):
        for member in list(self.world.parted):
            self.world.join(member)
        for member in list(self.world.halted):
            self.world.halted.pop(member)()

    def lead(self):
        able = [member for member in self.world.members if self.world.member_serves(member)]
        if len(able) == 3:
            leader, other = self.world.cluster.leader(among=able), self.random.choice(able)
            status = st.wait_until(other.status, what=f"the status of {other}")
            leader.ctl("move-leader", f"{status['member']:x}", check=False)

    def die(self):
        host = self.random.choice(self.world.hosts)
        host.kill()
        host.start()

    def order(self):
        host = self.random.choice(self.world.hosts)
        endpoint = self.random.choice(fleet.IDS + (None,))
        words = ["force", NAME, endpoint, "--fleet", "--anyway"] if endpoint else ["auto", NAME, "--fleet"]
        done = st.shunt(host, *words)
        self.in_force = endpoint if done.returncode == 0 else "?"


class Partitions(st.Case):
    seconds = 24 * 3600
    count = int(os.environ.get("FLEET_HOSTS", "20"))
    duration = float(os.environ.get("FLEET_TIME", "600"))

    def seed(self):
        return int(os.environ.get("SEED") or random.randrange(1 << 31))

    def watch(self, world, judge, until):
        """Compares answers until that moment."""
        while True:
            judge.reach(time.monotonic(), world.reaching())
            answers = {}
            for host in world.hosts:
                try:
                    answers[host] = host.active(NAME)
                except OSError:
                    pass  # it has been killed, or hangs in its start
            judge.answers(time.monotonic(), answers)
            self.assertLess(judge.longest, LIMIT, f"{judge.pair[0:2]} answer differently for longer than that")
            if time.monotonic() > until:
                return
            time.sleep(0.02)

    def agree(self, world, order):
        """All is healed: one answer on all hosts, the one that was ordered if it is known."""
        names = {host.host for host in world.hosts}
        for host in world.hosts:
            st.wait_until(lambda host=host: {one["name"] for one in self.fleet(host)["hosts"]} == names, what=f"{host} to know all hosts")
        want = {order} if order in fleet.IDS else {"primary"} if order is None else set(fleet.IDS)
        st.wait_until(lambda: self.one_of(world, want), what=f"one answer on all hosts, of {want}")

    def fail_over(self, world):
        """Chance may have changed no answer, as while the fleet has an order: one more failover, of all hosts."""
        # A host that turns to another member at that moment says so; nobody repeats an order for it.
        st.wait_until(lambda: st.shunt(world.hosts[0], "auto", NAME, "--fleet").returncode == 0, what="the end of the last order")
        for host in world.hosts:
            world.cut(host, {world.servers[0]})
        st.wait_until(lambda: self.one_of(world, {"secondary"}), what="the secondary on all hosts")

    @staticmethod
    def fleet(host):
        return fleet.Host.fleet(host)

    @staticmethod
    def one_of(world, want):
        found = {host.active(NAME) for host in world.hosts}
        return len(found) == 1 and found <= want

    def test_partitions(self):
        """hosts that reach a majority of etcd agree, whatever else is broken; nothing is lost"""
        seed = self.seed()
        self.note(f"SEED={seed}, {self.count} hosts, {self.duration:.0f} s")
        world, judge = World(self, self.count), Judge()
        chance = Chance(world, seed)
        self.agree(world, None)
        looper = self.start(st.Looper(self, NAME, world.hosts[0]))
        end = time.monotonic() + self.duration
        while time.monotonic() < end:
            chance.step()
            self.watch(world, judge, time.monotonic() + chance.pause())
        world.heal()
        self.agree(world, chance.in_force)
        self.fail_over(world)
        self.assertLessEqual(looper.answers(), {space.address for space in world.servers})
        self.note(", ".join(f"{kind}: {count}" for kind, count in chance.counts.items()))
        self.note(f"{judge.changes} times the answer of a host has changed")
        self.note(f"agree_within: {judge.longest:.2f} s (longest difference between two hosts that reach a majority of etcd)")


if __name__ == "__main__":
    st.main()
