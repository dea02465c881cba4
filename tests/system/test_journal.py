#!/usr/bin/env python3
"""The journal: a real systemd-journald takes what the daemon logs, with an event's fields, and each line once."""
import json
import os
import re
import shlex
import shutil
import unittest

import shunttest as st

NAME = "www.example.com"
JOURNALD = "/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal/socket"

# It keeps what it is given in memory, and takes nothing of this machine's own.
SETTINGS = "[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\nForwardToWall=no\\nRateLimitIntervalSec=0\\n"
BEGIN = f"""
    mount -t tmpfs none /run && mkdir -p /run/log /run/systemd/journal /run/systemd/journald.conf.d &&
    printf '{SETTINGS}' >/run/systemd/journald.conf.d/test.conf && exec "$0"
"""
# As systemd starts a service: standard error is a connection to the journal, and JOURNAL_STREAM says which.
SERVICE = ("systemd-cat", "--identifier=shuntd", "sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$0" "$@"')


class Journald(st.Process):
    """Has a /run of its own; whoever has entered that keeps it when this ends."""

    def __init__(self, case, again=()):
        prefix = again or ("unshare", "--mount", "sh", "-c", BEGIN)
        super().__init__(case, "journald", command=[JOURNALD], prefix=prefix)
        self.root = None

    @property
    def folder(self):
        return f"{self.root}/run/log/journal"

    def ready(self):
        """Its own /run, not this machine's."""
        self.root = f"/proc/{self.pid}/root"
        return os.path.exists(f"{self.root}/run/systemd/journald.conf.d/test.conf") and self.listens()

    def listens(self):
        with open(f"/proc/{self.pid}/net/unix", encoding="ascii") as file:
            inodes = {line.split()[6] for line in file if line.rstrip().endswith(SOCKET)}
        folder = f"/proc/{self.pid}/fd"
        return any(os.readlink(f"{folder}/{fd}") in {f"socket:[{inode}]" for inode in inodes} for fd in os.listdir(folder))

    def enter(self, pid=None):
        """Words before a command that is to run in it, in a directory that is there."""
        return ("nsenter", f"--target={pid or self.pid}", "--mount", "--root", "--", "env", "--chdir=/")

    def entries(self, *matches):
        """All entries of shuntd that match, oldest first."""
        done = st.run(["journalctl", f"--directory={self.folder}", "--quiet", "--no-pager", "-o", "json", "SYSLOG_IDENTIFIER=shuntd", *matches])
        if done.returncode not in (0, 1):
            raise ValueError(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait(self, *matches):
        return st.wait_until(lambda: self.entries(*matches), what=f"an entry with {matches}")


@unittest.skipIf(os.geteuid() != 0, "needs root")
class Journal(st.Case):
    def setUp(self):
        super().setUp()
        st.need("unshare", "nsenter", "journalctl", "systemd-cat")
        if not shutil.which(JOURNALD) or st.run(["unshare", "--mount", "true"]).returncode != 0:
            raise unittest.SkipTest("no journald, or no mount namespaces")
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        self.start(st.Hostile(st.closes, self.standby, self.port))
        self.journal = self.start(Journald(self))
        config = f"""
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "500ms"; fast_interval = "100ms"; fall = 2; rise = 1; }}; }};
            records: ( {{ name = "{NAME}"; primary: {{ address = "{self.primary}"; check = "tcp"; }};
                          secondary: {{ address = "{self.standby}"; check = "tcp"; }}; }} );"""
        self.daemon = self.start(st.Daemon(self, config, prefix=(*self.journal.enter(), *SERVICE)))
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")

    def force(self, reason):
        body = json.dumps({"endpoint": "secondary", "reason": reason})
        self.assertEqual(self.daemon.request(f"/v1/records/{NAME}/force", "POST", body=body)[0], 200)

    def wait_text(self, text, *matches):
        """The first entry that matches and has that text in its message."""

        def find():
            return [entry for entry in self.journal.entries(*matches) if text in entry["MESSAGE"]]

        return st.wait_until(find, what=f"{text!r} in the journal")[0]

    def test_failover(self):
        """journalctl SHUNT_RECORD= finds a failover, field by field; every line is there once, and no other way"""
        stream = self.start(st.Stream(self.daemon.control, "?since=0"))
        stream.next()
        self.one.stop()
        events = stream.until_type("answer", record=NAME)
        answer = events[-1]
        entry = self.journal.wait(f"SHUNT_RECORD={NAME}", "SHUNT_TYPE=answer", "SHUNT_TO=secondary")[0]
        expected = {"MESSAGE": answer["text"], "PRIORITY": "4", "SYSLOG_IDENTIFIER": "shuntd", "SHUNT_SEQ": str(answer["seq"]),
                    "SHUNT_FROM": "primary", "SHUNT_REASON": answer["reason"], "_PID": str(self.daemon.pid)}
        self.assertEqual({key: entry.get(key) for key in expected}, expected)
        self.assertNotIn("SHUNT_ADDRESS", entry)
        down = self.journal.wait("SHUNT_TYPE=health", f"SHUNT_ADDRESS={self.primary}", "SHUNT_TO=down")[0]
        self.assertEqual((down["PRIORITY"], down["SHUNT_ENDPOINT"], down["SHUNT_FROM"]), ("6", "primary", "up"))
        self.assertEqual(down["SHUNT_REASON"], "connection refused")
        self.daemon.stop()
        self.journal.wait("MESSAGE=ends")
        entries = self.journal.entries()
        self.assertEqual({entry["_TRANSPORT"] for entry in entries}, {"journal"})
        logged = [entry["MESSAGE"] for entry in entries]
        for event in events:
            self.assertEqual(logged.count(event["text"]), 1, event)
        self.assertTrue(any("answers 1 record on" in text for text in logged), logged)

    def test_manual(self):
        """the commands of shuntd(8) find something, and it names every field that there is"""
        self.one.stop()
        self.journal.wait("SHUNT_TYPE=answer")
        self.force("an example")
        self.wait_text("an example")
        with open(os.path.join(st.ROOT, "man", "shuntd.8"), encoding="utf-8") as file:
            manual = file.read()
        commands = re.findall(r"(?m)^\.Dl (journalctl .*)$", manual)
        self.assertGreater(len(commands), 2)
        for command in commands:
            program, *options = shlex.split(command.replace("\\-", "-"))
            done = st.run([program, f"--directory={self.journal.folder}", "--quiet", "--no-pager", *options])
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
            self.assertIn(NAME, done.stdout, command)
        fields = {key for entry in self.journal.entries() for key in entry if key.startswith("SHUNT_")}
        self.assertEqual(set(re.findall(r"(?m)^\.It Va (SHUNT_\w+)$", manual)), fields)

    def test_no_socket(self):
        """where the journal's own socket is gone, a line comes by standard error instead, its level with it"""
        os.unlink(self.journal.root + SOCKET)
        self.force("by the stream")
        entry = self.wait_text("by the stream", "_TRANSPORT=stdout")
        self.assertRegex(entry["MESSAGE"], f"^{NAME}: .*forced")
        self.assertEqual(entry["PRIORITY"], "4")
        self.assertEqual(self.journal.entries("SHUNT_TYPE=forced"), [])

    def test_restart(self):
        """a journal that ends takes nothing with it: the daemon answers, and the next one is told what it missed"""
        self.journal.kill()
        self.force("nobody listens")
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.journal = self.start(Journald(self, again=self.journal.enter(self.daemon.pid)))
        self.force("somebody does")
        self.wait_text("somebody does", "SHUNT_TYPE=forced")
        told = [entry["MESSAGE"] for entry in self.journal.entries()]
        self.assertTrue(any("found no room" in text for text in told), told)


if __name__ == "__main__":
    st.main(jobs=3)
