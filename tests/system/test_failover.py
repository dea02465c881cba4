#!/usr/bin/env python3
"""Unmodified programs leave a dead primary by themselves, and come back; what the shim is, and costs, in their processes."""
import collections
import os
import re
import subprocess
import sys
import time
import unittest

import shunttest as st

NAME = "www.example.com"

# A check that finds a dead server within 1.1 s, and one that hangs within 5.1 s.
HTTP_CHECK = 'type = "http"; interval = "1s"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "2s";'


def pair(port, primary, standby, check=HTTP_CHECK):
    return f"""
        checks: {{ web: {{ {check} port = {port}; }}; }};
        records: ( {{ name = "{NAME}"; aliases = [ "www" ];
            primary: {{ address = "{primary}"; check = "web"; }};
            secondary: {{ address = "{standby}"; check = "web"; }}; }} );
    """


class Pair(st.Case):
    """Two web servers on one port, a daemon that watches both."""

    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Nginx(self, "primary", self.primary, self.port))
        self.two = self.start(st.Nginx(self, "standby", self.standby, self.port))
        self.daemon = self.start(st.Daemon(self, pair(self.port, self.primary, self.standby)))
        self.daemon.wait_settled()

    def curl(self):
        url = f"http://{NAME}:{self.port}/"
        return self.daemon.attached(["curl", "-sS", "--noproxy", "*", "--max-time", "10", url]).stdout.strip()


class Failover(Pair):
    def test_killed_primary(self):
        """a killed primary: every attached process goes to the standby, and back after its restart"""
        loopers = [
            self.start(st.Looper(self, NAME, self.daemon, threads=2, label=f"looper{number}")) for number in range(3)
        ]
        before = [looper.report() for looper in loopers]
        self.assertEqual({answer for looper in loopers for answer in looper.answers()}, {self.primary})
        self.assertEqual(self.curl(), "primary")

        killed = time.monotonic()
        self.one.kill()
        seen = [looper.wait_answer(self.standby) for looper in loopers]
        self.assertEqual(self.curl(), "standby")
        self.note(f"standby {1000 * (max(seen) - killed):.0f} ms after the kill")
        self.note(f"{1000 * (max(seen) - min(seen)):.0f} ms between the first process and the last")
        self.assertLess(max(seen) - killed, 15)
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.assertEqual(self.daemon.answer(NAME), [self.standby])

        self.one.start()
        started = time.monotonic()
        seen = [looper.wait_answer(self.primary) for looper in loopers]
        self.note(f"primary {1000 * (max(seen) - started):.0f} ms after its restart")
        self.assertEqual(self.curl(), "primary")
        self.assertEqual(self.daemon.active(NAME), "primary")

        for looper, first in zip(loopers, before):
            last = looper.report()
            self.note(f"slowest of {last['lookups']} lookups: {last['slowest_us']} us")
            self.assertEqual([answer for _, thread, answer in looper.changes if thread == 0],
                             [self.primary, self.standby, self.primary])  # fmt: skip
            self.assertEqual(looper.answers(), {self.primary, self.standby})
            self.assertEqual(last["descriptors"], first["descriptors"])
            self.assertEqual(last["tables"], 1)
            self.assertLess(last["slowest_us"], 3_000_000)

    def test_hanging_primary(self):
        """a primary that accepts and never answers: the standby answers, and a timeout says why"""
        paused = time.monotonic()
        self.one.pause()
        self.daemon.wait_active(NAME, "secondary")
        self.note(f"standby {1000 * (time.monotonic() - paused):.0f} ms after the primary hung")
        self.assertLess(time.monotonic() - paused, 50)
        self.assertEqual(self.daemon.resolve(NAME), [self.standby])
        error = self.daemon.endpoint(NAME, "primary")["addresses"][0]["last_error"]
        self.assertIn("timed out", error)
        self.one.resume()
        self.daemon.wait_active(NAME, "primary")

    def test_both_dead(self):
        """both dead: the primary is answered, and the first to come back after it"""
        self.one.kill()
        self.daemon.wait_active(NAME, "secondary")
        self.two.kill()
        self.daemon.wait_active(NAME, "primary")
        self.assertEqual(self.daemon.health(NAME, "primary"), "down")
        self.assertEqual(self.daemon.resolve(NAME), [self.primary])
        self.two.start()
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.daemon.resolve(NAME), [self.standby])

    def test_programs(self):
        """curl, python3 and getent follow; a program that runs already does so too"""
        code = """import socket, sys
for line in sys.stdin:
    try: print(socket.getaddrinfo(line.strip(), 80)[0][4][0], flush=True)
    except socket.gaierror as error: print(error, flush=True)
"""
        running = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.daemon.env(),
        )
        self.addCleanup(running.stdout.close)
        self.addCleanup(running.wait)
        self.addCleanup(running.stdin.close)

        def ask():
            running.stdin.write(NAME + "\n")
            running.stdin.flush()
            return running.stdout.readline().strip()

        st.wait_until(lambda: ask() == self.primary, what="the running program to be attached")
        self.assertEqual((self.curl(), self.getent()), ("primary", {self.primary}))
        self.one.kill()
        st.wait_until(lambda: ask() == self.standby, what="the running program to follow")
        self.assertEqual((self.curl(), self.getent()), ("standby", {self.standby}))
        open_now = st.descriptors(running.pid)
        self.assertEqual(sorted(open_now), [0, 1, 2], open_now)

    def getent(self):
        lines = self.daemon.attached(["getent", "ahosts", NAME]).stdout.splitlines()
        return {line.split()[0] for line in lines}


