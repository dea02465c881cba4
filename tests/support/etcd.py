"""etcd for tests: clusters of one node or more, and what befalls them.

    cluster = self.start(etcd.Cluster(self))                      # one member on a loopback address
    cluster = self.start(etcd.Cluster(self, members=3))
    cluster.setting()                                             # '"http://127.1.2.3:10234", …'
    cluster.put("/a/b", "text"); cluster.keys("/a/")              # {"/a/b": "text"}

    lan = self.start(etcd.Lan(self))                              # namespaces around one switch; needs root
    cluster = self.start(etcd.Cluster(self, members=3, lan=lan))
    host = lan.join()                                             # a NetNs of its own, with .address
    lan.cut(cluster.members[0].space, host)                       # not one packet between them, until heal()

A member is a Process: kill(), pause(), resume(), start() again with its data. `ca` (shunttest.CA) makes
all of them speak TLS; enable_auth() switches authentication on, with the user "root". Everything goes
through etcdctl in the member's namespace. Gateway is the HTTP gateway as a client sees it, for tests of
what etcd itself does.
"""
import base64
import http.client
import json
import os
import shutil
import ssl

import shunttest as st

ROOT_PASSWORD = "of-root"


def to64(text):
    return base64.b64encode(text.encode()).decode()


def from64(text):
    return base64.b64decode(text).decode()


def prefix_end(text):
    """The first key after all that begin with `text`."""
    return text[:-1] + chr(ord(text[-1]) + 1)


class Lan:
    """Namespaces joined by one switch, each with an address in 10.99.0.0/16. Needs root and nft."""

    def __init__(self, case):
        self.case = case
        self.switch = st.NetNs()
        self.spaces = []

    def __str__(self):
        return "lan"

    def start(self):
        st.need("nft")
        self.case.start(self.switch)
        self.switch.ip("link", "add", "name", "bridge", "type", "bridge")
        self.switch.ip("link", "set", "dev", "bridge", "up")

    def join(self):
        """A new namespace on the switch, with the member `address`. It ends with the test."""
        space = st.NetNs()
        self.case.start(space)
        self.spaces.append(space)
        number = len(self.spaces)
        space.address = f"10.99.{number >> 8}.{number & 255}"
        port = f"port{number}"
        self.switch.ip("link", "add", "name", port, "type", "veth", "peer", "name", "lan", "netns", space.name)
        self.switch.ip("link", "set", "dev", port, "master", "bridge", "up")
        space.ip("address", "add", f"{space.address}/16", "dev", "lan")
        space.ip("link", "set", "dev", "lan", "up")
        space.nft(
            "table ip lan {\n"
            "  set cut { type ipv4_addr; }\n"
            "  chain in { type filter hook input priority 0; ip saddr @cut drop; }\n"
            "  chain out { type filter hook output priority 0; ip daddr @cut drop; }\n"
            "}\n"
        )
        return space

    def cut(self, one, *others):
        """From now on, all packets between `one` and each of `others` are lost."""
        if others:
            addresses = ", ".join(other.address for other in others)
            one.nft(f"add element ip lan cut {{ {addresses} }}")

    def cut_just(self, one, others):
        """As cut(), in place of all that was cut from `one` by a call with it as the first."""
        addresses = ", ".join(other.address for other in others)
        one.nft("flush set ip lan cut\n" + (f"add element ip lan cut {{ {addresses} }}\n" if addresses else ""))

    def isolate(self, *spaces):
        """Cuts these spaces from all others of the switch, but not from each other."""
        for space in spaces:
            self.cut(space, *(other for other in self.spaces if other not in spaces))

    def heal(self, *spaces):
        """Ends what cut() and isolate() did to these spaces (default: to all)."""
        for space in spaces or self.spaces:
            space.nft("flush set ip lan cut")

    def log(self):
        return ""

    def stop(self):
        pass  # the namespaces end with the test, in their own turn

    abandon = stop


