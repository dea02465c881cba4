#!/usr/bin/env python3
"""A managed name beside a name in /etc/hosts: every call gives the same, for all combinations of arguments."""
import glob
import os
import re
import shutil
import subprocess
import unittest

import shunttest as st

# What each name has, in failover order: not the order in which libc would sort it.
RECORDS = {
    "Both.example.com": ["192.0.2.1", "2001:db8::1"],
    "four.example.com": ["192.0.2.4"],
    "six.example.com": ["2001:db8::6"],
    "many.example.com": ["198.51.100.9", "2001:db8::9", "192.0.2.9", "2001:db8:1::9", "198.51.100.1"],
    "mapped.example.com": ["::ffff:192.0.2.5"],
    "mixed.example.com": ["2001:db8::5", "::ffff:192.0.2.6", "192.0.2.7"],
    "v6.example.com": ["2001:db8::7", "::ffff:192.0.2.7"],
    "loop.example.com": ["::1"],
    "loops.example.com": ["127.0.0.1", "::1"],
    "link.example.com": ["fe80::5"],
    "one-label": ["192.0.2.8", "2001:db8::8"],
}
ALIASES = {"Both.example.com": ["Alias.example.net", "both"], "many.example.com": ["more"]}
ZONE = "%1"  # link.example.com has it: loopback's, the same in every network namespace
READY = "ready.test"
RECORDS["xn--bcher-kva.example.com"] = ["192.0.2.30", "2001:db8::30"]
RECORDS["Xn--80AK6AA92e.com"] = ["192.0.2.31"]
RECORDS["XN--MLLER-KVA.example.org"] = ["192.0.2.32"]
ALIASES["xn--bcher-kva.example.com"] = ["xn--strae-oqa.de", "xn--a.example.com", "buecher"]
# As a person writes them: the configuration has xn-- names.
UNICODE = ["b\u00fccher.example.com", "B\u00dcCHER.Example.com", "b\u00fccher\u3002example.com.", "stra\u00dfe.de", "\u0430\u0440\u0440\u04cf\u0435.com"]
UNICODE += ["M\u00fcller.example.org", "xn--bcher-kva.example.com", "XN--BCHER-KVA.example.com", "buecher", "xn--a.example.com", "nosuch\u00fc.example.com", "b\u00fccher..example.com"]
# The same decomposed, as file systems and programs of other systems hand them on.
DECOMPOSED = ["bu\u0308cher.example.com", "BU\u0308CHER.Example.com.", "Mu\u0308ller.example.org"]
UNICODE += DECOMPOSED + ["nosuchu\u0308.example.com", "bu\u0300cher.example.com"]

UNMANAGED = ["nosuch.example.com", "192.0.2.77", "2001:db8::77", "fe80::1%1", "0x7f000001", "1", "192.0.2.77.", "NULL"]
ODD = ["", ".", "..", "a..b", ".example.com", "both.example.com..", " both", "both ", "a" * 254, "a" * 64 + ".com", "b\xe9"]
NAMES = [name.upper() if name == "one-label" else name for name in RECORDS]
NAMES += ["ALIAS.example.net", "both", "four.EXAMPLE.com.", "More."]

# Few names for what does not depend on their addresses.
SERVICE_NAMES = ["both.EXAMPLE.com", "six.example.com", "many.example.com", "nosuch.example.com", "192.0.2.77"]

NEWER = 'const char *gnu_get_libc_version(void); const char *gnu_get_libc_version(void) { return "2.999"; }'

# Preloaded libraries that answer host names themselves, below /usr/lib/TRIPLET.
NEXT_LIBRARIES = ["libnss_wrapper.so", "torsocks/libtorsocks.so"]

CONFIG = "records: (%s);" % ", ".join(
    '{ name = "%s"; aliases = [ %s ]; primary: { addresses = [ %s ]; }; }'
    % (
        name,
        ", ".join(f'"{alias}"' for alias in ALIASES.get(name, [])),
        ", ".join(f'"{address}{ZONE if name.startswith("link") else ""}"' for address in addresses),
    )
    for name, addresses in {**RECORDS, READY: ["192.0.2.254"]}.items()
)

AI_NUMERICHOST, AI_V4MAPPED = 4, 8  # netdb.h; the socket module lacks some

SERVICES = """\
http 80/tcp www
domain 53/tcp
domain 53/udp
ntp 123/udp
"""
PROTOCOLS = "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n"

