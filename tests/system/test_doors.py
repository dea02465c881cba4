#!/usr/bin/env python3
"""doors: which processes are reached, through which door, and what would reach the others: real processes of each kind."""
import json
import os
import re
import shutil
import subprocess
import unittest

import shunttest as st

NAME = "www.example.com"
SOURCE = """#include <stdio.h>
%s
int main(void) { int c; while ((c = getchar()) != EOF) { if (c == '\\n') { puts(""); fflush(stdout); } } return 0; }
"""
# What Go's linker puts into each program, as its notes have it (cmd/link, "Go" and the type 4).
GO_NOTE = """static const struct { unsigned name, size, type; char text[8]; } note
__attribute__((used, aligned(4), section(".note.go.buildid"))) = { 4, 4, 4, "Go\\0\\0id" };"""


class Doors(st.Case):
    def setUp(self):
        super().setUp()
        self.at = self.address()
        self.daemon = self.start(st.Daemon(self, f'records: ( {{ name = "{NAME}"; primary: {{ address = "{self.at}"; }}; }} );'))
        st.wait_until(lambda: self.daemon.status()["settled"], what="a settled table")

    def process(self, command=None, env=None, prefix=(), asks=False):
        command = command or [os.path.join(st.B, "tests", "support", "asker")]
        child = subprocess.Popen([*prefix, *command], env=env or st.clean_env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for ending in (child.wait, child.stdout.close, child.stdin.close):
            self.addCleanup(ending)
        # It has begun once it answers.
        child.stdin.write(f"addrinfo {NAME} 0 -\n" if asks else "process\n")
        child.stdin.flush()
        child.stdout.readline()
        return child

    def doors(self, *arguments, status=0, stderr="", program=st.SHUNT, prefix=()):
        done = st.run([*prefix, program, "doors", *map(str, arguments)], env=st.clean_env(SHUNT_CONTROL=self.daemon.control))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertRegex(done.stderr, stderr or r"\A\Z")
        self.assertTrue(done.stdout.isascii())
        if "--json" not in arguments:
            self.assertLessEqual(max((len(line) for line in done.stdout.splitlines()), default=0), 80, done.stdout)
        return done.stdout

    def ask(self, child, **options):
        return json.loads(self.doors(child.pid, "--json", **options))

    def check(self, child, **expected):
        told = self.ask(child)
        self.assertEqual({key: told[key] for key in expected}, expected, told)
        return told

    def build(self, name, compiler, *options, more=""):
        if not shutil.which(compiler):
            raise unittest.SkipTest(f"no {compiler} here")
        program, source = self.path(name), self.write(f"{name}.c", SOURCE % more)
        done = st.run([compiler, *options, "-o", program, source])
        if done.returncode != 0 and "-m32" in options:
            raise unittest.SkipTest("no gcc -m32 here")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [program]

    def test_preload(self):
        """a program under the shim: its door, its table, what each name is answered"""
        child = self.process(env=self.daemon.env(), asks=True)
        told = self.check(child, door="preload", told="daemon", cure=None, brief="attached", table="present")
        self.assertEqual([step["step"] for step in told["steps"]], ["door", "table", "answer"])
        text = self.doors(child.pid)
        self.assertRegex(text, rf"\Aprocess {child.pid} of \S+\n  \S+/asker\n")
        self.assertRegex(text, rf"(?m)^  ANSWER     {NAME}: primary, {self.at}$")
        child = self.process(env=self.daemon.env(SHUNT_FORCE=f"{NAME}=primary"))
        self.assertIn(f"SHUNT_FORCE, for these names whatever the daemon says: {NAME}=primary", self.doors(child.pid).replace("\n" + 15 * " ", " "))

    def test_none(self):
        """without the shim, and switched off"""
        told = self.check(self.process(), door="none", told="libc", brief="not preloaded")
        self.assertIn("shunt run", told["cure"])
        told = self.check(self.process(env=self.daemon.env(SHUNT_DISABLE="1")), door="preload", told="libc", brief="SHUNT_DISABLE is set")
        self.assertIn("without SHUNT_DISABLE", told["cure"])

    def test_static(self):
        """a static program: only its cgroup's door would do, or another build"""
        told = self.check(self.process(self.build("static", "gcc", "-static")), door="none", brief="statically linked")
        self.assertIn("a build of it that is dynamically linked", told["cure"])

    def test_musl(self):
        """a program of musl"""
        self.check(self.process(self.build("musl", "musl-gcc"), env=self.daemon.env()), door="none", brief="musl")

    def test_go(self):
        """a program of Go that is linked with libc: its own resolver does not ask, unless it is told to"""
        program = self.build("go", "gcc", more=GO_NOTE)
        told = self.check(self.process(program, env=self.daemon.env()), door="none", brief="Go's own resolver")
        self.assertIn("GODEBUG=netdns=cgo", told["cure"])
        self.check(self.process(program, env=self.daemon.env(GODEBUG="netdns=cgo")), door="preload", told="daemon")
        # As strip(1) leaves it, and without notes of another kind.
        self.check(self.process(self.build("plain", "gcc", "-Wl,--build-id")), brief="not preloaded")

    def test_narrow(self):
        """a program of 32 bits, without a library of its width"""
        program = self.build("narrow", "gcc", "-m32")
        library = os.path.realpath(st.SHIM)
        told = self.check(self.process(program, env=dict(self.daemon.env(), LD_PRELOAD=library)), door="none", bits=32, brief="LD_PRELOAD not taken")
        self.assertIn("$LIB", told["cure"])

    def test_all(self):
        """all of them: alike ones in one line, and what would reach those without a door"""
        static = self.build("static-one", "gcc", "-static")
        mine = [self.process(env=self.daemon.env(), asks=True), *(self.process(static) for _ in range(3))]
        text = self.doors()
        self.assertRegex(text, r"\ADOOR     USER +PROGRAM +PROCESSES +FINDING\n")
        told = json.loads(self.doors("--json"))
        found = {report["pid"]: report for report in told["processes"]}
        for child, door in zip(mine, ("preload", "none", "none", "none")):
            self.assertEqual(found[child.pid]["door"], door)
        first = min(child.pid for child in mine[1:])
        self.assertRegex(text, rf"(?m)^none +\S+ .* {first} \+2 +statically")
        self.assertIn("What would change that:\n", text)
        self.assertRegex(text, r"(?m)^\d+ of \d+ processes have a door\.$")
        self.assertFalse(re.search(rf"\b{os.getpid()}\b", text.replace(" +", "")) and os.getpid() not in found)

    def test_rights(self):
        """no such process, no number, another user's process, no daemon"""
        child = self.process()
        child.stdin.close()
        child.wait()
        self.doors(child.pid, status=1, stderr=rf"\Ashunt: there is no process {child.pid}\n\Z")
        self.doors("first", status=64, stderr="PID is the number of a process, which 'first' is not")
        if os.geteuid() == 0:
            public = st.public_build(self)
            os.chmod(self.daemon.dir, 0o755)
            child = self.process()
            self.doors(child.pid, status=1, program=public.shunt, prefix=st.NOBODY, stderr="belongs to root; run this as root or as that user")
            text = self.doors(program=public.shunt, prefix=st.NOBODY)
            self.assertRegex(text, r"(?m)^\d+ more may not be inspected: run this as root to see them\.$")
        self.daemon.stop()
        self.doors(status=3, stderr=r"\Ashunt: cannot reach the daemon at ")


if __name__ == "__main__":
    st.main()
