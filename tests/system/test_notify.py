#!/usr/bin/env python3
"""Programs run for events: what they are given, in which order, and that nothing waits for them."""
import http.server
import json
import os
import pwd
import re
import resource
import signal
import subprocess
import threading
import time
import unittest

import shunttest as st

ROOT = os.geteuid() == 0
WWW, DB = "www.example.com", "db.example.com"
FINISH_S = 3  # what one signal leaves to programs that run; shuntd(8)
PACE = 'interval = "200ms"; fast_interval = "100ms"; fall = 1; rise = 1; timeout = "20s";'
FIELDS = ("seq", "time", "type", "level", "record", "endpoint", "address", "from", "to", "reason", "text")

# Keeps its environment and input under the event's number, and says in `order` which it was.
RECORD = """
{ cat /proc/$$/environ; cat; } >"$TOLD/new.$$"
echo "$SHUNT_SEQ $SHUNT_TYPE ${SHUNT_RECORD:--}" >>"$TOLD/order"
mv "$TOLD/new.$$" "$TOLD/$SHUNT_SEQ"
"""
GATE = 'while [ ! -e "$TOLD/gate" ]; do sleep 0.05; done\n'


class Notify(st.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.tmp, 0o755)  # for exec_user
        self.told = self.path("told")
        os.mkdir(self.told)
        os.chmod(self.told, 0o777)

    def script(self, name, text):
        path = self.write(name, f'#!/bin/sh\nTOLD="{self.told}"\n{text}\n')
        os.chmod(path, 0o755)
        return path

    def notify(self, script, events=(), timeout="5m", argument="x"):
        types = f"events = [ {', '.join(json.dumps(one) for one in events)} ];" if events else ""
        return f'{{ command = [ "{script}", "{argument}" ]; {types} timeout = "{timeout}"; }}'

    def config(self, notify, records, exec_user="nobody" if ROOT else None):
        user = f'exec_user = "{exec_user}";' if exec_user else ""
        return f"{user} notify: ( {', '.join(notify)} ); records: ( {', '.join(records)} );"

    def server(self, name):
        address = self.address()
        server = self.start(st.Nginx(self, name, address, st.free_port(address)))
        server.at = address
        return server

    def record(self, name, server):
        return f"""{{ name = "{name}"; primary: {{ address = "{server.at}";
            check = {{ type = "tcp"; port = {server.port}; {PACE} }}; }}; secondary: {{ address = "192.0.2.1"; }}; }}"""

    def watch(self, config):
        self.daemon = self.start(st.Daemon(self, config))
        self.daemon.wait_settled()
        return self.daemon

    def metrics(self):
        return self.daemon.request("/metrics")[1].decode()

    def counts(self):
        """{"delivered", "failed", "timeout", "dropped", "waiting", "running"}"""
        found = re.findall(r'^shunt_notify_(?:total\{result="(\w+)"\}|(\w+)) (\d+)$', self.metrics(), re.M)
        return {result or name: int(number) for result, name, number in found}

    def wait_counts(self, **wanted):
        st.wait_until(lambda: wanted.items() <= self.counts().items(), what=f"{wanted}")

    def order(self):
        """[(seq, type, record)], as the programs ended."""
        try:
            with open(os.path.join(self.told, "order"), encoding="utf-8") as file:
                rows = [line.split() for line in file.read().splitlines()]
        except FileNotFoundError:
            return []
        return [(int(seq), kind, record) for seq, kind, record in rows]

    def order_of(self, record):
        return [row for row in self.order() if row[2] == record]

    def wait_told(self, *wanted):
        """Waits for (type, record) of each."""
        st.wait_until(lambda: set(wanted) <= {row[1:] for row in self.order()}, what=f"programs to be told of {wanted}")

    def read(self, seq):
        """(environment, event) of a program."""
        with open(os.path.join(self.told, str(seq)), "rb") as file:
            *variables, line = file.read().split(b"\0")
        self.assertTrue(line.endswith(b"\n"))
        self.assertEqual(line.count(b"\n"), 1)
        return dict(one.decode().split("=", 1) for one in variables), json.loads(line.decode())

    def open_gate(self):
        self.write("told/gate", "")


