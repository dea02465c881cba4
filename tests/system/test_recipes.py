#!/usr/bin/env python3
"""docs/recipes.md: every configuration on it loads, passes what is well and fails what is not, and each trap is one.

PostgreSQL, Redis with Sentinel and etcd are the real servers where they are installed. All others, and etcd besides, are stand-ins:
they answer with the statuses that the page has from the product's own documentation or source.
"""
import base64
import collections
import json
import os
import re
import shutil
import socket
import ssl
import struct

import shunttest as st
from test_programs import Postgres, Redis, done, as_servant, give, postgres_folder

PACE = 'interval = "100ms"; fast_interval = "100ms"; fall = 1; rise = 1; timeout = "20s";'
ACCOUNT = "shunt:secret"


def recipes():
    """{title: its configuration} of the page."""
    with open(os.path.join(st.ROOT, "docs", "recipes.md"), encoding="utf-8") as file:
        sections = re.split(r"(?m)^## (.+)\n", file.read())[1:]
    blocks = {}
    for title, text in zip(sections[::2], sections[1::2]):
        blocks[title] = [re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?m)^(?:    .*\n)+", text)]
    return blocks


def recipe(title):
    (text,) = recipes()[title]
    # Only root may take another user for its programs, and has to.
    return text if os.geteuid() == 0 else re.sub(r"(?m)^exec_user.*\n", "", text)


def files_of(text):
    return re.findall(r'(?:ca_file|credentials_file) = "([^"/]+)"', text)


def put_files(text, folder, ca):
    """Beside the configuration: what it names."""
    for name in files_of(text):
        path = os.path.join(folder, name)
        if name.endswith(".pem"):
            shutil.copy(ca.file, path)
        else:
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                file.write(ACCOUNT + "\n")


