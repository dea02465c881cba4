#!/usr/bin/env python3
"""A daemon that starts as root, with its sockets in a folder of another user, who swaps paths for links at every moment; and limits."""
import os
import pwd
import subprocess
import unittest

import shunttest as st

SWAP = os.path.join(st.B, "tests", "support", "swap.so")
PLACES = 16  # a start calls no more of what swap.c has, and each has a place before and one after


@unittest.skipIf(os.getuid() != 0, "needs root")
@unittest.skipIf(st.SANITIZED, "a sanitizer must be preloaded first")
class HostileFolder(st.Case):
    def look(self, path):
        status = os.stat(path)
        with open(path, encoding="ascii") as file:
            return status.st_mode, status.st_uid, status.st_gid, file.read()

    def start_once(self, name, at, what):
        """One start, with `what` swapped at that place; returns what has become of root's file."""
        self.assertTrue(os.path.exists(SWAP))
        user = pwd.getpwnam("nobody")
        os.chmod(self.tmp, 0o755)
        folder, target = self.path(f"{name}{at}"), self.path(f"root{name}{at}")
        os.mkdir(folder)
        os.chown(folder, user.pw_uid, user.pw_gid)
        with open(target, "w", encoding="ascii") as file:
            file.write("root's\n")
        os.chmod(target, 0o600)
        before = self.look(target)
        config = os.path.join(self.tmp, f"{name}{at}.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"""user = "nobody"; socket = "{folder}/shunt.sock"; control = "{folder}/control.sock"; state_dir = "{folder}/state";
                records: ( {{ name = "www.example.com"; primary: {{ address = "192.0.2.1"; }}; }} );""")
        daemon = subprocess.Popen([st.SHUNTD, "-c", config], stderr=subprocess.PIPE, text=True,
                                  env=st.clean_env(LD_PRELOAD=SWAP, SWAP_AT=str(at), SWAP_PATH=f"{folder}/{what}", SWAP_TARGET=target))  # fmt: skip
        for line in daemon.stderr:
            if "answers 1 record" in line:
                break
        daemon.terminate()
        daemon.communicate(timeout=st.PATIENCE)
        return before, self.look(target)

    def test_links(self):
        """paths that are swapped for links while it starts as root: no file of root's changes mode, owner or content"""
        for what in ("shunt.sock", "control.sock", "shunt.sock.lock", "control.sock.lock"):
            for at in range(1, PLACES + 1):
                before, after = self.start_once(what, at, what)
                self.assertEqual(before, after, f"{what} at {at}")


class Limits(st.Case):
    def test_file_size(self):
        """ulimit -f: too small for the table is one line and status 1; a log that reaches the limit ends nothing"""
        daemon = st.Daemon(self, 'records: ( { name = "www.example.com"; primary: { address = "192.0.2.1"; }; } );')
        done = subprocess.run(["prlimit", "--fsize=4096", st.SHUNTD, "-c", daemon.config_path], capture_output=True, text=True,
                              env=st.clean_env(), timeout=st.PATIENCE)  # fmt: skip
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "error: cannot start: File too large")
        self.start(daemon)
        self.assertEqual(daemon.active("www.example.com"), "primary")
        subprocess.run(["prlimit", f"--pid={daemon.pid}", "--fsize=1"], check=True)
        done = st.shunt(daemon, "force", "www.example.com", "primary")
        self.assertIn("warning: in force, not saved yet: File too large", done.stderr)
        done = st.shunt(daemon, "reload")
        self.assertEqual(done.returncode, 4)
        self.assertIn("File too large", done.stderr)
        self.assertEqual(daemon.active("www.example.com"), "primary")


if __name__ == "__main__":
    st.main()
