"""Two endpoints, a DNS server that answers a third address, a daemon; and every client, through each door.

The caller stands in a network namespace of its own with the capability to mount: servers, daemon and clients are its children.

    lab = Lab(case, clients, variant, timeout)    starts what the clients need; timeout: of the check
    lab.reached(client, door)             "primary" (by shunt), "elsewhere" (by the DNS), or what it said instead; not for BPF
    lab.recoveries(doors, black_hole, limit)      seconds from the break to the verdict, and to the first good answer of each client
    lab.restore()                         the primary is back and answers
"""
import collections
import concurrent.futures
import contextlib
import glob
import json
import os
import queue
import shutil
import subprocess
import threading
import time

import doors as bpf
import proxies
import resets
import servers
import shunttest as st
from test_nss import SWITCH, Room
from test_programs import Host

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "shop.shunt.test"
ENDPOINTS = {"primary": "10.99.0.1", "secondary": "10.99.0.2", "elsewhere": "10.99.0.3"}
NOBODY = 65534
SRV = f"--srv-host=_mongodb._tcp.{NAME},{NAME},27017"
DOORS = ("preload", "nss")
BPF = "bpf"  # the third: neither library nor module, and the DNS answers the primary
BPF_DNS = "127.0.0.2"

# title: of its columns; record, check: lines for every record and check; resets: shunt-reset is there; bpf: all go through that door
Variant = collections.namedtuple("Variant", "title record check resets bpf", defaults=("", "", False, False))
DEFAULT = Variant("default")
PORTS = f"ports = [ {', '.join(map(str, servers.PORTS.values()))} ];"

CONFIG = """
    {file}
    checks: {{ up: {{ type = "http"; port = 8080; interval = "100ms"; timeout = "{timeout}"; fall = 2; rise = 1; {check} }}; }};
    records: ( {{ name = "{name}"; {record}
        primary: {{ address = "{primary}"; check = "up"; }}; secondary: {{ address = "{secondary}"; check = "up"; }}; }} );
"""


