#!/usr/bin/env python3
"""Programs as checks, and checks that are made of others, inverted, disabled or without a verdict."""
import contextlib
import os
import pwd
import re
import resource
import subprocess
import time
import unittest

import shunttest as st

ROOT = os.geteuid() == 0
PACE = 'interval = "1s"; fast_interval = "100ms"; fall = 1; rise = 1;'
LONG = 'timeout = "30s";'
SLOW = 'interval = "1h"; fast_interval = "1h"; timeout = "30s";'


def living(word):
    """The processes that have the word in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


class Programs(st.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.tmp, 0o755)  # for exec_user

    def script(self, name, text):
        path = self.path(name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
        return path

    def config(self, records, checks="", exec_user="nobody" if ROOT else None):
        user = f'exec_user = "{exec_user}";' if exec_user else ""
        return f"{user}\nchecks: {{ {checks} }};\nrecords: ( {', '.join(records)} );"

    def record(self, label, script, arguments="", options=PACE + LONG, address=None):
        path = script if script.startswith("/bin") else self.script(label, script)
        command = f'command = [ "{path}"{arguments} ];'
        return f"""{{ name = "{label}.example.com"; primary: {{ address = "{address or self.address()}";
            check = {{ type = "exec"; {command} {options} }}; }}; }}"""

    def watch(self, config, **options):
        self.daemon = self.start(st.Daemon(self, config, **options))
        return self.daemon

    def address_of(self, label):
        return self.daemon.endpoint(f"{label}.example.com", "primary")["addresses"][0]

    def seen(self, label):
        address = self.address_of(label)
        return address["health"], address["last_error"]

    def wait_seen(self, expected):
        """{label: (health, words that the error contains, or None)}"""

        def wrong():
            return {
                label: self.seen(label)
                for label, (health, words) in expected.items()
                if self.seen(label)[0] != health or (words or "") not in (self.seen(label)[1] or "")
                or (words is None) != (self.seen(label)[1] is None)
            }  # fmt: skip

        try:
            st.wait_until(lambda: not wrong())
        except AssertionError:
            self.assertEqual(wrong(), {})


class Verdicts(Programs):
    def test_verdicts(self):
        """exit 0 passes; any other status, a signal and the deadline fail; what cannot be run, and none_status, has no verdict"""
        sleep = self.path(f"shunt-test-{os.getpid()}")  # that can be found
        os.symlink("/bin/sleep", sleep)
        rows = {
            "pass": ("echo fine", "up", None),
            "words": ("echo 'lag 31 s'; echo more; exit 1", "down", "lag 31 s"),
            "silent": ("exit 1", "down", "exit status 1"),
            "nagios": ("echo CRITICAL; exit 2", "down", "exit status 2: CRITICAL"),
            "highest": ("exit 255", "down", "exit status 255"),
            "unable": ("exit 126", "unknown", "cannot be run: exit status 126"),
            "not-found": ("echo lost; exit 127", "unknown", "cannot be run: exit status 127: lost"),
            "warning": ("exit 1", "up", None),
            "beyond-warning": ("exit 2", "down", "exit status 2"),
            "unsure": ("echo unsure; exit 3", "unknown", "exit status 3: unsure"),
            "signal": ("kill -TERM $$", "down", "killed by signal 15 (Terminated)"),
            "hang": (f"{sleep} 3600 & {sleep} 3600", "down", "timed out in program after 1s"),
            "flood": ("head -c 600000 /dev/zero | tr '\\0' x; exit 1", "down", "x" * 200),
            "endless": ("echo first; exec cat /dev/zero", "down", "closed after 1 MiB: first"),
            "closed": ("exec >&-; exit 1", "down", "exit status 1"),
            "held": (f"echo ended; {sleep} 3600 & exit 1", "down", "ended"),
            "unprintable": ("printf 'a\\033[31mb\\303\\244'; exit 1", "down", "a?[31mb??"),
        }
        options = {"hang": PACE + 'timeout = "1s";'}
        for label in ("warning", "beyond-warning", "unsure"):
            options[label] = PACE + 'timeout = "30s"; pass_status = "0-1"; none_status = ( 3, "10-20" );'
        records = [
            self.record(label, script, options=options.get(label, PACE + 'timeout = "30s";'))
            for label, (script, _, _) in rows.items()
        ]
        records.append(self.record("gone", "exit 0"))
        config = self.config(records)
        with open(self.path("t.conf"), "w", encoding="utf-8") as file:
            file.write(config)
        self.assertEqual(st.check_config(self.path("t.conf")).returncode, 0)
        self.watch(config)
        os.unlink(self.path("gone"))
        expected = {label: (health, words) for label, (_, health, words) in rows.items()}
        self.wait_seen(expected)
        st.wait_until(lambda: "No such file or directory" in (self.seen("gone")[1] or ""), what="a program that is gone")
        self.assertRegex(self.seen("gone")[1], r"^cannot run /\S+/gone: No such file or directory$")
        self.assertEqual(self.daemon.active("unsure.example.com"), "primary")
        st.wait_until(lambda: self.address_of("gone")["no_verdict_side"], what="three intervals without a verdict")
        self.assertEqual(self.address_of("gone")["no_verdict_side"], "check")
        self.daemon.stop()
        st.wait_until(lambda: not living(sleep), what="all processes of programs to be gone")

    def test_side(self):
        """status and explain call nothing that a program does a fault of this host: a failure is one, and no verdict is the command's"""
        sleep = self.path(f"shunt-side-{os.getpid()}")
        os.symlink("/bin/sleep", sleep)
        # The script, and what it says; whether it is a verdict.
        rows = {
            "two": ("exit 2", "exit status 2", True),
            "signal": ("kill -KILL $$", "killed by signal 9 (Killed)", True),
            "deadline": (f"exec {sleep} 3600", "timed out in program after 1s", True),
            "unable": ("exit 126", "cannot be run: exit status 126", False),
            "not-found": ("exit 127", "cannot be run: exit status 127", False),
            "undecided": ("echo unsure; exit 3", "exit status 3: unsure", False),
        }
        pace = 'interval = "200ms"; fast_interval = "100ms"; fall = 1; rise = 1; timeout = "{}"; none_status = 3;'
        self.watch(self.config([self.record(label, script, options=pace.format("1s" if label == "deadline" else "20s"))
                                for label, (script, _, _) in rows.items()]))  # fmt: skip

        def seen(label):
            address = self.address_of(label)
            lacks = address["no_verdict_since"] is not None
            return address["health"], address["last_error"], lacks, address["no_verdict_side"], address["held"]

        for label, (_, words, judged) in rows.items():
            with self.subTest(label):
                want = ("down", words, False, None, 0) if judged else ("unknown", words, True, "check", 0)
                with contextlib.suppress(AssertionError):
                    st.wait_until(lambda label=label, want=want: seen(label) == want)
                self.assertEqual(seen(label), want)
                told = st.run([st.SHUNT, "explain", f"{label}.example.com"], env=st.clean_env(SHUNT_CONTROL=self.daemon.control))
                self.assertEqual(told.returncode, 0, told.stderr)
                text = " ".join(told.stdout.split())
                self.assertIn(words, text)
                self.assertEqual(", a fault of the check's command" in text, not judged, told.stdout)
                shown = " ".join(self.daemon.client([st.SHUNT, "status", f"{label}.example.com"]).stdout.split())
                self.assertEqual("(the check's command)" in shown, not judged, shown)
                sides = [dict(labels)["side"] for labels in self.daemon.metrics()["shunt_endpoint_no_verdict"]
                         if dict(labels)["record"] == f"{label}.example.com"]  # fmt: skip
                self.assertEqual(sides, [] if judged else ["check"])
                event = f"{label}.example.com: primary [^ ]+: no verdict for 600ms: .*; the fault is that of the check's command"
                self.assertEqual(bool(re.search(event, self.daemon.log())), not judged)
                self.assertNotIn("this host", text)
                self.assertNotIn("this host", self.daemon.record(f"{label}.example.com")["reason"])

    def test_arguments(self):
        """%a, %p, %n, %e and %% become what they stand for, an address with its own \"%\" included"""
        words = ', "%a", "%p", "%n", "%e", "100%%", "[%a]:%p", ""'
        script = 'echo "$*" $#; exit 1'
        records = [
            self.record("v4", script, words, PACE + LONG + "port = 5432;", "192.0.2.1"),
            self.record("v6", script, words, PACE + LONG + "port = 80;", "fe80::1%lo"),
        ]
        self.watch(self.config(records))
        self.wait_seen({
            "v4": ("down", "192.0.2.1 5432 v4.example.com primary 100% [192.0.2.1]:5432  7"),
            "v6": ("down", "80 v6.example.com primary 100% [fe80::1%"),
        })  # fmt: skip

    def test_sharing(self):
        """a program is run once for everyone who asks the same, and for each who asks something else"""
        calls = self.path("calls")
        with open(calls, "w", encoding="utf-8"):
            os.chmod(calls, 0o666)
        path = self.script("count", f'echo "$1" >>{calls}')
        checks = " ".join(
            f'{name}: {{ type = "exec"; command = [ "{path}", "{name} {letter}" ]; {SLOW} }};'
            for name, letter in {"plain": "%a", "named": "%n", "each": "%e"}.items()
        )
        records = [
            f"""{{ name = "{name}.example.com"; primary: {{ address = "192.0.2.1"; check = "{check}"; }};
                secondary: {{ address = "192.0.2.1"; check = "{check}"; }}; }}"""
            for name, check in
            [("a", "plain"), ("b", "plain"), ("c", "named"), ("d", "named"), ("e", "each"), ("f", "each")]
        ]  # fmt: skip
        self.watch(self.config(records, checks)).wait_settled()
        with open(calls, encoding="utf-8") as file:
            self.assertEqual(sorted(file.read().splitlines()), [
                "each primary", "each secondary", "named c.example.com", "named d.example.com", "plain 192.0.2.1",
            ])  # fmt: skip