class Hook:
    """A webhook: .events and .types are what was posted, .status is what it answers."""

    def __init__(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hook.types.append(self.headers["Content-Type"])
                hook.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.events, self.types, self.status = [], [], 200
        self.server = http.server.ThreadingHTTPServer((st.fresh_address(), 0), Handler)
        self.url = "http://{}:{}/hook".format(*self.server.server_address)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Given(Notify):
    def test_failover_and_failback(self):
        """a failover and a failback in order, with all that is known in the environment and as JSON to read"""
        server = self.server("web")
        self.watch(self.config([self.notify(self.script("page", RECORD))], [self.record(WWW, server)]))
        server.kill()
        self.daemon.wait_active(WWW, "secondary")
        server.start()
        self.daemon.wait_active(WWW, "primary")
        st.wait_until(lambda: [kind for _, kind, _ in self.order()].count("answer") == 2, what="both answers to be told")
        self.wait_counts(waiting=0, running=0)
        order, log = self.order(), self.daemon.log()
        self.assertEqual(sorted(seq for seq, _, _ in order), list(range(1, len(order) + 1)))
        self.assertEqual(self.order_of(WWW), sorted(self.order_of(WWW)))
        changes = []
        for seq, kind, _ in order:
            variables, event = self.read(seq)
            self.assertEqual((event["seq"], event["type"]), (seq, kind))
            self.assertEqual(variables.pop("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            self.assertEqual(variables, {f"SHUNT_{name.upper()}": str(event[name]) for name in FIELDS if name in event})
            self.assertIn(event["text"], log)
            if event.get("record"):
                changes.append((kind, event.get("endpoint"), event.get("from"), event.get("to")))
        self.assertEqual(changes[-4:], [
            ("health", "primary", "up", "down"), ("answer", None, "primary", "secondary"),
            ("health", "primary", "down", "up"), ("answer", None, "secondary", "primary"),
        ])  # fmt: skip
        self.assertEqual(self.counts()["delivered"], len(order))

    def test_chosen_events(self):
        """each program is told of its own types, with its own arguments"""
        server = self.server("web")
        notify = [
            self.notify(self.script("some", 'echo "$1 $SHUNT_TYPE" >>"$TOLD/some"'), ["answer"], argument="a  b%a"),
            self.notify(self.script("all", RECORD)),
        ]
        self.watch(self.config(notify, [self.record(WWW, server)]))
        server.kill()
        self.wait_told(("health", WWW), ("answer", WWW))
        self.wait_counts(waiting=0, running=0)
        with open(os.path.join(self.told, "some"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "a  b%a answer\n")

    def test_webhook(self):
        """the shipped example posts the event as it was read, and says why it could not"""
        st.need("curl")
        hook, server = Hook(), self.server("web")
        self.addCleanup(hook.stop)
        path = os.path.join(st.ROOT, "conf", "examples", "notify-webhook")
        with open(path, encoding="utf-8") as file:
            path = self.script("notify-webhook", file.read())
        self.watch(self.config([self.notify(path, ["answer"], argument=hook.url)], [self.record(WWW, server)]))
        server.kill()
        st.wait_until(lambda: hook.events, what="the event to be posted")
        self.assertEqual({key: hook.events[0][key] for key in ("type", "record", "from", "to")},
                         {"type": "answer", "record": WWW, "from": "primary", "to": "secondary"})  # fmt: skip
        self.assertEqual(hook.types, ["application/json"])
        hook.status = 503
        server.start()
        self.daemon.wait_log(r"notify: /\S+/notify-webhook, event \d+: exit status 22: curl: \(22\) .*503")

    def test_surroundings(self):
        """exec_user's rights, no means to gain others, no descriptors, a session of its own"""
        script = """
        { id -u; echo $(ls /proc/self/fd); pwd
        while read name value; do [ $name = NoNewPrivs: ] && echo $value; done </proc/self/status
        read pid name state parent group session rest </proc/self/stat; echo $((pid - session)); } >"$TOLD/new"
        mv "$TOLD/new" "$TOLD/surroundings" """
        self.watch(self.config([self.notify(self.script("look", script), ["settled"])], [self.record(WWW, self.server("web"))]))
        path = os.path.join(self.told, "surroundings")
        st.wait_until(lambda: os.path.exists(path), what="the program")
        uid = pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid()
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines(), [str(uid), "0 1 2 3", "/", "1", "0"])

    @unittest.skipUnless(ROOT, "must be root")
    def test_exec_user(self):
        """a daemon that is root demands exec_user for them"""
        config = self.config([self.notify("/bin/true")], [self.record(WWW, self.server("web"))], exec_user=None)
        daemon = st.Daemon(self, config)
        with self.assertRaises(AssertionError) as caught:
            self.start(daemon)
        self.assertRegex(str(caught.exception), "exec_user: is missing, and a daemon that runs as root .*; write exec_user = ")
        self.assertEqual(st.check_config(daemon.config_path).returncode, 0)

    def test_private_daemon(self):
        """a private daemon, which is a rehearsal, tells nobody, and needs no exec_user for it"""
        records = [self.record(WWW, self.server("web"))]
        config = self.config([self.notify(self.script("page", RECORD))], records, exec_user=None)
        path = self.write("t.conf", config)
        done = st.run([st.SHUNT, "run", "-c", path, st.SHUNT, "status", "--json"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.told), [])


class Trouble(Notify):
    def test_deadline(self):
        """a program that hangs is killed with its group at the deadline; the next event of that record comes after"""
        mark = self.path(f"shunt-hang-{os.getpid()}")
        os.symlink("/bin/sleep", mark)
        hang = f'[ "$SHUNT_TYPE" != health ] || {{ echo waits; {mark} 3600 & exec {mark} 3600; }}\n'
        server = self.server("web")
        self.watch(self.config([self.notify(self.script("page", hang + RECORD), timeout="2s")], [self.record(WWW, server)]))
        self.wait_counts(waiting=0, running=0)
        before = self.counts()["timeout"]
        server.kill()
        self.wait_told(("answer", WWW))
        seq = max(seq for seq, kind, _ in self.order() if kind == "answer") - 1
        self.daemon.wait_log(rf"warning: notify: /\S+/page, event {seq}: timed out after 2s and was killed: waits")
        self.assertEqual(self.counts()["timeout"], before + 1)
        self.assertNotIn(("health", WWW), {row[1:] for row in self.order()})
        pgrep = ["pgrep", "-f", mark]
        st.wait_until(lambda: st.run(pgrep).returncode == 1, what="the program and its child to be gone")

    def test_other_records(self):
        """while a program stands still for a record, others are told of theirs, and probes go on"""
        gate = f'[ "$SHUNT_RECORD" != {WWW} ] || {GATE}'.rstrip("\n")
        web, db = self.server("web"), self.server("db")
        notify = [self.notify(self.script("page", gate + RECORD))]
        self.watch(self.config(notify, [self.record(WWW, web), self.record(DB, db)]))
        web.kill()
        self.daemon.wait_active(WWW, "secondary")
        db.kill()
        self.wait_told(("health", DB), ("answer", DB))
        self.assertEqual(self.order_of(WWW), [])
        self.wait_counts(running=1)
        self.open_gate()
        self.wait_told(("health", WWW), ("answer", WWW))
        self.assertEqual(self.order_of(WWW), sorted(self.order_of(WWW)))

    def test_failures(self):
        """one that fails, floods, is killed or does not read is one line in the log, no event, and holds up nothing"""
        script = f"""case $1 in
            status) echo "out of order" >&2; exit 3 ;;
            flood) exec cat /dev/zero ;;
            signal) kill -KILL $$ ;;
            deaf) exec <&-; exit 0 ;;
            gone) rm "$0"; exit 0 ;;
        esac"""
        server = self.server("web")
        labels = ["status", "flood", "signal", "deaf", "gone"]
        notify = [self.notify(self.script(label, script), ["forced", "released"], argument=label) for label in labels]
        os.chmod(self.tmp, 0o777)  # for one that removes itself
        self.watch(self.config(notify, [self.record(WWW, server)]))
        for command in (["force", WWW, "secondary"], ["auto", WWW]):
            done = st.shunt(self.daemon, *command)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_counts(waiting=0, running=0, delivered=3, failed=7)
        log, words = self.daemon.log(), {
            "status": "exit status 3: out of order",
            "flood": "killed by signal 13 (Broken pipe), since its output was closed after 1 MiB",
            "signal": "killed by signal 9 (Killed)",
        }  # fmt: skip
        for label, text in words.items():
            self.assertEqual(len(re.findall(rf"warning: notify: /\S+/{label}, event \d+: {re.escape(text)}\n", log)), 2, label)
        self.assertEqual(len(re.findall(r"/gone, event \d+: cannot run it: No such file or directory\n", log)), 1)
        self.assertIn('shunt_events_total{type="forced"} 1\n', self.metrics())

    def limit_processes(self, soft, hard):
        """As the daemon's own user, since that needs no capability."""
        words = ["unlimited" if limit == resource.RLIM_INFINITY else str(limit) for limit in (soft, hard)]
        subprocess.run(["prlimit", f"--pid={self.daemon.pid}", f"--nproc={words[0]}:{words[1]}"], check=True,
                       user="nobody", group=pwd.getpwnam("nobody").pw_gid, extra_groups=[])  # fmt: skip

    @unittest.skipUnless(ROOT, "must be root")
    def test_no_processes(self):
        """on a host that has no room for another process, events wait and are not lost"""
        server = self.server("web")
        config = self.config([self.notify(self.script("page", RECORD))], [self.record(WWW, server)], exec_user=None)
        self.watch('user = "nobody";' + config)
        self.wait_counts(waiting=0, running=0)
        before = self.order_of(WWW)
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]  # the daemon has it from us
        self.limit_processes(0, hard)
        server.kill()
        self.daemon.wait_log(r"notify: cannot start /\S+/page: Resource temporarily unavailable; retrying every second")
        self.daemon.wait_active(WWW, "secondary")
        self.assertEqual(self.order_of(WWW), before)
        self.limit_processes(hard, hard)
        self.wait_told(("answer", WWW))
        self.assertEqual([kind for _, kind, _ in self.order_of(WWW)[len(before) :]], ["health", "answer"])
        self.daemon.wait_log("notify: programs can be started again")
        self.assertEqual(len(re.findall("notify: cannot start", self.daemon.log())), 1)
        self.assertEqual(self.counts()["failed"], 0)


class Many(Notify):
    def test_burst(self):
        """a burst of 1,000 failovers is told without loss, and probes are made on time meanwhile"""
        web, db = self.server("web"), self.server("db")
        records = [self.record(f"n{number}.example.com", web) for number in range(1000)] + [self.record(DB, db)]
        self.watch(self.config([self.notify(self.script("page", 'echo "$SHUNT_SEQ $SHUNT_TYPE ${SHUNT_RECORD:--}" >>"$TOLD/order"'))],
                               records))  # fmt: skip
        self.wait_counts(waiting=0, running=0)
        probes = lambda: self.daemon.endpoint(DB, "primary")["addresses"][0]["probes"]
        before, begun = probes(), time.monotonic()
        web.kill()
        st.wait_until(lambda: sum(kind == "answer" for _, kind, _ in self.order()) >= 1000, what="1,000 failovers to be told")
        took, made = time.monotonic() - begun, probes() - before
        self.wait_counts(waiting=0, running=0, failed=0, timeout=0, dropped=0)
        seqs = [seq for seq, _, _ in self.order()]
        self.assertEqual(sorted(seqs), list(range(1, len(seqs) + 1)))
        self.note(f"1,000 programs in {took:.1f} s, and {made} probes at 200 ms meanwhile; {self.lateness()}")
        self.assertGreater(made, took / 0.2 / 2)

    def lateness(self):
        lines = re.findall(r'^shunt_loop_lag_seconds_bucket\{le="(.*?)"\} (\d+)$', self.metrics(), re.M)
        buckets = [(float(bound), int(count)) for bound, count in lines]
        return f"the loop was never later than {min(bound for bound, count in buckets if count == buckets[-1][1]) * 1000:g} ms"


class Lives(Notify):
    def stand_still(self, types=("answer", "health")):
        """Two programs that wait for the gate, and at least one event that waits behind each."""
        server = self.server("web")
        self.scripts = [self.script(name, GATE + RECORD) for name in ("one", "two")]
        notify = [self.notify(script, types) for script in self.scripts]
        self.records = [self.record(WWW, server)]
        self.watch(self.config(notify, self.records))
        server.kill()
        self.daemon.wait_active(WWW, "secondary")
        self.wait_counts(running=2)
        st.wait_until(lambda: self.counts()["waiting"] >= 2, what="events that wait")
        return self.counts()["waiting"] // 2

    def test_reload(self):
        """a reload keeps what waits for a program that is still there, and drops, with a line, what waits for one that is not"""
        waiting = self.stand_still()
        again = [self.notify(self.scripts[0], ["answer", "health"], timeout="4m")]
        self.daemon.reload(self.config(again, self.records))
        self.daemon.wait_log(rf"notify: /\S+/two: no longer in the configuration: {waiting} events? not delivered, the first is \d+: {WWW}")
        self.wait_counts(running=2, waiting=waiting, dropped=waiting)
        self.open_gate()
        self.wait_counts(running=0, waiting=0)
        told = [seq for seq, _, _ in self.order()]
        self.assertEqual(len(told), 2 + waiting)  # those of `two` were running
        self.daemon.reload(self.config([], self.records))
        st.wait_until(lambda: self.daemon.log().count(" reload: ") >= 2, what="the second reload")
        st.shunt(self.daemon, "force", WWW, "secondary")
        self.wait_counts(running=0, waiting=0)
        self.assertEqual(len(self.order()), 2 + waiting)

    def test_end(self):
        """at the daemon's end what runs, and what waits, has a moment"""
        # On a machine that stands still that moment may pass; not again and again.
        for _ in range(5):
            for name in os.listdir(self.told):
                os.unlink(os.path.join(self.told, name))
            waiting = self.stand_still()
            begun = time.monotonic()
            self.daemon.signal(signal.SIGTERM)
            self.open_gate()
            self.assertEqual(self.daemon.wait_exit(), 0)
            if time.monotonic() - begun < FINISH_S:
                break
        self.assertEqual(len(self.order()), 2 * (1 + waiting))
        self.assertNotIn("notify:", self.daemon.log())

    def test_end_of_what_hangs(self):
        """what does not end in that moment is killed, and the log names what was not delivered"""
        waiting = self.stand_still()
        begun = time.monotonic()
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.note(f"ended after {time.monotonic() - begun:.1f} s")
        log = self.daemon.log()
        for name in ("one", "two"):
            self.assertRegex(log, rf"notify: /\S+/{name}, event \d+: was killed, since the daemon is stopping\n")
            self.assertRegex(log, rf"notify: /\S+/{name}: the daemon is stopping: {waiting} events? not delivered, the first is \d+: {WWW}")
        self.assertEqual(self.order(), [])

    def test_end_at_once(self):
        """another signal does not wait for them"""

        # The loop may take two that come together for one.
        def signalled():
            if self.daemon.running:
                self.daemon.signal(signal.SIGTERM)
            return not self.daemon.running

        def took():
            begun = time.monotonic()
            st.wait_until(signalled, what="the daemon to end", pause=0.05)
            return time.monotonic() - begun

        # On a machine that stands still the first signal's time may pass; not again and again.
        for _ in range(5):
            self.stand_still()
            seconds = took()
            if seconds < FINISH_S:
                break
        self.note(f"ended after {seconds:.1f} s")
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.assertLess(seconds, FINISH_S)


if __name__ == "__main__":
    st.main(jobs=2)
