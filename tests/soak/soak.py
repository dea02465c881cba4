#!/usr/bin/env python3
"""Soak test: random operations on the daemon while eight clients look up names in a loop.



It kills (-9), stops, restarts, pauses, reloads and reconfigures the daemon, sets and ends
overrides, makes endpoints refuse, hang or reset, and fills the disk with the state, all in its own
network and mount namespace (as root, or in a user namespace). It counts wrong answers (see
model.py), lookups over 500 ms not explained by a stall, lost overrides, and growth of descriptors
and memory. The exit status is 1 unless all of them are 0. The seed is printed; the same seed
repeats the decisions of a run.
"""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
import model as m  # noqa: E402
import shunttest as st  # noqa: E402
from orders import not_saved  # noqa: E402

NAMESPACE = "SOAK_NAMESPACE"  # environment variable, set inside the namespace
CLIENTS = 8
SLOW = 0.5       # seconds that every lookup must stay below
PORT = 8080
DISK = "192k"    # for the state
GROWN_KB = 3072  # of private memory; a fragmenting arena takes one or two steps of 1 MiB
SPARES_MAX = 2 * 64  # EDGE_SPARES_MAX of daemon/net/edge.h, of each family


def address(record, endpoint):
    return f"192.0.2.{10 + 10 * record + endpoint}"


def record(number, ids, **options):
    return m.Record({name: address(number, i) for i, name in enumerate(ids)}, **options)


# One record per policy, and one that only some configurations have.
RECORDS = {
    "auto.example.com": record(0, "ab"),
    "three.example.com": record(1, "abc"),
    "manual.example.com": record(2, "ab", manual=True),
    "hold.example.com": record(3, "ab", all_down="hold"),
    "fail.example.com": record(4, "ab", all_down="fail"),
    "spare.example.com": record(5, "ab", unchecked="b"),
    "plain.example.com": record(6, "ab", unchecked="ab"),
    "extra.example.com": record(7, "ab"),
}
CHECKED = [one.endpoints[name] for one in RECORDS.values() for name in one.endpoints if name not in one.unchecked]


class Configuration:
    """`extra`: whether extra.example.com is included; `turn`: the order of three.example.com;
    `timeout`: changing it changes the check.
    """

    def __init__(self, extra=True, turn=0, timeout=1500):
        self.extra, self.turn, self.timeout = extra, turn, timeout

    def order(self):
        found = {name: tuple(one.endpoints) for name, one in RECORDS.items()}
        found["three.example.com"] = tuple("abcabc"[self.turn : self.turn + 3])
        if not self.extra:
            del found["extra.example.com"]
        return found

    def text(self):
        check = f"""type = "http"; port = {PORT}; interval = "500ms"; fast_interval = "200ms"; timeout = "{self.timeout}ms";
                    fall = 2; rise = 2;"""
        return f"checks: {{ web: {{ {check} }}; }};\nrecords: ( {', '.join(map(self._record, self.order().items()))} );\n"

    def _record(self, item):
        name, order = item
        one = RECORDS[name]
        ends = [f'{{ id = "{e}"; address = "{one.endpoints[e]}"; {"" if e in one.unchecked else "check = {0}web{0}; ".format(chr(34))}}}'
                for e in order]  # fmt: skip
        failback = "manual" if one.manual else "auto"
        return (f'{{ name = "{name}"; failback = "{failback}"; all_down = "{one.all_down}"; '
                f'primary: {ends[0]}; secondary: ( {", ".join(ends[1:])} ); }}')  # fmt: skip


class Place:
    """Replaces the test case: objects of shunttest use its directory."""

    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix="soak-")


class Daemon(st.Daemon):
    """A daemon with its state on a small separate disk."""

    def __init__(self, place, state, config):
        self.state = state
        super().__init__(place, config)

    def write_config(self, config):
        super().write_config(config)
        with open(self.config_path, encoding="utf-8") as file:
            text = file.read()
        st.write_whole(self.config_path, text.replace(f'state_dir = "{self.dir}"', f'state_dir = "{self.state}"'))


