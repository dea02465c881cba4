#!/usr/bin/env python3
"""Drills: one program is given another endpoint than everybody else, and nobody else notices."""
import os
import sys
import types
import unittest

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"

# Finds a dead server within 1.1 s.
CHECK = 'type = "http"; interval = "1s"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "2s";'

ASK = """import socket, sys
for name in sys.argv[1:]:
    try: print(socket.getaddrinfo(name, 80, 0, socket.SOCK_STREAM)[0][4][0])
    except socket.gaierror as error: print(error.errno)
"""


class Drill(st.Case):
    """Two web servers, a daemon that watches both, and a record without checks."""

    def setUp(self):
        super().setUp()
        self.primary, self.standby, self.plain = self.address(), self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Nginx(self, "primary", self.primary, self.port))
        self.two = self.start(st.Nginx(self, "standby", self.standby, self.port))
        self.daemon = self.start(st.Daemon(self, self.config()))
        self.daemon.wait_settled()

    def config(self, secondary=True, all_down="primary"):
        second = f'secondary: {{ address = "{self.standby}"; check = "web"; }};' if secondary else ""
        return f"""
            checks: {{ web: {{ {CHECK} port = {self.port}; }}; }};
            records: (
                {{ name = "{NAME}"; aliases = [ "www", "web" ]; all_down = "{all_down}";
                   primary: {{ address = "{self.primary}"; check = "web"; }}; {second} }},
                {{ name = "{OTHER}"; primary: {{ address = "{self.plain}"; }};
                   secondary: {{ id = "spare"; address = "127.9.9.9"; }}; }} );
        """

    def run_forced(self, forces, *command, **extra):
        words = [word for force in forces for word in ("--force", force)]
        env = st.clean_env(SHUNT_CONTROL=self.daemon.control, SHUNT_SOCKET=self.daemon.socket, **extra)
        return st.run([st.SHUNT, "run", *words, "--", *command], env=env)

    def told(self, run):
        """What `run` returns: a process with SHUNT_DEBUG, again where a stalled machine left its lookup without a table."""
        for _ in st.first_lookups():
            done = run()
            if "passed on" not in done.stderr:
                break
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def tell(self, forces, *command, **extra):
        return self.told(lambda: self.run_forced(forces, *command, SHUNT_DEBUG="1", **extra))

    def ask(self, forces, *names, **extra):
        """What a fresh process that is forced so is told of each name."""
        return self.tell(forces, sys.executable, "-c", ASK, *names, **extra).stdout.split()

    def refused(self, status, forces, text, **extra):
        """It says so in one line, and COMMAND is not started. A daemon that is too slow for an attach may have another try."""
        st.unhurried(lambda: self.refused_once(status, forces, text, **extra))

    def refused_once(self, status, forces, text, **extra):
        flag = self.path("started")
        done = self.run_forced(forces, "touch", flag, **extra)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr, f"^shunt: [^\n]*{text}[^\n]*\n$")
        self.assertFalse(os.path.exists(flag))


