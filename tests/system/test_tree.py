#!/usr/bin/env python3
"""The source tree's own tools, where something is missing: make, the demo, the test runner. Each says so in a line, at once."""
import itertools
import os
import re
import shutil
import stat
import time
import unittest

import shunttest as st

DEMO = os.path.join(st.ROOT, "conf", "examples", "demo")
DEMO_FLEET = DEMO + "-fleet"
FLEET_PLACES = [("127.0.0.1", 8089), ("127.0.0.1", 8090), *((f"127.0.0.{host}", port) for host in (2, 3) for port in (8091, 8092, 8093))]


class Tree(st.Case):
    def make(self, *arguments, **env):
        # Not with what a make around this one says.
        clean = {key: value for key, value in st.clean_env(**env).items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        return st.run(["make", "--no-print-directory", "-C", st.ROOT, *arguments], env=clean, timeout=120)

    def files(self, folder):
        return sorted(os.path.join(path, name) for path, _, names in os.walk(folder) for name in names)


class Make(Tree):
    def test_spaces(self):
        """a path with a space is refused, in a line, before anything is made"""
        for variable in ("B", "PREFIX", "DESTDIR", "SYSCONFDIR"):
            with self.subTest(variable):
                done = self.make("-n", f"{variable}={self.tmp}/a b", "install")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, rf"^Makefile:\d+: \*\*\* {variable} may not have a space in it: [^\n]*\n$")

    def test_no_libraries(self):
        """without the libraries: one line that names the cure, and nothing is compiled"""
        for target in ("all", "check-unit", "tested"):
            with self.subTest(target):
                done = self.make(f"B={self.path('b')}", target, PKG_CONFIG_LIBDIR=self.tmp, PKG_CONFIG_PATH="")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"^Makefile:\d+: \*\*\* libraries are missing: run 'make deps'\.  Stop\.\n$")
                self.assertFalse(os.path.exists(self.path("b")))

    def test_install(self):
        """install and uninstall: every file, again over the old ones, and a configuration is kept"""
        if st.SANITIZED:
            raise unittest.SkipTest("the build is not of the flags that make would take")
        own, etc = self.path("own"), self.path("etc")
        where = (f"B={st.B}", f"PREFIX={own}", f"SYSCONFDIR={etc}")
        for _ in range(2):
            done = self.make(*where, "install")
            self.assertEqual(done.returncode, 0, done.stderr)
        installed = self.files(own)
        names = {os.path.relpath(path, own) for path in installed}
        expected = {"share/doc/shunt/openapi.yaml", "bin/shunt", "sbin/shuntd", "share/man/man1/shunt.1", "share/man/man8/nss-shunt.8"}
        examples = ("shunt.conf", "prometheus/shunt.rules.yml", "prometheus/scrape.yml", "grafana/shunt.json")
        self.assertLessEqual(expected | {f"share/doc/shunt/examples/{name}" for name in examples}, names)
        self.assertLessEqual({f"share/bash-completion/completions/{name}" for name in ("shunt", "shuntd")}, names)
        self.assertIn("share/zsh/site-functions/_shunt", names)
        self.assertIn("libnss_shunt.so.2", map(os.path.basename, names))
        self.assertEqual([path for path in installed if path.endswith(".new")], [])
        self.assertRegex(st.run([os.path.join(own, "bin", "shunt"), "--version"]).stdout, "^shunt ")
        config = self.write("etc/shunt/shunt.conf", "")
        done = self.make(*where, "uninstall")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"\n{etc}/shunt is kept: it holds your configuration\n", done.stdout)
        self.assertEqual((os.listdir(own), os.listdir(os.path.dirname(config))), ([], ["shunt.conf"]))
        os.unlink(config)
        done = self.make(*where, "uninstall")
        self.assertEqual((done.returncode, done.stderr, os.listdir(etc)), (0, "", []))
        self.assertNotIn("is kept", done.stdout)

    def test_install_denied(self):
        """where install may not write it replaces nothing"""
        if st.SANITIZED:
            raise unittest.SkipTest("the build is not of the flags that make would take")
        own = self.path("own")
        self.write("etc", "not a folder")
        done = self.make(f"B={st.B}", f"PREFIX={own}", f"SYSCONFDIR={self.path('etc')}", "install")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\nno file was installed: cannot write to [^\n]*/etc/shunt; be root, or give [^\n]*\n")
        self.assertEqual(self.files(own), [])