class StandIn(st.Hostile):
    """Answers as the product in the state `state` would, by answer(method, path, headers, state): (status, body), or (status, None) for
    a status line alone. seen counts requests by method and path."""

    def __init__(self, answer, address, port, certificate=None):
        super().__init__(self.serve, address, port)
        self.answer, self.state = answer, None
        self.seen = collections.Counter()
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)

    def __str__(self):
        return f"stand-in at {self.at}:{self.port}, {self.state}"

    def serve(self, connection, stop):
        connection.settimeout(st.PATIENCE)
        if self._context:
            with self._context.wrap_socket(connection, server_side=True) as tls:
                self._answer(tls)
        else:
            self._answer(connection)

    def _answer(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
        head = request.decode("ascii").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        status, body = self.answer(method, path, headers, self.state)
        self.seen[method, path] += 1
        if body is None:
            connection.sendall(f"HTTP/1.0 {status} Status\r\n\r\n".encode())
            return
        answer = f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall((answer + ("" if method == "HEAD" else body)).encode())


# --- how the products answer -----------------------------------------------------------------------------


def patroni(method, path, headers, state):
    path = path.partition("?")[0]
    if method == "GET" and path in ("/patroni", "/liveness", "/readiness"):
        return 200, "{}"
    passing = {"primary": state == "primary", "replica": state == "replica", "health": state in ("primary", "replica", "lagging")}
    well = next((passes for word, passes in passing.items() if word in path), False)
    return (200 if well else 503), None if method in ("HEAD", "OPTIONS") else '{"state": "running"}'


def clustercheck(method, path, headers, state):
    if state == "synced":
        return 200, "Percona XtraDB Cluster Node is synced.\r\n"
    return 503, "Percona XtraDB Cluster Node is not synced.\r\n"


def authorized(headers):
    return headers.get("authorization") == "Basic " + base64.b64encode(ACCOUNT.encode()).decode()


def rabbitmq(method, path, headers, state):
    if not authorized(headers):
        return 401, '{"error":"not_authorized","reason":"Not_Authorized"}'
    if state == "alarm" or (state == "alarm elsewhere" and path.endswith("/checks/alarms")):
        return 503, '{"status":"failed","reason":"There are alarms in effect on the node"}'
    return 200, '{"status":"ok"}'


def elasticsearch(method, path, headers, state):
    if not authorized(headers):
        return 401, "{}"
    wanted = re.search("wait_for_status=([a-z]+)", path)
    order = ["red", "yellow", "green"]
    late = wanted is not None and order.index(state) < order.index(wanted.group(1))
    return (408 if late else 200), json.dumps({"status": state, "timed_out": late})


def vault(method, path, headers, state):
    status = {"active": 200, "standby": 429, "performance": 473, "recovery": 472, "uninitialised": 501, "sealed": 503}[state]
    if (state == "standby" and "?standbyok=true" in path) or (state == "performance" and "perfstandbyok=true" in path):
        status = 200
    return status, "{}"


def etcd(method, path, headers, state):
    if path.partition("?")[0] != "/health":
        return 404, "404 page not found\n"
    if method != "GET":
        return 405, "Method Not Allowed\n"
    if state == "no leader":
        return 503, '{"health":"false","reason":"RAFT NO LEADER"}\n'
    return 200, '{"health":"true","reason":""}'


def kubernetes(method, path, headers, state):
    if state == "not anonymous" and path == "/readyz":
        return 401, "Unauthorized"
    if state == "ready" or (state == "draining" and path == "/livez"):
        return 200, "ok"
    return 500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed"


def spring(method, path, headers, state):
    if state == "not enabled" and path.endswith("/readiness"):
        return 404, '{"status":404,"error":"Not Found"}'
    return (503 if state in ("OUT_OF_SERVICE", "DOWN") else 200), json.dumps({"status": state}, separators=(",", ":"))


def consul(method, path, headers, state):
    return 200, '"10.1.10.12:8300"' if state == "leader" else '""'


# --- the tests -------------------------------------------------------------------------------------------


class Page(st.Case):
    def test_loads(self):
        """each recipe has one configuration, and it loads as it stands"""
        st.need("pg_isready", "redis-cli")
        ca = st.CA(self)
        blocks = recipes()
        self.assertEqual(len(blocks), 11)
        for title, texts in blocks.items():
            self.assertEqual(len(texts), 1, title)
            self.assertRegex(texts[0], r"(?s)checks: \{.*records: \(", title)
            folder = self.path(title)
            os.mkdir(folder)
            text = recipe(title)
            put_files(text, folder, ca)
            path = os.path.join(folder, "shunt.conf")
            st.write_whole(path, text)
            tried = st.check_config(path)
            self.assertEqual((tried.returncode, tried.stderr), (0, ""), title)

    def test_hints(self):
        """shuntd -t has a hint for the traps that it knows, and takes the file all the same"""
        for title, old, new, setting in (
            ("Patroni", 'path = "/primary";', 'path = "/primry";', "path"),
            ("Patroni", 'path = "/primary";', 'path = "/patroni"; method = "HEAD";', "method"),
            ("etcd", 'expect_body = "\\"health\\":\\"true\\"";', 'method = "HEAD";', "method"),
            ("Consul", 'expect_body = ":";', "", "path"),
        ):
            text = recipe(title)
            self.assertIn(old, text, title)
            path = self.write("shunt.conf", text.replace(old, new))
            tried = st.check_config(path)
            self.assertEqual(tried.returncode, 0, tried.stderr)
            self.assertRegex(tried.stderr, rf"^{re.escape(path)}:\d+: checks\.\w+\.{setting}: hint: [^\n]+; [^\n]+\n\Z")

    def test_tested(self):
        """each recipe has a test that runs it"""
        with open(__file__, encoding="utf-8") as file:
            tested = set(re.findall(r'self\.(?:use|walk)\(\s*"([^"]+)"', file.read()))
        self.assertEqual(tested, set(recipes()))


class Run(st.Case):
    def use(self, title, pace=PACE):
        """The recipe with addresses and ports of this test's own; its files are made when the daemon is."""
        text = recipe(title)
        self.ports, self.at = {}, {}
        for address in sorted(set(re.findall(r'"(192\.0\.2\.\d+)"', text))):
            self.at[address] = self.address()
            text = text.replace(f'"{address}"', f'"{self.at[address]}"')
        for port in re.findall(r"port = (\d+);", text):
            if port not in self.ports:
                self.ports[port] = st.free_port(*self.at.values())
                text = text.replace(f"port = {port};", f"port = {self.ports[port]};")
        self.text = re.sub(r'(type = "\w+";)', rf"\1 {pace}", text)
        self.names = re.findall(r'\{ name = "([^"]+)"', text)

    def run_daemon(self, ca=None):
        self.daemon = st.Daemon(self, self.text)
        put_files(self.text, self.daemon.dir, ca)
        self.start(self.daemon)

    def health(self, names):
        try:
            return {name: self.daemon.health(name, "primary") for name in names}
        except KeyError:
            return None

    def expect(self, wanted, why):
        try:
            st.wait_until(lambda: self.health(wanted) == wanted)
        except AssertionError:
            self.fail(f"{why}: {self.health(wanted)}, not {wanted}\n{self.daemon.record(next(iter(wanted)))['endpoints'][0]}")

    def last_error(self, name):
        return self.daemon.endpoint(name, "primary")["addresses"][0]["last_error"] or ""

    def set(self, state):
        """The primary's servers are in that state, and each check that probes them has a verdict of it."""
        before = {server: server.seen.copy() for server in self.primary}
        for server in self.primary:
            server.state = state
        for server, seen in before.items():
            # The second request is sent when the first has been judged.
            st.wait_until(lambda: server.seen and all(server.seen[key] >= seen[key] + 2 for key in self.probes(server)),
                          what=f"{server} to be probed")  # fmt: skip

    def probes(self, server):
        """What is asked for now, by method and path."""
        found = re.findall(r'port = (\d+);(?: path = "([^"]+)";)?(?: method = "(\w+)";)?', self.now)
        return {(method or "GET", path or "/") for port, path, method in found if int(port) == server.port}

    def walk(self, title, answer, states, traps=()):
        """`states`: {state: [health of each record's primary]}. `traps`: [(what is written so, what instead, state, [health])]."""
        self.use(title)
        self.now = self.text
        secure = set(re.findall(r'type = "https"; .*?port = (\d+);', self.text))
        ca = st.CA(self) if files_of(self.text) else None
        certificate = ca.issue(*self.names) if secure else None
        servers = {}
        for address in self.at.values():
            for port in self.ports.values():
                server = StandIn(answer, address, port, certificate if str(port) in secure else None)
                server.state = next(iter(states))
                servers[address, port] = self.start(server)
        first = self.at["192.0.2.10"]
        self.primary = [server for (address, _), server in servers.items() if address == first]
        self.run_daemon(ca)
        for state, wanted in states.items():
            self.set(state)
            self.expect(dict(zip(self.names, wanted)), f"{title}, {state}")
        for old, new, state, wanted in traps:
            self.assertIn(old, self.text, title)
            self.now = self.text.replace(old, new)
            for server in self.primary:
                server.seen.clear()
            self.daemon.reload(self.now)
            self.set(state)
            self.expect({name: health for name, health in zip(self.names, wanted) if health}, f"{title}, {new}, {state}")


class Http(Run):
    def test_patroni(self):
        """Patroni (stand-in): the primary, a replica, neither; unknown paths, and HEAD of /patroni"""
        self.walk(
            "Patroni", patroni,
            {"primary": ["up", "down"], "replica": ["down", "up"], "lagging": ["down", "down"], "stopped": ["down", "down"]},
            [('path = "/primary";', 'path = "/master-of-all";', "primary", ["down"]),
             ('path = "/primary";', 'path = "/patroni"; method = "HEAD";', "primary", ["down"]),
             ('path = "/primary";', 'path = "/patroni";', "stopped", ["up"]),
             ('path = "/primary";', 'path = "/liveness"; method = "HEAD";', "primary", ["down"]),
             ('path = "/primary";', 'path = "/primary"; method = "HEAD";', "primary", ["up"]),
             ('path = "/primary";', 'path = "/health";', "replica", ["up"])],
        )  # fmt: skip

    def test_galera(self):
        """Galera (stand-in for clustercheck): a synced node, a donor"""
        self.walk("MySQL and Galera", clustercheck, {"synced": ["up"], "donor": ["down"]})

    def test_rabbitmq(self):
        """RabbitMQ (stand-in): no alarm, an alarm, an alarm elsewhere; without credentials it is down"""
        self.walk(
            "RabbitMQ", rabbitmq, {"well": ["up"], "alarm": ["down"], "alarm elsewhere": ["up"]},
            [('credentials_file = "rabbitmq.credentials";', "", "well", ["down"]),
             ("local-alarms", "alarms", "alarm elsewhere", ["down"])],
        )  # fmt: skip

    def test_elasticsearch(self):
        """Elasticsearch (stand-in): green, yellow, red; a red cluster passes without wait_for_status"""
        self.walk(
            "Elasticsearch", elasticsearch, {"green": ["up"], "yellow": ["up"], "red": ["down"]},
            [("?wait_for_status=yellow&timeout=1s", "", "red", ["up"]),
             ("wait_for_status=yellow", "wait_for_status=green", "yellow", ["down"]),
             ('credentials_file = "elasticsearch.credentials";', "", "green", ["down"])],
        )  # fmt: skip

    def test_vault(self):
        """Vault (stand-in): active, standby and the rest; standbyok alone does not cover a performance standby"""
        self.walk(
            "Vault", vault,
            {"active": ["up", "up"], "standby": ["down", "up"], "performance": ["down", "up"], "recovery": ["down", "down"],
             "uninitialised": ["down", "down"], "sealed": ["down", "down"]},
            [("&perfstandbyok=true", "", "performance", ["down", "down"])],
        )  # fmt: skip

    def test_etcd(self):
        """etcd (stand-in): with and without a leader; HEAD takes it out"""
        self.walk(
            "etcd", etcd, {"well": ["up"], "no leader": ["down"]},
            [('path = "/health"; expect_body = "\\"health\\":\\"true\\"";', 'path = "/health"; method = "HEAD";', "well", ["down"])],
        )  # fmt: skip

    def test_kubernetes(self):
        """Kubernetes (stand-in): an API server and a pod, ready and not; /livez passes while it drains"""
        self.walk(
            "Kubernetes", kubernetes,
            {"ready": ["up", "up"], "draining": ["down", "down"], "not anonymous": ["down", "down"]},
            [('path = "/readyz";', 'path = "/livez";', "draining", ["up", "down"])],
        )  # fmt: skip

    def test_spring(self):
        """Spring Boot (stand-in): its statuses; UNKNOWN is 200"""
        self.walk(
            "Spring Boot", spring,
            {"UP": ["up"], "OUT_OF_SERVICE": ["down"], "DOWN": ["down"], "UNKNOWN": ["down"], "not enabled": ["down"]},
            [('expect_body = "\\"status\\":\\"UP\\"";', "", "UNKNOWN", ["up"])],
        )  # fmt: skip

    def test_consul(self):
        """Consul (stand-in): with and without a leader, which have the same status"""
        self.walk(
            "Consul", consul, {"leader": ["up"], "no leader": ["down"]},
            [('expect_body = ":";', "", "no leader", ["up"])],
        )  # fmt: skip


def rejecting(connection, stop):
    """What PostgreSQL says while it starts up: no TLS, then an error."""
    while True:
        length, code = struct.unpack("!II", connection.recv(8, socket.MSG_WAITALL))
        if code not in (80877103, 80877104):
            break
        connection.sendall(b"N")
    connection.recv(length - 8, socket.MSG_WAITALL)
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    connection.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)


