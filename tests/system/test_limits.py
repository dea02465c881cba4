#!/usr/bin/env python3
"""Resource limits that are reached, at the start and while it runs: words, never a signal."""
import os
import pwd
import re
import resource
import shutil
import subprocess
import unittest

import shunttest as st

RECORD = 'records: ( { name = "www.example.com"; primary: { address = "192.0.2.1"; }; } );'
MANY = "records: ( " + ", ".join(f'{{ name = "n{i}.example.com"; primary: {{ address = "192.0.2.1"; }}; }}' for i in range(5000)) + " );"


def limit(daemon, which, soft):
    """Returns what puts it back."""
    before = resource.prlimit(daemon.pid, which)
    resource.prlimit(daemon.pid, which, (soft, before[1]))
    return lambda: resource.prlimit(daemon.pid, which, before)


class Start(st.Case):
    def refused(self, limits, said, before=(), program=st.SHUNTD):
        daemon = st.Daemon(self, RECORD)
        os.chmod(daemon.dir, 0o755)
        done = subprocess.run([*before, "prlimit", *limits, program, "-c", daemon.config_path], capture_output=True, text=True,
                              env=st.clean_env(), timeout=st.PATIENCE)  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, said)

    def test_file_size(self):
        """ulimit -f too small for the table: one line with the limit's name, and status 1"""
        self.refused(["--fsize=4096"], r"error: cannot start: File too large; raise the limit of a file's size \(ulimit -f, LimitFSIZE=\)\n")

    @unittest.skipIf(st.SANITIZED, "a sanitizer needs more")
    def test_descriptors(self):
        """ulimit -n too small, for whatever step: one line with the limit's name"""
        for count in (4, 5, 8, 10, 12, 16, 24, 32, 47):
            self.refused([f"--nofile={count}:{count}"],
                         r"\A[^\n]*Too many open files; raise the limit of open files \(ulimit -n, LimitNOFILE=\)\n\Z")  # fmt: skip

    @unittest.skipIf(st.SANITIZED, "a sanitizer needs more")
    def test_fewest_descriptors(self):
        """48 are enough for the daemon itself"""
        daemon = self.start(st.Daemon(self, RECORD, prefix=("prlimit", "--nofile=48:48")))
        self.assertEqual(daemon.active("www.example.com"), "primary")

    @unittest.skipIf(st.SANITIZED, "a sanitizer looks for leaks in a process of its own")
    @unittest.skipIf(os.getuid() != 0, "needs root, to become another user who is bound by the limit")
    def test_processes(self):
        """ulimit -u too small for the process that parses the file"""
        os.chmod(self.tmp, 0o755)
        program = shutil.copy(st.SHUNTD, self.tmp)  # where every user may read
        user = pwd.getpwnam("nobody")
        self.refused(["--nproc=0:0"], r"cannot be parsed: Resource temporarily unavailable; raise the limit of processes \(ulimit -u, LimitNPROC=\)\n",
                     ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], program)  # fmt: skip

    @unittest.skipIf(st.SANITIZED, "a sanitizer needs more")
    def test_stack(self):
        """a soft limit of the stack is raised, and a hard one is named"""
        daemon = self.start(st.Daemon(self, RECORD, prefix=("prlimit", "--stack=32768:")))
        self.assertEqual(daemon.active("www.example.com"), "primary")
        for size in (32768, 65536, 500000):
            self.refused([f"--stack={size}:{size}"], r"\Aerror: cannot start: the stack is limited to less than 512 KiB; "
                         r"raise the limit of the stack \(ulimit -s, LimitSTACK=\)\n\Z")  # fmt: skip

    @unittest.skipIf(st.SANITIZED, "a sanitizer needs more")
    def test_address_space(self):
        """ulimit -v too small for the table"""
        self.refused(["--as=60000000"], r"error: cannot start: Cannot allocate memory; free memory, or raise .* \(ulimit -v, LimitAS=\)\n")

    @unittest.skipIf(st.SANITIZED, "a sanitizer needs more")
    def test_none_needed(self):
        """no locked memory is enough"""
        daemon = self.start(st.Daemon(self, RECORD, prefix=("prlimit", "--memlock=0")))
        self.assertEqual(daemon.active("www.example.com"), "primary")


