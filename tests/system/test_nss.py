#!/usr/bin/env python3
"""The second door: the Name Service Switch, for programs that are not preloaded or do not bind to what is."""
import itertools
import os
import re
import shutil
import subprocess
import sys
import unittest

import shunttest as st

LINE = "shunt [NOTFOUND=return] files dns"
SWITCH = f"hosts: {LINE}\nservices: files\n"
NAME, PORT = "www.example.com", 8080
PRIMARY, STANDBY, NOWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.4"
DECOY = "203.0.113.66"  # what the DNS says of every managed name
# Whether a process is attached. An attach may time out on a busy machine, and then the DNS is asked: only for this name.
WARM, WARM_ADDRESS = "warm.example.com", "192.0.2.1"

CONFIG = f"""
    checks: {{ web: {{ type = "http"; port = {PORT}; interval = "300ms"; timeout = "20s"; fall = 2; rise = 1; }}; }};
    records: (
        {{ name = "{WARM}"; primary: {{ address = "{WARM_ADDRESS}"; }}; }},
        {{ name = "{NAME}"; aliases = [ "www", "Web.example.com" ];
          primary: {{ address = "{PRIMARY}"; check = "web"; }}; secondary: {{ address = "{STANDBY}"; check = "web"; }}; }},
        {{ name = "both.example.com"; primary: {{ addresses = [ "192.0.2.20", "2001:db8::20" ]; }}; }},
        {{ name = "Four.example.com"; aliases = [ "four" ]; primary: {{ address = "192.0.2.4"; }}; }},
        {{ name = "six.example.com"; primary: {{ address = "2001:db8::6"; }}; }},
        {{ name = "many.example.com"; primary: {{ addresses = [ "192.0.2.31", "192.0.2.32", "192.0.2.33" ]; }}; }},
        {{ name = "mapped.example.com"; primary: {{ address = "::ffff:192.0.2.7"; }}; }},
        {{ name = "zone.example.com"; primary: {{ address = "fe80::1%1"; }}; }},
        {{ name = "down.example.com"; all_down = "fail"; primary: {{ address = "{NOWHERE}"; check = "web"; }}; }},
        {{ name = "dns.example.com"; all_down = "dns"; primary: {{ address = "{NOWHERE}"; check = "web"; }}; }} );
"""
# The same names as the C library would read them, for the differential test.
HOSTS = """
192.0.2.20 both.example.com
2001:db8::20 both.example.com
192.0.2.4 Four.example.com four
2001:db8::6 six.example.com
192.0.2.31 many.example.com
192.0.2.32 many.example.com
192.0.2.33 many.example.com
::ffff:192.0.2.7 mapped.example.com
"""
MANAGED = [name for name in re.findall(r'name = "([^"]+)"', CONFIG) if name != WARM]
WIDTHS = ["support"] + (["support32"] if os.path.exists(os.path.join(st.B, "tests", "support32", "asker")) else [])


def asker(width="support"):
    return os.path.join(st.B, "tests", width, "asker")


def modules():
    """Every width's module."""
    found = []
    for folder, _, names in os.walk(os.path.join(st.B, "lib")):
        found += [os.path.join(folder, name) for name in names if name == "libnss_shunt.so.2"]
    return found or [os.path.realpath(os.path.join(st.B, "libnss_shunt.so.2"))]


