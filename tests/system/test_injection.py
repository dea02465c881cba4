#!/usr/bin/env python3
"""One allocation after another fails, and one system call after another: in a start, in a failover and in a reload of a real daemon.

Each time the daemon ends with words and a status of its own, or goes on and gives the right answer: it never dies of a signal, never
hangs, and never answers wrongly. Here some of them fail, spread over all; INJECT=1 (make inject) lets every single one fail.
"""
import contextlib
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
import time
import unittest

import shunttest as st

NAME, BY_NAME = "www.example.com", "db.example.com"
ALL = bool(os.environ.get("INJECT"))
SOME = 24         # of each phase, where not all are asked for
PATIENCE = 30     # seconds, for whatever a daemon does after a failure: it hangs if it takes longer
FAILALLOC = os.path.join(st.B, "tests", "support", "failalloc.so")

# What a system call fails with, by its name. Others, and why not: futex, rt_sig*, exit*, get*id, close and munmap do not fail in a program
# that is right; brk has no errors (it returns the old end); execve and what the loader alone does come before us.
ERRORS = {
    **dict.fromkeys(("mmap", "mprotect", "madvise", "mremap", "clone", "clone3", "memfd_create"), "ENOMEM"),
    **dict.fromkeys(("openat", "socket", "accept4", "eventfd2", "timerfd_create", "epoll_create1", "pipe2", "socketpair", "dup",
                     "dup3", "fcntl", "inotify_init1", "signalfd4", "pidfd_open"), "EMFILE"),
    **dict.fromkeys(("read", "pread64", "write", "writev", "pwrite64", "fsync", "fdatasync", "newfstatat", "statx", "readlink", "fchmod",
                     "chmod", "fchmodat", "mkdir", "getdents64", "flock", "lseek", "access", "faccessat2"), "EIO"),
    **dict.fromkeys(("rename", "renameat", "unlink", "unlinkat", "ftruncate", "fallocate", "link", "linkat"), "ENOSPC"),
    **dict.fromkeys(("bind", "listen", "connect", "setsockopt", "getsockopt", "getsockname", "getpeername", "sendto", "sendmsg", "recvmsg", "recvfrom",
                     "shutdown", "epoll_ctl", "ioctl", "poll", "ppoll"), "ENOBUFS"),
    **dict.fromkeys(("prctl", "prlimit64", "setrlimit", "getrlimit", "uname", "sysinfo", "timerfd_settime",
                     "sched_getaffinity", "inotify_add_watch", "umask", "capget"), "EPERM"),
    "getrandom": "ENOSYS",  # its only error here: with any other glibc's arc4random() ends every program, by abort()
}  # fmt: skip