class Live(st.Case):
    def setUp(self):
        super().setUp()
        self.daemon = self.start(st.Daemon(self, RECORD))

    def reload_fails(self, said):
        done = st.shunt(self.daemon, "reload")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(said, done.stderr)

    def works(self):
        """With all its limits back."""
        self.assertEqual(st.shunt(self.daemon, "reload").returncode, 0)
        self.assertEqual(self.daemon.active("www.example.com"), "primary")

    def test_file_size(self):
        """no new table and no state: the old table answers, and an order says that it is not saved"""
        back = limit(self.daemon, resource.RLIMIT_FSIZE, 1)
        done = st.shunt(self.daemon, "force", "www.example.com", "primary")
        self.assertIn("warning: in force, not saved yet: File too large", done.stderr)
        self.reload_fails("File too large")
        self.assertEqual(self.daemon.active("www.example.com"), "primary")
        back()
        self.works()

    def test_log(self):
        """a log that reaches the limit loses lines, and says how many when it is raised"""
        back = limit(self.daemon, resource.RLIMIT_FSIZE, os.path.getsize(self.daemon.log_path))
        for _ in range(3):
            st.shunt(self.daemon, "reload")
        self.assertNotIn("found no room", self.daemon.log())
        back()
        self.works()
        self.daemon.wait_log(r"warning: \d+ lines of the log found no room")

    @unittest.skipIf(os.getuid() != 0, "needs root, to see the daemon's descriptors")
    def test_descriptors(self):
        """no descriptor is left: a reload says so, if there is one for its request"""
        used = lambda: st.descriptors(self.daemon.pid)
        # The state is opened after the start; it would take the one that is left.
        st.wait_until(lambda: any("/state.json" in what for what in used().values()), what="the state to be opened")
        back = limit(self.daemon, resource.RLIMIT_NOFILE, len(used()) + 1)
        self.assertNotEqual(st.shunt(self.daemon, "reload").returncode, 0)
        self.assertTrue(self.daemon.running)
        back()
        self.works()

    @unittest.skipIf(st.SANITIZED, "a sanitizer needs more")
    def test_address_space(self):
        """no memory for a new table: refused in words, or an end in words"""
        back = limit(self.daemon, resource.RLIMIT_AS, 1)
        self.daemon.write_config(MANY)
        st.shunt(self.daemon, "reload")
        if self.daemon.running:
            back()
        st.wait_until(lambda: not self.daemon.running or self.daemon.ready(), what="an end or an answer")
        if not self.daemon.running:
            self.assertEqual(self.daemon.wait_exit(), 1)
            self.assertIn("out of memory", self.daemon.log())
            return
        self.daemon.write_config(RECORD)
        self.works()

    def test_stack_and_locked_memory(self):
        """neither grows once it runs: the stack has what it needs from the start"""
        self.daemon.stop()
        # Without pages in advance, which the kernel gives up to the limit at the start.
        self.daemon.prefix = ["prlimit", "--stack=32768:"]
        self.daemon.start()
        with open(f"/proc/{self.daemon.pid}/status", encoding="ascii") as status:
            self.assertGreaterEqual(int(re.search(r"VmStk:\s+(\d+) kB", status.read())[1]), 128)
        for which in (resource.RLIMIT_STACK, resource.RLIMIT_MEMLOCK):
            back = limit(self.daemon, which, 0)
            self.works()
            back()

    def limit_processes(self, *values):
        """As its own user: root in a container may have no rights over another user's process."""
        words = ["unlimited" if value == resource.RLIM_INFINITY else str(value) for value in values]
        user = pwd.getpwnam("nobody")
        subprocess.run(["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                        "prlimit", f"--pid={self.daemon.pid}", f"--nproc={words[0]}:{words[1]}"], check=True)  # fmt: skip

    @unittest.skipIf(st.SANITIZED, "a sanitizer looks for leaks in a process of its own")
    @unittest.skipIf(os.getuid() != 0, "needs root, to become another user who is bound by the limit")
    def test_processes(self):
        """no process to parse a file in: a reload says so, and the old table answers"""
        self.daemon.stop()
        for folder in (self.tmp, self.daemon.dir):
            os.chmod(folder, 0o755)
        self.daemon.write_config('user = "nobody"; ' + RECORD)
        os.chmod(self.daemon.config_path, 0o644)
        self.daemon.start()
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]  # the daemon has it from us
        self.limit_processes(0, hard)
        self.reload_fails("Resource temporarily unavailable")
        self.assertEqual(self.daemon.active("www.example.com"), "primary")
        self.limit_processes(hard, hard)
        self.works()


if __name__ == "__main__":
    st.main(jobs=4)