class Room(st.Process):
    """A mount namespace in a network namespace, until it is stopped: files of the test's own in /etc, the module where
    the loader finds it in every program, the daemon's sockets in a private /run. prefix_in goes before a command.

    There are programs for it in /run: asker-setuid, which belongs to root.
    """

    SETUP = """set -e
        resolv=$(readlink -m /etc/resolv.conf)
        mount -t tmpfs -o mode=755 tmpfs /run
        case $resolv in /run/*) mkdir -p "${resolv%/*}"; : >"$resolv" ;; esac
        mkdir /run/shunt
        mount --bind sockets /run/shunt
        mount --bind resolv.conf "$resolv"
        for file in nsswitch.conf hosts host.conf; do mount --bind $file /etc/$file; done
        mount -t tmpfs tmpfs /var/cache/ldconfig
        ldconfig -X -C ld.so.cache -f ld.so.conf
        mount --bind ld.so.cache /etc/ld.so.cache
        install -m 4755 "$0" /run/asker-setuid
        touch ready
        exec sleep infinity"""

    def __init__(self, case, ns, switch=SWITCH, hosts="", sockets=None, name="room", dns="127.0.0.1"):
        prefix = [*ns.prefix, "unshare", "-m"]
        super().__init__(case, name, ["sh", "-c", self.SETUP, asker()], prefix=prefix)
        for file, text in (
            ("nsswitch.conf", switch),
            ("hosts", f"127.0.0.1 localhost\n192.0.2.77 file.example.com\n{hosts}"),
            ("host.conf", "multi on\n"),
            ("resolv.conf", f"nameserver {dns}\noptions timeout:30\n"),
        ):
            self._put(file, text)
        widths = [self._install(module, number) for number, module in enumerate(modules())]
        self._put("ld.so.conf", "".join(f"{folder}\n" for folder in widths) + "include /etc/ld.so.conf\n")
        os.symlink(sockets or self._folder("empty"), os.path.join(self.dir, "sockets"))
        # Programs of other users find their way in.
        for folder in (case.tmp, self.dir, *([sockets] if sockets else [])):
            os.chmod(folder, 0o755)

    def _put(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="ascii") as file:
            file.write(text)

    def _folder(self, name):
        path = os.path.join(self.dir, name)
        os.mkdir(path)
        os.chmod(path, 0o755)
        return path

    def _install(self, module, number):
        folder = self._folder(f"lib{number}")
        shutil.copy(module, folder)
        return folder

    def ready(self):
        return os.path.exists(os.path.join(self.dir, "ready"))

    @property
    def prefix_in(self):
        return ["nsenter", "--target", str(self.pid), "--mount", "--net", "--root", "--"]

    def run(self, *command, user=(), **options):
        return st.run([*self.prefix_in, *user, *command], **options)

    def getent(self, database, name):
        """The addresses that getent prints, once each, in order; its exit status where it found nothing."""
        done = self.run("getent", database, name)
        return list(dict.fromkeys(line.split()[0] for line in done.stdout.splitlines())) or done.returncode


