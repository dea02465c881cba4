"""Hosts of a fleet: daemons that share an etcd, each with its own view of one record's endpoints.

    cluster = self.start(etcd.Cluster(self))
    hosts = fleet.start_hosts(self, cluster, 3, record='scope = "quorum";')
    hosts[0].fail("primary")                  # for this host alone
    fleet.wait_answer(hosts, "secondary")

What a host sees of an endpoint is a port of its own at the endpoint's address, where something listens
or not.
"""
import json
import os
import time

import shunttest as st

NAME = "db.example.com"
PREFIX = "/shunt/test"
IDS = ("primary", "secondary")
PACE = 'interval = "100ms"; fast_interval = "100ms"; timeout = "1s"; fall = 2; rise = 2;'


class Host(st.Daemon):
    """One host: `name`, at `site`. Options are those of start_hosts()."""

    def __init__(self, case, cluster, name, site, places, record="", settings="", port=None, env=None, prefix=()):
        """`port`: one that somebody else listens on; then mend() and fail() are not for this host."""
        self.host, self.cluster = name, cluster
        self.port = port or st.free_port(*places)
        self.listeners = {endpoint: None for endpoint in IDS} if port else {}
        self.places = dict(zip(IDS, places))
        config = f"""
fleet = {{ etcd = [ {cluster.setting()} ]; prefix = "{PREFIX}"; site = "{site}"; host = "{name}"; {settings} }};
isolation = "off";
checks: {{ own: {{ type = "tcp"; port = {self.port}; {PACE} }}; }};
records: ( {{ name = "{NAME}"; {record}
  primary: {{ address = "{places[0]}"; check = "own"; }};
  secondary: {{ address = "{places[1]}"; check = "own"; }}; }} );
"""
        super().__init__(case, config, name=name, env=env, prefix=prefix)

    def start(self):
        for endpoint in IDS:
            if endpoint not in self.listeners:
                self.mend(endpoint)
        super().start()

    def stop(self):
        try:
            super().stop()
        finally:
            for listener in filter(None, self.listeners.values()):
                listener.stop()

    def mend(self, endpoint):
        """From now on, the endpoint is up for this host."""
        if endpoint not in self.listeners:
            listener = self.listeners[endpoint] = st.Hostile(st.closes, self.places[endpoint], self.port)
            listener.start()

    def fail(self, *endpoints):
        """From now on, these endpoints are down for this host."""
        for endpoint in endpoints:
            self.listeners.pop(endpoint).stop()

    def fleet(self):
        """GET /v1/fleet."""
        status, body, _ = self.request("/v1/fleet")
        if status != 200:
            raise ValueError(f"status {status}: {body!r}")
        return json.loads(body)

    def state(self):
        return self.fleet()["state"]

    def wait_state(self, state, timeout=None):
        st.wait_until(lambda: self.state() == state, timeout, what=f"{self} to be {state}")

    def votes(self):
        """{host: its published health of each endpoint} of the record, as this host sees them."""
        for record in self.fleet()["records"]:
            if record["name"] == NAME:
                return {name: vote["health"] for name, vote in record["hosts"].items()}
        raise KeyError(NAME)

    def key(self):
        return f"{PREFIX}/hosts/{self.host}"

    def published(self):
        """What stands in etcd under its key; raises KeyError if nothing does."""
        return json.loads(self.cluster.keys(self.key())[self.key()])


class View:
    """Shows a host's view of the fleet, and what stands in etcd, when a test fails."""

    def __init__(self, host):
        self.host = host

    def __str__(self):
        return f"the fleet as {self.host} sees it"

    def start(self):
        pass

    stop = abandon = start

    def log(self):
        try:
            return json.dumps(self.host.fleet()) + "\n" + json.dumps(self.host.cluster.range(self.host.key()))
        except Exception as error:  # it is shown after a failure, whose traceback matters more
            return repr(error)


def start_hosts(case, cluster, count, sites=3, record='scope = "quorum";', settings='lease = "20s";', name="host", **options):
    """Starts `count` hosts at `sites` sites in turn; returns them once each knows all and has verdicts.

    The lease is longer than any machine stands still; a test that waits for its end has one of its own.
    """
    places = case.address(), case.address()
    hosts = [
        Host(case, cluster, f"{name}-{i}", f"site-{i % sites}", places, record=record, settings=settings, **options) for i in range(count)
    ]
    for host in hosts:
        case.start(host)
        case.start(View(host))
    wait_joined(hosts)
    return hosts


def wait_joined(hosts):
    """Waits until each of the hosts has all their votes."""
    names = {host.host for host in hosts}
    for host in hosts:
        host.wait_settled()
        st.wait_until(lambda host=host: complete(host, names), what=f"{host} to know the votes of all")


def complete(host, names):
    votes = host.votes()
    return names <= set(votes) and all("unknown" not in votes[name].values() for name in names)


def wait_answer(hosts, endpoint, timeout=None):
    """Waits until all of them answer that endpoint; returns the seconds that it took."""
    begin = time.monotonic()
    for host in hosts:
        host.wait_active(NAME, endpoint, timeout)
    return time.monotonic() - begin


def put_order(cluster, endpoint, seconds=None, until=None, hosts=None, by="root@lab", record=NAME):
    """An order for the fleet as a host would write it, under a lease of `seconds`."""
    now = int(time.time())
    order = {"v": 1, "endpoint": endpoint, "by": by, "reason": "a test", "since": now, "until": until, "hosts": hosts}
    under = []
    if seconds:
        granted = cluster.ctl("lease", "grant", str(seconds)).split()
        under = ["--lease", granted[1]]
        order["until"] = until or now + seconds
    cluster.ctl("put", *under, "--", f"{PREFIX}/orders/{record}", json.dumps(order))


def clock_off(case, seconds):
    """The environment of a daemon whose wall clock is wrong by that much."""
    path = case.path(f"clock{seconds}")
    with open(path, "wb") as file:
        file.write(seconds.to_bytes(8, "little", signed=True))
    return st.clean_env(LD_PRELOAD=st.CLOCKSTEP, CLOCKSTEP=path, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