class SideBySide(Drill):
    def looper(self, label, **extra):
        client = types.SimpleNamespace(env=lambda: self.daemon.env(**extra))
        return self.start(st.Looper(self, NAME, client, label=label))

    def test_failover(self):
        """two clients through a failover and back: the forced one stays where it is, nobody else notices"""
        forced = self.looper("forced", SHUNT_FORCE=f"{NAME}=secondary")
        stuck = self.looper("stuck", SHUNT_FORCE="www=primary")
        free = self.looper("free")
        self.assertEqual(set(free.answers()), {self.primary})
        self.assertFalse(self.daemon.record(NAME)["forced"])
        self.daemon.wait_active(NAME, "primary")

        self.one.kill()
        free.wait_answer(self.standby)
        self.assertEqual(self.ask([f"{NAME}=primary"], NAME), [self.primary])

        self.one.start()
        free.wait_answer(self.primary)
        self.two.kill()
        st.wait_until(lambda: self.daemon.health(NAME, "secondary") == "down")
        self.assertEqual(self.ask([f"{NAME}=secondary"], NAME), [self.standby])
        self.assertFalse(self.daemon.record(NAME)["forced"])
        self.daemon.wait_active(NAME, "primary")
        self.assertEqual(set(forced.answers()), {self.standby})
        self.assertEqual(set(stuck.answers()), {self.primary})

    def test_all_down(self):
        """a forced endpoint answers whatever all_down says"""
        for all_down, free in (("fail", "-3"), ("primary", self.primary)):
            with self.subTest(all_down):
                self.daemon.reload(self.config(all_down=all_down))
                if self.one.running:
                    self.one.kill()
                    self.two.kill()
                st.wait_until(lambda expected=free: self.ask([], NAME) == [expected], what="the daemon's answer")
                self.assertEqual(self.ask([f"{NAME}=secondary"], NAME), [self.standby])

    def test_reload(self):
        """a reload that takes the endpoint away: the normal answer"""
        forced = self.looper("forced", SHUNT_FORCE=f"{NAME}=secondary")
        forced.wait_answer(self.standby)
        self.daemon.reload(self.config(secondary=False))
        forced.wait_answer(self.primary)
        self.daemon.reload(self.config())
        forced.wait_answer(self.standby)

    def test_no_address(self):
        """an endpoint that has no address yet: a temporary failure"""
        dns = st.HostileDns(st.dns_servfail, "127.0.0.1")
        self.start(dns)
        self.daemon.stop()
        self.daemon.write_config(
            f'resolvers = [ "{dns.resolver}" ]; records: ( {{ name = "{NAME}"; '
            f'primary: {{ address = "{self.primary}"; }}; secondary: {{ address = "no.example.net"; }}; }} );'
        )
        self.daemon.start()
        done = self.tell([f"{NAME}=secondary"], sys.executable, "-c", ASK, NAME)
        self.assertEqual(done.stdout, "-3\n")
        self.assertIn(f"shunt: {NAME}: temporary failure (forced)\n", done.stderr)
        self.assertEqual(self.ask([], NAME), [self.primary])


class Entries(Drill):
    def test_names(self):
        """a name or an alias, in any case, counts for every name of its record; other names are as they were"""
        for name in (NAME, "WWW.Example.COM", f"{NAME}.", "www", "WEB", f" {NAME} "):
            with self.subTest(name):
                told = self.ask([f"{name}=secondary"], NAME, "www", "web", f"{NAME}.", OTHER)
                self.assertEqual(told, 4 * [self.standby] + [self.plain])

    def test_several(self):
        """several entries, by commas or repeated; the first that fits wins, and it goes before what is inherited"""
        both = [self.standby, "127.9.9.9"]
        for forces in ([f"{NAME}=secondary", f"{OTHER}=spare"], [f"{NAME}=secondary, {OTHER}=spare"]):
            self.assertEqual(self.ask(forces, NAME, OTHER), both)
        self.assertEqual(self.ask([f"{NAME}=secondary", "www=primary"], NAME), [self.standby])
        inherited = f"{NAME}=primary,{OTHER}=spare"
        self.assertEqual(self.ask([f"{NAME}=secondary"], NAME, OTHER, SHUNT_FORCE=inherited), both)
        self.assertEqual(self.ask([], NAME, OTHER, SHUNT_FORCE=inherited), [self.primary, "127.9.9.9"])

    def test_children(self):
        """children are forced too; so is what `shunt resolve` and gethostbyname say"""
        force = [f"{NAME}=secondary"]
        child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASK!r}, '{NAME}'], check=True)"
        byname = f"import socket; print(socket.gethostbyname('{NAME}'))"
        for command in (
            ["sh", "-c", f"'{sys.executable}' -c \"$0\" {NAME}; exit", ASK],
            [sys.executable, "-c", child],
            [sys.executable, "-c", byname],
            [st.SHUNT, "resolve", NAME],
        ):
            with self.subTest(command[-1][:40]):
                self.assertEqual(self.tell(force, *command).stdout, f"{self.standby}\n")

    def test_ignored(self):
        """the library passes over what it does not understand, and says so only when asked"""
        inherited = f"=x,,bad, {NAME} = nowhere ,nobody.example.com=primary,{NAME}=secondary"
        quiet = lambda: self.assertEqual(self.run_forced([], sys.executable, "-c", ASK, NAME, SHUNT_FORCE=inherited).stderr, "")
        st.unhurried(quiet)
        done = self.tell([], sys.executable, "-c", ASK, NAME, SHUNT_FORCE=inherited)
        self.assertEqual(done.stdout, f"{self.standby}\n")
        self.assertRegex(done.stderr, "bad: ignored, malformed")
        self.assertRegex(done.stderr, "nowhere *: ignored, no such endpoint")
        self.assertRegex(done.stderr, r"nobody\.example\.com=primary: ignored, no such name")
        self.assertRegex(done.stderr, rf"(?m)^shunt: {NAME}: {self.standby} \(forced\)$")

    def test_too_long(self):
        """the longest list is taken; a longer one is ignored as a whole by the library, and refused by `shunt run`"""
        entry = f"{NAME}=secondary"
        full = entry + "," * (4095 - len(entry))
        for value, expected in ((full, self.standby), (full + ",", self.primary)):
            env = self.daemon.env(SHUNT_FORCE=value, SHUNT_DEBUG="1")
            done = self.told(lambda env=env: st.run([st.LOOPER, "-1", NAME], env=env))
            self.assertEqual(done.stdout.split()[3], expected)
        self.assertEqual(self.ask([], NAME, SHUNT_FORCE=full), [self.standby])
        self.refused(125, [], "longer than 4095", SHUNT_FORCE=full + ",")
        self.refused(125, [f"{OTHER}=spare"], "longer than 4095", SHUNT_FORCE=full)


