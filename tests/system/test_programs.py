#!/usr/bin/env python3
"""Programs as people use them, and real servers: each is led to the active endpoint, before and after a failover."""
import collections
import concurrent.futures
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import shunttest as st
from test_nss import Asker, Room

NAME = "shop.shunt.test"
CONFIG = """
    checks: {{ host: {{ type = "http"; port = {port}; interval = "200ms"; timeout = "20s"; fall = 2; rise = 1; }}; }};
    records: ( {{ name = "{name}";
        primary: {{ address = "{primary}"; check = "host"; }}; secondary: {{ address = "{secondary}"; check = "host"; }}; }} );
"""
SERVICES = ("HTTP", "LINE", "SQL", "REDIS", "SSH")


# --- the clients ----------------------------------------------------------------------------------------

# command: the words HTTP_PORT, … and FILES are replaced. says: what it prints, a regular expression; NAME and ADDRESS are the
# endpoint's. needs: programs besides the command's first word. version: how to ask for it.
Client = collections.namedtuple("Client", "name command says needs version", defaults=("NAME", (), "--version"))

URL = f"http://{NAME}:HTTP_PORT/"
LINE = (NAME, "LINE_PORT")
URLLIB = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
ASYNCIO = """import asyncio, sys
async def ask():
    reader, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    print((await reader.read()).decode())
    writer.close()
asyncio.run(ask())"""
PERL_INET = "use IO::Socket::INET; print IO::Socket::INET->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1])->getline"
PERL_IP = "use IO::Socket::IP; print IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1])->getline"
PHP_SOCKET = "echo fgets(fsockopen($argv[1], (int) $argv[2]));"
PHP_STREAM = "echo file_get_contents($argv[1]);"
PHP_CURL = """$c = curl_init($argv[1]); curl_setopt_array($c, [CURLOPT_RETURNTRANSFER => true, CURLOPT_PROXY => ""]);
    echo trim(curl_exec($c)), " ", curl_getinfo($c, CURLINFO_PRIMARY_IP);"""
RUBY_SOCKET = "print TCPSocket.new(ARGV[0], ARGV[1]).read"
RUBY_HTTP = "puts Net::HTTP.get(URI(ARGV[0]))"
NODE_HTTP = "require('http').get(process.argv[1], answer => answer.pipe(process.stdout))"
NODE_LOOKUP = "require('dns').lookup(process.argv[1], (error, address) => console.log(address))"
SSH = f"""ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=none
    -o UserKnownHostsFile=FILES/known_hosts -i FILES/key -l USER -p SSH_PORT {NAME}""".split()

CLIENTS = (
    Client("getent hosts", ["getent", "hosts", NAME], rf"ADDRESS\s+{re.escape(NAME)}"),
    Client("getent ahosts", ["getent", "ahosts", NAME], rf"ADDRESS\s+STREAM {re.escape(NAME)}(\s+ADDRESS\s+\w+)*"),
    Client("curl", ["curl", "--disable", "--silent", "--show-error", URL]),
    Client("wget", ["wget", "--no-config", "--quiet", "--tries=1", "--output-document=-", URL]),
    Client("git over http", ["git", "ls-remote", f"{URL}repository.git"], r"[0-9a-f]{40}\s+refs/heads/NAME"),
    Client("python3 urllib", [sys.executable, "-c", URLLIB, URL]),
    Client("python3 asyncio", [sys.executable, "-c", ASYNCIO, *LINE]),
    Client("perl IO::Socket::INET", ["perl", "-e", PERL_INET, *LINE]),
    Client("perl IO::Socket::IP", ["perl", "-e", PERL_IP, *LINE]),
    Client("php fsockopen", ["php", "-r", PHP_SOCKET, *LINE]),
    Client("php file_get_contents", ["php", "-r", PHP_STREAM, URL]),
    Client("ruby TCPSocket", ["ruby", "-rsocket", "-e", RUBY_SOCKET, *LINE]),
    Client("ruby Net::HTTP", ["ruby", "-rnet/http", "-e", RUBY_HTTP, URL]),
    Client("node http", ["node", "-e", NODE_HTTP, URL]),
    Client("node lookup", ["node", "-e", NODE_LOOKUP, NAME], "ADDRESS"),
    Client("psql", ["psql", "-X", "-A", "-t", "-w", "-h", NAME, "-p", "SQL_PORT", "-U", "shunt", "-c",
                    "select current_setting('cluster_name'), host(inet_server_addr())", "postgres"],
           r"NAME\|ADDRESS", ("setpriv",)),
    Client("redis-cli", ["redis-cli", "-h", NAME, "-p", "REDIS_PORT", "get", "endpoint"], "NAME", ("redis-server",)),
    Client("ssh", [*SSH, "echo $ENDPOINT"], "NAME", ("sshd", "ssh-keygen", "setpriv"), "-V"),
    Client("nc", ["nc", *LINE], version=None),
    Client("bash /dev/tcp", ["bash", "-c", "exec 3<>/dev/tcp/$0/$1; cat <&3", *LINE]),
)  # fmt: skip
BY_MODULE = Client("php curl", ["php", "-r", PHP_CURL, URL], "NAME ADDRESS")