# --- what watches --------------------------------------------------------------------------------------


class Client:
    """A process under the shim. It passes its rows to the soak; it is a newcomer until its first
    answer from a table.
    """

    def __init__(self, soak, number):
        self.soak, self.number, self.last = soak, number, {}
        self.started = time.monotonic()
        self.knows = False
        self.process = subprocess.Popen(
            [os.path.join(st.B, "tests/soak/client"), "-t", "2", *RECORDS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=soak.daemon.env(), start_new_session=True,
        )  # fmt: skip
        self.reports = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "report":
                self.reports.append({key: int(value) for key, value in (word.split("=") for word in words[1:])})
            else:
                self.soak.rows.append((self, words))

    def report(self):
        have = len(self.reports)
        self.process.stdin.write("report\n")
        self.process.stdin.flush()
        st.wait_until(lambda: len(self.reports) > have, what=f"the report of client {self.number}")
        return self.reports[-1]

    def stop(self):
        self.process.stdin.close()
        status = self.process.wait(st.PATIENCE)
        self.reader.join(5)
        return status


class Watcher(threading.Thread):
    """Records when this process was stalled, and when the daemon waited for a CPU."""

    TICK, LATE = 0.02, 0.1

    def __init__(self, soak):
        super().__init__(daemon=True)
        self.soak, self.ending = soak, threading.Event()

    def run(self):
        waited, pid = 0, None
        while not self.ending.is_set():
            start = time.monotonic()
            time.sleep(self.TICK)
            now = time.monotonic()
            if now - start > self.TICK + self.LATE:
                self.soak.stalls.append((start, now))
            found = self._daemon_waited()
            if found and found[0] == pid and found[1] - waited > self.LATE:
                self.soak.stalls.append((now - (found[1] - waited), now))
            pid, waited = found or (None, 0)

    def _daemon_waited(self):
        try:
            pid = self.soak.daemon.pid
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
                return pid, int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError, AttributeError):
            return None


# --- the soak ------------------------------------------------------------------------------------------


