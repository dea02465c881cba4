#!/usr/bin/env python3
"""Faults of the daemon's own host count against nobody: no answer changes, and all goes on when they are over."""
import os
import re
import resource
import socket
import struct
import time
import unittest

import shunttest as st

NAME = "www.example.com"
CHECK = 'type = "http"; interval = "200ms"; fast_interval = "100ms"; timeout = "5s"; fall = 1; rise = 1;'


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root")


def hold(seconds):
    """Time that has to pass: not a wait for something to happen."""
    time.sleep(seconds)


class Pair(st.Case):
    """A primary and a standby that are well; one failure would be enough for a failover."""

    def config(self, more="", check=""):
        return f"""checks: {{ web: {{ {CHECK} {check} port = {self.primary.port}; }}; }};
            records: ( {{ name = "{NAME}"; {more}
                primary: {{ address = "{self.primary.at}"; check = "web"; }};
                secondary: {{ address = "{self.standby.at}"; check = "web"; }}; }} );"""

    def serve(self):
        primary, standby = self.address(), self.address()
        port = st.free_port(primary, standby)
        self.primary = self.start(st.Hostile(st.well, primary, port))
        self.standby = self.start(st.Hostile(st.well, standby, port))

    def watch(self, check="", **options):
        self.daemon = self.start(st.Daemon(self, self.config(check=check), **options))
        st.wait_until(lambda: self.healths() == ["up", "up"], what="both endpoints up")
        self.log_start = len(self.daemon.log())

    def healths(self):
        return [self.daemon.health(NAME, name) for name in ("primary", "secondary")]

    def addresses(self):
        return [self.daemon.endpoint(NAME, name)["addresses"][0] for name in ("primary", "secondary")]

    def errors(self):
        return [address["last_error"] for address in self.addresses()]

    def accepted(self):
        return self.primary.accepted + self.standby.accepted

    def probes(self, count):
        """So many more probes of each server."""
        before = self.primary.accepted, self.standby.accepted
        st.wait_until(
            lambda: self.primary.accepted >= before[0] + count and self.standby.accepted >= before[1] + count,
            what=f"{count} probes of each server",
        )

    def nothing_changed(self, looper):
        """Nobody was told of another endpoint, nor was any endpoint found down."""
        self.assertEqual(looper.answers(), {self.primary.at})
        self.assertEqual(self.healths(), ["up", "up"])
        self.assertNotIn(" -> ", self.daemon.log()[self.log_start :])

    def goes_on(self, looper):
        """A real failure is still one, and its end is seen."""
        self.primary.behave = st.resets
        looper.wait_answer(self.standby.at)
        self.primary.behave = st.well
        looper.wait_answer(self.primary.at)
        self.assertEqual(len(re.findall(f"{NAME}: primary .* up -> down", self.daemon.log())), 1, self.daemon.log())


