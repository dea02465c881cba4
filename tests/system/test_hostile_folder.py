#!/usr/bin/env python3
"""A daemon that starts as root, with its sockets in a folder of another user, who swaps paths for links at every moment."""
import os
import pwd
import re
import signal
import socket
import subprocess
import unittest

import shunttest as st

SWAP = os.path.join(st.B, "tests", "support", "swap.so")
# Every function of libc that takes a path.
PATH_CALLS = """access acct bind bindat canonicalize_file_name chdir chmod chown chroot connect connectat creat creat64 dlmopen dlopen eaccess
    euidaccess execl execle execlp execv execve execveat execvp execvpe faccessat fanotify_mark fchmodat fchownat fopen fopen64 freopen
    freopen64 fstatat fstatat64 fts_open ftw ftw64 futimesat getxattr glob glob64 inotify_add_watch lchmod lchown lgetxattr link linkat
    listxattr llistxattr lremovexattr lsetxattr lstat lstat64 lutimes mkdir mkdirat mkdtemp mkfifo mkfifoat mknod mknodat mkostemp mkstemp
    mount mount_setattr move_mount name_to_handle_at nftw nftw64 open open64 open_tree openat openat2 openat64 opendir pathconf pivot_root
    popen posix_spawn posix_spawnp quotactl readlink readlinkat realpath remove removexattr rename renameat renameat2 rmdir scandir
    scandir64 scandirat setxattr shm_open shm_unlink stat stat64 statfs statfs64 statvfs statvfs64 statx swapoff swapon symlink symlinkat
    system tempnam tmpfile tmpnam truncate truncate64 umount umount2 unlink unlinkat uselib utime utimensat utimes __xstat __lxstat
    __fxstatat __xmknod __xmknodat __realpath_chk""".split()
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

    def popen(self, folder, before=(), **env):
        config = folder.rstrip("/").replace("/", "_")[-40:] + ".conf"
        with open(self.path(config), "w", encoding="ascii") as file:
            file.write(f"""user = "nobody"; socket = "{folder}/shunt.sock"; control = "{folder}/control.sock"; state_dir = "{folder}/state";
                records: ( {{ name = "www.example.com"; primary: {{ address = "192.0.2.1"; }}; }} );""")
        return subprocess.Popen([*before, st.SHUNTD, "-c", self.path(config)], stderr=subprocess.PIPE, text=True, env=st.clean_env(**env))

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

    def test_every_call(self):
        """every call with a path that the daemon imports is among those at which paths are swapped"""
        done = st.run(["nm", "--dynamic", "--undefined-only", st.SHUNTD])
        self.assertEqual(done.returncode, 0, done.stderr)
        imported = {word.split("@")[0] for word in done.stdout.split()} & set(PATH_CALLS)
        self.assertIn("openat", imported)
        wrapped = st.run(["nm", "--dynamic", "--defined-only", SWAP]).stdout.split()
        self.assertEqual(imported - set(wrapped), set())

    def test_no_path(self):
        """until root's rights are given up, nothing in the folder is reached by its path: only by names below a descriptor"""
        folder = self.make_folder(self.path("traced"))
        self.fill(folder)
        trace = self.path("trace")
        daemon = self.popen(folder, before=["strace", "-f", "-o", trace, "-e", "trace=%file,%network,fchdir,setresuid,setuid"])
        with daemon:
            for line in daemon.stderr:
                if "answers 1 record" in line:
                    break
            with open(trace, encoding="utf-8", errors="replace") as file:
                calls = file.read().splitlines()
            os.kill(int(calls[0].split()[0]), signal.SIGTERM)
            daemon.communicate(timeout=st.PATIENCE)
        given_up = next(number for number, call in enumerate(calls) if re.search(r"set(res)?uid\(\d", call))
        as_root = calls[:given_up]
        self.assertTrue([call for call in as_root if 'bind(' in call and '"shunt.sock"' in call], as_root)
        # As "/tmp/.../traced/...": a component alone is below a descriptor.
        self.assertEqual([call for call in as_root if f'"{folder}' in call], [])

    def test_without_proc(self):
        """the same where /proc is not mounted"""
        folder = self.make_folder(self.path("plain"))
        self.fill(folder)
        hide = 'mount -t tmpfs none /proc && exec "$0" "$@"'
        said = self.start_once(folder, before=["unshare", "--mount", "sh", "-c", hide])
        self.assertIn("answers 1 record", said)

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
