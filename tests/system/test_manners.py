#!/usr/bin/env python3
"""The library is a guest in programs with any habits, in both widths: each gets the right answer, and notices nothing else."""
import concurrent.futures
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import shunttest as st

# As in tests/support/guest.h.
NAME, ADDRESS = "localhost", "192.0.2.1"
SKIPPED = 77
TABLE_SIZE = 64 << 20

STALE = 1  # seconds, where that is the point
CONFIG = f"""records: (
    {{ name = "{NAME}"; primary: {{ address = "{ADDRESS}"; }}; }},
    {{ name = "several.test"; aliases = [ "some.test" ];
      primary: {{ addresses = [ "192.0.2.21", "192.0.2.22", "2001:db8::23" ]; }}; }} );
"""

SUPPORT = os.path.join(st.ROOT, "tests", "support")
WIDTHS = ("support", "support32") if os.path.exists(os.path.join(st.B, "tests", "support32", "habits")) else ("support",)
LIBRARIES = os.path.join(st.B, "$LIB", "libshunt.so")  # the loader chooses the program's width


def program(width, name):
    return os.path.join(st.B, "tests", width, name)


def flags(width):
    return ["-m32"] if width == "support32" else []


def library(width):
    """The one that the loader finds for programs of that width."""
    if width == "support":
        return os.path.realpath(st.SHIM)
    for folder in ("lib/i386-linux-gnu", "lib32", "lib"):
        path = os.path.join(st.B, folder, "libshunt.so")
        if os.path.exists(path):
            return path
    raise AssertionError("there is no library of 32 bits")