# The results of differ's that hold addresses.
LIST = re.compile(r"(?P<head>(?:canon \d+ \S+ )*)(?P<items>[0-9a-f:.%]+\(.*)")
HOSTENT = re.compile(r"(?P<head>.* aliases)(?P<aliases>.*) addresses (?P<items>.*)")


def hosts(records):
    """The lines of /etc/hosts. libc does not drop a final dot there: such a spelling needs an alias of its own."""
    for name, addresses in records.items():
        names = [name, *ALIASES.get(name, [])]
        for address in addresses:
            yield " ".join([address, *names, *(f"{each}." for each in names)])


def comparable(line):
    """A line of differ's, without what may differ between /etc/hosts and the shim.

    The order of addresses: libc sorts them, a failover's order is its own. Aliases: /etc/hosts repeats them with every line of
    a name, and has those that end in a dot (above). A zone: /etc/hosts cannot hold one; test_zone looks at it.
    """
    call, _, result = line.partition(" = ")
    found = LIST.fullmatch(result)
    if found:
        items = found["items"].replace(ZONE, "") if call.startswith("getaddrinfo 'link.") else found["items"]
        nodes = {}
        for address, _, of_address in (item.partition("(") for item in items.split("|")):
            nodes.setdefault(address, []).extend(of_address.rstrip(")").split())
        return call, f"{found['head']} {sorted(nodes.items())}"
    found = HOSTENT.fullmatch(result)
    if found:
        aliases = {alias for alias in found["aliases"].split() if not alias.endswith(".")}
        return call, " ".join([found["head"], *sorted(aliases), "addresses", *sorted(found["items"].split("|"))])
    return call, result


def differences(expected, actual):
    if len(expected) != len(actual):
        yield f"{len(expected)} calls, {len(actual)} with the shim"
    for one, two in zip(expected, actual):
        if one != two and comparable(one) != comparable(two):
            yield f"/etc/hosts: {one}\n      shunt: {two}"


def addresses_of(line):
    """A line's call, and the addresses of its answer, in order."""
    call, _, result = line.partition(" = ")
    found = LIST.fullmatch(result) or HOSTENT.fullmatch(result)
    return call, [item.partition("(")[0] for item in found["items"].split("|")] if found else []


def is_numeric_host(line):
    """A call that the library passes on as it is, whatever its name."""
    flags = re.search("flags=([0-9a-f]+)", line)
    return bool(flags and int(flags[1], 16) & AI_NUMERICHOST)


def as_family(address, others):
    """The address as IPv4, where all of the others are."""
    if any(":" in other for other in others):
        return address
    return "127.0.0.1" if address == "::1" else address.replace("::ffff:", "")


def differ(width):
    return os.path.join(st.B, "tests", f"support{width}", "differ")


class World:
    """An /etc of its own, and a network namespace, for one program."""

    def __init__(self, case, label, namespace, lines, sources="files"):
        self.etc, self.output = case.path(f"etc-{label}"), case.path(f"output-{label}")
        self.prefix = [*namespace.prefix, "unshare", "--mount", "sh", "-c", f'mount --bind {self.etc} /etc && exec "$@"', "sh"]
        os.mkdir(self.etc)
        if os.path.exists("/etc/ld.so.cache"):
            shutil.copy("/etc/ld.so.cache", self.etc)
        for name, text in (
            ("hosts", "".join(f"{line}\n" for line in lines)),
            ("nsswitch.conf", f"hosts: {sources}\nservices: files\nprotocols: files\n"),
            ("host.conf", "multi on\n"),
            ("resolv.conf", "nameserver 127.0.0.1\noptions attempts:1\n"),
            ("services", SERVICES),
            ("protocols", PROTOCOLS),
        ):
            with open(os.path.join(self.etc, name), "w", encoding="ascii") as file:
                file.write(text)

    def lines(self):
        with open(self.output, encoding="utf-8", errors="backslashreplace") as file:
            return file.read().split("\n")


