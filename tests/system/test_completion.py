#!/usr/bin/env python3
"""Completion as a user has it: keys typed into bash and zsh on a terminal, with a real daemon, and without one."""
import os
import pty
import re
import select
import signal
import subprocess
import unittest

import shunttest as st

NAME = "www.example.com"
FOLDER = os.path.join(st.ROOT, "conf", "completion")
SHELLS = ("bash", "zsh")


class Shell:
    """An interactive shell with our completion. line(keys): the words that stand there after a completion; list(keys): what is offered."""

    START = {
        "bash": (
            ["bash", "--norc", "--noprofile", "-i"],
            "bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set completion-query-items 0';"
            "bind 'set enable-bracketed-paste off'; source {folder}/shunt.bash",
        ),
        "zsh": (
            ["zsh", "-f", "-i"],
            "bindkey -e; unsetopt beep; unsetopt prompt_sp; setopt no_always_last_prompt; LISTMAX=10000; fpath=({folder} $fpath);"
            "autoload -U compinit; compinit -u -D",
        ),
    }

    def __init__(self, kind, env):
        st.need(kind)
        self.kind, self.env, self.seen = kind, env, ""
        self.process = None

    def __str__(self):
        return self.kind

    def start(self):
        command, setup = self.START[self.kind]
        master, slave = pty.openpty()
        env = dict(self.env, TERM="dumb", COLUMNS="300", LINES="500", PS1="$ ", HISTFILE="", PATH=st.B + ":" + os.environ["PATH"])
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True, close_fds=True)
        os.close(slave)
        self.master = master
        self.type(f"stty cols 300 rows 500; PS1='$ '; {setup.format(folder=FOLDER)}; echo rea''dy\n")
        self.wait(r"ready\r?\n")

    def type(self, keys):
        os.write(self.master, keys.encode())

    def _read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536).decode(errors="replace")
        return self.seen

    def wait(self, pattern):
        """The match; what came before it is forgotten."""
        match = st.wait_until(lambda: re.search(pattern, self._read()), what=f"{pattern} from {self.kind}")
        self.seen = self.seen[match.end() :]
        return match

    def line(self, keys):
        """Tab behind the keys, and then the words of the line, each printed in its own brackets."""
        self.type(keys + "\t\x01printf '<%s>' begin \x05 end; echo\n")
        return re.findall("<([^>]*)>", self.wait(r"<begin>(.*)<end>")[1])

    def list(self, keys):
        """What is listed for an ambiguous word."""
        self.type("echo start\n")
        self.wait(r"\nstart\r?\n")
        self.type(keys + "\t\t\x01\x0becho fini''shed\n")
        return set(self.wait(r"(?s)^(.*)finished\r?\n")[1].split())

    def log(self):
        return self._read()

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            os.close(self.master)
            self.process = None

    abandon = stop


class Completion(st.Case):
    def setUp(self):
        super().setUp()
        self.env = st.clean_env(SHUNT_CONTROL=self.path("nothing"))

    def shells(self, **env):
        for kind in SHELLS:
            yield self.start(Shell(kind, dict(self.env, **env)))


class WithoutDaemon(Completion):
    def test_words(self):
        """commands and options, with nobody to ask: each command of `shunt help` and each option of its help"""
        text = st.run([st.SHUNT, "help"]).stdout
        commands = set(re.findall(r"(?m)^  ([a-z]+) ", text))
        self.assertLessEqual({"status", "watch", "explain", "force"}, commands)
        for shell in self.shells():
            self.assertEqual(shell.line("shunt expl"), ["shunt", "explain"])
            self.assertLessEqual(commands, shell.list("shunt "))
            for command in sorted(commands - {"help"}):
                options = set(re.findall(r"(?m)^  (?:-., )?(--[a-z-]+)", st.run([st.SHUNT, "help", command]).stdout))
                offered = {word.rstrip("=") for word in shell.list(f"shunt {command} --")}
                self.assertLessEqual(options | {"--help"}, offered, command)
            self.assertEqual(shell.line("shunt help rel"), ["shunt", "help", "reload"])
            self.assertEqual(shell.line("shunt run -- ec")[:3], ["shunt", "run", "--"])
            self.assertEqual(shell.line("shuntd --te"), ["shuntd", "--test"])

    def test_silent(self):
        """names without a daemon: nothing is offered, nothing said"""
        for shell in self.shells():
            self.assertEqual(shell.line("shunt status ww"), ["shunt", "status", "ww"])
            self.assertEqual(shell.line("shunt force www sec"), ["shunt", "force", "www", "sec"])
            self.assertNotIn("shunt:", shell.log())

    def test_files(self):
        """files where an option takes one"""
        path = self.write("my-own.conf", "")
        for shell in self.shells():
            self.assertEqual(shell.line(f"shuntd -c {self.tmp}/my-o"), ["shuntd", "-c", path])
            self.assertEqual(shell.line(f"shunt run -c {self.tmp}/my-o"), ["shunt", "run", "-c", path])
            self.assertEqual(shell.line(f"shunt status --control {self.tmp}/my-o"), ["shunt", "status", "--control", path])


class WithDaemon(Completion):
    def setUp(self):
        super().setUp()
        self.daemon = self.start(st.Daemon(self, f"""
            records: (
              {{ name = "{NAME}"; aliases = [ "alias-one", "alias-two" ]; primary: {{ address = "192.0.2.1"; }};
                 secondary: {{ address = "192.0.2.2"; }}; }},
              {{ name = "db.example.com"; primary: {{ address = "192.0.2.1"; }};
                 secondary: {{ id = "replica-1"; address = "192.0.2.2"; }}; }} );"""))  # fmt: skip

    def test_names(self):
        """names and aliases, the endpoints of that name, the daemon at --control"""
        for shell in self.shells(SHUNT_CONTROL=self.daemon.control):
            for command in ("status", "watch", "resolve", "explain", "force", "auto", "check"):
                self.assertEqual(shell.line(f"shunt {command} ww"), ["shunt", command, NAME])
            self.assertLessEqual({NAME, "db.example.com", "alias-one", "alias-two"}, shell.list("shunt status "))
            self.assertEqual(shell.line("shunt force db.example.com r"), ["shunt", "force", "db.example.com", "replica-1"])
            self.assertEqual(shell.line("shunt force alias-one s"), ["shunt", "force", "alias-one", "secondary"])
            self.assertEqual(shell.line("shunt force --for 5m db.example.com r")[-1], "replica-1")
            self.assertEqual(shell.line("shunt run --force ww"), ["shunt", "run", "--force", f"{NAME}="])
            self.assertEqual(shell.line("shunt run --force db.example.com=r"), ["shunt", "run", "--force", "db.example.com=replica-1"])
            self.assertEqual(shell.line(f"shunt explain {NAME} --pid {os.getpid()}")[-1], str(os.getpid()))
            self.assertEqual(shell.line(f"shunt reload w"), ["shunt", "reload", "w"])

    def test_control(self):
        """--control on the line, before the command or after it, is the daemon that is asked"""
        for shell in self.shells():
            self.assertEqual(shell.line(f"shunt --control {self.daemon.control} status ww")[-1], NAME)
            self.assertEqual(shell.line(f"shunt status --control {self.daemon.control} ww")[-1], NAME)

    def test_stopped(self):
        """a daemon that does not answer holds the prompt up for two seconds at most"""
        self.daemon.pause()
        for shell in self.shells(SHUNT_CONTROL=self.daemon.control):
            self.assertEqual(shell.line("shunt status ww"), ["shunt", "status", "ww"])


if __name__ == "__main__":
    st.main()
