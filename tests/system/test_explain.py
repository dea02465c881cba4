#!/usr/bin/env python3
"""explain: which rule led to an answer, and what a process gets: a real daemon, real processes of each kind."""
import json
import os
import shutil
import subprocess
import unittest

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"
WIDTHS = {64: "support", 32: "support32"}


class Explain(st.Case):
    """A record whose primary is down, and one that failed over and waits for an operator."""

    def setUp(self):
        super().setUp()
        self.up, self.down = self.address(), self.address()
        self.port = st.free_port(self.up, self.down)
        self.server = self.start(st.Hostile(st.closes, self.up, self.port))
        self.daemon = self.start(st.Daemon(self, self.config()))
        self.daemon.wait_settled()
        st.wait_until(lambda: self.daemon.status()["settled"], what="a settled table")

    def config(self, more=""):
        return f"""
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "1s"; fast_interval = "100ms"; }}; }};
            records: (
              {{ name = "{NAME}"; aliases = [ "www" ]; primary: {{ address = "{self.down}"; check = "tcp"; }};
                 secondary: {{ address = "{self.up}"; check = "tcp"; }}; }},
              {{ name = "{OTHER}"; failback = "manual"; primary: {{ address = "{self.up}"; check = "tcp"; }};
                 secondary: {{ id = "spare"; address = "192.0.2.1"; }}; }} {more} );"""

    def explain(self, *arguments, status=0, stderr="", program=st.SHUNT, prefix=(), daemon=None):
        control = (daemon or self.daemon).control
        done = st.run([*prefix, program, "explain", *arguments], env=st.clean_env(SHUNT_CONTROL=control))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertRegex(done.stderr, stderr or r"\A\Z")
        if "--json" not in arguments:
            self.assertLessEqual(max((len(line) for line in done.stdout.splitlines()), default=0), 80, done.stdout)
        self.assertTrue(done.stdout.isascii() and "\x1b" not in done.stdout)
        return done.stdout

    def ask(self, *arguments, **options):
        return json.loads(self.explain(*arguments, "--json", **options))

    def decided(self, name):
        return [step["step"] for step in self.ask(name)["steps"] if step["decided"]]


class Records(Explain):
    def test_steps(self):
        """each rule in its turn: healthy, failover, manual failback, override, all down"""
        self.assertEqual(self.decided(OTHER), ["health"])
        text = self.explain("www")
        self.assertRegex(text, rf"\A{NAME}\n  secondary answers since .*Z, for ")
        self.assertRegex(text, r"(?m)^> HEALTH     primary: down; tcp check \"tcp\", port \d+, every 1s$")
        self.assertRegex(text, rf"(?m)^               {self.down} down: connection refused; needs 3 passes in a row$")
        self.assertRegex(text, rf"(?m)^  ADDRESSES  {self.up}$")

        self.server.stop()
        self.daemon.wait_active(OTHER, "spare")
        self.assertEqual(self.decided(OTHER), ["health"])
        self.daemon.wait_active(NAME, "primary")
        self.assertEqual(self.decided(NAME), ["all_down"])

        self.server = self.start(st.Hostile(st.closes, self.up, self.port))
        st.wait_until(lambda: self.decided(OTHER) == ["failback"], what="a failback that waits")
        self.assertRegex(self.explain(OTHER), rf"(?m)^ +primary is up, and waits: 'shunt auto {OTHER}'")

        env = st.clean_env(SHUNT_CONTROL=self.daemon.control)
        st.run([st.SHUNT, "force", NAME, "primary", "--anyway", "--for", "30m", "--reason", "a drill"], env=env)
        self.assertEqual(self.decided(NAME), ["override"])
        self.assertRegex(self.explain(NAME), r"(?m)^> OVERRIDE   primary, by \S+ since \S+: a drill$")

    def test_delay(self):
        """what a failback waits for is told with the time that is left, and the flap penalty"""
        self.daemon.reload(self.config(f""", {{ name = "slow.example.com"; failback_delay = "1h"; flap_penalty = "10m";
            primary: {{ address = "{self.up}"; check = "tcp"; }}; secondary: {{ address = "192.0.2.1"; }}; }}"""))
        self.daemon.wait_active("slow.example.com", "primary")
        self.server.stop()
        self.daemon.wait_active("slow.example.com", "secondary")
        self.start(st.Hostile(st.closes, self.up, self.port))
        st.wait_until(lambda: self.decided("slow.example.com") == ["failback"], what="a failback that waits")
        text = self.explain("slow.example.com")
        self.assertRegex(text, r"FAILBACK   auto: an earlier endpoint takes over once it has been up for 1h\n")
        self.assertRegex(text, r"primary is up, and takes over in (1h|59m \d+s), at ")
        failback = self.daemon.record("slow.example.com")["failback"]
        self.assertEqual((failback["policy"], failback["delay_ms"], failback["wait_ms"]), ("auto", 3600000, 3600000))
        st.run([st.SHUNT, "auto", "slow.example.com"], env=st.clean_env(SHUNT_CONTROL=self.daemon.control))
        self.daemon.wait_active("slow.example.com", "primary")
        self.assertEqual(self.decided("slow.example.com"), ["health"])

    def test_errors(self):
        """a name that is not managed, no daemon"""
        self.explain("nobody.example.com", status=4, stderr=r"refused: nobody.example.com is not a managed name")
        self.daemon.stop()
        self.explain(NAME, status=3, stderr=r"\Ashunt: cannot reach the daemon at ")

    def test_terminal(self):
        """on a terminal the step that decided is bold"""
        env = st.clean_env(SHUNT_CONTROL=self.daemon.control, TERM="xterm")
        done = st.run(["script", "-qec", f"{st.SHUNT} explain {NAME}", "/dev/null"], env=env)
        self.assertRegex(done.stdout, "\x1b\\[1m> HEALTH ")