class Names(st.Case):
    """What a managed name answers, with /etc/hosts as the oracle."""

    def setUp(self):
        super().setUp()
        self.daemon = self.start(
            st.Daemon(
                self,
                """records: (
                { name = "www.example.com"; aliases = [ "www", "web_1.example.com" ]; primary: { address = "192.0.2.10"; }; },
                { name = "six.example.com"; primary: { address = "2001:db8::10"; }; },
                { name = "Both.Example.com"; primary: { addresses = [ "192.0.2.20", "2001:db8::20" ]; }; } );""",
            )
        )

    def test_spellings(self):
        """aliases, upper case and one trailing dot are answered"""
        for name in ("www.example.com", "www", "WEB_1.example.com", "WWW.EXAMPLE.COM", "www.example.com."):
            with self.subTest(name):
                self.assertEqual(self.daemon.resolve(name), ["192.0.2.10"])
        self.assertEqual(self.daemon.resolve("six.example.com"), ["2001:db8::10"])
        self.assertEqual(sorted(self.daemon.resolve("both.example.com")), ["192.0.2.20", "2001:db8::20"])

    ORACLE = """if True:
        import itertools, socket, sys
        flags = {"-": 0, "canon": socket.AI_CANONNAME, "passive": socket.AI_PASSIVE, "numeric": socket.AI_NUMERICHOST,
                 "mapped": socket.AI_V4MAPPED, "all": socket.AI_V4MAPPED | socket.AI_ALL, "port": socket.AI_NUMERICSERV}
        families = {"unspec": 0, "inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX}
        types = {"any": 0, "stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "raw": socket.SOCK_RAW, "seq": 5}
        for name, service, family, kind, flag in itertools.product(
                sys.argv[1:], (None, "80", "http", "domain", "nosuchservice"), families, types, flags):
            try:
                answer = socket.getaddrinfo(name, service, families[family], types[kind], 0, flags[flag])
            except socket.gaierror as error:
                answer = error.errno
            print(name, service, family, kind, flag, answer)
    """

    def test_as_in_hosts(self):
        """getaddrinfo answers as libc does from /etc/hosts, in every combination of family, type, service and flags"""
        hosts = self.write("hosts", "192.0.2.10 www.example.com www web_1.example.com\n2001:db8::10 six.example.com\n")
        switch = self.write("nsswitch.conf", "hosts: files\nservices: files\n")
        inside = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"'
        names = ["www.example.com", "www", "WWW.example.com", "six.example.com", "SIX.example.com"]
        program = [sys.executable, "-c", self.ORACLE, *names]
        in_namespace = ["unshare", "-m", "sh", "-c", inside, hosts, switch]
        possible = st.run([*in_namespace, "true"])
        if possible.returncode != 0:
            raise unittest.SkipTest(f"cannot mount over /etc/hosts: {possible.stderr.strip()}")
        oracle = st.run([*in_namespace, *program])
        self.assertEqual(oracle.returncode, 0, oracle.stderr)
        expected = oracle.stdout.splitlines()
        self.assertGreater(len(expected), 1000)

        def same():
            answer = self.daemon.client(program)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            different = [f"hosts: {a}\nshunt: {b}" for a, b in zip(expected, answer.stdout.splitlines(), strict=True) if a != b]
            self.assertEqual(different, [], f"{len(different)} of {len(expected)} differ:\n" + "\n".join(different[:20]))

        st.unhurried(same)