class Manners(st.Case):
    """One daemon, whose every client is a program of tests/support."""

    def setUp(self):
        super().setUp()
        self.daemon = self.start(st.Daemon(self, CONFIG))

    def env(self, **extra):
        return {**self.daemon.env(), "LD_PRELOAD": LIBRARIES, **extra}

    def check(self, command, env=None, want="ok", err=""):
        """It ends well and says that and nothing else."""
        done = st.run(command, env=env or self.env(), timeout=4 * st.PATIENCE)
        if done.returncode == SKIPPED:
            raise unittest.SkipTest(done.stderr.strip())
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        self.assertEqual(done.stdout.splitlines()[-1:], [want], command)
        self.assertEqual(done.stderr, err, command)
        return done.stdout

    def check_widths(self, name, *arguments):
        """A case of the program, in every width at once. Returns what they said."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return list(pool.map(lambda width: self.check([program(width, name), *arguments]), WIDTHS))

    def shared(self, width, name, text):
        """A library of that width: its path."""
        source = self.write(f"{name}.c", text)
        return self.build(source, f"{width}/{name}", "-D_GNU_SOURCE", f"-I{SUPPORT}", "-shared", "-fPIC", *flags(width))

    def build(self, source, name, *options, compiler="gcc"):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        done = st.run([compiler, "-O1", "-g", "-o", path, source, *options], timeout=5 * st.PATIENCE)
        self.assertEqual(done.returncode, 0, f"{compiler}: {done.stderr}")
        return path


class Descriptors(Manners):
    def test_closed(self):
        """0, 1 and 2, each way closed, stay closed, and nothing is written there"""
        self.check_widths("habits", "closed")

    def test_closefrom(self):
        """close_range between lookups, and by another thread in the middle of an attach and of lookups"""
        self.check_widths("habits", "closefrom")

    def test_reuse(self):
        """the descriptors that other threads open meanwhile stay theirs"""
        self.check_widths("habits", "reuse")

    def test_none_left(self):
        """RLIMIT_NOFILE 0: passed on at first; once attached it makes no difference"""
        self.check_widths("habits", "nofile")

    def test_untouched(self):
        """no descriptor, no thread, no signal disposition, mask or cancellation state is another after an attach"""
        self.check_widths("habits", "untouched")

    def test_errno(self):
        """errno is untouched by answers, by literals and by a family without an address"""
        self.check_widths("habits", "errno")


class Children(Manners):
    def test_fork(self):
        """forks of a process whose eight threads attach and look up: each child is answered at once"""
        self.check_widths("habits", "fork")

    def test_spawn(self):
        """vfork, with a lookup in the child and with exec; posix_spawn; system"""
        self.check_widths("habits", "spawn")


class Interrupted(Manners):
    def test_signals(self):
        """a signal every 500 us without SA_RESTART, while it attaches and looks up"""
        self.check_widths("jumps", "interrupted")

    def test_jump_lookup(self):
        """thousands of jumps out of a handler in the middle of a lookup"""
        self.note("; ".join(said.splitlines()[0] for said in self.check_widths("jumps", "jump-lookup")))

    def test_jump_attach(self):
        """hundreds of jumps in the middle of an attach"""
        self.check_widths("jumps", "jump-attach")

    def test_cancel(self):
        """threads cancelled in the middle of lookups, deferred and at any point"""
        self.check_widths("jumps", "cancel")

    def silent(self, case, word):
        """The case, with a daemon that says nothing until the program has said the word."""
        for width in WIDTHS:
            self.daemon.pause()
            talk = self.start(Talk(self, [program(width, "jumps"), case], self.env()))
            self.assertEqual(talk.line(), word, f"{width}: {talk.log()}")
            self.daemon.resume()
            talk.say()
            self.assertEqual(talk.line(), "ok", f"{width}: {talk.log()}")

    def test_jump_wait(self):
        """an alarm that jumps out of the wait for the daemon: the next attach closes what that one had open"""
        self.silent("jump-wait", "jumped")

    def test_jump_reuse(self):
        """the same, and the program has given that number to a file of its own: it stays open"""
        self.silent("jump-reuse", "jumped")

    def test_cancel_attach(self):
        """threads cancelled while they wait for the daemon leave nothing open"""
        self.silent("cancel-attach", "cancelled")


class Talk(st.Process):
    """A program that says a line and waits for one."""

    def __init__(self, case, command, env):
        super().__init__(case, "talk", command, env)

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=self._env, text=True,
                start_new_session=True,
            )  # fmt: skip

    def line(self):
        """The next one; "" when it ended."""
        return self.process.stdout.readline().rstrip("\n")

    def say(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def wait_end(self):
        """Its status, after the end of its input."""
        self.process.stdin.close()
        return self.wait_exit()

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        super().stop()

    @property
    def table(self):
        """The table that it has mapped: its file's number, or None. (A page of the next one is looked at first.)"""
        for line in st.mappings(self.pid, "/memfd:"):
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if end - start == TABLE_SIZE:
                return line.split()[4]
        return None

    def private_kb(self):
        """What no other process has: anonymous memory, and the library's own pages. (Pages of libc's depend on who else runs.)"""
        with open(f"/proc/{self.pid}/smaps", encoding="utf-8", errors="replace") as file:
            mappings = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", file.read())
        return sum(
            int(size)
            for mapping in mappings
            for what, size in re.findall(r"(?m)^(\w+): +(\d+) kB", mapping)
            if what == "Anonymous" or (what == "Private_Clean" and "/libshunt.so" in mapping)
        )


class Roots(Manners):
    def root(self):
        folder = self.path("root")
        os.makedirs(os.path.join(folder, "etc"), exist_ok=True)
        self.write("root/etc/hosts", f"127.0.0.1 {NAME}\n")
        return folder

    def test_chroot_before(self):
        """chroot before the first lookup: passed on"""
        self.check_widths("habits", "chroot-before", self.root())

    def test_chroot_after(self):
        """chroot after it: answered on, though the table is superseded and another one cannot be had"""
        folder = self.root()
        for width in WIDTHS:
            talk = self.start(Talk(self, [program(width, "habits"), "chroot-after", folder], self.env()))
            if talk.line() != "inside" and talk.wait_exit() == SKIPPED:
                self.skipTest(talk.log().strip())
            begin = len(self.daemon.log())
            self.daemon.reload()
            self.daemon.wait_log("(?i)reload", start=begin)
            talk.say()
            self.assertEqual(talk.line(), "ok", talk.log())
            self.assertEqual(talk.log(), "")

    def test_hidden(self):
        """a mount namespace without the socket: passed on before an attach, answered after one"""
        self.check_widths("habits", "hidden-before", os.path.dirname(self.daemon.socket))
        self.check_widths("habits", "hidden-after", os.path.dirname(self.daemon.socket))