class Surroundings(Programs):
    def test_surroundings(self):
        """an empty environment, descriptors 0 to 2, no rights to gain, exec_user's ids, a session of its own"""
        status = "while read name value; do [ $name = %s: ] && echo $value; done </proc/self/status; exit 1"
        user = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.geteuid())
        group = user.pw_gid if ROOT else os.getegid()
        rows = {
            "environment": ("env | grep -v '^PWD=' | grep . || echo nothing; exit 1", "nothing"),
            "descriptors": ("echo $(ls /proc/self/fd); exit 1", "0 1 2 3"),  # 3 is ls's own
            "input": ("readlink /proc/self/fd/0; exit 1", "/dev/null"),
            "errors": ("readlink /proc/self/fd/2; exit 1", "/dev/null"),
            "privileges": (status % "NoNewPrivs", "1"),
            "ignored": (status % "SigIgn", "0000000000000000"),
            "blocked": (status % "SigBlk", "0000000000000000"),
            "folder": ("pwd; exit 1", "/"),
            "user": ("id -u; exit 1", str(user.pw_uid)),
            "group": ("id -g; exit 1", str(group)),
            "session": ("read pid name state parent group session rest </proc/self/stat; echo $((pid - session)); exit 1",
                        "0"),
        }  # fmt: skip
        if ROOT:
            rows["groups"] = ("id -G; exit 1", str(user.pw_gid))
            rows["capabilities"] = (status % "CapEff", "0000000000000000")
        records = [self.record(label, script) for label, (script, _) in rows.items()]
        # Descriptors that our parent left open are nobody's.
        leak = os.open("/dev/null", os.O_RDONLY)
        os.set_inheritable(leak, True)
        self.addCleanup(os.close, leak)
        self.watch(self.config(records), env=st.clean_env(SECRET="x"))
        self.wait_seen({label: ("down", words) for label, (_, words) in rows.items()})
        self.assertEqual({label: self.seen(label)[1] for label in rows},
                         {label: words for label, (_, words) in rows.items()})  # fmt: skip

    @unittest.skipUnless(ROOT, "must be root")
    def test_exec_user(self):
        """a daemon that is root demands exec_user at start and at a reload, a private one too; another one takes only itself"""
        record = self.record("web", "id -u; exit 1")
        missing = r"exec_user: is missing, and a daemon that runs as root .*; write exec_user = "
        daemon = st.Daemon(self, self.config([record], exec_user=None))
        with self.assertRaises(AssertionError) as caught:
            self.start(daemon)
        self.assertRegex(str(caught.exception), missing)
        started = st.run([st.SHUNT, "run", "-c", daemon.config_path, "true"])
        self.assertEqual(started.returncode, 125)
        self.assertRegex(started.stderr, missing)
        self.assertEqual(st.check_config(daemon.config_path).returncode, 0)

        for lines, words in {
            'exec_user = "nosuchuser";': r':2: exec_user: there is no user "nosuchuser"; create it or name another',
            'user = "nobody"; exec_user = "daemon";': r':2: exec_user: a daemon that is not root cannot run programs as "daemon"; ',
        }.items():
            refused = st.Daemon(self, lines + self.config([record], exec_user=None), name="refused")
            with self.assertRaises(AssertionError) as caught:
                self.start(refused)
            self.assertRegex(str(caught.exception), words)

        self.watch(self.config([record]), name="good")
        self.wait_seen({"web": ("down", str(pwd.getpwnam("nobody").pw_uid))})
        self.daemon.write_config(self.config([record], exec_user=None))
        self.daemon.signal(1)
        self.daemon.wait_log(missing + ".*nothing has changed")
        self.daemon.reload(self.config([record], exec_user="daemon"))
        uid = str(pwd.getpwnam("daemon").pw_uid)
        st.wait_until(lambda: self.seen("web")[1] == uid, what="the program to run as somebody else")

    def limit_processes(self, soft, hard):
        """As the daemon's own user, since that needs no capability."""
        words = ["unlimited" if limit == resource.RLIM_INFINITY else str(limit) for limit in (soft, hard)]
        subprocess.run(["prlimit", f"--pid={self.daemon.pid}", f"--nproc={words[0]}:{words[1]}"], check=True,
                       user="nobody", group=pwd.getpwnam("nobody").pw_gid, extra_groups=[])  # fmt: skip

    @unittest.skipUnless(ROOT, "must be root")
    def test_no_processes(self):
        """a host that has no room for another process is no verdict on the endpoint, and at fault itself"""
        record = self.record("web", "exit 0", options='interval = "200ms"; timeout = "20s";')
        self.watch('user = "nobody";' + self.config([record], exec_user=None)).wait_settled()
        self.wait_seen({"web": ("up", None)})
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]  # the daemon has it from us
        self.limit_processes(0, hard)
        self.daemon.wait_log(r"no verdict for 600ms: cannot start /\S+/web: Resource temporarily unavailable")
        self.assertEqual(self.seen("web")[0], "up")
        self.assertEqual(self.address_of("web")["no_verdict_side"], "host")
        self.limit_processes(hard, hard)
        self.daemon.wait_log("there are verdicts again")
        self.wait_seen({"web": ("up", None)})

    @unittest.skipUnless(ROOT, "must be root")
    def test_no_rights(self):
        """a daemon that may not give a program its user is at fault itself, and the endpoint is not"""
        st.need("setpriv")
        record = self.record("web", "exit 0", options='interval = "200ms"; timeout = "20s";')
        self.watch(self.config([record]), prefix=("setpriv", "--bounding-set=-setuid,-setgid", "--"))
        self.daemon.wait_log(r"no verdict for 600ms: cannot set up /\S+/web: Operation not permitted; the fault is thought to be this host's")
        self.assertEqual(self.seen("web")[0], "unknown")
        self.assertEqual(self.address_of("web")["no_verdict_side"], "host")

    def test_hanging(self):
        """programs that hang, more than there may be, delay no other check; none outlives the daemon"""
        mark = self.path(f"shunt-hang-{os.getpid()}")
        os.symlink("/bin/sleep", mark)
        hang = self.script("hang", f"{mark} 3600")
        address = self.address()
        server = self.start(st.Nginx(self, "web", address, st.free_port(address)))
        # Not one is to be killed, and replaced by the next, while they are counted.
        check = f'hang: {{ type = "exec"; command = [ "{hang}" ]; {SLOW.replace("30s", "5m")} }};'
        records = [
            f'{{ name = "h{number}.example.com"; primary: {{ address = "192.0.2.{number}"; check = "hang"; }}; }}'
            for number in range(1, 201)
        ]
        records.append(f"""{{ name = "web.example.com"; primary: {{ address = "{address}";
            check = {{ type = "tcp"; port = {server.port}; interval = "100ms"; timeout = "20s"; }}; }}; }}""")
        self.watch(self.config(records, check))
        st.wait_until(lambda: len(living(mark)) >= 128, what="as many programs as there may be")
        before = self.address_of("web")["probes"]
        started = time.monotonic()
        st.wait_until(lambda: self.address_of("web")["probes"] >= before + 20, what="20 probes of another check")
        self.note(f"20 probes at 100 ms took {time.monotonic() - started:.1f} s beside {len(living(hang))} programs")
        self.assertEqual(len(living(hang)), 128)
        self.daemon.stop()
        st.wait_until(lambda: not living(mark), what="the programs to be gone")