# Programs that live over the failover: for each line that they read they look the name up again, connect, and print what comes.
STEADY_PYTHON = """import asyncio, sys
async def main():
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        try:
            reader, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
            print((await reader.read()).decode().strip(), flush=True)
            writer.close()
        except OSError as error:
            print(error, flush=True)
asyncio.run(main())"""
STEADY_NODE = """const [name, port] = process.argv.slice(1);
require('readline').createInterface({input: process.stdin}).on('line', () => {
    const socket = require('net').connect(port, name);
    socket.on('data', data => process.stdout.write(data)).on('error', error => console.log(error.message));
});"""
STEADY_JAVA = """import java.io.*;
import java.net.*;
class Steady {
    static BufferedReader reader(InputStream stream) { return new BufferedReader(new InputStreamReader(stream)); }
    public static void main(String[] names) throws IOException {
        BufferedReader input = reader(System.in);
        while (input.readLine() != null) {
            try (Socket socket = new Socket(names[0], Integer.parseInt(names[1]))) {
                System.out.println(reader(socket.getInputStream()).readLine());
            } catch (IOException error) {
                System.out.println(error);
            }
        }
    }
}
"""
# The virtual machine keeps answers, and failures, for a time of its own, unless told not to.
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-Dsun.net.inetaddr.ttl=0", "-Dsun.net.inetaddr.negative.ttl=0"]
STEADY = (
    Client("python3 asyncio, long-lived", [sys.executable, "-c", STEADY_PYTHON, *LINE]),
    Client("node, long-lived", ["node", "-e", STEADY_NODE, *LINE]),
    # It is run from its source, by the compiler of the JDK.
    Client("java, long-lived", [*JAVA, "FILES/Steady.java", *LINE], "NAME", ("javac",)),
)


# --- the servers ----------------------------------------------------------------------------------------


def servant():
    """Who runs the servers that root may not run, or that take no other user's key: its entry in the table of users."""
    try:
        return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise unittest.SkipTest(f"the servers of these want a user: {error}") from None


def as_servant():
    user = servant()
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def give(*paths):
    for path in paths:
        os.chown(path, servant().pw_uid, servant().pw_gid)