class Member(st.Process):
    """One node of a Cluster."""

    def __init__(self, cluster, number, space):
        super().__init__(cluster.case, f"etcd{number}", prefix=space.prefix if space else ())
        self.cluster, self.space = cluster, space
        self._waits = True
        self.address = space.address if space else cluster.case.address()
        self.port, self.peer_port = (2379, 2380) if space else (st.free_port(self.address), st.free_port(self.address))
        scheme = "https" if cluster.ca else "http"
        self.url = f"{scheme}://{self.address}:{self.port}"
        self.peer_url = f"http://{self.address}:{self.peer_port}"
        self.data = os.path.join(self.dir, "data")
        self.certificate = cluster.ca.issue(self.address) if cluster.ca else None

    def make_command(self, options):
        self.command = [
            "etcd", "--name", self.name, "--data-dir", self.data, "--unsafe-no-fsync",
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", self.peer_url, "--initial-advertise-peer-urls", self.peer_url,
            "--initial-cluster", ",".join(f"{member.name}={member.peer_url}" for member in self.cluster.members),
        ]  # fmt: skip
        if self.certificate:
            self.command += ["--cert-file", self.certificate[0], "--key-file", self.certificate[1]]
        if self.cluster.client_ca:
            self.command += ["--client-cert-auth", "--trusted-ca-file", self.cluster.client_ca.file]
        self.command += options

    def launch(self):
        """Starts it without waiting: the first members of a cluster wait for each other."""
        self._waits = False
        try:
            self.start()
        finally:
            self._waits = True

    def ready(self):
        return not self._waits or self.healthy()

    def healthy(self):
        """Whether it serves, by a leader: a linearizable read, as far as the etcdctl of the release does it."""
        return self.ctl("endpoint", "health", check=False).returncode == 0

    def ctl(self, *arguments, check=True, user="root", **options):
        """Runs etcdctl against this member alone; returns the completed process."""
        command = [*self.prefix, "etcdctl", "--endpoints", self.url, "--command-timeout", "10s", *arguments]
        if self.cluster.ca:
            command += ["--cacert", self.cluster.ca.file]
        if self.cluster.client_pair:
            command += ["--cert", self.cluster.client_pair[0], "--key", self.cluster.client_pair[1]]
        if user and user in self.cluster.passwords:
            command += ["--user", f"{user}:{self.cluster.passwords[user]}"]
        done = st.run(command, env=st.clean_env(ETCDCTL_API="3"), **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done

    def status(self):
        """Its own view: {"leader", "member", "revision", "term", "db"}. Raises ValueError if it gives none."""
        done = self.ctl("endpoint", "status", "-w", "json", check=False)
        found = json.loads(done.stdout)[0]["Status"]
        return {
            "leader": found.get("leader", 0), "member": found["header"]["member_id"], "db": found["dbSize"],
            "revision": found["header"]["revision"], "term": found["header"]["raft_term"],
        }  # fmt: skip

    def leads(self):
        status = self.status()
        return status["leader"] == status["member"]

    def gateway(self, token=None):
        return Gateway(self, token)

    def forget(self):
        """Deletes its data; it must not run."""
        shutil.rmtree(self.data, ignore_errors=True)


class Cluster:
    """`members` nodes, on loopback addresses or, with `lan`, in a namespace each.

    `ca` signs a certificate for each member's address; with `client_ca` a client needs one of that
    CA, and `client_pair` is that of etcdctl. `options` go to each etcd.
    """

    def __init__(self, case, members=1, lan=None, ca=None, client_ca=None, client_pair=None, options=()):
        st.need("etcd", "etcdctl")
        self.case, self.ca, self.client_ca, self.client_pair = case, ca, client_ca, client_pair
        self.passwords = {}
        self.options = list(options)
        self.members = []
        for number in range(members):
            self.members.append(Member(self, number, lan.join() if lan else None))

    def __str__(self):
        return "etcd"

    def start(self):
        for member in self.members:
            member.make_command(self.options)
            member.launch()
        self.wait_healthy()

    def wait_healthy(self, *members):
        for member in members or self.members:
            st.wait_until(lambda member=member: self._serves(member), what=f"{member} to serve", pause=0.1)

    @staticmethod
    def _serves(member):
        if not member.running:
            raise AssertionError(f"{member} ended with status {member.process.returncode}:\n{member.log()}")
        return member.healthy()

    @property
    def urls(self):
        return [member.url for member in self.members]

    def setting(self):
        """What stands between the brackets of fleet.etcd."""
        return ", ".join(f'"{url}"' for url in self.urls)

    def leader(self, among=None):
        """Waits until one of the members (default: those that run) leads, and returns it."""
        chosen = among or [member for member in self.members if member.running]
        found = []

        def look():
            found[:] = [member for member in chosen if member.leads()]
            return len(found) == 1

        st.wait_until(look, what="a leader", pause=0.05)
        return found[0]

    def followers(self):
        leader = self.leader()
        return [member for member in self.members if member is not leader]

    def ctl(self, *arguments, **options):
        """etcdctl against the first member that runs; returns its output."""
        member = next(member for member in self.members if member.running)
        return member.ctl(*arguments, **options).stdout

    # --- contents

    def put(self, key, text, **options):
        self.ctl("put", "--", key, text, **options)

    def delete(self, key, **options):
        self.ctl("del", key, **options)

    def range(self, prefix=""):
        """The keys with that prefix as etcd describes them, key and value as text."""
        found = json.loads(self.ctl("get", "--prefix", prefix, "-w", "json")).get("kvs", [])
        return [{**kv, "key": from64(kv["key"]), "value": from64(kv.get("value", ""))} for kv in found]

    def keys(self, prefix=""):
        return {kv["key"]: kv["value"] for kv in self.range(prefix)}

    def revision(self):
        running = [member for member in self.members if member.running]
        return max(st.wait_until(member.status, what=f"the status of {member}")["revision"] for member in running)

    def leases(self):
        """The ids of the leases that live, as hexadecimal text."""
        return self.ctl("lease", "list").split("\n")[1:-1]

    # --- what befalls a cluster

    def compact(self):
        """Forgets all revisions before the present one, in the file too. Each revision only once."""
        self.put("/compacted", "")
        self.ctl("compact", str(self.revision()), "--physical")

    def defragment(self):
        """Each member in turn, which serves nobody meanwhile."""
        for member in self.members:
            member.ctl("defrag")

    def move_leader(self):
        """Makes another member the leader, in good order; returns it."""
        leader = self.leader()
        other = next(member for member in self.members if member is not leader and member.running)
        status = st.wait_until(other.status, what=f"the status of {other}")
        leader.ctl("move-leader", f"{status['member']:x}")
        st.wait_until(other.leads, what=f"{other} to lead")
        return other

    def snapshot(self, path):
        self.members[0].ctl("snapshot", "save", path)
        return path

    def restore(self, path):
        """All members as they were at the snapshot, as another cluster at the same addresses."""
        for member in self.members:
            member.kill()
            member.forget()
            member.ctl(
                "snapshot", "restore", path, "--data-dir", member.data, "--name", member.name,
                "--initial-cluster", ",".join(f"{one.name}={one.peer_url}" for one in self.members),
                "--initial-advertise-peer-urls", member.peer_url, "--initial-cluster-token", "restored", user=None,
            )  # fmt: skip
        for member in self.members:
            member.launch()
        self.wait_healthy()

    # --- rights

    def enable_auth(self):
        self.ctl("user", "add", f"root:{ROOT_PASSWORD}")
        self.ctl("user", "grant-role", "root", "root")
        self.ctl("auth", "enable")
        self.passwords["root"] = ROOT_PASSWORD

    def add_role(self, role, *grants):
        """Grants: (what, key), what as etcdctl has it ("read", "write", "readwrite"), a key that ends
        with "/" as a prefix.
        """
        self.ctl("role", "add", role)
        for what, key in grants:
            self.ctl("role", "grant-permission", role, what, key, *(["--prefix"] if key.endswith("/") else []))

    def add_user(self, user, password, *roles):
        self.ctl("user", "add", f"{user}:{password}")
        for role in roles:
            self.ctl("user", "grant-role", user, role)
        self.passwords[user] = password

    # ---

    def log(self):
        return "".join(f"--- {member} at {member.url}\n{member.log()[-3000:]}\n" for member in self.members)

    def stop(self):
        for member in self.members:
            member.stop()

    def abandon(self):
        for member in self.members:
            member.abandon()


class Gateway:
    """A client of one member's HTTP gateway: call(), and watch() as an iterator of lines.

    Each call has a connection of its own. `token`: see login().
    """

    def __init__(self, member, token=None):
        self.member, self.token = member, token

    def _open(self, path, body, headers, timeout):
        member = self.member
        if member.cluster.ca:
            context = ssl.create_default_context(cafile=member.cluster.ca.file)
            connection = http.client.HTTPSConnection(member.address, member.port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection(member.address, member.port, timeout=timeout)
        headers = {**headers, **({"Authorization": self.token} if self.token else {})}
        if member.space:
            with member.space.inside():
                connection.connect()
        connection.request("POST", path, json.dumps(body), headers)
        return connection, connection.getresponse()

    def call(self, path, body, timeout=st.PATIENCE, **headers):
        """(status, answer) of POST /v3/`path`."""
        connection, response = self._open("/v3/" + path, body, headers, timeout)
        try:
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def login(self, user, password):
        """Without the old token: one that has ended is refused here, too."""
        self.token = None
        status, answer = self.call("auth/authenticate", {"name": user, "password": password})
        if status != 200:
            raise AssertionError(f"status {status}: {answer}")
        self.token = answer["token"]

    def watch(self, prefix, revision=None, timeout=st.PATIENCE, **headers):
        """Yields each object that a watch of `prefix` answers; ends when the member ends it."""
        create = {"key": to64(prefix), "range_end": to64(prefix_end(prefix))}
        if revision is not None:
            create["start_revision"] = str(revision)
        connection, response = self._open("/v3/watch", {"create_request": create}, headers, timeout)
        try:
            for line in iter(response.readline, b""):
                if line.strip():
                    yield json.loads(line)
        finally:
            connection.close()