class Refusals(Drill):
    def test_unknown(self):
        """an unknown name or endpoint is one line with the cure, and nothing is started"""
        self.refused(125, ["www.exampel.com=primary"], f"www.exampel.com .*did you mean {NAME}")
        self.refused(125, [f"{NAME}=primary", "zzzzzzzz=primary"], "zzzzzzzz is not a managed name .*shunt status")
        self.refused(125, [f"{OTHER}=secondary"], "'secondary'; it has: primary, spare")

    def test_malformed(self):
        """a malformed value is a mistake of usage"""
        for value in (NAME, f"{NAME}=", "=primary", f"{NAME}=a=b", f"{NAME}=primary,", " = ", f"{NAME}={'x' * 64}"):
            with self.subTest(value):
                self.refused(64, [value], "NAME=ENDPOINT")

    def test_no_daemon(self):
        """without the daemon, or with another one's control socket, nothing is started"""
        other = self.start(st.Daemon(self, self.config(), name="other"))
        for env, text in (
            ({"SHUNT_CONTROL": other.control}, "has the client socket"),
            ({"SHUNT_CONTROL": self.path("absent")}, "nothing was started"),
            ({"SHUNT_SOCKET": self.path("absent")}, "needs a daemon"),
        ):
            with self.subTest(text):
                base = {"SHUNT_CONTROL": self.daemon.control, "SHUNT_SOCKET": self.daemon.socket}
                st.unhurried(lambda env=env, text=text, base=base: self.nothing_started(text, st.clean_env(**{**base, **env})))

    def nothing_started(self, text, env):
        done = st.run([st.SHUNT, "run", f"--force={NAME}=primary", "echo", "started"], env=env)
        self.assertEqual((done.returncode, done.stdout), (125, ""), done.stderr)
        self.assertRegex(done.stderr, f"^shunt: [^\n]*{text}[^\n]*\n$")

    def test_private(self):
        """with -c it is the private daemon that knows the names; -v shows the list"""
        config = self.write("drill.conf", self.config())
        command = [st.SHUNT, "run", "-c", config, "-v", "--force", f"{NAME}=secondary"]
        env = st.clean_env(SHUNT_DEBUG="1")
        done = self.told(lambda: st.run([*command, sys.executable, "-c", ASK, NAME], env=env))
        self.assertEqual(done.stdout, f"{self.standby}\n", done.stderr)
        self.assertRegex(done.stderr, rf"(?m)^shunt: SHUNT_FORCE={NAME}=secondary$")
        done = st.run([*command, "--force", "www=nowhere", "echo", "started"], env=st.clean_env())
        self.assertEqual((done.returncode, done.stdout), (125, ""), done.stderr)
        self.assertRegex(done.stderr, "it has: primary, secondary")


if __name__ == "__main__":
    st.main()