class Clocks(Manners):
    """The same, and that daemon's answers are too old STALE seconds after its end."""

    def setUp(self):
        super().setUp()
        self.brief = self.start(st.Daemon(self, f'stale_limit = "{STALE}s";\n{CONFIG}', name="brief"))

    def talk(self, width, case, word):
        talk = self.start(Talk(self, [program(width, "habits"), case], self.env(SHUNT_SOCKET=self.brief.socket)))
        if talk.line() != word and talk.wait_exit() == SKIPPED:
            self.skipTest(talk.log().strip())
        return talk

    def end(self, talk):
        talk.say()
        self.assertEqual(talk.line(), "ok", talk.log())
        self.assertEqual(talk.log(), "")

    def test_forward(self):
        """a child in a time namespace, whose clock stands before its parent's last try, attaches"""
        for width in WIDTHS:
            self.brief.stop()
            talk = self.talk(width, "clock", "back")
            self.brief.start()
            self.end(talk)

    def test_alone(self):
        """a child in a time namespace, whose clock stands before what its parent saw last, finds out that the daemon is gone"""
        for width in WIDTHS:
            talk = self.talk(width, "clock-alone", "back")
            self.brief.kill()
            self.end(talk)
            self.brief.start()

    AGES = STALE + 5  # an answer is too old then, and a process misses its daemon

    def rare(self, count):
        """Processes that looked up, and did not when the daemon beat again."""
        talks = [self.talk(width, "rare", "attached") for width in count * WIDTHS]
        time.sleep(1.5)
        return talks

    def ask(self, talk):
        talk.say()
        answer = talk.line()
        self.assertEqual(talk.line(), "ok", talk.log())
        return answer

    def test_rare(self):
        """a process that looks up rarely, and after the daemon's last beats, gets no answer that is too old"""
        talks = self.rare(1)
        self.brief.kill()
        time.sleep(self.AGES)
        self.assertEqual([self.ask(talk) for talk in talks], ["passed" for _ in talks])

    def test_late(self):
        """where the daemon only stood still meanwhile, it gets the answer"""
        talks = self.rare(4)
        self.brief.pause()
        time.sleep(self.AGES)
        self.brief.resume()
        time.sleep(1.5)
        # A machine that stands still for longer than an attach may take sends a lookup to libc.
        self.assertIn("managed", [self.ask(talk) for talk in talks])


class Sandbox(Manners):
    def test_list(self):
        """a filter that refuses or kills on every system call that an attach is not documented to make"""
        for action in ("EPERM", "ENOSYS", "kill"):
            self.check_widths("sandbox", "list", action)

    def test_refused(self):
        """each of those refused: passed on, and nothing is left open"""
        self.check_widths("sandbox", "refuse")