class Asker:
    """A program that asks libc and lives on: ask(question) → the answer. See tests/support/asker.c."""

    def __init__(self, room, command=(), env=None, user=()):
        self.command = [*room.prefix_in, *user, *(command or [asker()])]
        self.env = env or st.clean_env()
        self.process, self.said = None, []

    def __str__(self):
        return "asker"

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env, text=True, start_new_session=True
        )

    @property
    def pid(self):
        return self.process.pid

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        self.said.append(f"{question}: {answer}\n")
        if self.process.poll() is not None:
            raise AssertionError(f"asker ended with status {self.process.returncode} at {question!r}")
        return answer

    def log(self):
        return "".join(self.said[-50:])

    def abandon(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """Asserts that it still runs, and ends with status 0."""
        self.process.stdin.close()
        try:
            status = self.process.wait(st.PATIENCE)
        finally:
            self.abandon()
            self.process.stdout.close()
        if status != 0:
            raise AssertionError(f"asker ended with status {status}")


class Nss(st.Case):
    """A host of its own: DNS that says something else of every managed name, a daemon, and a room with nsswitch.conf."""

    def setUp(self):
        super().setUp()
        st.need("ldconfig", "nsenter", "unshare")
        if os.geteuid() != 0 or st.run(["unshare", "-m", "true"]).returncode != 0:
            raise unittest.SkipTest("mounting over files in /etc needs root")
        self.ns = self.start(st.NetNs())
        # AI_ADDRCONFIG wants addresses besides those of loopback.
        self.ns.add_address("192.0.2.99", "2001:db8::99")
        names = {name: [DECOY] for name in MANAGED}
        names["other.example.com"] = ["203.0.113.1"]
        self.dns = self.start(st.Dns(self, "127.0.0.1", 53, names, prefix=self.ns.prefix))
        self.servers = [
            self.start(st.Nginx(self, name, address, PORT, prefix=self.ns.prefix))
            for name, address in (("primary", PRIMARY), ("standby", STANDBY))
        ]
        self.daemon = self.start(st.Daemon(self, CONFIG, prefix=self.ns.prefix))
        self.room = self.start(Room(self, self.ns, sockets=self.daemon.dir))
        self.daemon.wait_settled()
        self.wait_both_up()
        st.wait_until(lambda: self.room.getent("ahostsv4", "ready.test") == ["192.0.2.255"], what="the DNS to answer")

    def wait_both_up(self):
        st.wait_until(lambda: {self.daemon.health(NAME, name) for name in ("primary", "secondary")} == {"up"}, what="both up")
        self.daemon.wait_active(NAME, "primary")

    def client(self, command=(), **options):
        """An asker that may or may not be attached."""
        return self.start(Asker(self.room, command, **options))

    def asker(self, command=(), **options):
        """An asker that is attached."""
        client = self.client(command, **options)
        st.wait_until(lambda: client.ask(f"host {WARM}").endswith(f" {WARM_ADDRESS}"), what="the program to be attached")
        return client

    def assert_dns_silent(self):
        """No name that is managed was asked of the DNS by now, though it can be asked."""
        begin = len(self.dns.log())
        self.assertEqual(self.room.getent("ahostsv4", "other.example.com"), ["203.0.113.1"])
        self.dns.wait_log(r"query\[A\] other.example.com", start=begin)
        asked = re.findall(r"query\[A+\] (\S+)", self.dns.log())
        self.assertEqual([name for name in asked if name.lower() in map(str.lower, MANAGED)], [])


class Answers(Nss):
    # question, answer
    QUESTIONS = (
        (f"addrinfo {NAME} 0 -", f"- {PRIMARY}"),
        (f"addrinfo {NAME} 0 c", f"{NAME} {PRIMARY}"),
        ("addrinfo WWW.Example.COM. 4 c", f"{NAME} {PRIMARY}"),
        (f"addrinfo {NAME}.. 0 -", "EAI_NONAME"),
        ("addrinfo web.example.com 4 -", f"- {PRIMARY}"),
        ("addrinfo www 6 mc", f"{NAME} ::ffff:{PRIMARY}"),
        ("addrinfo zone.example.com 0 c", "zone.example.com fe80::1%1"),
        ("addrinfo six.example.com 0 d", "- 2001:db8::6"),
        ("addrinfo six.example.com 4 -", "EAI_NONAME"),
        ("addrinfo six.example.com 4 c", "EAI_NONAME"),
        ("addrinfo Four.example.com 6 -", "EAI_NONAME"),
        ("addrinfo Four.example.com 6 c", "EAI_NONAME"),
        ("addrinfo both.example.com 4 -", "- 192.0.2.20"),
        ("addrinfo both.example.com 6 -", "- 2001:db8::20"),
        ("addrinfo both.example.com 6 mc", "both.example.com 2001:db8::20"),
        ("addrinfo_a www 0 c", f"{NAME} {PRIMARY}"),
        ("addrinfo_a six.example.com 4 -", "EAI_NONAME"),
        ("host www", f"{NAME} www,Web.example.com {PRIMARY}"),
        ("host six.example.com", "HOST_NOT_FOUND"),
        ("host many.example.com", "many.example.com - 192.0.2.31 192.0.2.32 192.0.2.33"),
        ("host2 four 6", "HOST_NOT_FOUND"),
        ("host2 six.example.com 6", "six.example.com - 2001:db8::6"),
        (f"host_r {NAME} 1024", f"0 {NAME} www,Web.example.com {PRIMARY}"),
        ("host_r six.example.com 1024", "0 HOST_NOT_FOUND"),
        ("host2_r Four.example.com 6 1024", "0 HOST_NOT_FOUND"),
        ("host2_r six.example.com 6 1024", "0 six.example.com - 2001:db8::6"),
    )

    def test_answers(self):
        """each function answers, in programs of both widths; a family without an address never leaks to the DNS"""
        for width in WIDTHS:
            client = self.asker([asker(width)])
            for question, answer in self.QUESTIONS:
                self.assertEqual(client.ask(question), answer, f"{width}: {question}")
        self.assertEqual(len(WIDTHS), len(modules()))
        self.assert_dns_silent()

    def test_buffers(self):
        """a buffer of any size: ERANGE, or the whole answer"""
        want = f"0 {NAME} www,Web.example.com {PRIMARY}"
        client = self.asker()
        sizes = [size for size in range(0, 400) if client.ask(f"host_r {NAME} {size}") != "34 NETDB_INTERNAL"]
        self.assertGreater(sizes[0], len(want))
        self.assertEqual(sizes, list(range(sizes[0], 400)))
        self.assertEqual({client.ask(f"host_r {NAME} {size}") for size in sizes}, {want})

    def test_as_in_hosts(self):
        """every question is answered as the C library answers it from /etc/hosts"""
        names = ["both.example.com", "Four.example.com", "four", "FOUR", "six.example.com", "SIX.example.com",
                 "many.example.com", "mapped.example.com"]  # fmt: skip
        flags = ["".join(word) or "-" for count in range(5) for word in itertools.combinations("cmad", count)]
        questions = [f"{kind} {name} {family} {flag}" for kind in ("addrinfo", "addrinfo_a")
                     for name in names for family in "046" for flag in flags]  # fmt: skip
        questions += [f"host {name}" for name in names]
        questions += [f"host2 {name} {family}" for name in names for family in "46"]
        questions += [f"host_r {name} 512" for name in names]
        questions += [f"host2_r {name} {family} 512" for name in names for family in "46"]
        room = self.start(Room(self, self.ns, "hosts: files\nservices: files\n", hosts=HOSTS, name="hosts"))
        for width in WIDTHS:
            files, shunt = self.start(Asker(room, [asker(width)])), self.asker([asker(width)])
            for question in questions:
                want, got = files.ask(question).split(), shunt.ask(question).split()
                # The addresses of one answer are a set: the C library sorts them.
                self.assertEqual((sorted(got), got[:1]), (sorted(want), want[:1]), f"{width}: {question}")
        self.note(f"{len(questions)} questions in {len(WIDTHS)} widths")

    def test_unmanaged(self):
        """a name that is not managed goes on to the files, and to the DNS"""
        client = self.asker()
        for question, address in (("file.example.com", "192.0.2.77"), ("other.example.com", "203.0.113.1")):
            self.assertEqual(client.ask(f"addrinfo {question} 0 c"), f"{question} {address}")
            self.assertEqual(client.ask(f"addrinfo {question} 4 -"), f"- {address}")
            self.assertEqual(client.ask(f"host {question}"), f"{question} - {address}")
        self.assertEqual(client.ask("addrinfo none.example.com 0 -"), "EAI_NONAME")
        self.assertEqual(client.ask("host none.example.com"), "HOST_NOT_FOUND")
        # all_down = "dns": as if it were not managed.
        self.assertEqual(client.ask("addrinfo dns.example.com 4 -"), f"- {DECOY}")

    def test_no_daemon(self):
        """without a daemon the next sources answer, in a process that never attached"""
        self.daemon.stop()
        client = self.client()
        self.assertEqual(client.ask("addrinfo file.example.com 0 -"), "- 192.0.2.77")
        self.assertEqual(client.ask("host file.example.com"), "file.example.com - 192.0.2.77")
        self.assertEqual(client.ask(f"addrinfo {NAME} 0 -"), f"- {DECOY}")
        self.assertEqual(client.ask(f"host {NAME}"), f"{NAME} - {DECOY}")

    def test_fail(self):
        """all_down = "fail": a temporary failure from every function, and the DNS is not asked"""
        st.wait_until(lambda: self.daemon.active("down.example.com") is None, what="nothing to answer")
        for width in WIDTHS:
            client = self.asker([asker(width)])
            for family, flags in itertools.product("046", ("-", "c", "d", "cm", "cma")):
                self.assertEqual(client.ask(f"addrinfo down.example.com {family} {flags}"), "EAI_AGAIN", (family, flags))
                self.assertEqual(client.ask(f"addrinfo_a down.example.com {family} {flags}"), "EAI_AGAIN")
            for question in ("host down.example.com", "host2 down.example.com 4", "host2 down.example.com 6"):
                self.assertEqual(client.ask(question), "TRY_AGAIN", question)
            self.assertEqual(client.ask("host_r down.example.com 1024"), "11 TRY_AGAIN")
            self.assertEqual(client.ask("host2_r down.example.com 4 1024"), "11 TRY_AGAIN")
            # The C library asks by one and the same function here and for AF_INET alone; one of them cannot be told why.
            self.assertEqual(client.ask("addrinfo down.example.com 6 m"), "EAI_NONAME")
        self.assert_dns_silent()

    def test_descriptors(self):
        """no descriptor is kept, and none is lost"""
        client = self.asker()
        before = client.ask("process")
        self.assertIn("secure=0", before)
        for question, answer in self.QUESTIONS:
            self.assertEqual(client.ask(question), answer)
        self.assertEqual(client.ask("process"), before)
        self.daemon.kill()
        client.ask(f"addrinfo {NAME} 0 -")
        self.assertEqual(client.ask("process"), before)


class Programs(Nss):
    """Failover, seen through each kind of program that the other door does not reach, and through some that it does."""

    PYTHON = "import socket, sys; print(socket.gethostbyname(sys.argv[1]), socket.getaddrinfo(sys.argv[1], 80)[0][4][0])"
    PHP = """$c = curl_init($argv[1]); curl_setopt_array($c, [CURLOPT_RETURNTRANSFER => true, CURLOPT_PROXY => ""]);
        echo trim(curl_exec($c)), " ", curl_getinfo($c, CURLINFO_PRIMARY_IP);"""

    def setUp(self):
        super().setUp()
        self.plain = self.asker()

    def setuid_asker(self, env=None):
        """Run by nobody, with root's rights."""
        st.need("setpriv")
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            if re.search(r"^NoNewPrivs:\s*1", file.read(), re.M):
                raise unittest.SkipTest("programs may gain no privileges here")
        client = self.asker(["/run/asker-setuid"], user=st.NOBODY, env=env)
        self.assertRegex(client.ask("process"), "^secure=1 ")
        return client

    def wait_output(self, want, *command, user=()):
        st.wait_until(lambda: self.room.run(*command, user=user).stdout == want, what=f"{command[0]} to print {want!r}")

    def assert_everywhere(self, setuid, name, address):
        """Every kind of program is told that address, and reaches the server of that name."""
        for client in (self.plain, setuid):
            self.assertEqual(client.ask("addrinfo www 0 -"), f"- {address}")
            self.assertEqual(client.ask("addrinfo_a www 4 -"), f"- {address}")
            self.assertEqual(client.ask("host www"), f"{NAME} www,Web.example.com {address}")
        mapped = f"::ffff:{address}"
        for database, want in (("hosts", address), ("ahosts", address), ("ahostsv4", address), ("ahostsv6", mapped)):
            st.wait_until(lambda ask=database, want=want: self.room.getent(ask, NAME) == [want], what=f"getent {database}: {want}")
        for user in ((), st.NOBODY):
            self.wait_output(f"{address} {address}\n", sys.executable, "-c", self.PYTHON, NAME, user=user)
        url = f"http://{NAME}:{PORT}/"
        self.wait_output(f"{name}\n", "curl", "--silent", "--show-error", "--noproxy", "*", url)
        self.wait_output(f"{name} {address}", "php", "-r", self.PHP, url)

    def test_failover(self):
        """setuid, getaddrinfo_a, PHP's curl, getent, python, curl: the primary, the standby, and the primary again"""
        st.need("php", "curl")
        setuid = self.setuid_asker()
        self.assert_everywhere(setuid, "primary", PRIMARY)
        self.servers[0].kill()
        self.daemon.wait_active(NAME, "secondary")
        self.assert_everywhere(setuid, "standby", STANDBY)
        self.servers[0].start()
        self.wait_both_up()
        self.assert_everywhere(setuid, "primary", PRIMARY)

    def test_setuid(self):
        """a setuid program takes no variable from whoever started it"""
        config = f'''records: ( {{ name = "{WARM}"; primary: {{ address = "{WARM_ADDRESS}"; }}; }},
                                {{ name = "{NAME}"; primary: {{ address = "192.0.2.66"; }}; }} );'''
        liar = self.start(st.Daemon(self, config, name="liar"))
        os.chmod(liar.dir, 0o755)
        env = st.clean_env(SHUNT_SOCKET=liar.socket)
        for client, address in ((self.asker(env=env), "192.0.2.66"), (self.setuid_asker(env), PRIMARY)):
            self.assertEqual(client.ask(f"addrinfo {NAME} 4 -"), f"- {address}")
            self.assertEqual(client.ask(f"host {NAME}").split()[-1], address)
        self.assertEqual(self.setuid_asker(st.clean_env(SHUNT_DISABLE="1")).ask(f"addrinfo {NAME} 4 -"), f"- {PRIMARY}")

    def test_variables(self):
        """SHUNT_DISABLE leaves the name to the next sources"""
        client = self.client(env=st.clean_env(SHUNT_DISABLE="1"))
        self.assertEqual(client.ask(f"addrinfo {NAME} 4 -"), f"- {DECOY}")

    def test_both_doors(self):
        """with the library preloaded too, each answer comes once, and is the same"""
        # By the other door a question of one family keeps the zone; the NSS has no room for it.
        names = [name for name in MANAGED if name != "zone.example.com"]
        names += ["www", "file.example.com", "other.example.com", "none.example.com"]
        questions = [f"{kind} {name} {family} {flag}" for kind in ("addrinfo", "addrinfo_a")
                     for name in names for family in "046" for flag in ("-", "c", "mc")]  # fmt: skip
        questions += [f"host {name}" for name in names] + [f"host2 {name} 6" for name in names]
        questions += [f"host_r {name} 1024" for name in names]
        env = st.clean_env(LD_PRELOAD=os.path.join(st.B, "$LIB", "libshunt.so"))
        for width in WIDTHS:
            both = self.asker([asker(width)], env=env)
            warm = f"addrinfo_a {WARM} 4 -"
            st.wait_until(lambda ask=both.ask, warm=warm: ask(warm) == f"- {WARM_ADDRESS}", what="both to be attached")
            for question in questions:
                got, want = both.ask(question).split(), self.plain.ask(question).split()
                self.assertEqual((sorted(got), got[:1]), (sorted(want), want[:1]), f"{width}: {question}")
            self.assertEqual(both.ask("addrinfo zone.example.com 0 c"), "zone.example.com fe80::1%1")
            with open(f"/proc/{both.pid}/maps", encoding="ascii", errors="replace") as file:
                libraries = set(re.findall(r"/(lib(?:nss_)?shunt\.so\S*)", file.read()))
            self.assertEqual(libraries, {"libshunt.so", "libnss_shunt.so.2"})


class Module(st.Case):
    """What the module is."""

    IMPORTS = set(
        """__errno_location clock_gettime close connect dlsym fcntl fstat gnu_get_libc_version memchr memcmp memcpy memmove
        memset mmap munmap poll pthread_setcancelstate recvmsg secure_getenv sendmsg socket strcmp strcpy strcspn strlen strncmp
        strnlen write
        _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable __cxa_finalize __gmon_start__""".split()
    )

    def names(self, module, which):
        done = st.run(["nm", "-D", which, module])
        return {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}

    def test_module(self):
        """exports its entries alone, imports a few functions of libc, and needs nothing else"""
        st.need("nm", "readelf")
        self.assertEqual(len(modules()), len(WIDTHS))
        entries = {f"_nss_shunt_gethostbyname{kind}_r" for kind in ("", "2", "3", "4")}
        for module in modules():
            self.assertEqual(self.names(module, "--defined-only"), entries)
            self.assertLessEqual(self.names(module, "--undefined-only"), self.IMPORTS)
            dynamic = st.run(["readelf", "-dW", module]).stdout
            self.assertEqual(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic), ["libc.so.6"])
            self.assertEqual(re.findall(r"\(SONAME\).*\[(.*)\]", dynamic), ["libnss_shunt.so.2"])
            self.assertRegex(dynamic, "BIND_NOW")
            self.assertNotIn("TEXTREL", dynamic)
            # It is loaded late, into what the loader keeps for such: a few words at most.
            tls = re.search(r"^ +TLS +\S+ \S+ \S+ \S+ (\S+)", st.run(["readelf", "-lW", module]).stdout, re.M)
            self.assertLessEqual(int(tls.group(1), 16), 16)


if __name__ == "__main__":
    st.main()