class Running:
    """A client that was started through a door. ask() → its answer, or None if there was none in time."""

    def __init__(self, lab, client, door):
        self.lab, self.client, self.door = lab, client, door
        self.process, self.answers, self.asked = None, queue.Queue(), False
        self.folder = os.path.join(lab.case.tmp, f"client-{next(lab.numbers)}")
        os.mkdir(self.folder)
        self.log_path = os.path.join(self.folder, "log")
        words = lab.words(client, self.folder)
        self.command = words(client.command)
        self.question = words(client.ask)

    def launch(self, command, **options):
        room, front = self.lab.door(self.door)
        return subprocess.Popen([*room.prefix_in, "env", "--chdir", self.folder, *front, *command], env=self.lab.env(), cwd=self.folder, text=True,
                                errors="replace", start_new_session=True, **options)  # fmt: skip

    def start(self):
        if self.client.kind == "command":
            return
        with open(self.log_path, "wb") as log:
            self.process = self.launch(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.answers.put(line.strip())

    def ask(self, seconds):
        if self.client.kind == "lines":
            return self.ask_line(seconds)
        return self.run_question(self.command if self.client.kind == "command" else self.question, seconds)

    def ask_line(self, seconds):
        """The question that has no answer yet stays asked."""
        try:
            if not self.asked:
                self.process.stdin.write("\n")
                self.process.stdin.flush()
                self.asked = True
            answer = self.answers.get(timeout=seconds)
            self.asked = False
            return answer
        except queue.Empty:
            return None
        except OSError:
            return f"error: it ended: {self.log()}"

    def run_question(self, command, seconds):
        with open(self.log_path, "ab") as log:
            process = self.launch(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        try:
            return process.communicate(timeout=seconds)[0].strip() or f"error: status {process.returncode}"
        except subprocess.TimeoutExpired:
            return None
        finally:
            st.kill_group(process)
            process.stdout.close()

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return " ".join(file.read().split())[-300:]
        except OSError:
            return ""

    def stop(self):
        if self.process:
            st.kill_group(self.process)
            with contextlib.suppress(OSError):
                self.process.stdin.close()


def named(answer):
    """The endpoint that an answer is of: its name, its address, or an HTML page with its name in it. None: none."""
    words = [name for name, address in ENDPOINTS.items() if answer and (name in answer or address in answer)]
    return words[0] if len(words) == 1 else None


class Lab:
    def __init__(self, case, clients, variant=DEFAULT, timeout="250ms"):
        self.case, self.variant, self.timeout = case, variant, timeout
        self.services = {"http", *(client.service for client in clients)}
        self.numbers = iter(range(10**6))
        for command in (("ip", "link", "set", "lo", "up"), *(("ip", "address", "add", f"{at}/32", "dev", "lo") for at in ENDPOINTS.values())):
            st.run(command)
        self.build(clients)
        self.serve()

    # --- what is there --------------------------------------------------------------------------------------

    def build(self, clients):
        """Compiles the Java and Go programs that the clients need."""
        self.built = self.case.path("built")
        os.mkdir(self.built)
        words = {word for client in clients for word in client.command}
        if "Ask" in words and shutil.which("javac"):
            st.run(["javac", "-d", self.built, os.path.join(HERE, "programs", "Ask.java")], timeout=300)
        for program, cgo in (("ask-cgo", "1"), ("ask-static", "0")):
            if f"{{built}}/{program}" in words and shutil.which("go"):
                env = st.clean_env(CGO_ENABLED=cgo, HOME=self.case.tmp, GOCACHE=os.path.join(st.B, "clients-go"), GOFLAGS="-mod=mod", GO111MODULE="off")
                st.run(["go", "build", "-o", os.path.join(self.built, program), os.path.join(HERE, "programs", "ask.go")], env=env,
                       timeout=600)  # fmt: skip

    def serve(self):
        """The DNS first, so that nobody has kept that a name does not exist."""
        case = self.case
        self.dns = case.start(st.Dns(case, "127.0.0.1", 53, {NAME: [ENDPOINTS["elsewhere"]]}, options=[SRV]))
        stores = {"postgres": self.make_cluster, "mysql": lambda: servers.make_mysql_data(case)}
        self.stores = {service: make() for service, make in stores.items() if service in self.services}
        self.servers = {name: [case.start(server) for server in self.make(name)] for name in ENDPOINTS}
        self.start_daemon()
        self.rooms = {
            "preload": case.start(Room(case, Host, "hosts: files dns\nservices: files\n", sockets=self.daemon.dir, name="room-preload")),
            "nss": case.start(Room(case, Host, SWITCH, sockets=self.daemon.dir, name="room-nss")),
        }
        if self.variant.bpf:
            case.start(st.Dns(case, BPF_DNS, 53, {NAME: [ENDPOINTS["primary"]]}, options=[SRV]))
            self.rooms[BPF] = case.start(Room(case, Host, "hosts: files dns\nservices: files\n", dns=BPF_DNS, name="room-bpf"))

    def start_daemon(self):
        """As nobody, by which shunt-reset knows its connections; and the programs that it has by the variant."""
        case, file = self.case, 'user = "nobody";'
        if self.variant.bpf:
            self.cgroup = case.start(bpf.Cgroup())
            file += f' door = {{ cgroup = "{self.cgroup.path}"; }}; door_socket = "{case.path("door.sock")}";'
        if self.variant.resets:
            file += f' reset_socket = "{case.path("reset.sock")}";'
        config = CONFIG.format(name=NAME, file=file, check=self.variant.check, record=self.variant.record, timeout=self.timeout,
                               **ENDPOINTS)  # fmt: skip
        self.daemon = st.Daemon(case, config)
        os.chown(self.daemon.dir, NOBODY, NOBODY)
        os.chmod(self.daemon.dir, 0o755)  # for the helpers, which read its configuration
        if self.variant.resets:
            case.start(resets.Helper(case, config, socket_path=case.path("reset.sock")))
        if self.variant.bpf:
            case.start(bpf.Helper(case, self.daemon.config_path))
        case.start(self.daemon)
        self.daemon.wait_settled()
        if self.variant.resets:
            st.wait_until(lambda: self.daemon.status()["reset"]["ready"], what="shunt-reset")
        if self.variant.bpf:
            st.wait_until(lambda: self.daemon.status()["doors"][0]["state"] == "attached", what="the door")

    def make_cluster(self):
        from test_programs import Scene

        cluster = Scene.make_cluster(self.case)
        with open(os.path.join(cluster, "pg_hba.conf"), "a", encoding="ascii") as file:
            file.write("host all all 10.99.0.0/24 trust\n")
        return cluster

    def make(self, name):
        address = ENDPOINTS[name]
        kinds = {"redis": servers.OpenRedis, "mongo": servers.Mongo, "mqtt": servers.Mosquitto, "grpc": servers.Grpc, "nats": servers.Nats}
        yield st.Nginx(self.case, name, address, servers.PORTS["http"], server="keepalive_timeout 75s;")
        for service in sorted(self.services - {"http"}):
            port = servers.PORTS[service]
            if service == "postgres":
                yield servers.ManyPostgres(self.case, name, address, port, self.stores[service])
            elif service == "mysql":
                yield servers.Mysql(self.case, name, address, port, self.stores[service])
            else:
                yield kinds[service](self.case, name, address, port)

    def env(self):
        kept = {key: value for key, value in st.clean_env().items() if key in ("PATH", "LC_ALL")}
        return {**kept, "HOME": self.case.tmp, "TMPDIR": self.case.tmp, "CLIENTS_MODULES": modules()}

    def door(self, door):
        """The room, and the words in front of a command."""
        fronts = {"preload": lambda: [st.SHUNT, "run", "--socket", self.daemon.socket, "--"], "nss": list, BPF: lambda: self.cgroup.prefix}
        return self.rooms[door], fronts[door]()

    def words(self, client, folder):
        """The words of a command, with the files that it names."""
        port = next((port for file, port in proxies.PORTS.items() if any(word.endswith(file) for word in client.command)), 0)
        given = {**places(), "name": NAME, "files": folder, "built": self.built, "port": port}
        for file, text in proxies.FILES.items():
            if any(word.endswith(file) for word in client.command):
                st.write_whole(os.path.join(folder, file), text.format(**given))
        return lambda command: [word.format(**given) for word in command]

    # --- what is asked --------------------------------------------------------------------------------------

    def start(self, client, door):
        running = Running(self, client, door)
        running.start()
        return running

    def settle(self, running, wanted, seconds):
        """Asks until an answer is of one of the endpoints wanted. Returns the last answer."""
        end, answer = time.monotonic() + seconds, None
        while time.monotonic() < end:
            answer = running.ask(max(0.1, end - time.monotonic()))
            if named(answer) in wanted:
                break
            time.sleep(0.05)
        return answer

    def reached(self, client, door):
        """Up to three fresh processes: a machine that stands still sends a first lookup to the DNS."""
        answer = None
        for _ in range(3):
            running = self.start(client, door)
            try:
                answer = self.settle(running, ("primary", "elsewhere"), 20)
                if named(answer) != "elsewhere":
                    break
            finally:
                running.stop()
        return named(answer) or f"{answer} {running.log()}"

    def recoveries(self, doors, black_hole, limit):
        """doors: {client: door}. Returns seconds until the daemon's verdict, and {client: seconds, None if beyond the limit, or why it
        was not tried}, from just before the break.
        """
        ready = {client: self.start(client, door) for client, door in doors.items()}
        events = st.Stream(self.daemon.control)
        try:
            warm = each(ready, lambda client: self.settle(ready[client], ("primary",), 60))
            good = [client for client in ready if named(warm[client]) == "primary"]
            events.start()
            begin = time.monotonic()

            def wait(client):
                answer = self.settle(ready[client], ("secondary",), limit)
                return time.monotonic() - begin if named(answer) == "secondary" else None

            def see():
                events.until_type("answer", record=NAME)
                return time.monotonic() - begin

            with concurrent.futures.ThreadPoolExecutor() as pool:
                verdict = pool.submit(see)
                self.break_primary(black_hole)
                found = each(good, wait)
                return verdict.result(), {client: found.get(client, f"not warm: {warm[client]}") for client in ready}
        finally:
            events.stop()
            for running in ready.values():
                running.stop()

    def break_primary(self, black_hole):
        if black_hole:
            at = ENDPOINTS["primary"]
            rules = f"add table inet hole\nadd chain inet hole in {{ type filter hook input priority 0; }}\n"
            rules += f"add rule inet hole in ip daddr {at} drop\nadd rule inet hole in ip saddr {at} drop\n"
            result = st.run(["nft", "-f", "-"], input=rules, stdin=None)
            assert result.returncode == 0, result.stderr
        else:
            each(self.servers["primary"], lambda server: server.kill())

    def restore(self):
        st.run(["nft", "flush", "ruleset"])
        for server in self.servers["primary"]:
            if not server.running:
                server.start()
        self.daemon.wait_active(NAME, "primary")


def each(things, function):
    """function(thing) for all of them at once: {thing: what it returned}."""
    found = {}
    threads = [threading.Thread(target=lambda thing=thing: found.update({thing: function(thing)}), daemon=True) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# --- what the machine has -----------------------------------------------------------------------------------


def modules():
    return os.environ.get("CLIENTS_MODULES") or os.path.join(st.B, "clients")


def places():
    jars = ["/usr/share/java"] + sorted(glob.glob("/usr/share/java/*.jar"))
    wanted = ("okhttp", "okio", "kotlin", "HikariCP", "postgresql", "slf4j-api", "slf4j-nop")
    return {"programs": os.path.join(HERE, "programs"), "modules": modules(), "python": "/usr/bin/python3",
            "python_modules": "/usr/lib/python3/dist-packages",
            "jars": ":".join(jar for jar in jars if os.path.basename(jar).startswith(wanted))}  # fmt: skip


def missing(client):
    """Why a client cannot be tried here; None: it can. What is compiled is looked for where its compiler is."""
    given = {**places(), "built": "", "name": NAME, "files": "", "port": 0}
    program = client.command[0].format(**given)
    if client.command[0].startswith("{built}"):
        program = "go"
    if not shutil.which(program):
        return f"{os.path.basename(program)} is not installed"
    for file in client.files:
        if file.endswith("Ask.class"):
            if not shutil.which("javac"):
                return "javac is not installed"
        elif not glob.glob(file.format(**given) + "*"):
            return f"{os.path.basename(file)} is not installed"
    if not servers.has(client.service):
        return f"the server of {client.service} is not installed"
    return None


def doors(client):
    """Those that its row says reach it, in the version that is here."""
    if client.since:
        number, newer = client.since
        if st.run(["dpkg", "--compare-versions", version(client), "ge", number]).returncode == 0:
            return newer
    return client.doors


def version(client):
    """Of the package, as dpkg, npm or the program itself says."""
    if isinstance(client.version, str):
        kind, _, package = client.version.partition(":")
        if kind == "npm":
            with open(os.path.join(modules(), "node_modules", package, "package.json"), encoding="utf-8") as file:
                return json.load(file)["version"]
        return st.run(["dpkg-query", "-W", "-f", "${Version}", package]).stdout.strip()
    words = [word.format(**places()) for word in client.version]
    done = st.run(words)
    return (done.stdout + done.stderr).strip().partition("\n")[0]