class Soak:
    COUNTED = ("wrong answers", "slow lookups", "overrides lost", "descriptors grown", "memory grown", "ends and refusals unasked for")

    def __init__(self, seconds, seed):
        self.seconds, self.random = seconds, random.Random(seed)
        self.place = Place()
        self.faults = {what: [] for what in self.COUNTED}
        self.done, self.rows, self.stalls, self.trail = {}, [], [], []
        self.lookups, self.slowest, self.excused = 0, 0.0, 0
        self.full = False
        self.configuration = Configuration()
        self.baseline = None  # of this run of the daemon
        self.begin = self.told = time.monotonic()

    # --- start and end -----------------------------------------------------------------------------------

    def start(self):
        self.state = os.path.join(self.place.tmp, "disk")
        os.mkdir(self.state)
        self._must("mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "soak", self.state)
        self._files_only()
        self._must("ip", "link", "set", "lo", "up")
        for one in RECORDS.values():
            for where in one.endpoints.values():
                self._must("ip", "address", "add", f"{where}/32", "dev", "lo")
        self.servers = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "endpoints.py"), *CHECKED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.answers = []
        threading.Thread(target=self._read_servers, daemon=True).start()
        self.model = m.Model(time.monotonic(), RECORDS, self.configuration.order())
        for where in CHECKED:
            self._become(where, "well")
        self.daemon = Daemon(self.place, self.state, self.configuration.text())
        self._start_daemon(time.monotonic(), memory=False)
        self.watcher = Watcher(self)
        self.watcher.start()
        self.clients = [Client(self, number) for number in range(CLIENTS)]

    def _must(self, *command):
        done = st.run(command)
        if done.returncode != 0:
            raise SystemExit(f"soak: {' '.join(command)}: {done.stderr.strip()}")

    def _files_only(self):
        """Make lookups that are passed on to libc cheap: /etc/hosts only, no DNS."""
        path = os.path.join(self.place.tmp, "nsswitch.conf")
        st.write_whole(path, "hosts: files\n")
        self._must("mount", "--bind", path, "/etc/nsswitch.conf")

    def _read_servers(self):
        for line in self.servers.stdout:
            words = line.split()
            if words[0] == "stall":
                self.stalls.append((float(words[1]), float(words[2])))
            else:
                self.answers.append(line)

    def _become(self, where, word):
        begin, have = time.monotonic(), len(self.answers)
        self.servers.stdin.write(f"{where} {word}\n")
        self.servers.stdin.flush()
        st.wait_until(lambda: len(self.answers) > have, what=f"{where} to be {word}")
        self.model.endpoint(where, begin, time.monotonic(), m.UP if word == "well" else m.DOWN)

    def end(self):
        self._calm()
        self._measure()
        for client in self.clients:
            self._end_client(client)
        self.watcher.ending.set()
        self.watcher.join()
        self.judge(all_of_them=True)
        self.daemon.stop()
        self.servers.stdin.close()
        self.servers.wait()
        self._must("umount", self.state)

    def _end_client(self, client):
        status = client.stop()
        if status != 0:
            self._fault("ends and refusals unasked for", f"client {client.number} ended with status {status}")
        self.lookups += client.reports[-1]["lookups"]

    # --- judging -----------------------------------------------------------------------------------------

    def _fault(self, what, text):
        self.faults[what].append(text)
        if len(self.faults[what]) <= 5:
            self._say(f"FAULT {time.monotonic() - self.begin:.3f} s: {what}: {text}")
            for line in self.trail[-12:]:
                self._say(f"      {line}")

    def judge(self, all_of_them=False):
        """Judge rows that ended over two seconds ago: all actions up to then are known."""
        while self.stalls:
            self.model.stalled(*self.stalls.pop(0))
        limit = time.monotonic() - 2
        rows, self.rows = self.rows, []
        for client, words in rows:
            if words[0] == "slow":
                self._judge_slow(words)
            elif all_of_them or int(words[3]) / 1e6 < limit:
                self._judge_row(client, words)
            else:
                self.rows.append((client, words))

    def _judge_slow(self, words):
        took, stalled = int(words[3]) / 1e6, int(words[4]) / 1e6
        self.slowest = max(self.slowest, took - stalled)
        if took - stalled > SLOW:
            self._fault("slow lookups", f"{words[1]}: {took:.3f} s, of which the machine stood {stalled:.3f} s")
        else:
            self.excused += took > SLOW

    def _judge_row(self, client, words):
        name, start, end, answer = words[1], int(words[2]) / 1e6, int(words[3]) / 1e6, words[5]
        newcomer = not client.knows and start < max(client.started, self.model.last_end(start)) + m.FIRST
        may = self.model.may_answer(name, start, end, newcomer)
        client.knows |= answer != "EAI_NONAME"
        if answer not in may:
            self._fault("wrong answers", f"client {client.number}: {name} was {answer} from {start - self.begin:.3f} to "
                        f"{end - self.begin:.3f} s ({words[4]} times), and may be {', '.join(sorted(may))}")  # fmt: skip

    def _check_overrides(self, what):
        """Compare the overrides that the daemon reports with the model."""
        begin = time.monotonic()
        status = st.wait_until(self.daemon.status, what="the status")
        end = time.monotonic()
        for one in status["records"]:
            forced = (one.get("override") or {}).get("endpoint") if one["forced"] else None
            may = self.model.may_be_forced(one["name"], begin, end)
            if forced not in may:
                self._fault("overrides lost", f"{what}: {one['name']} is forced to {forced}, and may be to {set(may)}")
            self.model.seen(one["name"], forced, end)

    # --- acts --------------------------------------------------------------------------------------------

    def act(self, name, *arguments):
        self.done[name] = self.done.get(name, 0) + 1
        self.trail.append(f"{time.monotonic() - self.begin:.3f} {name} {' '.join(map(str, arguments))}")
        del self.trail[:-40]
        getattr(self, f"do_{name}")(*arguments)

    def _start_daemon(self, begin, memory=True):
        self.baseline = None
        self.daemon.start()
        self.model.disturbed(begin, time.monotonic(), memory)
        self._check_overrides("after the start")

    def do_kill(self, pause):
        begin = time.monotonic()
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.kill()
        self.model.killed(begin)
        time.sleep(pause)
        self._start_daemon(begin)

    def do_stop(self, pause):
        begin = time.monotonic()
        self.daemon.stop()
        if self.full:
            self.model.killed(begin)
        time.sleep(pause)
        self._start_daemon(begin)

    def do_pause(self, pause):
        begin = time.monotonic()
        self.daemon.pause()
        time.sleep(pause)
        self.daemon.resume()
        st.wait_until(self.daemon.status, what="the status")
        self.model.disturbed(begin, time.monotonic())

    def _reload(self, by_signal):
        if not by_signal:
            return st.shunt(self.daemon, "reload")
        before = len(self.daemon.log())
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_log(r"reload(ed)?: |not reloaded", start=before)
        return None

    def do_reload(self, by_signal):
        self.do_reconfigure(self.configuration, by_signal)

    def do_reconfigure(self, configuration, by_signal):
        begin = time.monotonic()
        memory = configuration.timeout != self.configuration.timeout
        self.configuration = configuration
        self.daemon.write_config(configuration.text())
        done = self._reload(by_signal)
        end = time.monotonic()
        if done and done.returncode != 0:
            self._fault("ends and refusals unasked for", f"reload: {done.returncode}: {done.stderr}")
        self.model.reconfigured(begin, end, configuration.order())
        self.model.disturbed(begin, end, memory)

    def do_mistake(self, by_signal):
        """Load a configuration that is rejected and changes nothing."""
        self.daemon.write_config(self.configuration.text() + "records: 5;")
        done = self._reload(by_signal)
        self.daemon.write_config(self.configuration.text())
        if done and done.returncode != 4:
            self._fault("ends and refusals unasked for", f"reload of a mistake: {done.returncode}: {done.stdout}{done.stderr}")

    def do_force(self, name, endpoint, seconds):
        self._order(name, endpoint, seconds)

    def do_auto(self, name):
        self._order(name, None, None)

    def _order(self, name, endpoint, seconds):
        if name not in self.configuration.order():
            return
        begin = time.monotonic()
        body = {"endpoint": endpoint, "anyway": True, **({"for": f"{seconds}s"} if seconds else {})}
        try:
            status, text, _ = self.daemon.request(
                f"/v1/records/{name}/{'force' if endpoint else 'auto'}", "POST", body=json.dumps(body) if endpoint else "{}"
            )
        except OSError:
            status, text = 0, b""
        end = time.monotonic()
        if status != 200:
            self.model.order_failed(name, endpoint, begin)
            self._fault("ends and refusals unasked for", f"{name} {endpoint}: {status}: {text[:200]!r}")
            return
        self.model.order(name, endpoint, begin, end, not_saved(text) is None, seconds)

    def do_strike(self, name, endpoint, pause):
        """Send an order, and kill -9 as soon as it is acknowledged."""
        self._order(name, endpoint, None)
        time.sleep(pause)
        self.do_kill(0)

    def do_endpoint(self, where, word):
        self._become(where, word)

    def do_disk(self, full):
        path = os.path.join(self.state, "filler")
        if full and not self.full:
            with open(path, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
        elif not full and self.full:
            os.unlink(path)
        self.full = full

    def do_newcomer(self, number):
        self._end_client(self.clients[number])
        self.clients[number] = Client(self, number)

    def do_measure(self):
        self._calm()
        self._measure()

    def _calm(self):
        for where in CHECKED:
            if self.model.truth[where].last() != {m.UP}:
                self._become(where, "well")
        self.do_disk(False)
        st.wait_until(lambda: self.daemon.settled() and self._all_up(), what="every endpoint to be up")

    def _all_up(self):
        return all(end["health"] == "up" for one in self.daemon.status()["records"] for end in one["endpoints"])

    @staticmethod
    def _spares(process_id, found):
        """The sockets that are neither bound nor connected: probes keep as many as there once were at one time."""
        known = set()
        for kind in ("tcp", "tcp6", "udp", "udp6", "unix", "netlink"):
            with open(f"/proc/{process_id}/net/{kind}", encoding="ascii", errors="replace") as file:
                known.update(file.read().split())
        return {fd for fd, what in found.items() if what.startswith("socket:[") and what[8:-1] not in known}

    def _sizes(self, process_id):
        """({descriptor: target}, kB): the minimum of several samples, since probes and readers come
        and go.
        """
        looks = []
        for _ in range(20):
            found = st.descriptors(process_id)
            spares = self._spares(process_id, found)
            if len(spares) > SPARES_MAX:
                self._fault("descriptors grown", f"{process_id} has {len(spares)} spare sockets")
            looks.append({fd: what for fd, what in found.items() if fd not in spares and "/filler" not in what and "/state.json" not in what})
            time.sleep(0.03)
        return min(looks, key=len), st.memory_kb(process_id, "RssAnon")

    def _settled_sizes(self, process_id, before):
        """As _sizes(), once it is down to `before`: a replaced table is kept for some seconds."""
        deadline = time.monotonic() + 15
        while True:
            sizes = self._sizes(process_id)
            if not before or len(sizes[0]) <= len(before[0]) or time.monotonic() > deadline:
                return sizes

    def _measure(self):
        sizes = self._settled_sizes(self.daemon.pid, self.baseline)
        self._compare("the daemon", self.baseline, sizes)
        self.baseline = self.baseline or sizes
        for client in self.clients:
            report = client.report()
            sizes = dict.fromkeys(range(report["descriptors"]), "one"), report["anon_kb"]
            if client.knows and not client.last:
                client.last = {"sizes": sizes}
            self._compare(f"client {client.number}", client.last.get("sizes"), sizes)
            if report["tables"] > 1:
                self._fault("memory grown", f"client {client.number} has {report['tables']} tables")

    def _compare(self, who, before, now):
        if before and len(now[0]) > len(before[0]):
            self._fault("descriptors grown", f"{who}: from {len(before[0])} to {len(now[0])}: {dict(now[0].items() - before[0].items())}")
        if before and now[1] > before[1] + GROWN_KB:
            self._fault("memory grown", f"{who}: from {before[1]} to {now[1]} kB")

    # --- decisions ---------------------------------------------------------------------------------------

    def _new_configuration(self):
        before, choose = self.configuration, self.random
        return Configuration(choose.random() < 0.6, choose.randrange(3), 1500 if choose.random() < 0.7 else 1600 + before.turn)

    def _name(self):
        return self.random.choice(sorted(RECORDS))

    # Actions during a run of the daemon: (weight, action, its arguments).
    MILD = (
        (6, "endpoint", lambda self: (self.random.choice(CHECKED), self.random.choice(("well", "well", "refuse", "silent", "reset")))),
        (4, "force", lambda self: (name := self._name(), self.random.choice(sorted(RECORDS[name].endpoints)),
                                   self.random.choice((None, None, None, 2, 10)))),
        (4, "auto", lambda self: (self._name(),)),
        (1, "newcomer", lambda self: (self.random.randrange(CLIENTS),)),
        (1, "disk", lambda self: (self.random.random() < 0.5,)),
        (1, "mistake", lambda self: (self.random.random() < 0.5,)),
    )  # fmt: skip
    RELOADS = (
        (3, "reload", lambda self: (self.random.random() < 0.5,)),
        (2, "reconfigure", lambda self: (self._new_configuration(), self.random.random() < 0.5)),
        (1, "pause", lambda self: (self.random.uniform(0.05, 1.4),)),
    )
    ENDS = (
        (3, "kill", lambda self: (self.random.choice((0, 0, 0.1, 1, 3)),)),
        (2, "stop", lambda self: (self.random.choice((0, 0, 0.1, 1, 3)),)),
        (3, "strike", lambda self: (name := self._name(), self.random.choice(sorted(RECORDS[name].endpoints)),
                                    self.random.choice((0, 0, 0.001, 0.01, 0.1)))),
    )  # fmt: skip

    def plan(self):
        """Generate actions endlessly, as (name, arguments, seconds to wait afterwards): for each
        run of the daemon some mild actions, then one that ends the run.

        Sizes are measured around the mild actions: they must not have grown.
        """
        while True:
            for calm, kinds, count, pause in (
                (True, *self.random.choice(((self.MILD + self.RELOADS * 2, 12, 1.0), (self.MILD + self.RELOADS, 10, 2.5)))),
                (False, *self.random.choice(((self.MILD + self.RELOADS + self.ENDS, 14, 1.0), (self.MILD + self.ENDS * 2, 12, 0.4)))),
            ):
                if calm:
                    yield "measure", (), 0
                for _ in range(count):
                    _, name, arguments = self.random.choices(kinds, [kind[0] for kind in kinds])[0]
                    yield name, arguments(self), self.random.expovariate(1 / pause)
                if calm:
                    yield "measure", (), 0

    # --- the run -----------------------------------------------------------------------------------------

    def _say(self, text):
        print(("\r\033[K" if sys.stdout.isatty() else "") + text, flush=True)

    def _progress(self):
        now, on_terminal = time.monotonic(), sys.stdout.isatty()
        if now - self.told < (1 if on_terminal else 60):
            return
        self.told = now
        text = (f"{now - self.begin:5.0f} s of {self.seconds}: {sum(self.done.values())} acts, "
                f"{sum(map(len, self.faults.values()))} faults")  # fmt: skip
        print(f"\r\033[K{text}" if on_terminal else text, end="" if on_terminal else "\n", flush=True)

    def _alive(self):
        if not self.daemon.running:
            self._fault("ends and refusals unasked for", f"the daemon ended with status {self.daemon.process.returncode}")
            self.daemon.start()

    def run(self):
        plan = self.plan()
        while time.monotonic() - self.begin < self.seconds:
            name, arguments, pause = next(plan)
            self.act(name, *arguments)
            until = min(time.monotonic() + pause, self.begin + self.seconds)
            while True:
                self._alive()
                self.judge()
                self._progress()
                if time.monotonic() >= until:
                    break
                time.sleep(max(0, min(0.2, until - time.monotonic())))


def enter_namespaces():
    """Re-execute this process in a new network and mount namespace."""
    if NAMESPACE in os.environ:
        return
    os.environ[NAMESPACE] = "1"
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.execvp("unshare", ["unshare", *user, "--net", "--mount", "--propagation", "private", "--", sys.executable, *sys.argv])


def main():
    seconds, seed = int(os.environ.get("SOAK_TIME") or 60), int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    enter_namespaces()
    os.chdir(st.ROOT)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: ended by a signal"))
    print(f"soak for {seconds} s; again: make soak SOAK_TIME={seconds} SEED={seed}", flush=True)
    soak = Soak(seconds, seed)
    try:
        soak.start()
        soak.run()
        soak.end()
    except BaseException:
        print(f"--- log of the daemon, its end:\n{soak.daemon.log()[-6000:]}" if hasattr(soak, "daemon") else "", flush=True)
        raise
    finally:
        for thing in [*getattr(soak, "clients", ()), getattr(soak, "daemon", None), getattr(soak, "servers", None)]:
            process = getattr(thing, "process", thing)
            if process and process.poll() is None:
                process.kill()
    failed = report(soak)
    if failed:
        print(f"kept: {soak.place.tmp}")
    else:
        shutil.rmtree(soak.place.tmp, ignore_errors=True)
    return 1 if failed else 0


def report(soak):
    acts = ", ".join(f"{count} {name}" for name, count in sorted(soak.done.items()))
    soak._say(f"acts: {acts}")
    print(f"{soak.lookups} lookups by {CLIENTS} clients; {soak.excused} over {SLOW * 1000:.0f} ms while the machine stood still; "
          f"stalls: {len(soak.model.stalls)}")  # fmt: skip
    failed = 0
    for what, found in soak.faults.items():
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok':5s} {what}: {len(found)}")
    print(f"{len(soak.faults) - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