class Demo(Tree):
    def test_usage(self):
        """a build folder that is none: status 64, and how to call it"""
        wrong = (([], "there is no folder 'build'"), ([self.tmp], f"there is no shunt in '{self.tmp}'"))
        for demo, (arguments, why) in itertools.product((DEMO, DEMO_FLEET), wrong):
            with self.subTest(why):
                done = st.run([demo, *arguments], cwd=self.tmp)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                name = os.path.basename(demo)
                self.assertEqual(done.stderr, f"{why}; usage: conf/examples/{name} BUILD_DIR (run make first)\n")

    def test_shunt_fails(self):
        """when shunt run fails, the demo fails at once, with what it said"""
        st.need("nginx", "curl", "setsid")
        build = self.path("a build")
        os.mkdir(build)
        for name in ("shunt", "shuntd", "lib", "lib64"):
            path = os.path.join(st.B, name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(build, name))
            elif os.path.exists(path):
                shutil.copy(path, build)
        begin = time.monotonic()
        done = st.run([DEMO, build], env=st.clean_env(TMPDIR=self.tmp))
        took = time.monotonic() - begin
        if "something listens on" in done.stderr:
            raise unittest.SkipTest("something listens on the demo's port")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"The demo failed: shunt run ended with status 125\n(?s:.*)LD_PRELOAD cannot name")
        self.assertIn(f"\n  {build}/shunt run -c ", done.stdout)
        self.assertLess(took, 12 if not st.SANITIZED else 60)
        self.note(f"{took:.1f} s")
        self.assertEqual(os.listdir(self.tmp), ["a build"])

    def test_no_request_fails(self):
        """the demo: a primary is killed under an unmodified curl in a loop, and no request fails; nothing is left behind"""
        st.need("nginx", "curl", "setsid")
        if any(st.can_connect(address, 8081) for address in ("127.0.0.2", "127.0.0.3")):
            raise unittest.SkipTest("something listens on the demo's port")
        done = st.run([DEMO, st.B], env=st.clean_env(TMPDIR=self.tmp), timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = [line for line in done.stdout.splitlines() if re.match(r" +\d+\.\d{3} s  ", line)]
        words = [re.sub(r"\d+ ms", "N ms", line.split("  ", 2)[-1].strip()) for line in lines]
        self.assertEqual(
            [word.split("s  ")[-1] for word in words],
            [
                "curl is answered by the primary",
                "the primary is killed (SIGKILL)",
                "curl is answered by the standby, N ms after the kill",
                "the primary is started again",
                "curl is answered by the primary, N ms after the start",
            ],
        )
        found = re.search(r"(\d+) of (\d+) requests failed(, all of them in the \d+ ms between the kill and the standby)?\.\n\Z", done.stdout)
        self.assertTrue(found, done.stdout)
        lost, requests, where = int(found[1]), int(found[2]), found[3]
        self.note(f"{lost} of {requests} requests failed")
        # One may have been with the primary when it was killed.
        self.assertLessEqual(lost, 1, done.stdout)
        self.assertEqual(bool(where), lost > 0)
        self.assertGreater(requests, 120)
        self.assertEqual([name for name in os.listdir(self.tmp) if name.startswith("shunt-demo")], [])

    def test_fleet(self):
        """the fleet's demo: one host of three says down, and nothing happens; two, and all fail over; without etcd each decides alone"""
        st.need("etcd", "nginx", "curl", "setsid")
        if any(st.can_connect(*place) for place in FLEET_PLACES):
            raise unittest.SkipTest("something listens on one of the demo's ports")
        done = st.run([DEMO_FLEET, st.B], env=st.clean_env(TMPDIR=self.tmp), timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = [line.split(" s  ", 1)[1] for line in done.stdout.splitlines() if re.match(r" +\d+\.\d{3} s  ", line)]
        self.assertEqual(
            [re.sub(r"\d+ ms", "N ms", line) for line in lines],
            [
                "etcd is up",
                "three hosts agree upon the primary",
                "the primary is gone for host a",
                "1 of 3 says down: all answer the primary, host a too",
                "the primary is gone for host c, too",
                "2 of 3 say down, at 2 sites: all answer the standby, N ms later",
                "the primary is back for all",
                "three hosts agree upon the primary",
                "etcd is killed",
                "the primary is gone for host a",
                "without etcd each host decides alone: a answers the standby, b and c the primary",
            ],
        )
        self.assertEqual(len(re.findall(r"status --fleet", done.stdout)), 2)
        self.assertEqual(os.listdir(self.tmp), [])


class Runner(Tree):
    def run_tests(self, *lines, status=0):
        """tests/run on a program that prints the lines. Returns its output."""
        program = self.write("program", "#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + f"\nEND\nexit {status}\n")
        os.chmod(program, stat.S_IRWXU)
        return st.run([os.path.join(st.ROOT, "tests", "run"), program])

    def test_counts(self):
        """passed, failed and skipped, CMocka's way of skipping included"""
        cases = (
            (("1..2", "ok 1 - a", "ok 2 - b"), 0, 0, "2 passed, 0 failed"),
            (("ok 1 - a", "not ok 2 # SKIP b"), 0, 0, "1 passed, 0 failed, 1 skipped"),
            (("ok 1 - a # SKIP why", "not ok 2 # SKIP b"), 0, 0, "0 passed, 0 failed, 2 skipped"),
            (("not ok 1 - a", "not ok 2 # SKIP b", "ok 3 - c"), 1, 1, "1 passed, 1 failed, 1 skipped"),
            (("ok 1 - a",), 1, 1, "1 passed, 1 failed"),
            (("not ok 1 # SKIP b",), 1, 1, "0 passed, 1 failed, 1 skipped"),
            (("nothing",), 0, 1, "0 passed, 1 failed"),
        )
        for lines, status, expected, summary in cases:
            with self.subTest(summary):
                done = self.run_tests(*lines, status=status)
                self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (expected, summary), done.stdout)
                self.assertEqual(len(re.findall("# SKIP", done.stdout)) > 0, "skipped" in summary)


if __name__ == "__main__":
    st.main()