class Comparison(st.Case):
    """Two worlds, .with_hosts and .with_shim, and a .daemon, which its children make."""

    locale = "C"
    preload = os.path.join(st.B, "$LIB", "libshunt.so")

    def namespace(self, *addresses):
        """A network namespace with these addresses. Where the host has no IPv6, both worlds lack it alike."""
        space = self.start(st.NetNs())
        for address in addresses:
            try:
                space.add_address(address)
            except AssertionError:
                if ":" not in address:
                    raise
        return space

    def begin(self, world, env, width, part, names):
        # Not text: a name may be of any bytes. The preload is for differ alone: torsocks refuses mount(8) its work.
        preload = [f"LD_PRELOAD={env['LD_PRELOAD']}"] if "LD_PRELOAD" in env else []
        command = [*world.prefix, "env", f"LC_ALL={self.locale}", *preload, differ(width), "-w", READY, part, *names]
        command = [os.fsencode(word) for word in command]
        env = {name: value for name, value in env.items() if name != "LD_PRELOAD"}
        with open(world.output, "wb") as output:
            return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output)

    def run_both(self, width, part, names):
        """The lines of both worlds, which run at the same time."""
        shim_env = {**self.daemon.env(), "LD_PRELOAD": self.preload}
        runs = [
            self.begin(self.with_hosts, st.clean_env(), width, part, names),
            self.begin(self.with_shim, shim_env, width, part, names),
        ]
        for run in runs:
            self.addCleanup(run.kill)
        self.assertEqual([run.wait() for run in runs], [0, 0])
        return self.with_hosts.lines(), self.with_shim.lines()

    def compare(self, width, part, names):
        expected, actual = self.run_both(width, part, names)
        self.assertGreater(len(expected), len(names))
        found = list(differences(expected, actual))
        if found:
            self.fail("\n".join([f"{len(found)} of {len(expected)} calls differ ({part}):", *found[:20]]))
        return actual


class Differential(Comparison):
    def setUp(self):
        super().setUp()
        self.daemon = self.start(st.Daemon(self, CONFIG))
        self.daemon.wait_settled()
        self.worlds("192.0.2.200", "2001:db8::200")

    def worlds(self, *addresses):
        """With /etc/hosts and with the shim. There the names are in /etc/hosts too, with other addresses: what leaks is seen."""
        space, label = self.namespace(*addresses), "+".join(addresses)
        decoys = dict.fromkeys(RECORDS, ["203.0.113.66", "2001:db8:bad::66", "::ffff:203.0.113.66"])
        self.with_hosts = World(self, f"hosts-{label}", space, hosts({**RECORDS, READY: ["192.0.2.254"]}))
        self.with_shim = World(self, f"shim-{label}", space, hosts(decoys))

    def compare_all(self, width):
        calls = len(self.compare(width, "flags", NAMES + UNMANAGED))
        calls += len(self.compare(width, "services", SERVICE_NAMES))
        calls += len(self.compare(width, "configured", ODD))
        calls += len(self.compare(width, "hostent", NAMES + UNMANAGED[:-1] + ODD))
        calls += len(self.compare(width, "static", NAMES + UNMANAGED[:-1]))
        self.note(f"{calls} calls")

    def test_native(self):
        """a program gets what /etc/hosts would give it, whatever it asks"""
        self.compare_all("")

    def test_32(self):
        """a program of 32 bits gets what /etc/hosts would give it, whatever it asks"""
        if not os.path.exists(differ("32")):
            raise unittest.SkipTest("programs of 32 bits cannot be built here")
        self.compare_all("32")

    def test_order(self):
        """addresses come in failover order, whatever libc would prefer, and with their zone"""
        looked_at = 0
        for part in ("flags", "hostent"):
            for line in self.run_both("", part, list(RECORDS))[1]:
                call, addresses = addresses_of(line)
                flags = re.search("flags=([0-9a-f]+)", call)
                # What AI_V4MAPPED makes of an address stands in no record.
                if len(addresses) < 2 or flags and int(flags[1], 16) & AI_V4MAPPED:
                    continue
                name = call.split()[1].strip("'")
                order = [as_family(address, addresses) for address in RECORDS[name]]
                self.assertEqual(addresses, [address for address in order if address in addresses], line)
                looked_at += 1
        self.assertGreater(looked_at, 100)

    def test_zone(self):
        """a link-local address has its zone, in every answer"""
        lines = self.run_both("", "flags", ["link.example.com"])[1]
        answers = [addresses for _, addresses in map(addresses_of, lines) if addresses]
        self.assertGreater(len(answers), 100)
        self.assertEqual({address for addresses in answers for address in addresses}, {"fe80::5" + ZONE})

    def test_international(self):
        """names in the characters of a UTF-8 locale, with AI_IDN and without, and AI_CANONIDN; in the C locale too"""
        # Not in 32 bits: libc converts by libidn2, which is seldom there in both widths.
        for self.locale in ("C.UTF-8", "C"):
            with self.subTest(locale=self.locale):
                self.compare("", "international", UNICODE)
                self.compare("", "hostent", UNICODE)
        self.locale = "C.UTF-8"
        found = [line for line in self.run_both("", "international", UNICODE[:2])[1] if "192.0.2.30" in line]
        self.assertGreater(len(found), 100)
        found = [line for line in self.run_both("", "international", DECOMPOSED)[1] if "192.0.2.3" in line]
        self.assertGreater(len(found), 100)

    def test_newer_libc(self):
        """where libc is newer than any that was tried, it builds every answer itself, and that is right too"""
        source, library = self.write("release.c", NEWER), self.path("release.so")
        done = st.run(["gcc", "-shared", "-fPIC", "-o", library, source])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.preload += f":{library}"
        self.compare("", "flags", NAMES)
        self.compare("", "services", SERVICE_NAMES)

    def test_next_library(self):
        """no answer depends on what is preloaded after the library: nss_wrapper and torsocks, which answer host names too"""
        for name in NEXT_LIBRARIES:
            with self.subTest(library=name):
                self.compare_next_library(name)

    def compare_next_library(self, name):
        paths = glob.glob(f"/usr/lib/*/{name}")
        if not paths:
            raise unittest.SkipTest(f"{name} is not installed")
        decoys = self.write("decoys", "".join(f"203.0.113.77 {each}\n" for each in RECORDS))
        env = {**self.daemon.env(), "NSS_WRAPPER_HOSTS": decoys, "TORSOCKS_LOG_LEVEL": "1"}
        for part, names in (("flags", NAMES), ("services", ["both.EXAMPLE.com"]), ("hostent", NAMES), ("static", NAMES)):
            runs = []
            for library in ("", f":{paths[0]}"):
                run = self.begin(self.with_shim, {**env, "LD_PRELOAD": self.preload + library}, "", part, names)
                self.addCleanup(run.kill)
                self.assertEqual(run.wait(), 0)
                runs.append([line for line in self.with_shim.lines() if not is_numeric_host(line)])
            self.assertGreater(len(runs[0]), len(names))
            self.assertEqual(len(runs[0]), len(runs[1]))
            differing = [f"alone: {one}\n      with {name}: {two}" for one, two in zip(*runs) if one != two]
            self.assertEqual(differing[:5], [])

    def test_families_of_the_host(self):
        """AI_ADDRCONFIG: hosts with one family, the other, or loopback alone"""
        for addresses in (["192.0.2.200"], ["2001:db8::200"], []):
            self.worlds(*addresses)
            for width in ("", "32") if os.path.exists(differ("32")) else ("",):
                with self.subTest(addresses=addresses, width=width):
                    self.compare(width, "configured", NAMES + UNMANAGED)


