#!/usr/bin/env python3
"""Endpoints that are given by name: what a DNS server says reaches the table, and what it does wrong does not."""
import os
import random
import socket
import struct
import threading
import time
import unittest

import shunttest as st

NAME = "www.example.com"
STANDBY = "standby.example.net"

DNS_TTL = 2  # seconds; what dnsmasq says here
LATE = 15 if not st.SANITIZED else 45  # seconds that a loaded machine may take beyond that; 2 are what is aimed at

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5


# --- a DNS server that says what a test wants -----------------------------------------------------------


def labels(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def resource(owner, kind, ttl, data):
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def addresses(texts, ttl=1, owner=b"\xc0\x0c"):
    """Resource records of addresses, at the question's name unless another owner is given."""
    return [
        resource(owner, st.AAAA if ":" in text else st.A, ttl, socket.inet_pton(st.family_of(text), text))
        for text in texts
    ]


def reply(question, records=(), rcode=NOERROR, flags=0x8180):
    head = question[:2] + struct.pack("!5H", flags | rcode, 1, len(records), 0, 0)
    return head + question[12:] + b"".join(records)


def asked_name(question):
    """(name, type) of a question."""
    words, at = [], 12
    while question[at]:
        words.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(words).lower(), struct.unpack("!H", question[at + 1 : at + 3])[0]


class Script:
    """A DNS server of the test's own. rules: {name: function(question, type, send)}; any other name is NXDOMAIN.

    seen: {(name, type): {the question's id: time.monotonic()}}; a question that is repeated, since this server was slow, is one.
    """

    def __init__(self, case):
        self.rules = {}
        self.seen = {}
        self.deaf = False  # to what comes by UDP
        self.server = case.start(st.HostileDns(self.answer, case.address()))
        self.resolver = self.server.resolver

    def answer(self, question, send, tcp=False):
        name, kind = asked_name(question)
        if self.deaf and not tcp:
            return
        self.seen.setdefault((name, kind), {}).setdefault(question[:2], time.monotonic())
        if name in self.rules:
            self.rules[name](question, kind, send)
        else:
            send(reply(question, rcode=NXDOMAIN))

    def answer_stream(self, connection, _):
        """Questions by TCP: each has its length before it (RFC 1035 4.2.2)."""
        with connection.makefile("rb") as stream:
            while length := stream.read(2):
                question = stream.read(struct.unpack("!H", length)[0])
                self.answer(question, lambda text: connection.sendall(struct.pack("!H", len(text)) + text), tcp=True)

    def count(self, name, kind=st.A):
        return len(self.seen.get((name, kind), {}))


def gives(*texts, ttl=1):
    """The rule that answers with these addresses, each to questions for its own family."""

    def rule(question, kind, send):
        send(reply(question, addresses([text for text in texts if (":" in text) == (kind == st.AAAA)], ttl)))

    return rule


# What a server may say instead of an answer. Each has the addresses that would be believed if it were believed.

LIE = ["203.0.113.66", "2001:db8:bad::66"]


def lie(question, kind):
    return addresses([text for text in LIE if (":" in text) == (kind == st.AAAA)])


def silence(question, kind, send):
    pass


def rubbish(question, kind, send):
    send(random.Random(kind).randbytes(300))
    send(b"")
    send(b"\0")


def rubbish_with_id(question, kind, send):
    send(question[:2] + random.Random(kind).randbytes(300))


def every_beginning(question, kind, send):
    whole = reply(question, lie(question, kind))
    for length in range(len(whole)):
        send(whole[:length])


def pointer_loop(question, kind, send):
    """A name that is compressed into itself."""
    here = struct.pack("!H", 0xC000 | len(question))
    send(reply(question, addresses(["203.0.113.66"], owner=here)))


def pointer_outside(question, kind, send):
    send(reply(question, addresses(["203.0.113.66"], owner=b"\xff\xff")))


def wrong_id(question, kind, send):
    for change in range(1, 20):
        number = (struct.unpack("!H", question[:2])[0] + change) & 0xFFFF
        send(struct.pack("!H", number) + reply(question, lie(question, kind))[2:])


def other_question(question, kind, send):
    other = st.dns_question("other.example.net", kind)
    send(question[:2] + reply(other, lie(other, kind))[2:])


def no_reply_bit(question, kind, send):
    """A question comes back."""
    send(question)


def alias_loop(question, kind, send):
    back = resource(labels("a.example.net"), st.CNAME, 1, b"\xc0\x0c")
    send(reply(question, [resource(b"\xc0\x0c", st.CNAME, 1, labels("a.example.net")), back]))


def alias_to_nothing(question, kind, send):
    send(reply(question, [resource(b"\xc0\x0c", st.CNAME, 1, labels("nowhere.example.net"))]))


def many_aliases(question, kind, send):
    """As many as 512 bytes hold; more would be asked for over TCP."""
    links = [resource(bytes([2, 97, 97 + i, 0]), st.CNAME, 1, bytes([2, 97, 98 + i, 0])) for i in range(24)]
    send(reply(question, [resource(b"\xc0\x0c", st.CNAME, 1, bytes([2, 97, 97, 0])), *links]))


def cut(question, kind, send):
    """Truncated, and nobody listens on TCP."""
    send(reply(question, flags=0x8380))


def wrong_length(question, kind, send):
    send(reply(question, [resource(b"\xc0\x0c", kind, 1, b"\xcb\0\x71")]))


def wrong_count(question, kind, send):
    send(question[:2] + struct.pack("!5H", 0x8180, 1, 65535, 65535, 65535) + question[12:])


def flood(question, kind, send):
    """More datagrams than anybody should read in one go."""
    for _ in range(400):
        send(b"\0" * 40)


def code(rcode):
    def rule(question, kind, send):
        send(reply(question, rcode=rcode))

    rule.__name__ = f"rcode {rcode}"
    return rule


def empty(question, kind, send):
    send(reply(question))


SILENT = "no answer from the DNS servers"
MALFORMED = "malformed answer from the DNS servers"
FAILURE = "server failure or refused"

# The rule, and what the status says of it; None where either is right.
BAD = {
    "silence": (silence, SILENT),
    "rubbish": (rubbish, None),  # silence to c-ares 1.18, malformed to 1.34
    "rubbish-with-id": (rubbish_with_id, None),
    "every-beginning": (every_beginning, None),
    "pointer-loop": (pointer_loop, None),
    "pointer-outside": (pointer_outside, None),
    "wrong-id": (wrong_id, SILENT),
    "other-question": (other_question, None),
    "no-reply-bit": (no_reply_bit, None),
    "alias-loop": (alias_loop, None),
    "alias-to-nothing": (alias_to_nothing, "no addresses"),
    "many-aliases": (many_aliases, None),
    "wrong-length": (wrong_length, None),
    "wrong-count": (wrong_count, None),
    "flood": (flood, None),
    "formerr": (code(FORMERR), None),
    "servfail": (code(SERVFAIL), FAILURE),
    "refused": (code(REFUSED), FAILURE),
    "nxdomain": (code(NXDOMAIN), "NXDOMAIN"),
    "empty": (empty, "no addresses"),
}


class Scripted(st.Case):
    """One daemon, many names, a server that does everything wrong."""

    def record(self, name, options=""):
        return f'{{ name = "{name}.example.com"; primary: {{ address = "{name}.example.net"; {options} }}; }}'

    def start_daemon(self, script, names, options=""):
        records = ", ".join(self.record(name, options) for name in names)
        return self.start(st.Daemon(self, f'resolvers = [ "{script.resolver}" ]; records: ( {records} );'))

    def answers(self, daemon):
        """{name: (sorted answer, the primary's error)}"""
        return {
            record["name"].split(".")[0]: (sorted(record["answer"]), record["endpoints"][0]["error"])
            for record in daemon.status()["records"]
        }

    def wait_answers(self, daemon, want, what, error=None):
        """want: {name: addresses}; `error` is that of names that want none."""

        def missing():
            got = self.answers(daemon)
            return {name: got[name] for name in want if got[name] != (sorted(want[name]), None if want[name] else error)}

        try:
            st.wait_until(lambda: not missing(), what=what)
        except AssertionError:
            raise AssertionError(f"{what}: still missing: {missing()}") from None

    def test_rubbish(self):
        """whatever a server says instead of an answer, the last addresses stay, and the next good answer is taken"""
        script = Script(self)
        first = {name: [f"192.0.2.{i}", f"2001:db8::{i}"] for i, name in enumerate(BAD, 10)}
        second = {name: [f"198.51.100.{i}", f"2001:db8::f:{i}"] for i, name in enumerate(BAD, 10)}
        script.rules = {f"{name}.example.net": gives(*texts) for name, texts in first.items()}
        daemon = self.start_daemon(script, BAD)
        self.wait_answers(daemon, first, "the first answers")
        descriptors = daemon.descriptors()

        script.rules = {f"{name}.example.net": rule for name, (rule, _) in BAD.items()}
        # Where this server itself is slow, c-ares may take any other answer for silence, until it asks again.
        st.wait_until(lambda: not self.unexpected(daemon), what="each name to fail in its way")
        for name, (answer, error) in self.answers(daemon).items():
            with self.subTest(name):
                self.assertEqual(answer, sorted(first[name]))
                self.assertIn(error, (SILENT, MALFORMED, FAILURE, "NXDOMAIN", "no addresses",
                                      "the DNS servers do not understand the question"))  # fmt: skip
                self.assertRegex(daemon.log(), rf"{name}.example.com: primary .*; the last addresses stay")
        self.assertEqual(sorted(daemon.resolve("nxdomain.example.com")), sorted(first["nxdomain"]))
        for address in LIE:
            self.assertNotIn(address, daemon.log())

        script.rules = {f"{name}.example.net": gives(*texts) for name, texts in second.items()}
        recovered = time.monotonic()
        self.wait_answers(daemon, second, "the answers after the recovery")
        self.note(f"{len(BAD)} names recovered within {time.monotonic() - recovered:.1f} s")
        st.wait_until(lambda: daemon.descriptors() <= descriptors + 2, what="the sockets to be closed")
        self.assertLess(st.memory_kb(daemon.pid, "VmHWM"), 200_000 if st.SANITIZED else 40_000)

    def unexpected(self, daemon):
        """{name: error} of those that do not fail, or with other words."""
        errors = {name: error for name, (_, error) in self.answers(daemon).items()}
        return {name: error for name, error in errors.items() if not error or error != (BAD[name][1] or error)}

    def test_families_apart(self):
        """A and AAAA are asked and kept apart: the one that fails keeps its addresses, the other one moves on"""
        script = Script(self)
        names = ["servfail", "silence", "nxdomain", "empty", "never"]
        script.rules = {f"{name}.example.net": gives("192.0.2.1", "2001:db8::1") for name in names}
        script.rules["never.example.net"] = gives("192.0.2.1")
        daemon = self.start_daemon(script, names)
        both = {name: ["192.0.2.1", "2001:db8::1"] for name in names}
        self.wait_answers(daemon, {**both, "never": ["192.0.2.1"]}, "the first answers")

        def only(family, good, bad):
            return lambda question, kind, send: (good if kind == family else bad)(question, kind, send)

        for family, text in ((st.A, "192.0.2.2"), (st.AAAA, "2001:db8::2")):
            now = {
                f"{name}.example.net": only(family, gives(text), BAD[name][0]) for name in names if name != "never"
            }
            script.rules.update(now)
            want = [text, "2001:db8::1"] if family == st.A else ["192.0.2.2", text]
            st.wait_until(
                lambda want=want: all(
                    self.answers(daemon)[name] == (want, BAD[name][1]) for name in names if name != "never"
                ),
                what=f"one family to move on: {want}",
            )
        # A family that a name never had is no error. (A server that was slow, once, is one for a while.)
        self.assertEqual(self.answers(daemon)["never"][0], ["192.0.2.1"])
        self.wait_answers(daemon, {"never": ["192.0.2.1"]}, "an answer without a family")

    def test_family_without_name(self):
        """NXDOMAIN for one family beside addresses of the other is no data of that family, and no problem"""
        script = Script(self)

        def only(family, text):
            return lambda question, kind, send: (gives(text) if kind == family else code(NXDOMAIN))(question, kind, send)

        script.rules = {
            "four.example.net": only(st.A, "192.0.2.1"),
            "six.example.net": only(st.AAAA, "2001:db8::1"),
            "gone.example.net": code(NXDOMAIN),
        }
        daemon = self.start_daemon(script, ["four", "six", "gone"])
        want = {"four": ["192.0.2.1"], "six": ["2001:db8::1"]}
        self.wait_answers(daemon, want, "both names")
        st.wait_until(
            lambda: script.count("four.example.net") >= 4 and script.count("six.example.net", st.AAAA) >= 4,
            what="the good families to be asked again",
        )
        self.wait_answers(daemon, {**want, "gone": []}, "the name that is not there", error="NXDOMAIN")
        self.assertNotRegex(daemon.log(), r"(four|six)\.example\.com: .*last addresses stay")

    def test_recovery(self):
        """an empty answer, or NXDOMAIN, is forgotten when its name is asked again, whatever its SOA says of caching"""
        script = Script(self)
        data = labels("ns.example.net") + labels("root.example.net") + struct.pack("!5I", 1, 2, 3, 4, 3600)
        soa = resource(b"\xc0\x0c", 6, 3600, data)

        def once(rcode):
            head = struct.pack("!5H", 0x8180 | rcode, 1, 0, 1, 0)
            return lambda question, kind, send: send(question[:2] + head + question[12:] + soa)

        names = ["empty", "nxdomain"]
        script.rules = {f"{name}.example.net": gives("192.0.2.1", ttl=1) for name in names}
        daemon = self.start_daemon(script, names)
        self.wait_answers(daemon, {name: ["192.0.2.1"] for name in names}, "the first answers")
        script.rules = {"empty.example.net": once(NOERROR), "nxdomain.example.net": once(NXDOMAIN)}
        st.wait_until(lambda: all(error for _, error in self.answers(daemon).values()), what="both to fail")
        script.rules = {f"{name}.example.net": gives("192.0.2.2", ttl=1) for name in names}
        mended = time.monotonic()
        self.wait_answers(daemon, {name: ["192.0.2.2"] for name in names}, "the recovery")
        self.note(f"recovered within {time.monotonic() - mended:.1f} s")
        self.assertLess(time.monotonic() - mended, 1 + LATE)

    def test_other_family_stays(self):
        """a family that fails takes nothing from the other one, which is not asked again for long"""
        script = Script(self)
        four, six = gives("192.0.2.1", ttl=60), gives("2001:db8::1", ttl=60)
        brief = gives("192.0.2.1", "2001:db8::1", ttl=1)
        rules = {"four": (four, brief), "six": (brief, six)}

        def both(for_a, for_aaaa):
            return lambda question, kind, send: (for_a if kind == st.A else for_aaaa)(question, kind, send)

        script.rules = {f"{name}.example.net": both(*pair) for name, pair in rules.items()}
        daemon = self.start_daemon(script, rules)
        self.wait_answers(daemon, dict.fromkeys(rules, ["192.0.2.1", "2001:db8::1"]), "both families")
        asked = script.count("four.example.net", st.A), script.count("six.example.net", st.AAAA)
        bad = code(SERVFAIL)
        script.rules = {"four.example.net": both(four, bad), "six.example.net": both(bad, six)}
        st.wait_until(lambda: all(error for _, error in self.answers(daemon).values()), what="one family to fail")
        for name in rules:
            self.assertEqual(self.answers(daemon)[name][0], ["192.0.2.1", "2001:db8::1"])
        self.assertEqual((script.count("four.example.net", st.A), script.count("six.example.net", st.AAAA)), asked)

    def test_many_addresses(self):
        """of many addresses the first 16 are used, and an event says so, once"""
        script = Script(self)
        texts = [f"192.0.2.{i}" for i in range(1, 26)]
        script.rules["many.example.net"] = gives(*reversed(texts))
        script.rules["grown.example.net"] = gives("192.0.2.9")
        daemon = self.start_daemon(script, ["many", "grown"])
        first = sorted(texts[:16])
        self.wait_answers(daemon, {"many": first, "grown": ["192.0.2.9"]}, "16 addresses")
        self.assertEqual(sorted(daemon.resolve("many.example.com")), first)
        daemon.wait_log(r"many.example.com: primary: DNS names more addresses than a table holds")
        script.rules["grown.example.net"] = gives(*texts)
        self.wait_answers(daemon, {"grown": first}, "16 addresses")
        daemon.wait_log(r"grown.example.com: primary: DNS names more addresses than a table holds")
        # Asked again, the same are chosen, and nothing more is said.
        asked = script.count("many.example.net")
        st.wait_until(lambda: script.count("many.example.net") >= asked + 2, what="it to be asked again")
        self.assertEqual(self.answers(daemon)["many"], (first, None))
        self.assertEqual(daemon.log().count("more addresses than a table holds"), 2)

    def test_tcp(self):
        """hundreds of addresses come over TCP, and 16 are used; where nobody listens there, the last ones stay"""
        texts = [f"192.0.2.{i}" for i in range(1, 251)] + [f"198.51.100.{i}" for i in range(1, 151)]
        dns = self.start(st.Dns(self, self.address(), hosts={"many.example.net": texts}))
        script = Script(self)
        script.rules["many.example.net"] = gives("192.0.2.9")
        over_tcp = self.start_daemon(dns, ["many"])
        without = self.start_daemon(script, ["many"])
        self.wait_answers(over_tcp, {"many": texts[:16]}, "an answer over TCP")
        over_tcp.wait_log("many.example.com: primary: DNS names more addresses than a table holds")
        self.wait_answers(without, {"many": ["192.0.2.9"]}, "an answer over UDP")
        script.rules["many.example.net"] = cut
        without.wait_log("primary 192.0.2.9: .*; the last addresses stay")
        st.wait_until(lambda: self.answers(without)["many"] == (["192.0.2.9"], FAILURE), what="TCP to be refused")

    LOCAL = ("127.0.0.5", "0.0.0.0", "0.1.2.3", "169.254.1.1", "224.0.0.1", "255.255.255.255", "::1", "::",
             "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.1.1")  # fmt: skip

    def test_local_refused(self):
        """a local address is left out, with an event, unless allow_local says otherwise"""
        script = Script(self)
        names = {f"local-{number}": text for number, text in enumerate(self.LOCAL)}
        for name, text in names.items():
            family = "2001:db8::7" if ":" in text else "192.0.2.7"
            script.rules[f"{name}.example.net"] = gives(text, family)
        script.rules["only.example.net"] = gives("127.0.0.5")
        script.rules["moved.example.net"] = gives("192.0.2.8")
        daemon = self.start_daemon(script, [*names, "only", "moved"])
        kept = {name: ["2001:db8::7" if ":" in text else "192.0.2.7"] for name, text in names.items()}
        want = {**kept, "moved": ["192.0.2.8"], "only": []}
        error = "DNS names local addresses only, and allow_local is not set"
        self.wait_answers(daemon, want, "the answers without local addresses", error)
        for name, text in names.items():
            with self.subTest(text):
                pattern = rf"{name}.example.com: primary \S+: DNS names a local address: left out, since allow_local"
                self.assertRegex(daemon.log(), pattern)
        self.assertIn("only.example.com: primary 127.0.0.5: DNS names a local address", daemon.log())
        # A server that names nothing but such takes nothing away.
        script.rules["moved.example.net"] = gives("127.0.0.5")
        daemon.wait_log("moved.example.com: primary 127.0.0.5: DNS names a local address")
        self.assertEqual(self.answers(daemon)["moved"][0], ["192.0.2.8"])
        self.assertEqual(daemon.resolve("moved.example.com"), ["192.0.2.8"])
        allowed = self.start_daemon(script, ["local-0", "only"], "allow_local = true;")
        self.wait_answers(allowed, {"local-0": ["127.0.0.5", "192.0.2.7"], "only": ["127.0.0.5"]}, "local addresses")
        self.assertNotIn("left out", allowed.log())

    def test_ttl(self):
        """a TTL of 0, and one beyond 31 bits, is a second; a longer one is kept"""
        script = Script(self)
        script.rules = {
            "zero.example.net": gives("192.0.2.1", ttl=0),
            "huge.example.net": gives("192.0.2.1", ttl=0xFFFFFFFF),
            "long.example.net": gives("192.0.2.1", ttl=60),
        }
        daemon = self.start_daemon(script, ["zero", "huge", "long"])
        self.wait_answers(daemon, {"long": ["192.0.2.1"]}, "the first answers")
        st.wait_until(lambda: script.count("long.example.net", st.AAAA), what="the other family to be asked")
        long = script.count("long.example.net"), script.count("long.example.net", st.AAAA)
        st.wait_until(
            lambda: min(script.count("zero.example.net"), script.count("huge.example.net")) >= 8,
            what="both to be asked eight times",
        )
        for name in ("zero", "huge"):
            at = list(script.seen[(f"{name}.example.net", st.A)].values())
            self.assertGreater(at[7] - at[0], 2.5)  # 6.3 s, if no question came late or twice
        self.assertEqual((script.count("long.example.net"), script.count("long.example.net", st.AAAA)), long)
        script.rules["zero.example.net"] = gives("192.0.2.2", ttl=0)
        self.wait_answers(daemon, {"zero": ["192.0.2.2"]}, "the change to arrive")


# --- a standby by name ----------------------------------------------------------------------------------


class Standby(st.Case):
    """A dead primary, and a standby that a real DNS server names."""

    CHECK = 'type = "http"; interval = "500ms"; fast_interval = "100ms"; timeout = "10s"; fall = 1; rise = 1;'

    def setUp(self):
        super().setUp()
        self.dead, self.first, self.second, self.third = (self.address() for _ in range(4))
        self.port = st.free_port(self.dead, self.first, self.second, self.third)

    def start_daemon(self, ttl):
        self.dns = self.start(st.Dns(self, self.address(), hosts={STANDBY: [self.first]}, ttl=ttl))
        return self.start(
            st.Daemon(
                self,
                f"""resolvers = [ "{self.dns.resolver}" ];
                checks: {{ web: {{ {self.CHECK} port = {self.port}; }}; }};
                records: ( {{ name = "{NAME}";
                    primary: {{ address = "{self.dead}"; check = "web"; }};
                    secondary: {{ address = "{STANDBY}"; allow_local = true; check = "web"; }}; }} );""",
            )
        )

    def serve(self, address):
        return self.start(st.Nginx(self, f"at-{address}", address, self.port))

    def test_change_and_outage(self):
        """a change reaches clients within TTL + 2 s; while DNS is down the last address stays; then it recovers"""
        for address in (self.first, self.second, self.third):
            self.serve(address)
        daemon = self.start_daemon(DNS_TTL)
        daemon.wait_active(NAME, "secondary")
        looper = self.start(st.Looper(self, NAME, daemon))
        looper.wait_answer(self.first)

        self.dns.set({STANDBY: [self.second]})
        changed = time.monotonic()
        seen = looper.wait_answer(self.second) - changed
        self.note(f"the change reached the clients after {seen:.2f} s; the TTL is {DNS_TTL} s")
        self.assertLess(seen, DNS_TTL + LATE)
        daemon.wait_log(f"secondary {self.second}: resolved")

        self.dns.kill()
        daemon.wait_log(f"secondary {self.second}: .*; the last addresses stay")
        probed = daemon.endpoint(NAME, "secondary")["addresses"][0]["last_probe"]
        st.wait_until(
            lambda: daemon.endpoint(NAME, "secondary")["addresses"][0]["last_probe"] != probed,
            what="the last address to be probed on",
        )
        self.assertTrue(daemon.endpoint(NAME, "secondary")["error"])
        self.assertEqual(daemon.health(NAME, "secondary"), "up")
        self.assertEqual(daemon.resolve(NAME), [self.second])
        url = f"http://{NAME}:{self.port}/"
        self.assertEqual(daemon.attached(["curl", "-sS", "--noproxy", "*", url]).stdout.strip(), f"at-{self.second}")

        self.dns.hosts = {STANDBY: [self.third]}
        self.dns._write()
        self.dns.start()
        started = time.monotonic()
        seen = looper.wait_answer(self.third) - started
        self.note(f"{seen:.2f} s after DNS was back the new address was answered")
        self.assertLess(seen, LATE)
        st.wait_until(lambda: daemon.endpoint(NAME, "secondary")["error"] is None, what="both families to be answered")

        self.dns.set({})
        daemon.wait_log("NXDOMAIN; the last addresses stay")
        self.assertEqual(daemon.resolve(NAME), [self.third])
        self.assertEqual(looper.answers(), {self.first, self.second, self.third})

    def test_first_pass(self):
        """a new address is answered only after its first pass; one that fails, not at all"""
        gate = self.start(Gate(self.second, self.port))
        self.serve(self.first)
        daemon = self.start_daemon(ttl=1)
        daemon.wait_active(NAME, "secondary")
        looper = self.start(st.Looper(self, NAME, daemon))
        looper.wait_answer(self.first)
        self.dns.set({STANDBY: [self.second]})
        gate.arrived.wait(st.PATIENCE)
        listed = {address["address"] for address in daemon.endpoint(NAME, "secondary")["addresses"]}
        self.assertEqual(listed, {self.first, self.second})
        self.assertEqual(daemon.resolve(NAME), [self.first])
        self.assertEqual(looper.answers(), {self.first})
        gate.opened.set()
        looper.wait_answer(self.second)
        # Nothing listens there: nothing is up any more, and the primary is what is answered then.
        self.dns.set({STANDBY: [self.third]})
        daemon.wait_active(NAME, "primary")
        looper.wait_answer(self.dead)
        self.assertEqual(looper.answers(), {self.first, self.second, self.dead})


class Gate(st.Hostile):
    """A web server that answers only once it is opened."""

    def __init__(self, address, port):
        super().__init__(self.hold, address, port)
        self.arrived, self.opened = st.threading.Event(), st.threading.Event()

    def hold(self, connection, stop):
        connection.recv(65536)
        self.arrived.set()
        while not self.opened.is_set() and not stop.is_set():
            stop.wait(0.02)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


# --- what of the host counts, and what does not ---------------------------------------------------------


class Host(st.Case):
    """The daemon in a mount namespace with files of the test's own over those in /etc."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or st.run(["unshare", "-m", "true"]).returncode != 0:
            raise unittest.SkipTest("mounting over files in /etc needs root")

    def inside(self, **files):
        """Words before a command: it sees these files ({name in /etc: path})."""
        mounts = " && ".join(f"mount --bind {path} /etc/{name.replace('_', '.')}" for name, path in files.items())
        return ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$0" "$@"']

    def dns_at_53(self, hosts, **options):
        """Servers from resolv.conf are asked at port 53."""
        for _ in range(20):
            address = self.address()
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attempt:
                    attempt.bind((address, 53))
            except OSError:
                continue
            return self.start(st.Dns(self, address, 53, hosts, **options))
        raise unittest.SkipTest("port 53 is taken on all of 127.0.0.0/8")

    def scripted_at_53(self, script):
        """(address, TCP server) of a script that answers at port 53, by UDP and by TCP."""
        for _ in range(20):
            address = self.address()
            try:
                self.start(st.HostileDns(script.answer, address, 53))
                return address, self.start(st.Hostile(script.answer_stream, address, 53))
            except OSError:
                continue
        raise unittest.SkipTest("port 53 is taken on all of 127.0.0.0/8")

    def start_with(self, resolv, config):
        """A daemon that sees this resolv.conf."""
        path = self.write("resolv.conf", resolv)
        return self.start(st.Daemon(self, config, prefix=self.inside(resolv_conf=path)))

    def test_resolv_conf(self):
        """/etc/resolv.conf is used, its search list too, and read again when it is edited; /etc/hosts and HOSTALIASES are not"""
        hosts = {"own.example.com": ["192.0.2.7"], "short.example.org": ["192.0.2.9"]}
        one = self.dns_at_53(hosts, options=["--domain-needed"], name="one")
        two = self.dns_at_53({**hosts, "own.example.com": ["192.0.2.8"]}, options=["--domain-needed"], name="two")
        resolv = self.write("resolv.conf", f"search example.org\nnameserver {one.at}\n")
        etc_hosts = self.write("hosts", "192.0.2.66 own.example.com short\n192.0.2.66 hosts.example.net\n")
        aliases = self.write("aliases", "short own.example.com\n")
        config = """records: (
            { name = "own.example.com"; primary: { address = "own.example.com"; }; },
            { name = "short.example.com"; primary: { address = "short"; }; },
            { name = "hosts.example.com"; primary: { address = "hosts.example.net"; }; } );"""
        daemon = self.start(
            st.Daemon(
                self,
                config,
                env=st.clean_env(HOSTALIASES=aliases),
                prefix=self.inside(resolv_conf=resolv, hosts=etc_hosts),
            )
        )
        st.wait_until(lambda: daemon.answer("own.example.com") == ["192.0.2.7"], what="the first server's answer")
        st.wait_until(lambda: daemon.answer("short.example.com") == ["192.0.2.9"], what="the search domain's answer")
        st.wait_until(
            lambda: daemon.endpoint("hosts.example.com", "primary")["error"] == "NXDOMAIN", what="the name of /etc/hosts"
        )
        self.assertEqual(daemon.answer("hosts.example.com"), [])

        with open(resolv, "w", encoding="ascii") as file:
            file.write(f"nameserver {two.at}\n")
        edited = time.monotonic()
        st.wait_until(lambda: daemon.answer("own.example.com") == ["192.0.2.8"], what="the other server's answer")
        self.note(f"the edited resolv.conf was in force after {time.monotonic() - edited:.2f} s")
        daemon.wait_log("resolv.conf changed")
        self.assertEqual(daemon.resolve("own.example.com"), ["192.0.2.8"])

    def test_search(self):
        """names are looked up below the search domains as libc does: `ndots` counts, and a final dot ends it"""
        script = Script(self)
        script.rules = {
            "a.b.example.org": gives("192.0.2.1"),
            "a.b": gives("192.0.2.66"),
            "c.d": gives("192.0.2.3"),
            "c.d.example.org": gives("192.0.2.66"),
        }
        address, _ = self.scripted_at_53(script)
        daemon = self.start_with(
            f"search example.net example.org\noptions ndots:2\nnameserver {address}\n",
            """records: ( { name = "below.example.com"; primary: { address = "a.b"; }; },
                          { name = "exact.example.com"; primary: { address = "c.d."; }; } );""",
        )
        st.wait_until(lambda: daemon.answer("below.example.com") == ["192.0.2.1"], what="the name below a domain")
        st.wait_until(lambda: daemon.answer("exact.example.com") == ["192.0.2.3"], what="the name with a final dot")
        self.assertTrue(script.count("a.b.example.net"))

    def test_no_search_for_resolvers(self):
        """where the configuration names the servers there is no search list"""
        script = Script(self)
        script.rules = {"short.example.org": gives("192.0.2.66")}
        daemon = self.start_with(
            "search example.org\n",
            f'resolvers = [ "{script.resolver}" ]; '
            'records: ( { name = "a.example.com"; primary: { address = "short"; }; } );',
        )
        st.wait_until(lambda: daemon.endpoint("a.example.com", "primary")["error"] == "NXDOMAIN", what="NXDOMAIN")
        self.assertEqual(script.count("short.example.org"), 0)

    def test_use_vc(self):
        """`options use-vc`: a name is asked by TCP, as a server behind a firewall needs it"""
        script = Script(self)
        script.rules = {"own.example.com": gives("192.0.2.7")}
        address, stream = self.scripted_at_53(script)
        script.deaf = True
        daemon = self.start_with(
            f"options use-vc\nnameserver {address}\n",
            'records: ( { name = "own.example.com"; primary: { address = "own.example.com"; }; } );',
        )
        st.wait_until(lambda: daemon.answer("own.example.com") == ["192.0.2.7"], what="the answer by TCP")
        self.assertGreater(stream.accepted, 0)

    def test_edns(self):
        """`options edns0` and `trust-ad`: the questions have an OPT record"""
        for option, present in (("edns0", True), ("trust-ad", True), ("debug", False)):
            with self.subTest(option):
                script = Script(self)
                questions = []
                script.rules = {
                    "own.example.com": lambda question, kind, send, questions=questions: (
                        questions.append(question),
                        send(reply(question[:10] + b"\0\0" + question[12 : 12 + 17 + 4], addresses(["192.0.2.7"]))),
                    )
                }
                address, _ = self.scripted_at_53(script)
                daemon = self.start_with(
                    f"options {option}\nnameserver {address}\n",
                    'records: ( { name = "own.example.com"; primary: { address = "own.example.com"; }; } );',
                )
                st.wait_until(lambda: daemon.answer("own.example.com") == ["192.0.2.7"], what="an answer")
                self.assertEqual({struct.unpack("!H", question[10:12])[0] for question in questions}, {int(present)})
                daemon.stop()

    def test_rotate(self):
        """`options rotate`: the questions go to all servers in turn; without it the second one is left alone"""
        for option, second in (("rotate", True), ("debug", False)):
            with self.subTest(option):
                scripts = [Script(self), Script(self)]
                for script in scripts:
                    script.rules = {"own.example.com": gives("192.0.2.7", ttl=0)}
                servers = "".join(f"nameserver {self.scripted_at_53(script)[0]}\n" for script in scripts)
                daemon = self.start_with(
                    f"options {option}\n{servers}",
                    'records: ( { name = "own.example.com"; primary: { address = "own.example.com"; }; } );',
                )
                st.wait_until(lambda: scripts[0].count("own.example.com") >= 3, what="three questions")
                if second:
                    st.wait_until(lambda: scripts[1].count("own.example.com") >= 1, what="the second server to be asked")
                else:
                    # One that was slow for the first, now and then: with rotate it would be one for each.
                    few = lambda: 3 * scripts[1].count("own.example.com") <= scripts[0].count("own.example.com")
                    st.wait_until(few, what="the second server to be left alone")
                daemon.stop()

    def test_timeout_and_attempts(self):
        """`options timeout:n attempts:n`: a server that is slower than our own limit is waited for"""
        script = Script(self)

        def slow(question, kind, send):
            if kind == st.A:
                threading.Timer(2.5, send, [reply(question, addresses(["192.0.2.7"], ttl=60))]).start()
            else:
                send(reply(question))

        script.rules = {"own.example.com": slow}
        address, _ = self.scripted_at_53(script)
        daemon = self.start_with(
            f"options timeout:9 attempts:1\nnameserver {address}\n",
            'records: ( { name = "own.example.com"; primary: { address = "own.example.com"; }; } );',
        )
        st.wait_until(lambda: daemon.answer("own.example.com") == ["192.0.2.7"], what="the slow answer")
        self.assertEqual(script.count("own.example.com"), 1)

    def test_own_name(self):
        """an endpoint named as its own record is the real DNS's, also when the shim is preloaded into the daemon"""
        names = ["own.example.com", "OTHER.example.com"]
        dns = self.start(
            st.Dns(self, self.address(), hosts={"own.example.com": ["192.0.2.7"], "other.example.com": ["192.0.2.9"]})
        )
        liar = self.start(
            st.Daemon(
                self,
                "records: ( "
                + ", ".join(f'{{ name = "{name}"; primary: {{ address = "192.0.2.66"; }}; }}' for name in names)
                + " );",
                name="liar",
            )
        )
        config = f'resolvers = [ "{dns.resolver}" ]; records: ( '
        config += ", ".join(f'{{ name = "{name}"; primary: {{ address = "{name}"; }}; }}' for name in names) + " );"
        # A sanitizer's runtime insists on being the first library, and the shim is not for it to load.
        options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        lied_to = st.Daemon(self, config, env=st.shim_env(liar.socket, ASAN_OPTIONS=options))
        own = st.Daemon(self, config, name="own")
        own._env = st.shim_env(own.socket, ASAN_OPTIONS=options)
        for daemon in (lied_to, own):
            self.start(daemon)
            st.wait_until(lambda daemon=daemon: daemon.answer("own.example.com"), what="an answer")
            st.wait_until(lambda daemon=daemon: daemon.answer("OTHER.example.com"), what="an answer")
            self.assertEqual(daemon.resolve("own.example.com"), ["192.0.2.7"])
            self.assertEqual(daemon.resolve("other.example.com"), ["192.0.2.9"])
            self.assertEqual(st.mappings(daemon.pid, "libshunt"), [])
        dns.set({"own.example.com": ["192.0.2.10"], "other.example.com": ["192.0.2.9"]})
        for daemon in (lied_to, own):
            st.wait_until(lambda daemon=daemon: daemon.answer("own.example.com") == ["192.0.2.10"], what="the change")


if __name__ == "__main__":
    st.main(jobs=4)