def done(*command, **options):
    """Runs a command that prepares something."""
    result = st.run(command, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command}: status {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout


class Server(st.Process):
    """A server at address:port, ready when it takes connections; its folder and itself belong to the servant if asked."""

    def __init__(self, case, name, kind, address, port, servants=False):
        super().__init__(case, f"{kind}-{name}", prefix=as_servant() if servants else ())
        self.at, self.port = address, port
        if servants:
            give(self.dir)

    def ready(self):
        return st.can_connect(self.at, self.port)


class Postgres(Server):
    def __init__(self, case, name, address, port, cluster):
        super().__init__(case, name, "postgres", address, port, servants=True)
        data = os.path.join(self.dir, "data")
        done("cp", "-a", cluster, data)
        settings = {"listen_addresses": address, "port": port, "cluster_name": name, "unix_socket_directories": "",
                    "shared_buffers": "1MB", "max_connections": 5, "fsync": "off", "autovacuum": "off"}  # fmt: skip
        self.command = [os.path.join(postgres_folder(), "postgres"), "-D", data]
        self.command += [f"--{key}={value}" for key, value in settings.items()]

    def ready(self):
        return "ready to accept connections" in self.log()

    def kill(self):
        """At once, but so that it takes its children and its shared memory along."""
        if self.running:
            self.signal(signal.SIGQUIT)
            try:
                self.wait_exit()
            finally:
                super().kill()

    abandon = kill


def postgres_folder():
    """Debian keeps the server's programs out of PATH."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")) or [shutil.which("initdb")]
    if not folders[-1]:
        raise unittest.SkipTest("postgresql is not installed")
    return os.path.dirname(folders[-1])


class Redis(Server):
    def __init__(self, case, name, address, port):
        super().__init__(case, name, "redis", address, port)
        self.endpoint = name
        self.command = ["redis-server", "--bind", address, "--port", str(port), "--save", "", "--appendonly", "no"]

    def ready(self):
        with socket.create_connection((self.at, self.port), st.PATIENCE) as client:
            client.sendall(f"SET endpoint {self.endpoint}\r\n".encode())
            return client.recv(100).startswith(b"+OK")


class Sshd(Server):
    def __init__(self, case, name, address, port, key):
        super().__init__(case, name, "sshd", address, port, servants=True)
        self.host_key = os.path.join(self.dir, "host_key")
        done("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.host_key)
        authorized, config = os.path.join(self.dir, "authorized_keys"), os.path.join(self.dir, "sshd_config")
        shutil.copy(f"{key}.pub", authorized)
        with open(config, "w", encoding="ascii") as file:
            file.write(f"HostKey {self.host_key}\nListenAddress {address}:{port}\nPidFile none\nAuthorizedKeysFile {authorized}\n"
                       f"StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                       f"UseDNS no\nSetEnv ENDPOINT={name}\n")  # fmt: skip
        give(self.host_key, authorized, config)
        self.command = [shutil.which("sshd"), "-D", "-e", "-f", config]

    def known(self):
        """Its line in the client's list of known hosts."""
        with open(f"{self.host_key}.pub", encoding="ascii") as file:
            return f"[{NAME}]:{self.port} {file.read()}"


def line_server(name, address, port):
    def tells_its_name(connection, stop):
        connection.sendall(f"{name}\n".encode())

    return st.Hostile(tells_its_name, address, port)


# --- what happens, once for all cases -------------------------------------------------------------------


class Host:
    """This host itself, as test_nss knows places: its own network, and nothing before a command."""

    prefix = prefix_in = ()


def may_mount():
    return os.geteuid() == 0 and bool(shutil.which("unshare")) and st.run(["unshare", "-m", "true"]).returncode == 0


def available(client):
    """SkipTest when its programs, or its servers', are not there."""
    st.need(client.command[0], *client.needs)
    if "setpriv" in client.needs:
        servant()
    if "psql" in client.command:
        postgres_folder()
    if "sshd" in client.needs and os.path.basename(servant().pw_shell) in ("nologin", "false", "sync"):
        raise unittest.SkipTest(f"{servant().pw_name} may not log in")
    if client is BY_MODULE and not may_mount():
        raise unittest.SkipTest("mounting over files in /etc needs root")
    return True


class Scene(st.Case):
    """Two endpoints with all the servers, a daemon, and every client in three acts: the primary answers, it died, without shim.

    seen[act, client's name]: the completed process; of a long-lived client its answer. missing[client's name]: SkipTest.
    """

    def play(self):
        self.seen, self.missing = {}, {}
        os.chmod(self.tmp, 0o755)  # for the servant
        self.clients = [client for client in (*CLIENTS, BY_MODULE, *STEADY) if self.has(client)]
        self.once = [client for client in self.clients if client not in STEADY]
        self.serve()
        self.write("Steady.java", STEADY_JAVA)
        self.room = self.start(Room(self, Host, sockets=self.daemon.dir)) if BY_MODULE in self.clients else None
        self.steady = {client.name: self.start_steady(client) for client in self.clients if client in STEADY}
        self.act("primary")
        for server in self.servers["primary"]:
            server.stop()
        self.daemon.wait_active(NAME, "secondary")
        self.act("secondary")
        self.act("disabled")
        self.versions = self.each(self.version, self.clients)

    def has(self, client):
        try:
            return available(client)
        except unittest.SkipTest as reason:
            self.missing[client.name] = reason
            return False

    def serve(self):
        self.at = {name: self.address() for name in ("primary", "secondary")}
        self.ports = {f"{service}_PORT": st.free_port(*self.at.values()) for service in SERVICES}
        needed = {word for client in self.clients for word in (*client.command, *client.needs)}
        if "psql" in needed:
            self.cluster = self.make_cluster()
        if "sshd" in needed:
            self.key = self.make_key()
        self.servers = {name: [self.start(server) for server in self.make(name, needed)] for name in self.at}
        if "sshd" in needed:
            hosts = [server.known() for servers in self.servers.values() for server in servers if isinstance(server, Sshd)]
            self.write("known_hosts", "".join(hosts))
        self.daemon = self.start(st.Daemon(self, CONFIG.format(name=NAME, port=self.ports["HTTP_PORT"], **self.at)))
        self.daemon.wait_settled()
        self.daemon.wait_active(NAME, "primary")

    def make(self, name, needed):
        """The endpoint's servers. What the daemon checks comes first."""
        address = self.at[name]
        http, line, sql, redis, ssh = (self.ports[f"{service}_PORT"] for service in SERVICES)
        yield st.Nginx(self, name, address, http, server=f"location /repository.git/ {{ root {self.make_repository(name)}; }}")
        yield line_server(name, address, line)
        if "psql" in needed:
            yield Postgres(self, name, address, sql, self.cluster)
        if "redis-server" in needed:
            yield Redis(self, name, address, redis)
        if "sshd" in needed:
            yield Sshd(self, name, address, ssh, self.key)

    def make_cluster(self):
        """A database that each endpoint takes a copy of."""
        cluster = self.path("cluster")
        os.mkdir(cluster, 0o700)
        give(cluster)
        done(*as_servant(), os.path.join(postgres_folder(), "initdb"), "--pgdata", cluster, "--username", "shunt",
             "--auth", "trust", "--no-locale", "--no-sync", cwd=cluster)  # fmt: skip
        return cluster

    def make_key(self):
        done("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path("key"))
        return self.path("key")

    def make_repository(self, name):
        """A repository that any web server can serve, its one branch called as the endpoint. Returns the folder that it is in."""
        env = self.env()
        env.update({f"GIT_{who}_{what}": "shunt" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")})
        folder = self.path(f"git-{name}")
        git = ["git", "--git-dir", os.path.join(folder, "repository.git")]
        done("git", "init", "--quiet", "--bare", git[-1], env=env)
        tree = done(*git, "mktree", env=env).strip()
        commit = done(*git, "commit-tree", "-m", "first", tree, env=env).strip()
        done(*git, "update-ref", f"refs/heads/{name}", commit, env=env)
        done(*git, "update-server-info", env=env)
        return folder

    def env(self, **extra):
        """Nothing of the caller's but where programs are: no proxies, no configuration of any client."""
        kept = {key: value for key, value in st.clean_env().items() if key in ("PATH", "LC_ALL")}
        return {**kept, "HOME": self.tmp, "TMPDIR": self.tmp, "GIT_CONFIG_NOSYSTEM": "1", "PGSYSCONFDIR": self.tmp,
                "RES_OPTIONS": "timeout:1 attempts:1", **extra}  # fmt: skip

    def preloaded(self, **extra):
        """As the manual says it, for programs of every width."""
        return self.env(LD_PRELOAD=os.path.join(st.B, "$LIB", "libshunt.so"), SHUNT_SOCKET=self.daemon.socket, **extra)

    def words(self, client):
        """Its command."""
        given = {**{key: str(port) for key, port in self.ports.items()}, "FILES": self.tmp, "USER": user_name()}
        return [re.sub("|".join(given), lambda found: given[found[0]], word) for word in client.command]

    def start_steady(self, client):
        return self.start(Asker(Host, self.words(client), env=self.preloaded()))

    def each(self, function, clients):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return dict(zip((client.name for client in clients), pool.map(function, clients)))

    def act(self, act):
        for name, result in self.each(lambda client: self.run_once(client, act), self.once).items():
            self.seen[act, name] = result
        for name, asker in self.steady.items():
            if act != "disabled":
                self.seen[act, name] = self.ask_steady(asker, act)

    def run_once(self, client, act):
        """Once more when the machine stood still for as long as a first lookup may wait: it says so, and went to the DNS."""
        for _ in st.first_lookups():
            result = self.run_client(client, act)
            if act == "disabled" or f"shunt: {NAME}: passed on" not in result.stderr:
                break
        return result

    def run_client(self, client, act):
        words, debug = self.words(client), {"SHUNT_DISABLE" if act == "disabled" else "SHUNT_DEBUG": "1"}
        if client is BY_MODULE:
            return self.finish([*self.room.prefix_in, *words], self.env(**debug))
        # Every client goes both ways, the one before and the other after the failover.
        if act != "disabled" and (self.clients.index(client) + (act == "primary")) % 2:
            return self.finish([st.SHUNT, "run", "--socket", self.daemon.socket, "--", *words], self.env(**debug))
        return self.finish(words, self.preloaded(**debug))

    def finish(self, command, env):
        try:
            return st.run(command, env=env, cwd=self.tmp)
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(command, None, "", str(error))

    def ask_steady(self, asker, act):
        """Before its first answer it may have gone to the DNS, as above; from then on it has no excuse."""
        if act == "primary":
            try:
                st.wait_until(lambda: asker.ask("look up") == act, what=f"{asker} to be answered")
            except AssertionError as error:
                return str(error)
        return asker.ask("look up")

    def version(self, client):
        if client.version is None:
            return ""
        result = self.finish([client.command[0], client.version], self.env())
        return (result.stdout + result.stderr).strip().partition("\n")[0]


def user_name():
    try:
        return servant().pw_name
    except unittest.SkipTest:
        return ""


class Programs(st.Case):
    """A case for each client."""

    @classmethod
    def setUpClass(cls):
        cls.scene = Scene()
        cls.scene.addCleanup = cls.addClassCleanup
        cls.scene.setUp()
        try:
            cls.scene.play()
        except AssertionError:
            for thing in cls.scene.things:
                print(*(f"# {thing}: {line}" for line in thing.log().splitlines()[-20:]), sep="\n")
            raise

    def setUp(self):
        super().setUp()
        self.things = self.scene.things

    def reached(self, client, act, endpoint):
        """Whether what it printed in that act is of that endpoint."""
        given = {"NAME": endpoint, "ADDRESS": re.escape(self.scene.at[endpoint])}
        pattern = re.sub("NAME|ADDRESS", lambda found: given[found[0]], client.says)
        return bool(re.fullmatch(pattern, self.scene.seen[act, client.name].stdout.strip()))

    def check(self, client):
        self.require(client)
        for act in ("primary", "secondary"):
            self.assertTrue(self.reached(client, act, act), f"{act}: {self.scene.seen[act, client.name]}")
        for endpoint in self.scene.at:
            seen = self.scene.seen["disabled", client.name]
            self.assertFalse(self.reached(client, "disabled", endpoint), f"without the shim: {seen}")

    def check_steady(self, client):
        self.require(client)
        self.assertEqual([self.scene.seen[act, client.name] for act in ("primary", "secondary")], ["primary", "secondary"])

    def require(self, client):
        if client.name in self.scene.missing:
            raise self.scene.missing[client.name]
        self.note(self.scene.versions[client.name])


def add_case(client, check, what):
    def case(self):
        check(self, client)

    case.__doc__ = f"{client.name} {what}"
    setattr(Programs, "test_" + re.sub(r"\W+", "_", client.name), case)


for each in CLIENTS:
    add_case(each, Programs.check, "reaches the active endpoint, before and after a failover")
add_case(BY_MODULE, Programs.check, "reaches the active endpoint through the NSS module, before and after a failover")
for each in STEADY:
    add_case(each, Programs.check_steady, "follows a failover")


if __name__ == "__main__":
    st.main()