class Failure(Comparison):
    """A record that is configured to fail, beside a DNS server that says no."""

    NAME = "fail.example.edu"  # the server refuses it: it is of no domain of its own

    def setUp(self):
        super().setUp()
        nowhere = self.address()
        self.daemon = self.start(
            st.Daemon(
                self,
                f"""records: ( {{ name = "{READY}"; primary: {{ address = "192.0.2.254"; }}; }},
                    {{ name = "{self.NAME}"; all_down = "fail"; primary: {{ address = "{nowhere}";
                       check = {{ type = "tcp"; port = {st.free_port(nowhere)}; interval = "1h"; }}; }}; }} );""",
            )
        )
        st.wait_until(lambda: self.daemon.record(self.NAME)["active"] is None, what="the record to fail")
        space = self.namespace("192.0.2.200", "2001:db8::200")
        self.start(st.Dns(self, "127.0.0.1", 53, prefix=space.prefix))
        self.with_hosts = World(self, "dns", space, [], sources="dns")
        self.with_shim = World(self, "shim", space, [f"203.0.113.66 {self.NAME}"])

    def test_try_again(self):
        """a record that fails is a temporary failure of name resolution, as libc reports that of DNS"""
        self.compare("", "configured", [self.NAME])
        self.compare("", "static", [self.NAME])

    def test_try_again_r(self):
        """the same for gethostbyname_r and its like"""
        both = [], []
        for lines, kept in zip(self.run_both("", "hostent", [self.NAME]), both):
            # Other families are none to DNS at all. What says nothing needs no room, which DNS wants first.
            kept += [line.replace("FITS IN NOTHING ", "") for line in lines if re.search(r"' (2 |10 |)=", line)]
        self.assertEqual(len(both[0]), 6)
        self.assertEqual(*both)


if __name__ == "__main__":
    st.main()