class Shortage(Pair):
    def no_verdict(self, words):
        """That no verdict has come for three intervals is an event of each endpoint."""
        for name in ("primary", "secondary"):
            self.daemon.wait_log(f"{name} .*: no verdict for 600ms: {words}.*; the fault is thought to be this host's")

    def verdicts_again(self, looper):
        self.probes(3)
        for name in ("primary", "secondary"):
            self.daemon.wait_log(f"{name} .*: there are verdicts again")
        self.assertEqual([address["no_verdict_since"] for address in self.addresses()], [None, None])
        self.nothing_changed(looper)

    def test_descriptors(self):
        """the descriptor limit lowered to 8 while it runs: no failover, clients attach, it does not spin; then all goes on"""
        need_root()
        self.serve()
        # Otherwise the sockets that it has are enough, which are used again.
        self.watch(f'source = "{self.address()}";')
        soft, hard = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
        used = set(st.descriptors(self.daemon.pid))
        self.assertTrue(used.issuperset(range(8)), f"none below 8 is ever free: {used}")
        resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (8, hard))
        self.daemon.wait_log("without a verdict.*Too many open files", start=self.log_start)
        st.wait_until(lambda: self.primary.open == 0 and self.standby.open == 0, what="the last probes to end")
        probed = self.accepted()
        looper = self.start(st.Looper(self, NAME, self.daemon, threads=1))
        with socket.socket(socket.AF_UNIX) as reader:
            reader.connect(self.daemon.control)
            cpu = st.cpu_seconds(self.daemon.pid)
            hold(2)
            self.assertLess(st.cpu_seconds(self.daemon.pid) - cpu, 1, "it spins")
        # One that was made before may be accepted only now; twenty would be made.
        self.assertLess(self.accepted(), probed + 4)
        self.no_verdict("cannot connect from here: Too many open files")
        resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (soft, hard))
        self.verdicts_again(looper)
        self.goes_on(looper)

    def test_ports(self):
        """no local port left: no failover, the status says why; then all goes on"""
        space = self.start(st.NetNs())
        space.add_address("192.0.2.10", "192.0.2.20")
        space.run("sh", "-c", "echo 40000 40007 > /proc/sys/net/ipv4/ip_local_port_range")
        with space.inside():
            self.primary, self.standby = (
                self.start(st.Hostile(st.well, address, 8080)) for address in ("192.0.2.10", "192.0.2.20")
            )
        self.watch(prefix=space.prefix)
        looper = self.start(st.Looper(self, NAME, self.daemon))
        with space.inside():
            held = st.wait_until(lambda: self.take_ports(range(40000, 40008)), what="all ports to be taken")
        words = "cannot connect from here: no free local port"
        st.wait_until(lambda: self.errors() == [words, words], what="no probe to be possible")
        probed = self.accepted()
        hold(2)
        # One that was made before may be accepted only now; twenty would be made.
        self.assertLess(self.accepted(), probed + 4)
        self.nothing_changed(looper)
        self.assertRegex(self.daemon.log(), f"without a verdict.*: {words}")
        self.no_verdict(words)
        for address in self.addresses():
            self.assertIsNotNone(address["no_verdict_since"])
        self.assertIn(words, self.daemon.record(NAME)["reason"])
        for port in held:
            port.close()
        self.verdicts_again(looper)
        self.goes_on(looper)

    def take_ports(self, numbers):
        """Sockets that are bound to all of them; None while a probe still has one."""
        held = []
        for number in numbers:
            held.append(socket.socket())
            try:
                held[-1].bind(("0.0.0.0", number))
            except OSError:
                for one in held:
                    one.close()
                return None
        return held


class Stopped(Pair):
    def stopped(self, meanwhile):
        self.serve()
        self.watch()
        looper = self.start(st.Looper(self, NAME, self.daemon))
        self.primary.behave = self.standby.behave = st.silent
        st.wait_until(lambda: self.primary.open and self.standby.open, what="probes to be under way")
        self.daemon.pause()
        for server in (self.primary, self.standby):
            server.behave = st.well
            meanwhile(server)
        hold(10)
        self.daemon.resume()
        self.probes(5)
        self.nothing_changed(looper)
        self.goes_on(looper)

    def test_stopped(self):
        """the loop stopped for 10 s, in the middle of probes: no failover"""
        self.stopped(lambda server: None)

    def test_stopped_and_given_up(self):
        """the loop stopped for 10 s, and the servers hang up on it meanwhile: no failover"""

        def give_up(server):
            server.stop()
            st.wait_until(lambda: server.open == 0, what="the connections to be closed")
            server.start()

        self.stopped(give_up)