class Memory(Manners):
    RELOADS = 1000

    def live(self, width, name, **extra):
        talk = self.start(Talk(self, [program(width, "habits"), "live", name], self.env(**extra)))
        self.assertEqual(talk.line(), "ready", talk.log())
        return talk

    def attached(self, width):
        talk = self.live(width, NAME)
        st.wait_until(lambda: talk.table, what="a table")
        return talk

    def growth(self, when, guests, bare):
        grown = [guest.private_kb() - plain.private_kb() for guest, plain in zip(guests, bare)]
        self.note(f"KB {when}: {grown}")
        self.assertLess(max(grown), 64)

    def test_reloads(self):
        """less than 64 KB of its own in each client after an attach, and after 1,000 reloads; one mapping"""
        # Two of each, as the library's own pages are everybody's.
        bare = [self.live(width, ADDRESS, LD_PRELOAD="") for width in 2 * WIDTHS]
        guests = [self.attached(width) for width in 2 * WIDTHS]
        self.growth("after the attach", guests, bare)
        for _ in range(self.RELOADS):
            old = [guest.table for guest in guests]
            self.daemon.reload()
            st.wait_until(
                lambda: all(guest.table not in (None, table) for guest, table in zip(guests, old)), what="the next table", pause=0.002
            )
        self.growth(f"after {self.RELOADS} reloads", guests, bare)
        for guest in guests:
            st.wait_until(lambda guest=guest: len(st.mappings(guest.pid, "/memfd:")) == 1, what="one mapping")
            self.assertEqual(guest.wait_end(), 0, guest.log())

    def test_locked(self):
        """mlockall(MCL_FUTURE): passed on where the limit leaves no room, else attached"""
        self.check_widths("habits", "mlock")


class Daemons(Manners):
    """What only calls itself a daemon."""

    # Returns from connect() when the other side has gone, so that the hello finds nobody; and raises SIGPIPE as Linux does for
    # streams, though not yet for this kind of socket.
    WAIT = """
        #include "guest.h"
        #include <dlfcn.h>
        #include <poll.h>
        #include <signal.h>
        int connect(int fd, const struct sockaddr *address, socklen_t size)
        {
            int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
            struct pollfd peer = { .fd = fd, .events = POLLRDHUP };
            int result = real(fd, address, size);
            poll(&peer, 1, GUEST_PATIENCE * 1000);
            return result;
        }
        ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
        {
            ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
            ssize_t n = real(fd, message, flags);
            if (n < 0 && errno == EPIPE && !(flags & MSG_NOSIGNAL))
                raise(SIGPIPE);
            return n;
        }
    """

    def server(self, behave):
        """A socket whose every connection `behave` gets: its path and the list of what came."""
        path, seen = os.path.join(tempfile.mkdtemp(dir=self.tmp), "sock"), []
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen(64)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection)
                    behave(connection)

        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        return path, seen

    def test_dies(self):
        """a daemon that goes away in the middle of the hello: no SIGPIPE, no crash"""

        def closes(_):
            pass

        def reads_and_closes(connection):
            connection.recv(4096)

        def closes_unread(connection):
            connection.shutdown(socket.SHUT_RD)

        def answers_half(connection):
            connection.send(connection.recv(4096)[:7])

        for behave in (closes, reads_and_closes, closes_unread, answers_half):
            path, seen = self.server(behave)
            for width in WIDTHS:
                self.check([program(width, "habits"), "knocks"], env=self.env(SHUNT_SOCKET=path))
            # A program that was not answered in time has ended; its connection is accepted later.
            st.wait_until(lambda seen=seen: len(seen) >= 20 * len(WIDTHS), what="each program's connection")
        path, _ = self.server(closes)
        for width in WIDTHS:
            preload = f"{LIBRARIES}:{self.shared(width, 'libwait.so', self.WAIT)}"
            self.check([program(width, "habits"), "knocks"], env=self.env(SHUNT_SOCKET=path, LD_PRELOAD=preload))