class Manners(st.Case):
    """What the library is, and what it leaves in a process."""

    def test_exports(self):
        """exports exactly its entries, and needs libc alone"""
        st.need("nm", "readelf")
        lines = st.run(["nm", "-D", "--defined-only", st.SHIM]).stdout.splitlines()
        entries = {"connect", "getaddrinfo", "getaddrinfo_a", "gethostbyname", "gethostbyname2", "gethostbyname_r", "gethostbyname2_r"}
        self.assertEqual({line.split()[-1] for line in lines}, entries)
        dynamic = st.run(["readelf", "-dW", st.SHIM]).stdout
        self.assertEqual(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic), ["libc.so.6"])
        self.assertNotIn("TEXTREL", dynamic)

    def test_imports(self):
        """imports nothing that a C library of the same interface may lack"""
        st.need("nm")
        lines = st.run(["nm", "-D", "--undefined-only", st.SHIM]).stdout.splitlines()
        names = {line.split()[-1].split("@")[0] for line in lines}
        self.assertEqual({name for name in names if name.endswith("_chk") or name.startswith("pthread_mutex")}, set())
        self.assertEqual(names & {"exit", "abort", "fork", "pthread_create", "printf", "syslog"}, set())

    def setUp(self):
        super().setUp()
        self.daemon = self.start(
            st.Daemon(self, f'records: ( {{ name = "{NAME}"; primary: {{ address = "192.0.2.10"; }}; }} );')
        )

    def strace(self, name, count, env):
        """The system calls between the two marks of looper -m, as lines without numbers that differ from run to run."""
        st.need("strace")
        path = self.path("strace")
        # The shim goes into the traced program, not into strace.
        preload = ["-E", f"LD_PRELOAD={env.pop('LD_PRELOAD')}"] if "LD_PRELOAD" in env else []
        done = st.run(["strace", "-f", "-o", path, *preload, st.LOOPER, "-m", str(count), name], env=env)
        if "ptrace" in done.stderr or done.returncode != 0:
            raise unittest.SkipTest(f"strace does not work here: {done.stderr.strip()}")
        with open(path, encoding="utf-8", errors="replace") as file:
            calls = [re.sub(r"^\d+ +", "", line.rstrip()) for line in file]
        marks = [number for number, call in enumerate(calls) if call.startswith('write(1, "mark')]
        self.assertEqual(len(marks), 2, calls)
        return calls, calls[marks[0] + 1 : marks[1]]

    def test_no_system_call(self):
        """a lookup of a managed name makes no system call once attached, and an attach makes only those it may"""
        st.unhurried(self.no_system_call)

    def no_system_call(self):
        calls, between = self.strace(NAME, 100, self.daemon.env())
        self.assertEqual(between, [])
        at = next(number for number, call in enumerate(calls) if call.startswith("socket(AF_UNIX"))
        attach = [call.split("(")[0] for call in calls[at:]]
        attach = attach[: next(number for number, call in enumerate(attach) if call == "write")]
        allowed = {"socket", "connect", "poll", "sendmsg", "recvmsg", "fcntl", "fstat", "newfstatat", "mmap", "munmap", "close"}
        allocator = {"brk", "getrandom"}
        self.assertEqual(set(attach) - allowed - allocator, set(), attach)

    def test_no_system_call_added(self):
        """a lookup of another name makes the system calls that it makes without the shim, and no other"""
        names = "localhost", "127.0.0.1"


        def counted(calls):
            return collections.Counter(call.split("(")[0] for call in calls)

        def same(name):
            _, with_shim = self.strace(name, 20, self.daemon.env())
            _, without = self.strace(name, 20, st.clean_env())
            self.assertEqual(counted(with_shim), counted(without))

        for name in names:
            with self.subTest(name):
                st.unhurried(lambda name=name: same(name))

    def test_nothing_kept(self):
        """after a lookup the process has the descriptors that it had, and one mapping more"""
        with_shim = self.start(st.Looper(self, NAME, self.daemon, threads=4))
        without = self.start(st.Looper(self, "localhost", self.daemon, threads=4, env=st.clean_env(), label="plain"))
        shim, plain = with_shim.report(), without.report()
        self.assertEqual(shim["descriptors"], plain["descriptors"])
        self.assertEqual((shim["tables"], plain["tables"]), (1, 0))
        self.assertEqual(len(st.mappings(with_shim.pid, "/memfd:")), 1)
        protection = st.mappings(with_shim.pid, "/memfd:")[0].split()[1]
        self.assertEqual(protection, "r--s")

    def test_no_daemon(self):
        """without a daemon everything goes to libc, and a lookup costs no wait"""
        env = st.shim_env(self.path("nothing.sock"))
        plain = st.run([st.LOOPER, "-1", "localhost"], env=st.clean_env()).stdout.split()[3]
        self.assertEqual(st.run([st.LOOPER, "-1", "localhost"], env=env).stdout.split()[3], plain)
        looper = self.start(st.Looper(self, "localhost", self.daemon, env=env))
        self.assertLess(looper.report()["slowest_us"], 3_000_000)
        self.assertEqual(looper.report()["tables"], 0)

    def test_disabled(self):
        """SHUNT_DISABLE=1 attaches nowhere"""
        looper = self.start(st.Looper(self, "localhost", self.daemon, env=self.daemon.env(SHUNT_DISABLE="1")))
        self.assertEqual(looper.report()["tables"], 0)