class Calculated(Programs):
    def test_calculated(self):
        """a calculated check changes at once with its checks, which others share; the standby answers, and the reason is told"""
        primary, standby = self.address(), self.address()
        ports = [st.free_port(primary, standby) for _ in range(2)]
        web = self.start(st.Nginx(self, "web", primary, ports[0]))
        db = self.start(st.Nginx(self, "db", primary, ports[1]))
        self.start(st.Nginx(self, "standby", standby, ports[0]))
        pace = 'interval = "1s"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "20s";'
        checks = f"""
            web: {{ type = "http"; port = {ports[0]}; {pace} }}; db: {{ type = "tcp"; port = {ports[1]}; {pace} }};
            both: {{ type = "calculated"; of = [ "web", "db" ]; }};
            any: {{ type = "calculated"; of = [ "web", "db" ]; at_least = 1; }};
            not: {{ type = "calculated"; of = [ "both" ]; invert = true; }};
            never: {{ type = "calculated"; of = [ "web", "db" ]; at_least = 3; }};
            always: {{ type = "calculated"; of = [ "not" ]; at_least = 0; }};"""
        records = [
            f"""{{ name = "{name}.example.com"; primary: {{ address = "{primary}"; check = "{name}"; }};
                secondary: {{ address = "{standby}"; check = "web"; }}; }}"""
            for name in ("both", "any", "not", "never", "always", "db")
        ]
        self.watch(self.config(records, checks, exec_user=None)).wait_settled()
        good = {"both": ("up", None), "any": ("up", None), "not": ("down", "1 of 1 checks up, and inverted"),
                "never": ("down", "2 of 2 checks up, 3 needed"), "always": ("up", None), "db": ("up", None)}  # fmt: skip
        bad = {"both": ("down", "1 of 2 checks up: db: connection refused"), "any": ("up", None), "not": ("up", None),
               "never": ("down", "1 of 2 checks up: db: connection refused"), "always": ("up", None),
               "db": ("down", "connection refused")}  # fmt: skip
        self.wait_seen(good)
        self.assertEqual(self.daemon.active("both.example.com"), "primary")
        self.assertEqual(self.daemon.active("not.example.com"), "secondary")
        db.kill()
        self.wait_seen(bad)
        self.assertEqual(self.daemon.active("both.example.com"), "secondary")
        self.assertEqual(self.daemon.resolve("both.example.com"), [standby])
        self.assertEqual(self.daemon.active("any.example.com"), "primary")
        self.assertEqual(self.daemon.active("not.example.com"), "primary")
        self.assertEqual(self.daemon.record("both.example.com")["reason"],
                         "primary is down: 1 of 2 checks up: db: connection refused")  # fmt: skip
        self.daemon.wait_log(r"both\.example\.com: primary 127\.[0-9.]+: up -> down: 1 of 2 checks up: db: connection refused")
        web.kill()
        self.wait_seen({"any": ("down", "0 of 2 checks up: web: "), "not": ("up", None)})
        web.start()
        db.start()
        self.wait_seen(good)
        self.daemon.wait_active("both.example.com", "primary")
        result = st.shunt(self.daemon, "check", "both.example.com")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_reload(self):
        """a check that becomes part of a calculated one keeps its health, and what is new on an endpoint that is up begins up"""
        address = self.address()
        port = st.free_port(address)
        self.start(st.Nginx(self, "web", address, port))
        web = f'web: {{ type = "tcp"; port = {port}; interval = "1h"; fast_interval = "1h"; timeout = "20s"; }};'
        slow = self.script("slow", "sleep 20")
        more = f"""{web} new: {{ type = "exec"; command = [ "{slow}" ]; {SLOW} }};
            all: {{ type = "calculated"; of = [ "web", "new" ]; }};"""
        record = '{{ name = "a.example.com"; primary: {{ address = "{}"; check = "{}"; }}; secondary: {{ address = "{}"; }}; }}'
        self.watch(self.config([record.format(address, "web", self.address())], web)).wait_settled()
        before = self.address_of("a")
        self.daemon.reload(self.config([record.format(address, "all", self.address())], more))
        st.wait_until(lambda: self.daemon.endpoint("a.example.com", "primary")["check"] == "calculated", what="the reload")
        self.assertEqual(self.seen("a"), ("up", None))
        self.assertEqual(self.daemon.active("a.example.com"), "primary")
        self.daemon.reload(self.config([record.format(address, "web", self.address())], web))
        st.wait_until(lambda: self.address_of("a") == before, what="the check as it was before")