class Libraries(Manners):
    CONSTRUCTOR = f"""
        #include "guest.h"
        int constructor_answer = GUEST_FAILED;
        __attribute__((constructor)) static void construct(void)
        {{
            guest_attach();
            constructor_answer = guest_ask();
        }}
    """
    CONNECT = """
        #include "guest.h"
        #include <dlfcn.h>
        int reentered_calls;
        int connect(int fd, const struct sockaddr *address, socklen_t size)
        {
            int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
            reentered_calls++;
            guest_knock();
            guest_ask();
            guest_ask_r();
            return real(fd, address, size);
        }
    """
    # Looks at all descriptors beyond 2 once a message has come.
    RECVMSG = """
        #include "guest.h"
        #include <dlfcn.h>
        int cloexec_seen, cloexec_inherited;
        ssize_t recvmsg(int fd, struct msghdr *message, int flags)
        {
            ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
            ssize_t n = real(fd, message, flags);
            int saved = errno;
            cloexec_seen += n > 0;
            for (int i = 3; i < GUEST_DESCRIPTORS; i++) {
                int set = fcntl(i, F_GETFD);
                cloexec_inherited += set >= 0 && !(set & FD_CLOEXEC);
            }
            errno = saved;
            return n;
        }
    """
    MALLOC = """
        #include "guest.h"
        int allocator_mode, allocator_lookups, allocator_allocations;
        static __thread int inside;
        extern void *__libc_malloc(size_t size);
        void *malloc(size_t size)
        {
            int saved = errno;
            allocator_allocations += allocator_mode == 2 && inside;
            if (allocator_mode && !inside) {
                inside = 1;
                if (allocator_mode == 1)
                    guest_knock();
                else
                    CHECK(guest_ask_r() == GUEST_MANAGED);
                allocator_lookups++;
                inside = 0;
            }
            errno = saved;
            return __libc_malloc(size);
        }
    """
    # As programs were linked that are older than this century.
    OLD = """
        #include "guest.h"
        int old_r(const char *, struct hostent *, char *, size_t, struct hostent **, int *);
        int old_2_r(const char *, int, struct hostent *, char *, size_t, struct hostent **, int *);
        __asm__(".symver old_r, gethostbyname_r@GLIBC_2.0");
        __asm__(".symver old_2_r, gethostbyname2_r@GLIBC_2.0");
        int main(void)
        {
            const in_addr_t want = inet_addr(GUEST_ADDRESS);
            struct hostent room, *host = NULL;
            char buffer[1024];
            int error;
            guest_attach();
            CHECK(old_r(GUEST_NAME, &room, buffer, sizeof(buffer), &host, &error) == 0);
            CHECK(host && memcmp(host->h_addr_list[0], &want, sizeof(want)) == 0);
            host = NULL;
            CHECK(old_2_r(GUEST_NAME, AF_INET, &room, buffer, sizeof(buffer), &host, &error) == 0);
            CHECK(host && memcmp(host->h_addr_list[0], &want, sizeof(want)) == 0);
            CHECK(guest_ask_r() == GUEST_MANAGED);
            puts("ok");
            return 0;
        }
    """
    PLUGIN = """
        #include "guest.h"
        int plugin_ask(void) { return guest_ask(); }
    """
    # Asks by the functions that programs call, and is asked by libc.
    MODULE = """
        #include "guest.h"
        #include <nss.h>
        enum nss_status _nss_shunttest_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                                        size_t size, int *error, int *h_error);
        enum nss_status _nss_shunttest_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer,
                                                        size_t size, int *error, int *h_error)
        {
            struct { char *none, *addresses[2]; struct in_addr address; char name[64]; } *out = (void *)buffer;
            if (strcmp(name, "asks.test") != 0 || family != AF_INET) {
                *h_error = HOST_NOT_FOUND;
                return NSS_STATUS_NOTFOUND;
            }
            if (size < sizeof(*out)) {
                *error = ERANGE;
                *h_error = NETDB_INTERNAL;
                return NSS_STATUS_TRYAGAIN;
            }
            memset(out, 0, sizeof(*out));
            bool managed = guest_ask() == GUEST_MANAGED && guest_ask_r() == GUEST_MANAGED && gethostbyname(GUEST_NAME);
            out->address.s_addr = inet_addr(managed ? GUEST_ADDRESS : "127.0.0.1");
            out->addresses[0] = (char *)&out->address;
            strcpy(out->name, name);
            *host = (struct hostent){ out->name, &out->none, AF_INET, sizeof(out->address), out->addresses };
            return NSS_STATUS_SUCCESS;
        }
    """

    def test_constructor(self):
        """a library's constructor looks up before any of ours could run: preloaded before it, after it, linked"""
        for width in WIDTHS:
            other = self.shared(width, "libother.so", self.CONSTRUCTOR)
            command = [program(width, "habits"), "constructed"]
            for preload in (f"{LIBRARIES}:{other}", f"{other}:{LIBRARIES}"):
                self.check(command, env=self.env(LD_PRELOAD=preload))
            options = ("-D_GNU_SOURCE", "-pthread", f"-I{SUPPORT}", *flags(width), "-Wl,--no-as-needed", other)
            linked = self.build(os.path.join(SUPPORT, "habits.c"), f"{width}/linked", *options)
            self.check([linked, "constructed"])

    def test_reentered(self):
        """another library's connect, which looks up itself, is called in the middle of an attach: no recursion without end"""
        self.preloaded("reentered", "libconnect.so", self.CONNECT)

    def preloaded(self, case, name, text):
        for width in WIDTHS:
            other = self.shared(width, name, text)
            for preload in (f"{LIBRARIES}:{other}", f"{other}:{LIBRARIES}"):
                self.check([program(width, "habits"), case], env=self.env(LD_PRELOAD=preload))

    def test_cloexec(self):
        """no descriptor is open without close-on-exec for a moment"""
        self.preloaded("cloexec", "librecvmsg.so", self.RECVMSG)

    def test_allocator(self):
        """an allocator that looks up whenever it is called: no recursion, and our lookups allocate nothing"""
        self.preloaded("allocator", "libmalloc.so", self.MALLOC)

    def test_layout(self):
        """libc's lists are of blocks that free() takes, one a node: so the library may build them too"""
        for width in WIDTHS:
            self.check([program(width, "blocks"), "layout"], env=st.clean_env())
            self.check([program(width, "blocks"), "library"])

    def test_no_memory(self):
        """no memory, at each allocation of an answer in turn: EAI_MEMORY, and nothing is left"""
        self.check_widths("blocks", "failing")

    @unittest.skipIf(len(WIDTHS) == 1, "gcc makes no programs of 32 bits here")
    def test_versions(self):
        """a program of 32 bits that is linked with the older one of two versions of a function"""
        options = ("-m32", "-D_GNU_SOURCE", "-pthread", f"-I{SUPPORT}")
        self.check([self.build(self.write("old.c", self.OLD), "old", *options)])

    def test_plugin(self):
        """a plugin, and one that binds to libc by RTLD_DEEPBIND"""
        for width in WIDTHS:
            self.check([program(width, "habits"), "plugin", self.shared(width, "plugin.so", self.PLUGIN)])

    def test_module(self):
        """a source of the Name Service Switch that itself looks up, from within libc"""
        for width in WIDTHS:
            path = os.path.dirname(self.shared(width, "libnss_shunttest.so.2", self.MODULE))
            self.check([program(width, "habits"), "module"], env=self.env(LD_LIBRARY_PATH=path))

    def test_closed_again(self):
        """opened and closed by the program a hundred times: no crash, one mapping"""
        for width in WIDTHS:
            self.check([program(width, "habits"), "reopen", library(width)], env=self.env(LD_PRELOAD=""))

    def test_width(self):
        """$LIB chooses the width, for shunt run too; a library of the wrong one is named by the loader and ignored"""
        command = [program(WIDTHS[-1], "habits"), "untouched"]
        self.check(command)

        def runs():
            done = st.shunt(self.daemon, "run", "--", *command)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))

        # It warns of a daemon that does not answer for as long as an attach may take.
        st.unhurried(runs)
        if len(WIDTHS) > 1:
            env = self.env(LD_PRELOAD=library("support"))
            done = st.run([program("support32", "plain"), NAME], env=env)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stderr, r"\A(ERROR: ld.so: object .* cannot be preloaded \(wrong ELF class.*ignored.\n)+\Z")
            self.assertNotIn(ADDRESS, done.stdout)

    def test_symbols(self):
        """the library of 32 bits exports and needs what the other one does"""
        st.need("nm")
        names = [
            {tuple(re.sub("@.*", "", line).split()[-2:]) for line in st.run(["nm", "-D", library(width)]).stdout.splitlines()}
            for width in WIDTHS
        ]
        self.assertIn(("T", "getaddrinfo"), names[0])
        self.assertEqual(names[0] ^ names[-1], set())

    def test_environment(self):
        """variables are read by secure_getenv alone"""
        st.need("nm")
        for width in WIDTHS:
            names = st.run(["nm", "-D", "--undefined-only", library(width)]).stdout
            self.assertIn("secure_getenv", names)
            self.assertNotRegex(names, r"\bgetenv|\benviron\b")