class Run(st.Case):
    """shunt run -c: a private daemon for one command."""

    def setUp(self):
        super().setUp()
        self.config = self.write(
            "shunt.conf", f'records: ( {{ name = "{NAME}"; primary: {{ address = "192.0.2.10"; }}; }} );'
        )
        self.env = st.clean_env(XDG_RUNTIME_DIR=self.tmp)

    def run_with(self, *command, **options):
        return st.run([st.SHUNT, "run", "-c", self.config, "--", *command], env=self.env, **options)

    def test_private_daemon(self):
        """the command is answered, its exit status is kept, and nothing is left behind"""
        before = set(os.listdir(self.tmp))
        st.unhurried(lambda: self.answered_once(before))

    def answered_once(self, before):
        done = self.run_with("sh", "-c", f'"{st.LOOPER}" -1 {NAME}; echo "$SHUNT_CONTROL"; exit 7')
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(done.stdout.split()[3], "192.0.2.10", done.stdout)
        self.assertEqual(done.stderr, "")
        control = done.stdout.split()[4]
        self.assertTrue(control.startswith(self.tmp), control)
        st.wait_until(lambda: not os.path.exists(os.path.dirname(control)), what="the private directory to go")
        self.assertEqual(set(os.listdir(self.tmp)), before)

    def test_status_inside(self):
        """shunt status works inside"""
        done = self.run_with("sh", "-c", f'"{st.SHUNT}" status {NAME}')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(NAME, done.stdout)
        self.assertIn("192.0.2.10", done.stdout)

    def test_exit_codes(self):
        """126 and 127 as env(1), 125 for a configuration that does not load"""
        self.assertEqual(self.run_with("/nonexistent/program").returncode, 127)
        self.assertEqual(self.run_with(self.config).returncode, 126)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write('intervall = "1s";\n')
        done = self.run_with("true")
        self.assertEqual(done.returncode, 125)
        self.assertIn("intervall", done.stderr)


if __name__ == "__main__":
    st.main()
