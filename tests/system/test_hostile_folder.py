#!/usr/bin/env python3
"""A daemon that starts as root, with its sockets in a folder of another user, who swaps paths for links at every moment."""
import os
import pwd
import socket
import subprocess
import unittest

import shunttest as st

SWAP = os.path.join(st.B, "tests", "support", "swap.so")
PLACES = range(1, 41)  # for files: places of the calls before and after the first socket
PLACES_MOST = 400  # far more than a start and an end have


@unittest.skipIf(os.getuid() != 0, "needs root")
@unittest.skipIf(st.SANITIZED, "a sanitizer must be preloaded first")
class HostileFolder(st.Case):
    def setUp(self):
        super().setUp()
        self.user = pwd.getpwnam("nobody")
        os.chmod(self.tmp, 0o755)

    def make_folder(self, path):
        os.mkdir(path)
        os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    def look(self, path):
        status = os.stat(path)
        with open(path, encoding="ascii") as file:
            return status.st_mode, status.st_uid, status.st_gid, file.read()

    def look_in(self, path):
        """Of a folder: whatever is made or removed there meanwhile changes its time."""
        return os.stat(path).st_mtime_ns, [(name, os.stat(f"{path}/{name}").st_mtime_ns) for name in sorted(os.listdir(path))]

    def popen(self, folder, **env):
        config = folder.rstrip("/").replace("/", "_")[-40:] + ".conf"
        with open(self.path(config), "w", encoding="ascii") as file:
            file.write(f"""user = "nobody"; socket = "{folder}/shunt.sock"; control = "{folder}/control.sock"; state_dir = "{folder}/state";
                records: ( {{ name = "www.example.com"; primary: {{ address = "192.0.2.1"; }}; }} );""")
        return subprocess.Popen([st.SHUNTD, "-c", self.path(config)], stderr=subprocess.PIPE, text=True, env=st.clean_env(**env))

    def start_once(self, folder, **env):
        """One start and end. Returns what it said."""
        said = []
        with self.popen(folder, **env) as daemon:
            for line in daemon.stderr:
                said.append(line)
                if "answers 1 record" in line:
                    break
            daemon.terminate()
            said.append(daemon.communicate(timeout=st.PATIENCE)[1])
        return "".join(said)

    def start_swapped(self, folder, at, what, target):
        self.assertTrue(os.path.exists(SWAP))
        return self.start_once(folder, LD_PRELOAD=SWAP, SWAP_AT=str(at), SWAP_PATH=what, SWAP_TARGET=target,
                               SWAP_UID=str(self.user.pw_uid))  # fmt: skip

    def swap_file(self, name, at):
        folder, target = self.make_folder(self.path(f"{name}{at}")), self.path(f"root{name}{at}")
        with open(target, "w", encoding="ascii") as file:
            file.write("root's\n")
        os.chmod(target, 0o600)
        before = self.look(target)
        self.start_swapped(folder, at, f"{folder}/{name}", target)
        self.assertEqual(before, self.look(target), f"{name} at {at}")

    def test_links(self):
        """paths that are swapped for links while it starts as root: no file of root's changes mode, owner or content"""
        for what in ("shunt.sock", "control.sock", "shunt.sock.lock", "control.sock.lock"):
            for at in PLACES:
                self.swap_file(what, at)

    def fill(self, folder):
        """What a daemon would replace or write to: a socket that nobody answers on, and a lock file."""
        for kind in ("shunt.sock", "control.sock"):
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(f"{folder}/{kind}")
            with open(f"{folder}/{kind}.lock", "w", encoding="ascii") as file:
                file.write("root's\n")

    def swap_folder(self, at, above, full):
        """Swaps the sockets' folder, or the one above it. False: the start has no such place."""
        user, root = self.make_folder(self.path(f"user{above}{full}{at}")), self.path(f"root{above}{full}{at}")
        folder, target = self.make_folder(f"{user}/in"), f"{root}/in"
        os.makedirs(target)
        if full:
            self.fill(target)
        before = self.look_in(target)
        said = self.start_swapped(folder, at, *((user, root) if above else (folder, target)))
        self.assertEqual(before, self.look_in(target), f"at {at}: {said}")
        return os.path.islink(user if above else folder)

    def test_folders(self):
        """a folder on the way that is swapped for a link while it starts as root: nothing is made or removed where it leads"""
        for above, full in ((0, 0), (0, 1), (1, 0)):
            at = 1
            while self.swap_folder(at, above, full):
                at += 1
                self.assertLess(at, PLACES_MOST)
            self.assertGreater(at, 20)

    def test_link_of_root(self):
        """a folder's link that root made is followed, and one that another user made is refused in words"""
        folder, link = self.make_folder(self.path("real")), self.path("link")
        os.symlink("real", link)
        self.assertIn("answers 1 record", self.start_once(link))
        self.assertEqual(os.listdir(folder), ["state"])
        os.lchown(link, self.user.pw_uid, self.user.pw_gid)
        said = self.start_once(link)
        self.assertRegex(said, r"_link\.conf:1: socket: .*: the path to the folder .*/link has a link that root does not own; write")


if __name__ == "__main__":
    st.main(jobs=3)