class Tools(Manners):
    """Compilers', and other people's C libraries."""

    NAMES = ("192.0.2.5", "2001:db8::5", NAME)

    def plain(self, *command, env=None):
        """What tests/support/plain.c says once it is attached, run in that way."""
        done = st.run([*command, "-w", ADDRESS, NAME, "several.test"], env=env or self.env())
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{command}: {done.stdout}")
        self.assertIn("gethostbyname several.test: several.test (some.test) 192.0.2.21 192.0.2.22", done.stdout)
        return done.stdout

    def test_valgrind(self):
        """valgrind finds no error and no leak; lists are freed whole and in parts"""
        st.need("valgrind")
        options = ("--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=9")
        want = self.plain(program("support", "plain"))
        self.assertEqual(self.plain("valgrind", *options, program("support", "plain")), want)

    def asan(self, compiler, *options):
        """The program with that compiler's AddressSanitizer says what it says without."""
        st.need(compiler)
        source = os.path.join(SUPPORT, "plain.c")
        if st.run([compiler, *options, "-fsanitize=address", "-o", self.path("try"), source]).returncode != 0:
            raise unittest.SkipTest(f"{compiler} {' '.join(options)} has no AddressSanitizer")
        checked = self.build(source, "checked", *options, "-fsanitize=address", compiler=compiler)
        plain = self.build(source, "plain", *options, compiler=compiler)
        env = st.clean_env(SHUNT_SOCKET=self.daemon.socket, SHUNT_CONTROL=self.daemon.control)
        said = st.unhurried(lambda: self.plain(st.SHUNT, "run", "--", checked, env=env))
        self.assertEqual(said, self.plain(plain))

    def test_asan_gcc(self):
        """shunt run: a program with gcc's AddressSanitizer, which must be loaded first"""
        self.asan("gcc")

    def test_asan_gcc_static(self):
        """shunt run: the same, with the sanitizer linked into the program"""
        self.asan("gcc", "-static-libasan")

    @unittest.skipIf(len(WIDTHS) == 1, "gcc makes no programs of 32 bits here")
    def test_asan_32(self):
        """shunt run: a program of 32 bits with gcc's AddressSanitizer"""
        self.asan("gcc", "-m32")

    def test_asan_clang(self):
        """shunt run: a program with clang's AddressSanitizer, which is part of the program"""
        self.asan("clang")

    def test_musl(self):
        """in a program of musl's the library is inert: preloaded and by shunt run, it says what it says without"""
        st.need("musl-gcc")
        other = self.build(os.path.join(SUPPORT, "plain.c"), "musl", compiler="musl-gcc")
        bare = st.run([other, *self.NAMES])
        self.assertEqual((bare.returncode, bare.stderr), (0, ""))
        self.assertNotIn(ADDRESS, bare.stdout)
        preloaded = st.run([other, *self.NAMES], env=self.env(LD_PRELOAD=library("support")))
        self.assertEqual((preloaded.returncode, preloaded.stdout, preloaded.stderr), (0, bare.stdout, ""))
        done = st.shunt(self.daemon, "run", "--", other, *self.NAMES)
        self.assertEqual((done.returncode, done.stdout), (0, bare.stdout), done.stderr)


if __name__ == "__main__":
    st.main(jobs=2)