def spread(count):
    """The numbers of the calls to let fail."""
    if ALL or count <= SOME:
        return range(1, count + 1)
    return sorted({1 + (count - 1) * i // (SOME - 1) for i in range(SOME)})


class Allocations:
    """Counts the daemon's allocations from arm() on, and lets one fail: tests/support/failalloc.c."""

    def __init__(self, case):
        self.path = case.write("orders", "\0" * 32)
        with open(self.path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 32)
        self.env = st.clean_env(LD_PRELOAD=FAILALLOC, FAIL_ALLOC=self.path)

    def arm(self, number=0, more=0):
        """The `number`th from now on fails, and the `more` next; 0: none."""
        self._map[0:8] = bytes(8)
        self._map[8:32] = struct.pack("QQQ", more, 0, 0)
        self._map[0:8] = struct.pack("Q", number)

    def calls(self):
        return struct.unpack("Q", self._map[16:24])[0]

    def failed(self):
        return struct.unpack("Q", self._map[24:32])[0]


@unittest.skipIf(st.SANITIZED, "a sanitizer has an allocator of its own, and cannot be traced")
class Injection(st.Case):
    """A daemon with a bit of everything: http and tcp checks, an endpoint by name."""

    seconds = 14400 if ALL else 300

    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Hostile(st.well, self.primary, self.port))
        self.two = self.start(st.Hostile(st.well, self.standby, self.port))
        self.dns = self.start(st.Dns(self, self.address(), hosts={"db.example.net": [self.primary]}))
        self.config = f"""
            resolvers = [ "{self.dns.resolver}" ];
            checks: {{ web: {{ type = "http"; port = {self.port}; expect_body = "ok"; interval = "200ms"; fast_interval = "100ms"; fall = 2; rise = 1; }};
                       tcp: {{ type = "tcp"; port = {self.port}; interval = "200ms"; fall = 2; rise = 1; }}; }};
            records: (
              {{ name = "{NAME}"; primary: {{ address = "{self.primary}"; check = "web"; }};
                 secondary: {{ address = "{self.standby}"; check = "web"; }}; }},
              {{ name = "{BY_NAME}"; primary: {{ address = "db.example.net"; allow_local = true; check = "tcp"; }};
                 secondary: {{ address = "{self.standby}"; check = "tcp"; }}; }} );"""
        self.ends, self.survived, self.faults, self.what = 0, 0, [], ""

    # --- what is right -----------------------------------------------------------------------------------

    def ended_well(self, daemon, begin):
        """It ended by itself, and said why."""
        status, said = daemon.process.returncode, daemon.log()[begin:]
        if status < 0:
            return f"died of {signal.Signals(-status).name}"
        if status == 0 or not said.strip():
            return f"ended with status {status} and {len(said)} bytes of words"
        self.ends += 1
        return None

    def right(self, daemon, wanted):
        """None once the daemon says so, and clients are answered so; else what is wrong."""
        return self.poll(daemon, lambda: daemon.answer(NAME) == [wanted] and daemon.resolve(NAME) == [wanted])

    def poll(self, daemon, condition):
        """None once the condition is true; "ended" where the daemon did; else what is wrong."""
        deadline, last = time.monotonic() + PATIENCE, None
        while time.monotonic() < deadline:
            if not daemon.running:
                return "ended"
            try:
                if condition():
                    return None
            except (OSError, st.http.client.HTTPException, ValueError, KeyError, AssertionError) as error:
                last = repr(error)
            time.sleep(0.02)
        return f"no right answer within {PATIENCE} s; last seen: {last or 'another answer'}"

    def judge(self, what, daemon, begin, wanted):
        """After a failure, at the end of the phase: whether all is as it should be. The daemon may have ended."""
        wrong = self.right(daemon, wanted)
        if wrong == "ended":
            wrong = self.ended_well(daemon, begin)
        elif wrong is None:
            self.survived += 1
        if wrong:
            self.fault(what, wrong, daemon, begin)

    def fault(self, what, wrong, daemon, begin):
        said = daemon.log()[begin:].strip().splitlines()[-6:]
        self.faults.append(f"{what}: {wrong}" + "".join(f"\n      {line}" for line in said))
        self.note(f"{what}: {wrong}")

    def finish(self, what):
        self.note(f"{what}: {self.ends + self.survived} failures survived or said, {self.ends} of them ended the daemon with words; {len(self.faults)} faults")
        self.assertFalse(self.faults, "\n" + "\n".join(self.faults))
        self.assertTrue(self.survived)

    def end(self, daemon, begin=None):
        """Whatever failed before, SIGTERM ends it in order. `begin`: or with words from there on, where a call may still fail."""
        if not daemon.running:
            return
        try:
            daemon.stop()
        except AssertionError as error:
            if begin is None or daemon.running or self.ended_well(daemon, begin):
                self.fault("stop", str(error).splitlines()[0], daemon, 0)
        finally:
            daemon.kill()

    def launch(self, daemon):
        """Starts it without a look at how it fares."""
        self.addCleanup(daemon.kill)
        try:
            daemon.start()
        except AssertionError:
            if daemon.running:
                self.fault("start", "neither ready nor ended", daemon, 0)
                daemon.kill()

    # --- phases ------------------------------------------------------------------------------------------

    def failover(self, daemon):
        self.one.stop()
        return self.standby

    def come_back(self, daemon):
        self.one = st.Hostile(st.well, self.primary, self.port)
        self.start(self.one)

    def reload(self, daemon):
        """Done, refused with words in the log, or cut off by the end of the daemon."""
        begin = len(daemon.log())
        daemon.reload()
        if self.poll(daemon, lambda: "reload" in daemon.log()[begin:]) not in (None, "ended"):
            self.fault(f"{self.what}: reload", "neither done nor refused", daemon, begin)
        return self.primary

    def ask(self, daemon):
        """Answered, or cut off: a status, an order and its end."""
        for url, method, body in (("/v1/status", "GET", None), (f"/v1/records/{NAME}/force", "POST", '{"endpoint": "secondary"}'),
                                  (f"/v1/records/{NAME}/auto", "POST", "{}")):  # fmt: skip
            try:
                daemon.request(url, method, body=body, timeout=PATIENCE)
            except socket.timeout:
                self.fault(url, "no answer, and no end of the connection", daemon, 0)
            except (OSError, st.http.client.HTTPException):
                pass
        return self.primary

    def give_back(self, daemon):
        """An order may have been taken without the answer's coming through, and its end refused."""
        wrong = self.poll(daemon, lambda: daemon.request(f"/v1/records/{NAME}/auto", "POST", body="{}")[0] == 200)
        if wrong not in (None, "ended"):
            self.fault(f"{self.what}: auto", wrong, daemon, 0)


class Memory(Injection):
    """Allocations."""

    def setUp(self):
        super().setUp()
        self.allocations = Allocations(self)

    def new_daemon(self):
        return st.Daemon(self, self.config, env=self.allocations.env)

    def settle(self, daemon):
        wrong = self.right(daemon, self.primary)
        self.assertIsNone(wrong, f"{wrong}\n{daemon.log()}")

    def test_start(self):
        """an allocation fails while the daemon starts: it ends with words, or lives and answers"""
        daemon = self.new_daemon()
        self.allocations.arm()
        self.launch(daemon)
        daemon.wait_settled()
        count = self.allocations.calls()
        self.end(daemon)
        for number in spread(count):
            daemon.forget()
            begin = len(daemon.log())
            self.allocations.arm(number)
            self.launch(daemon)
            self.judge(f"allocation {number} of a start", daemon, begin, self.primary)
            self.end(daemon)
        self.note(f"{count} allocations in a start")
        self.finish("start")

    def test_end(self):
        """an allocation fails while it ends: it ends, with status 0"""
        for number in range(1, 4):
            daemon = self.new_daemon()
            self.allocations.arm()  # the last end may have made fewer than were to fail
            self.launch(daemon)
            daemon.wait_settled()
            self.allocations.arm(number)
            daemon.stop()

    def each(self, what, phase, back=lambda daemon: None, after=lambda daemon: None):
        """Lets allocations fail in a phase of a daemon that goes on living, as far as it does."""
        daemon = self.new_daemon()
        self.allocations.arm()
        self.launch(daemon)
        self.settle(daemon)
        self.allocations.arm()
        wanted = phase(daemon)
        self.assertIsNone(self.right(daemon, wanted))
        count = self.allocations.calls()
        for number in spread(count):
            back(daemon)
            self.settle(daemon)
            begin = len(daemon.log())
            self.allocations.arm(number)
            wanted = phase(daemon)
            after(daemon)
            self.judge(f"allocation {number} of a {what}", daemon, begin, wanted)
            self.allocations.arm()
            if not daemon.running:
                back(daemon)
                self.launch(daemon)
                after(daemon)
                back = self.once(back)
        self.end(daemon)
        self.note(f"{count} allocations in a {what}")
        self.finish(what)

    @staticmethod
    def once(back):
        """The next call does nothing: it has been done already."""
        calls = [0]

        def later(daemon):
            calls[0] += 1
            if calls[0] > 1:
                back(daemon)

        return later

    def test_failover(self):
        """an allocation fails while a primary fails: the standby answers, or the daemon ends with words"""
        self.each("failover", self.failover, self.come_back)

    def test_reload(self):
        """an allocation fails in a reload: it is refused or done, or the daemon ends with words"""
        self.each("reload", self.reload)

    def test_requests(self):
        """an allocation fails in requests: they are answered, refused or cut off, or the daemon ends with words"""

        def after(daemon):
            self.allocations.arm()
            self.give_back(daemon)

        self.each("request", self.ask, after=after)


class SystemCalls(Injection):
    """System calls, by strace, which attaches for a phase and goes away again."""

    def setUp(self):
        super().setUp()
        st.need("strace")
        if os.geteuid() != 0:
            self.skipTest("tracing needs root")

    def trace(self, *words):
        return ["strace", "-f", "-qq", "-I2", "-o", self.path("trace"), *words]

    def injected(self, call, number):
        return ["-e", f"trace={call}", "-e", f"inject={call}:error={ERRORS[call]}:when={number}"]

    def end(self, daemon, *begin):
        """The tracer goes first: a call counted anew may be the one by which libevent's handler passes SIGTERM on."""
        tracer = st.memory_kb(daemon.pid, "TracerPid") if daemon.running else 0
        if tracer:
            with contextlib.suppress(ProcessLookupError):
                os.kill(tracer, signal.SIGTERM)
            st.wait_until(lambda: not daemon.running or st.memory_kb(daemon.pid, "TracerPid") == 0, what="strace to let go")
        super().end(daemon, *begin)

    def chosen(self, after="", until="\0", without=()):
        """How many system calls the trace has, and (name, number) of those to let fail. A number counts within one thread.

        Those between the first line with `after` in it and the next one with `until`, and none of `without`.
        """
        counts, calls, early, within = {}, [], set(), False
        with open(self.path("trace"), encoding="ascii", errors="replace") as file:
            for line in file:
                within = within or after in line
                if within and until in line:
                    break
                match = re.match(r"(\d+) +([a-z_0-9]+)\(", line)
                if not match:
                    continue
                number = counts[match[1], match[2]] = counts.get((match[1], match[2]), 0) + 1
                if not within:
                    early.add((match[2], number))
                elif match[2] in ERRORS and match[2] not in without:
                    calls.append((match[2], number))
        # A number counts in every thread: the loader's may not fail with another thread's.
        calls = sorted(set(calls) - early)
        return len(calls), [calls[number - 1] for number in spread(len(calls))]

    def test_start(self):
        """a system call fails while the daemon starts: it ends with words, or lives and answers"""
        daemon = st.Daemon(self, self.config, prefix=self.trace("-D"))
        self.launch(daemon)
        daemon.wait_settled()
        self.end(daemon)
        # Neither the loader's, nor those that stop it, nor libmicrohttpd's, of which see below; write() has the words to say.
        count, chosen = self.chosen(after="set_robust_list(", until="--- SIGTERM", without=("epoll_ctl", "write"))
        more, early = self.chosen(after="set_robust_list(", until="Z shuntd ", without=set(ERRORS) - {"epoll_ctl"})
        count, chosen = count + more, chosen + early
        for call, number in chosen:
            daemon.forget()
            begin = len(daemon.log())
            daemon.prefix = self.trace("-D", *self.injected(call, number))
            self.launch(daemon)
            self.judge(f"{call} {number} of a start", daemon, begin, self.primary)
            self.end(daemon, begin)
        self.note(f"{count} system calls in a start")
        self.finish("start")

    def traced(self, daemon, words, phase):
        """A phase under strace, until clients get its answer, or the daemon has ended. Returns that answer."""
        tracer = subprocess.Popen(
            self.trace(*words, "-p", str(daemon.pid)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            st.wait_until(lambda: not daemon.running or tracer.poll() is not None or self.is_traced(daemon), what="strace to attach")
            wanted = phase(daemon)
            # By clients alone: the control socket would add its own calls.
            self.poll(daemon, lambda: daemon.resolve(NAME) == [wanted])
            return wanted
        finally:
            tracer.terminate()
            tracer.wait()

    @staticmethod
    def is_traced(daemon):
        """Every thread is."""
        threads = os.listdir(f"/proc/{daemon.pid}/task")
        return all(st.memory_kb(f"{daemon.pid}/task/{thread}", "TracerPid") for thread in threads)

    def each(self, what, phase, back=lambda daemon: None, after=lambda daemon: None, without=()):
        daemon = st.Daemon(self, self.config)
        self.launch(daemon)
        self.assertIsNone(self.right(daemon, self.primary))
        wanted = self.traced(daemon, (), phase)
        self.assertIsNone(self.right(daemon, wanted))
        count, chosen = self.chosen(without=without)
        for call, number in chosen:
            back(daemon)
            if not daemon.running:
                self.launch(daemon)
                after(daemon)
            self.assertIsNone(self.right(daemon, self.primary), f"after {self.what}: {daemon.log()}")
            begin = len(daemon.log())
            self.what = f"{call} {number}"
            wanted = self.traced(daemon, self.injected(call, number), phase)
            after(daemon)
            self.judge(f"{call} {number} of a {what}", daemon, begin, wanted)
        self.end(daemon)
        self.note(f"{count} system calls in a {what}")
        self.finish(what)

    def test_failover(self):
        """a system call fails while a primary fails: the standby answers, or the daemon ends with words"""
        self.each("failover", self.failover, self.come_back)

    def test_reload(self):
        """a system call fails in a reload: it is refused or done, or the daemon ends with words"""
        # What it came to is a line of the log, which takes poll() and write().
        self.each("reload", self.reload, without=("poll", "write"))

    def test_requests(self):
        """a system call fails in requests: they are answered, refused or cut off, or the daemon ends with words"""
        # A failing epoll_ctl is beyond libmicrohttpd itself, which then frees what it does not own.
        self.each("request", self.ask, after=self.give_back, without=("epoll_ctl",))


if __name__ == "__main__":
    st.main(jobs=2)