class Real(Run):
    NAME = "db.example.com"

    def test_postgresql(self):
        """PostgreSQL (the real one): up, gone, and back; (stand-in) rejecting while it starts"""
        st.need("pg_isready")
        postgres_folder()
        self.use("PostgreSQL")
        port, primary = self.ports["5432"], self.at["192.0.2.10"]
        os.chmod(self.tmp, 0o755)
        cluster = self.path("cluster")
        os.mkdir(cluster)
        give(cluster)
        done(*as_servant(), os.path.join(postgres_folder(), "initdb"), "--pgdata", cluster, "--username", "shunt", "--no-sync",
             "--auth", "trust", "--encoding", "UTF8", "--no-locale", env=st.clean_env(), cwd="/")  # fmt: skip
        server = self.start(Postgres(self, "primary", primary, port, cluster))
        self.run_daemon()
        self.expect({self.NAME: "up"}, "accepts")
        server.kill()
        self.expect({self.NAME: "down"}, "gone")
        self.assertIn("no response", self.last_error(self.NAME))
        starting = self.start(st.Hostile(rejecting, primary, port))
        st.wait_until(lambda: "rejecting connections" in self.last_error(self.NAME), what="rejection to be the reason")
        self.assertEqual(self.daemon.health(self.NAME, "primary"), "down")
        starting.stop()
        server.start()
        self.expect({self.NAME: "up"}, "back")

    def test_redis(self):
        """Redis and Sentinel (the real ones): master and replica, a quorum and none; without -e an error passes"""
        st.need("redis-server", "redis-cli")
        self.use("Redis and Sentinel")
        redis, sentinel = self.ports["6379"], self.ports["26379"]
        primary, standby = self.at["192.0.2.10"], self.at["192.0.2.11"]
        self.start(Redis(self, "one", primary, redis))
        self.start(Redis(self, "two", standby, redis))
        watcher = st.Process(self, "sentinel")
        config = os.path.join(watcher.dir, "sentinel.conf")
        st.write_whole(config, f"bind {primary}\nport {sentinel}\nsentinel monitor mymaster {primary} {redis} 1\n")
        watcher.command = ["redis-server", config, "--sentinel"]
        watcher.ready = lambda: st.can_connect(primary, sentinel)
        self.start(watcher)
        self.run_daemon()
        names = ("redis.example.com", "sentinel.example.com")
        self.expect(dict(zip(names, ("up", "up"))), "master and quorum")
        self.ask(primary, redis, "REPLICAOF", standby, str(redis))
        self.ask(primary, sentinel, "SENTINEL", "SET", "mymaster", "quorum", "2")
        self.expect(dict(zip(names, ("down", "down"))), "replica and no quorum")
        self.assertIn("NOQUORUM", self.last_error(names[1]))
        self.daemon.reload(self.text.replace("exec redis-cli -e", "exec redis-cli"))
        self.expect(dict(zip(names, ("down", "up"))), "no quorum, without -e")
        self.ask(primary, redis, "REPLICAOF", "NO", "ONE")
        self.ask(primary, sentinel, "SENTINEL", "SET", "mymaster", "quorum", "1")
        self.daemon.reload(self.text)
        self.expect(dict(zip(names, ("up", "up"))), "master again")

    @staticmethod
    def ask(address, port, *words):
        done("redis-cli", "-e", "-h", address, "-p", str(port), *words)

    def test_etcd(self):
        """etcd (the real one): up, HEAD is refused, gone"""
        st.need("etcd")
        self.use("etcd")
        port, primary = self.ports["2379"], self.at["192.0.2.10"]
        client, peer = f"http://{primary}:{port}", f"http://{primary}:{st.free_port(primary)}"
        server = st.Process(self, "etcd")
        server.command = ["etcd", "--data-dir", os.path.join(server.dir, "data"), "--initial-cluster", f"default={peer}",
                          "--listen-client-urls", client, "--advertise-client-urls", client,
                          "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]  # fmt: skip
        server.ready = lambda: st.can_connect(primary, port)
        self.start(server)
        self.run_daemon()
        name = "etcd.example.com"
        self.expect({name: "up"}, "well")
        self.daemon.reload(re.sub(r'expect_body = "[^;]*";', 'method = "HEAD";', self.text))
        self.expect({name: "down"}, "HEAD")
        self.assertIn("405", self.last_error(name))
        self.daemon.reload(self.text)
        self.expect({name: "up"}, "GET again")
        server.kill()
        self.expect({name: "down"}, "gone")


if __name__ == "__main__":
    st.main(jobs=4)
