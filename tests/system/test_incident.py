#!/usr/bin/env python3
"""docs/incident.md, replayed: the alert is one of the rules, and each command prints what the page shows.

What differs from one run to the next (times, ages, latencies, the user) is compared as a word, and so are line breaks; everything
else is compared exactly. UPDATE=1 prints the session instead.
"""
import os
import re
import sys

import shunttest as st
from test_watch import Watcher

CONFIG = os.path.join(st.ROOT, "conf", "examples", "database.conf")
PRIMARY, REPLICA, FAR = "192.0.2.20", "192.0.2.21", "198.51.100.22"
NAME = "db.example.com"

# In order; what is longer comes first.
VARIES = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| UTC)?", "TIME"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"\b\d+(\.\d+)? ms\b", "LATENCY"),
    (r"\b\d+[dhms]( \d+[hms])?( \d+s)?\b(?! is| --)", "AGE"),
    (r"\bby [a-z_][a-z0-9_-]*\b", "by USER"),
)


def shape(text):
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text)
    return text.split()


def session():
    """[(command, its output)] of the page; an alert counts as a command."""
    with open(os.path.join(st.ROOT, "docs", "incident.md"), encoding="utf-8") as file:
        blocks = re.findall(r"(?m)^    .*(?:\n(?:    .*|))*", file.read())
    lines = [line[4:] for block in blocks for line in block.splitlines()]
    steps = []
    for line in lines:
        if line.startswith(("$ ", "ALERT ")):
            steps.append((line, []))
        else:
            steps[-1][1].append(line)
    return [(command, "\n".join(output)) for command, output in steps]


class Incident(st.Case):
    def setUp(self):
        super().setUp()
        self.net = self.start(st.NetNs())
        self.net.add_address(PRIMARY, REPLICA, FAR)
        self.servers = {}
        with self.net.inside():
            for address in (PRIMARY, REPLICA, FAR):
                self.servers[address] = self.start(st.Hostile(st.closes, address, 5432))
        with open(CONFIG, encoding="utf-8") as file:
            self.daemon = self.start(st.Daemon(self, file.read(), prefix=self.net.prefix))
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")
        self.env = st.clean_env(SHUNT_CONTROL=self.daemon.control, SHUNT_SOCKET=self.daemon.socket)
        self.env["PATH"] = f"{st.B}:{self.env['PATH']}"
        self.watch = self.start(Watcher(self.daemon, NAME))

    def say(self, command):
        """What a command prints, its trouble included."""
        done = st.run(["sh", "-c", f"{command} 2>&1"], env=self.env)
        return done.stdout

    def primary_dies(self):
        self.servers[PRIMARY].stop()
        self.daemon.wait_active(NAME, "db-2")

    def primary_returns(self):
        with self.net.inside():
            self.servers[PRIMARY].start()
        st.wait_until(lambda: self.daemon.health(NAME, "db-1") == "up", what="the primary to be up")

    def seen(self, command):
        """Of the watcher: once it has said what happened last."""
        last = "db-3 -> db-1"
        st.wait_until(lambda: last in self.watch.log(), what="the watcher to see the end")
        return self.watch.log()

    # What happens before a step, by the word that the command has.
    BEFORE = {"ALERT": primary_dies, "auto": primary_returns}

    def steps(self):
        for number, (command, output) in enumerate(session()):
            for word, happens in self.BEFORE.items():
                if word in command.split():
                    happens(self)
            yield number, command, output

    def alert(self, line):
        """The alert is a rule of ours, with the words of its summary."""
        with open(os.path.join(st.ROOT, "conf", "prometheus", "shunt.rules.yml"), encoding="utf-8") as file:
            rules = file.read()
        _, name, summary = line.split(" ", 2)
        text = re.search(rf'(?s)- alert: {name}\n.*?summary: "(.*?)"', rules).group(1)
        pattern = "[^ ]+".join(map(re.escape, re.split(r"{{ \S+ }}", text)))
        self.assertRegex(summary, f"^{pattern}$")

    def test_session(self):
        """the commands print the session of docs/incident.md"""
        for _, command, output in self.steps():
            if command.startswith("ALERT "):
                self.alert(command)
                continue
            word = command[2:]
            printed = self.seen(word) if word.startswith("shunt watch") else self.say(word)
            if os.environ.get("UPDATE"):
                sys.stderr.write(f"{command}\n{printed}\n")
                continue
            with self.subTest(command):
                self.assertEqual(shape(printed), shape(output), f"{command} printed:\n{printed}")


if __name__ == "__main__":
    st.main()