class Clock(Pair):
    """The daemon's wall clock, and nobody else's, is moved by tests/support/clockstep.c."""

    STEPS_H = (5, -5, 30, 0)
    PROBED = ((NAME, "secondary"), ("tcp.example.com", "primary"))

    def setUp(self):
        super().setUp()
        self.offset = self.write("offset", "\0" * 8)
        options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.env = st.clean_env(LD_PRELOAD=st.CLOCKSTEP, CLOCKSTEP=self.offset, ASAN_OPTIONS=options)

    def step(self, hours):
        with open(self.offset, "r+b") as file:
            file.write(struct.pack("=q", hours * 3600))

    def hours_off(self, name=NAME):
        """By how much the daemon's clock is wrong, as its last probe shows."""
        text = self.daemon.endpoint(name, "primary")["addresses"][0]["last_probe"]
        return round((st.rfc3339(text) - time.time()) / 3600)

    def test_nothing_happens(self):
        """the wall clock moved by hours, forth and back: no event, no change, probes and DNS questions at their pace"""
        self.serve()
        ca, names = st.CA(self), ("www.example.com", "tcp.example.com", "tls.example.com", "dns.example.com")
        tls = self.start(st.TlsServer(self.address(), ca.dated("tls.example.com")))
        dns = self.start(st.Dns(self, self.address(), hosts={"web.example.net": [self.primary.at]}, ttl=600))
        pace = 'interval = "200ms"; fall = 1; rise = 1; timeout = "4s";'
        checks = {
            "tcp": f'type = "tcp"; port = {self.standby.port}; {pace}',
            "tls": f'type = "https"; port = {tls.port}; ca_file = "{ca.file}"; {pace}',
            "dns": f'type = "http"; port = {self.primary.port}; {pace}',
        }
        addresses = {"tcp": self.standby.at, "tls": tls.at, "dns": "web.example.net"}
        more = "".join(
            f""", {{ name = "{key}.example.com"; primary: {{ address = "{addresses[key]}"; allow_local = true;
                    check = {{ {check} }}; }}; }}"""
            for key, check in checks.items()
        )
        config = f'resolvers = [ "{dns.resolver}" ];' + self.config().replace("} );", "}" + more + " );")
        self.daemon = self.start(st.Daemon(self, config, env=self.env))
        st.wait_until(lambda: self.daemon.status()["settled"], what="the table to settle")
        before = self.held()
        looper = self.start(st.Looper(self, NAME, self.daemon))
        start = len(self.daemon.log())
        for hours in self.STEPS_H:
            self.step(hours)
            st.wait_until(lambda hours=hours: self.hours_off() == hours, what=f"the clock to be {hours} h off")
            self.keeps_pace()
            self.assertEqual(self.held(), before)
        self.assertEqual({self.daemon.health(name, "primary") for name in names}, {"up"})
        self.assertEqual(looper.answers(), {self.primary.at})
        self.assertEqual(self.daemon.log()[start:], "")
        self.assertEqual(dns.log().count("query[A] web.example.net"), 1)
        self.goes_on(looper)

    def held(self):
        return [(record["active"], record["answer"], record["since"]) for record in self.daemon.status()["records"]]

    def keeps_pace(self):
        """A probe each 200 ms, ± 10 %: neither a storm nor a pause, however long this machine stands still."""
        probes = lambda: sum(self.daemon.endpoint(*one)["addresses"][0]["probes"] for one in self.PROBED)
        begin, before = time.monotonic(), probes()
        st.wait_until(lambda: probes() >= before + 14, what="seven probes of each")
        made = probes() - before
        self.assertLessEqual(made, 2 * ((time.monotonic() - begin) / 0.18 + 2))

    def test_delays(self):
        """a failback's delay takes its time, whatever the wall clock does meanwhile"""
        self.serve()
        self.daemon = self.start(st.Daemon(self, self.config('failback_delay = "3s";'), env=self.env))
        looper = self.start(st.Looper(self, NAME, self.daemon))
        for hours in self.STEPS_H[:2]:
            self.primary.behave = st.resets
            looper.wait_answer(self.standby.at)
            back = time.monotonic()
            self.primary.behave = st.well
            st.wait_until(lambda: self.healths()[0] == "up", what="the primary to be up")
            self.step(hours)
            took = looper.wait_answer(self.primary.at) - back
            self.note(f"the clock moved to {hours:+} h, and the failback came after {took:.2f} s")
            self.assertGreaterEqual(took, 3)
            self.assertLess(took, 20)

    def test_override(self):
        """an override lasts as long as it was made for, whatever the wall clock does meanwhile"""
        self.serve()
        self.daemon = self.start(st.Daemon(self, self.config(), env=self.env))
        looper = self.start(st.Looper(self, NAME, self.daemon))
        self.assertEqual(st.shunt(self.daemon, "force", NAME, "secondary", "--for", "1h").returncode, 0)
        looper.wait_answer(self.standby.at)
        self.step(5)
        self.probes(5)
        self.assertEqual(looper.now(), {0: self.standby.at, 1: self.standby.at})
        begin = time.monotonic()
        self.assertEqual(st.shunt(self.daemon, "force", NAME, "secondary", "--for", "3s").returncode, 0)
        self.step(-5)
        took = looper.wait_answer(self.primary.at) - begin
        self.note(f"an override of 3 s ended after {took:.2f} s")
        self.assertGreaterEqual(took, 3)
        self.assertLess(took, 20)


if __name__ == "__main__":
    st.main(jobs=6)