class Processes(Explain):
    def process(self, command=None, width=64, env=None, asks=NAME, prefix=()):
        """A program that lives on; it has asked for a name once. Its pid."""
        command = command or [os.path.join(st.B, "tests", WIDTHS[width], "asker")]
        child = subprocess.Popen([*prefix, *command], env=env or self.daemon.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.wait)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stdin.close)
        self.question(child, asks)
        return child

    def question(self, child, asks):
        """Its answer, once it has one."""
        child.stdin.write(f"addrinfo {asks} 0 -\n" if asks else "process\n")
        child.stdin.flush()
        return child.stdout.readline()

    def told(self, child, name=NAME):
        return self.ask(name, "--pid", str(child.pid))["process"]

    def check(self, child, **expected):
        told = self.told(child)
        self.assertEqual({key: told[key] for key in expected}, expected, told)
        return told

    def test_both_widths(self):
        """programs of 64 and 32 bits under the shim: attached, with the same answer as every program"""
        for width, folder in WIDTHS.items():
            with self.subTest(width):
                if not os.path.exists(os.path.join(st.B, "tests", folder, "asker")):
                    self.note("no gcc -m32 here")
                    continue
                library = os.path.join(st.B, "$LIB", "libshunt.so")
                child = self.process(width=width, env=dict(self.daemon.env(), LD_PRELOAD=library))
                # A machine that stood still may have kept it from its table.
                st.wait_until(lambda child=child: self.question(child, NAME) and self.told(child)["table"] == "present", what="an attach")
                told = self.check(child, door="preload", bits=width, replaced=False, forced=None, told="daemon", answer=[self.up])
                self.assertTrue(os.path.samefile(told["library"], told["library"]) and told["library"].endswith("/libshunt.so"))
                text = self.explain("www", "--pid", str(child.pid))
                self.assertRegex(text, rf"(?m)^process {child.pid}\n  \S+/asker, {width}-bit$")
                self.assertRegex(text, r"(?m)^> TABLE      attached to the daemon's present one$")

    def test_without(self):
        """a program without the shim: which door it lacks, and the cure"""
        child = self.process(env=st.clean_env())
        told = self.check(child, door="none", table=None, told="libc", answer=None)
        text = self.explain(NAME, "--pid", str(child.pid))
        self.assertRegex(text, r"(?m)^> DOOR       none: LD_PRELOAD was not set when it started$")
        self.assertIn("restart it with 'shunt run -- PROGRAM'", text)
        self.assertEqual([step["step"] for step in told["steps"]], ["door", "answer"])

    def test_forced(self):
        """SHUNT_FORCE for that name, by an alias; another name is not touched"""
        child = self.process(env=self.daemon.env(SHUNT_FORCE="www=primary"))
        self.check(child, forced="primary", told="forced", answer=[self.down])
        self.assertEqual(self.told(child, OTHER)["forced"], None)

    def test_disabled(self):
        """SHUNT_DISABLE"""
        self.check(self.process(env=self.daemon.env(SHUNT_DISABLE="1")), door="preload", told="libc", answer=None)

    def test_not_yet(self):
        """a program that has looked nothing up yet"""
        self.check(self.process(asks=None), table="none", told="daemon", answer=[self.up])

    def test_older_table(self):
        """a table that a reload has replaced, and the same program after its next lookup"""
        child = self.process()
        st.wait_until(lambda: self.question(child, NAME) and self.told(child)["table"] == "present", what="an attach")
        before = self.daemon.status()["table"]
        self.daemon.reload(self.config(', { name = "new.example.com"; primary: { address = "192.0.2.9"; }; }'))
        st.wait_until(lambda: self.daemon.status()["table"] != before, what="another table")
        self.check(child, table="older", told="daemon", answer=[self.up])
        st.wait_until(lambda: self.question(child, NAME) and self.told(child)["table"] == "present", what="the new table")

    def test_other_daemon(self):
        """a program of another daemon, and one whose socket is not there"""
        other = self.start(st.Daemon(self, self.config(), name="other"))
        child = self.process(env=other.env())
        st.wait_until(lambda: self.question(child, NAME) and self.told(child)["table"] == "another", what="an attach")
        self.check(child, told="another", answer=None)
        st.wait_until(lambda: self.ask(NAME, "--pid", str(child.pid), daemon=other)["process"]["told"] == "daemon")
        child = self.process(env=dict(self.daemon.env(), SHUNT_SOCKET=self.path("nothing")))
        self.check(child, table="none", told="libc", answer=None)

    def test_replaced_library(self):
        """a library that was replaced since the program started"""
        copy = self.path("libshunt.so")
        shutil.copy(st.SHIM, copy)
        child = self.process(env=dict(self.daemon.env(), LD_PRELOAD=copy))
        self.check(child, library=copy, replaced=False)
        shutil.copy(st.SHIM, copy + ".new")
        os.rename(copy + ".new", copy)
        self.check(child, library=copy, replaced=True)
        self.assertIn("has been replaced since", self.explain(NAME, "--pid", str(child.pid)))

    def test_beyond_reach(self):
        """static programs, musl's programs, and a preload that the loader does not take"""
        for compiler, options, words in (("gcc", ["-static"], "statically linked"), ("musl-gcc", [], "a program of musl")):
            with self.subTest(compiler):
                if not shutil.which(compiler):
                    self.note(f"no {compiler} here")
                    continue
                program = self.path(compiler + "-program")
                source = self.write(f"{compiler}.c", "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) { if (c == '\\n') { puts(\"\"); fflush(stdout); } } return 0; }\n")
                done = st.run([compiler, *options, "-o", program, source])
                self.assertEqual(done.returncode, 0, done.stderr)
                child = self.process([program], asks=None)
                told = self.check(child, door="none", told="libc")
                self.assertIn(words, json.dumps(told))
        child = self.process(env=dict(self.daemon.env(), LD_PRELOAD="/nowhere/libshunt.so"))
        self.assertIn("the loader did not take it", json.dumps(self.check(child, door="none")))

    def test_rights(self):
        """no such process; another user's, without rights: the record is explained all the same"""
        child = self.process()
        child.stdin.close()
        child.wait()
        text = self.explain(NAME, "--pid", str(child.pid), status=1, stderr=rf"\Ashunt: there is no process {child.pid}\n\Z")
        self.assertIn("> HEALTH", text)
        if os.geteuid() != 0:
            raise unittest.SkipTest("another user's process needs root to make")
        public = st.public_build(self)
        os.chmod(self.daemon.dir, 0o755)
        child = self.process()
        text = self.explain(
            NAME, "--pid", str(child.pid), status=1, program=public.shunt, prefix=st.NOBODY,
            stderr=rf"\Ashunt: process {child.pid} cannot be inspected: it belongs to root; run this as root or as that user\n\Z")  # fmt: skip
        self.assertIn("> HEALTH", text)
        self.assertNotIn("DOOR", text)
        child = self.process(prefix=st.NOBODY, command=[public.looper, "www.example.com"], env=st.clean_env(), asks=None)
        told = self.ask(NAME, "--pid", str(child.pid), program=public.shunt, prefix=st.NOBODY)["process"]
        self.assertEqual(told["door"], "none")


if __name__ == "__main__":
    st.main()