class Options(Programs):
    def test_inverted_and_disabled(self):
        """an inverted check is up where nothing answers, a disabled one is up unprobed, and down with both"""
        address = self.address()
        port, closed = st.free_port(address), st.free_port(address)
        self.start(st.Nginx(self, "web", address, port))
        rows = {
            "open": (f"port = {port}; invert = true;", "down", "it passes, and the check is inverted"),
            "closed": (f"port = {closed}; invert = true;", "up", None),
            "off": (f"port = {closed}; disabled = true;", "up", None),
            "both": (f"port = {port}; disabled = true; invert = true;", "down", "the check is disabled and inverted"),
        }
        records = [
            f"""{{ name = "{label}.example.com"; primary: {{ address = "{address}";
                check = {{ type = "tcp"; {options} {PACE} }}; }}; }}"""
            for label, (options, _, _) in rows.items()
        ]
        config = self.config(records, exec_user=None)
        self.watch(config).wait_settled()
        self.wait_seen({label: (health, words) for label, (_, health, words) in rows.items()})
        self.assertEqual(self.address_of("off")["last_probe"], None)
        self.assertEqual(self.daemon.record("off.example.com")["reason"], "primary is up, since its check is disabled")
        self.daemon.reload(config.replace("disabled = true;", ""))
        self.wait_seen({"off": ("down", "connection refused")})
        self.daemon.reload(config)
        self.wait_seen({"off": ("up", None)})

    def test_down_interval(self):
        """what is down and stays so is probed at its own pace"""
        address = self.address()
        port = st.free_port(address)
        check = f'type = "tcp"; port = {port}; {PACE} interval = "100ms"; down_interval = "1h"; timeout = "20s";'
        check = check.replace('interval = "1s"; ', "")
        self.watch(self.config([f"""{{ name = "a.example.com"; primary: {{ address = "{address}"; check = {{ {check} }}; }};
            secondary: {{ address = "{address}"; check = {{ {check.replace('down_interval = "1h"; ', "")} }}; }}; }}"""],
            exec_user=None)).wait_settled()  # fmt: skip
        probes = lambda: [self.daemon.endpoint("a.example.com", one)["addresses"][0]["probes"] for one in ("primary", "secondary")]
        st.wait_until(lambda: probes()[1] >= 10, what="the other one's probes")
        self.assertEqual(probes()[0], 1)

    def test_without_verdict(self):
        """three intervals without a verdict: one event, the status says so, the health stays; another event when they return"""
        path = self.script("fickle", "exit 0")
        record = self.record("a", path, options='interval = "200ms"; timeout = "20s";')
        self.watch(self.config([record])).wait_settled()
        self.wait_seen({"a": ("up", None)})
        self.assertEqual(self.address_of("a")["no_verdict_since"], None)
        self.script("a", "echo broken; exit 127")
        self.daemon.wait_log(r"a\.example\.com: primary 127\.[0-9.]+: no verdict for 600ms: cannot be run: exit status 127: broken")
        self.assertEqual(self.seen("a"), ("up", "cannot be run: exit status 127: broken"))
        self.assertRegex(self.address_of("a")["no_verdict_since"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(self.daemon.record("a.example.com")["reason"],
                         "primary was up, and has no verdict now: cannot be run: exit status 127: broken")  # fmt: skip
        probes = self.address_of("a")["probes"]
        st.wait_until(lambda: self.address_of("a")["probes"] > probes + 5, what="more probes")
        self.script("a", "exit 0")
        self.daemon.wait_log(r"a\.example\.com: primary 127\.[0-9.]+: there are verdicts again")
        self.wait_seen({"a": ("up", None)})
        self.assertEqual(self.address_of("a")["no_verdict_since"], None)
        self.assertEqual(len(re.findall("no verdict for", self.daemon.log())), 1)
        self.assertNotIn("up -> down", self.daemon.log())


if __name__ == "__main__":
    st.main(jobs=3)
