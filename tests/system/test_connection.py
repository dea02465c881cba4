#!/usr/bin/env python3
"""watch = true: an idle connection to each address, whose end has it probed at once. A hint, and never a verdict."""
import os
import resource
import signal
import socket
import sys
import threading
import time
import unittest

import shunttest as st

NAME = "www.example.com"
# Within the test no probe is due but those of a burst.
ONCE = 'interval = "1h"; fast_interval = "1h"; timeout = "10s"; fall = 3; rise = 1; watch = true;'
# Accepts at each address of this host, and keeps what it has accepted.
KEEPER = """import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, [resource.getrlimit(resource.RLIMIT_NOFILE)[1]] * 2)
server, kept = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=4096), []
while True: kept.append(server.accept()[0])
"""


def config(port, primary, check=ONCE, kind="tcp", secondary="203.0.113.1"):
    return f"""records: ( {{ name = "{NAME}"; isolation = "off";
        primary: {{ address = "{primary}"; check = {{ type = "{kind}"; port = {port}; {check} }}; }};
        secondary: {{ address = "{secondary}"; }}; }} );"""


class Watched(st.Case):
    def watch(self, text, prefix=()):
        self.daemon = self.start(st.Daemon(self, text, prefix=prefix, options=["-v"]))
        self.wait_state("held")
        self.mark()

    def mark(self):
        self.daemon.wait_log("settled")
        self.begun = len(self.daemon.log())

    def state(self):
        return self.daemon.endpoint(NAME, "primary")["addresses"][0]["watch"]

    def wait_state(self, wanted):
        st.wait_until(lambda: self.state() == wanted, what=f"the connection to be {wanted}")

    def ends(self, cause="unexpected"):
        return self.daemon.metric("shunt_watched_ends_total", cause=cause)

    def probes(self):
        return self.daemon.endpoint(NAME, "primary")["addresses"][0]["probes"]

    def assert_nothing_told(self):
        """No change of health, no event: what an operator hears of."""
        for line in self.daemon.log()[self.begun :].splitlines():
            self.assertTrue("the connection to" in line, line)
        self.assertEqual(self.daemon.active(NAME), "primary")
        self.assertEqual(self.daemon.health(NAME, "primary"), "up")


class Killed(Watched):
    def killed(self, kind):
        primary = self.address()
        port = st.free_port(primary)
        server = self.start(st.Nginx(self, "primary", primary, port))
        self.watch(config(port, primary, kind=kind))
        looper = self.start(st.Looper(self, NAME, self.daemon))
        looper.wait_answer(primary)
        killed = time.monotonic()
        os.killpg(server.pid, signal.SIGKILL)
        seen = looper.wait_answer("203.0.113.1")
        self.note(f"{kind}: the standby {1000 * (seen - killed):.1f} ms after the kill")
        self.assertEqual(self.daemon.health(NAME, "primary"), "down")
        self.assertEqual(self.state(), "off")
        self.assertEqual(self.ends(), 1)

    def test_tcp(self):
        """nginx killed: the burst alone finds it, with fall = 3"""
        self.killed("tcp")

    def test_http(self):
        """the same with a check of http"""
        self.killed("http")

    def test_comes_back(self):
        """what is down is not held; the first pass has it held again"""
        primary = self.address()
        port = st.free_port(primary)
        server = self.start(st.Nginx(self, "primary", primary, port))
        quick = 'interval = "100ms"; fall = 1; rise = 100; watch = true;'
        self.watch(config(port, primary, quick, kind="http"))
        server.kill()
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.state(), "off")
        server.start()
        self.wait_state("held")
        self.assertEqual(self.daemon.health(NAME, "primary"), "down")

    def test_master_alone(self):
        """nginx's master alone killed: its worker serves on, and nothing is told"""
        primary = self.address()
        port = st.free_port(primary)
        server = self.start(st.Nginx(self, "primary", primary, port))
        self.watch(config(port, primary, kind="http"))
        server.signal(signal.SIGKILL)
        server.process.wait()
        # Each check is one more chance for the end of a connection to be seen.
        for count in range(3):
            before = self.probes()
            self.assertEqual(st.shunt(self.daemon, "check", NAME).returncode, 0)
            st.wait_until(lambda: self.probes() > before, what=f"probe {count} to end")
        self.assertEqual(self.state(), "held")
        self.assertEqual(self.ends(), 0)
        self.assert_nothing_told()
        os.killpg(server.pid, signal.SIGKILL)
        self.daemon.wait_active(NAME, "secondary")


class Idle(Watched):
    def test_closes_idle(self):
        """a server that ends idle connections costs a connection again, one probe each time, and nothing else"""
        primary = self.address()
        port = st.free_port(primary)
        self.start(st.Nginx(self, "primary", primary, port, server="client_header_timeout 1s;"))
        self.watch_ends(config(port, primary, kind="http"))
        self.wait_state("held")
        self.assert_nothing_told()
        # 1, a burst of 20, and one for each of the others.
        self.assertLessEqual(self.probes(), 21 + self.ends("expected"))

    def watch_ends(self, text):
        """Until three connections have ended, of which the first alone came unexpected."""
        # A server that stands still ends one later than the others; not again and again.
        for _ in range(5):
            self.daemon = self.start(st.Daemon(self, text, options=["-v"]))
            self.mark()
            st.wait_until(lambda: self.ends("expected") >= 2, what="the server to end three connections")
            if self.ends() == 1:
                return
            self.daemon.stop()
        self.fail(f"connections ended unexpectedly:\n{self.daemon.log()}")

    def test_closes_at_once(self):
        """one that ends them at once is asked more and more rarely"""
        primary = self.address()
        server = self.start(st.Hostile(st.closes, primary))
        self.watch_ends(config(server.port, primary))
        self.assertLessEqual(self.probes(), 21 + self.ends("expected"))
        self.assert_nothing_told()

    def test_talks(self):
        """what a server says unasked is not stored, and one that goes on for ever is left"""
        primary = self.address()
        server = self.start(st.Hostile(talks, primary))
        self.daemon = self.start(st.Daemon(self, config(server.port, primary), options=["-v"]))
        self.daemon.wait_log("the peer sends without being asked")
        self.wait_state("waiting")
        st.wait_until(lambda: server.open == 0, what="the connection to be closed")
        self.assertEqual(self.ends(), 0)
        self.assertEqual(self.daemon.active(NAME), "primary")

    def test_greeting(self):
        """a greeting is no end"""
        primary = self.address()
        server = self.start(st.Hostile(greets, primary))
        self.watch(config(server.port, primary))
        self.assertEqual(st.shunt(self.daemon, "check", NAME).returncode, 0)
        self.assertEqual(self.state(), "held")
        self.assertEqual(self.ends(), 0)

    def test_source(self):
        """from the address that the check says, as its probes"""
        primary, source, seen = self.address(), self.address(), []

        def keeps(connection, stop):
            seen.append(connection.getpeername()[0])
            stop.wait()

        server = self.start(st.Hostile(keeps, primary))
        self.watch(config(server.port, primary, f'source = "{source}"; {ONCE}'))
        st.wait_until(lambda: seen, what="the connection to be accepted")
        self.assertEqual(set(seen), {source})

    def test_during_a_probe(self):
        """a probe that was under way when the connection ended, and passes, clears nothing: others follow"""
        primary = self.address()
        mute, under_way, hurry = [], [], threading.Event()
        hurry.set()

        def serve(connection, stop):
            mute.append(connection)
            connection.recv(1, socket.MSG_PEEK)  # the connection that is watched never sends anything
            mute.remove(connection)
            under_way.append(connection)
            hurry.wait(st.PATIENCE)
            st.well(connection, stop)

        server = self.start(st.Hostile(serve, primary))
        self.watch(config(server.port, primary, kind="http"))
        st.wait_until(lambda: len(mute) == 1, what="the connection that is watched")
        before = self.probes()
        hurry.clear()
        under_way.clear()
        asking = threading.Thread(target=st.shunt, args=(self.daemon, "check", NAME))
        asking.start()
        st.wait_until(lambda: under_way, what="a probe to be under way")
        server.stop()  # from here on it refuses, what is under way aside
        mute[0].shutdown(socket.SHUT_RDWR)
        st.wait_until(lambda: self.ends() == 1, what="the end of the connection to be seen")
        hurry.set()
        asking.join()
        self.daemon.wait_active(NAME, "secondary")
        self.assertGreaterEqual(self.probes(), before + 4)

    def test_reload(self):
        """a reload keeps the connection of what stays, and closes that of what goes"""
        st.need("ss")
        primary = self.address()
        server = self.start(st.Hostile(st.silent, primary))
        self.watch(config(server.port, primary))

        def held():
            """The ports of connections to it, as the kernel has them: what is accepted when is another matter."""
            done = st.run(["ss", "-Htn", "state", "established", "dst", primary])
            return [line.split()[2] for line in done.stdout.splitlines()]

        st.wait_until(lambda: len(held()) == 1, what="the probe's connection to be closed")
        before = held()
        self.reload(config(server.port, primary) + " # the same")
        self.assertEqual((held(), self.state()), (before, "held"))
        self.reload(config(server.port, primary, ONCE.replace("watch = true", "watch = false")))
        self.assertEqual(self.state(), None)
        st.wait_until(lambda: server.open == 0, what="the connection to be closed")
        self.reload(config(server.port, primary))
        self.wait_state("held")
        self.daemon.stop()
        st.wait_until(lambda: server.open == 0, what="the connection to be closed at the end")

    def reload(self, text):
        self.daemon.write_config(text)
        done = st.shunt(self.daemon, "reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.daemon.wait_settled()


class Silent(Watched):
    def test_black_hole(self):
        """a peer that falls silent is found by the kernel's own questions, while no probe is due"""
        host, there = self.start(st.NetNs()), self.start(st.NetNs())
        host.connect(there, "192.0.2.1/30", "192.0.2.2/30")
        with there.inside():
            server = self.start(st.Hostile(st.silent, "192.0.2.2"))
        # An hour: what is due meanwhile is the burst's, and what follows a failure.
        check = 'interval = "1h"; fast_interval = "100ms"; timeout = "2s"; fall = 2; rise = 1; watch = true;'
        self.watch(config(server.port, "192.0.2.2", check), prefix=host.prefix)
        silent, before = time.monotonic(), self.probes()
        host.nft("add table inet t; add chain inet t out { type filter hook output priority 0; };"
                 "add rule inet t out ip daddr 192.0.2.2 drop;")  # fmt: skip
        self.daemon.wait_log("the connection to 192.0.2.2, .*ended and starts probes")
        self.note(f"the hint {time.monotonic() - silent:.1f} s after the last packet, with timeout = \"2s\"")
        st.wait_until(lambda: self.probes() > before, what="the burst's probe to end")

        def left():
            """A probe that was late, as this machine stood still, is no verdict, and the next one is due in an hour."""
            if self.daemon.active(NAME) == "secondary":
                return True
            st.shunt(self.daemon, "check", NAME)
            return False

        st.wait_until(left, what="the standby to answer")
        self.assertEqual(self.ends(), 1)


class Many(st.Case):
    COUNT = 1000

    def text(self, port, addresses):
        check = f'checks: {{ it: {{ type = "tcp"; port = {port}; {ONCE.replace("fall = 3", "fall = 2")} }}; }};'
        records = ", ".join(
            f'{{ name = "r{number}.example.com"; primary: {{ address = "{address}"; check = "it"; }};'
            f' secondary: {{ address = "203.0.113.1"; }}; }}'
            for number, address in enumerate(addresses)
        )
        return f"{check} records: ( {records} );"

    def test_thousand(self):
        """1,000 connections held; all of them lost in one moment are all found, and the daemon answers meanwhile"""
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 8 * self.COUNT:
            raise unittest.SkipTest("this needs a limit of 8000 descriptors")
        # One process for all: 127.77.x.y is answered by what listens on each address.
        port = st.free_port("0.0.0.0")
        server = self.start(st.Process(self, "keeper", [sys.executable, "-c", KEEPER, str(port)]))
        st.wait_until(lambda: st.can_connect("127.0.0.1", port), what="the server to listen")
        addresses = [f"127.77.{number // 250}.{number % 250 + 1}" for number in range(self.COUNT)]
        daemon = self.start(st.Daemon(self, self.text(port, addresses)))
        held = lambda: daemon.metric("shunt_watched_connections", state="held")
        st.wait_until(lambda: held() == self.COUNT, what="every connection to be held")
        before = st.cpu_seconds(daemon.pid)
        server.signal(signal.SIGKILL)
        server.process.wait()
        killed = time.monotonic()
        down = lambda: sum(record["active"] == "secondary" for record in daemon.status()["records"])
        st.wait_until(lambda: down() == self.COUNT, what="every record to be answered by its secondary")
        self.note(f"1,000 of them moved {time.monotonic() - killed:.2f} s after the kill,"
                  f" for {st.cpu_seconds(daemon.pid) - before:.2f} s of processor time")  # fmt: skip
        self.assertEqual(daemon.metric("shunt_watched_connections", state="off"), self.COUNT)
        self.assertEqual(daemon.metric("shunt_watched_ends_total", cause="unexpected"), self.COUNT)

    def test_too_few_descriptors(self):
        """too few descriptors for all of them: -t says so, what cannot be held is probed, and the log says it once"""
        servers = [self.start(st.Hostile(st.silent, self.address(), port)) for port in [st.free_port("0.0.0.0")] * 12]
        path = self.write("shunt.conf", self.text(servers[0].port, [server.at for server in servers]))
        few = ["prlimit", "--nofile=64:64", "--"]
        done = st.run([*few, st.SHUNTD, "-t", "-c", path])
        self.assertEqual(done.returncode, 0)
        self.assertIn(
            "records: watch = true has 12 connections held, and 8 of 64 descriptors are for them; raise LimitNOFILE to 96",
            done.stderr,
        )
        self.assertEqual(st.run([st.SHUNTD, "-t", "-c", path]).stderr, "")
        daemon = self.start(st.Daemon(self, self.text(servers[0].port, [server.at for server in servers]), prefix=few))
        st.wait_until(lambda: daemon.metric("shunt_watched_connections", state="held") == 8, what="8 to be held")
        daemon.wait_settled()
        st.wait_until(lambda: daemon.metric("shunt_watched_ends_total", cause="host") >= 4, what="4 to be refused")
        self.assertEqual(daemon.metric("shunt_watched_connections", state="waiting"), 4)
        self.assertEqual(daemon.log().count("no more than 8 connections can be watched"), 1)
        table = st.shunt(daemon, "status").stdout
        self.assertEqual((table.count(" up, watched "), table.count(" up, not watched ")), (8, 4), table)
        self.assertTrue(all(record["active"] == "primary" for record in daemon.status()["records"]))


class Configuration(st.Case):
    def test_types(self):
        """only what connects can be watched"""
        for kind, rest in (("exec", 'command = [ "/bin/true" ];'), ("calculated", 'of = [ "a" ];')):
            path = self.write("shunt.conf", f"""checks: {{ a: {{ type = "tcp"; port = 1; }};
                b: {{ type = "{kind}"; {rest} watch = true; }}; }};
                records: ( {{ name = "a.example"; primary: {{ address = "192.0.2.1"; check = "b"; }}; }} );""")
            done = st.run([st.SHUNTD, "-t", "-c", path])
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'watch: does not apply to type "{kind}"; remove it, or write type =', done.stderr)


def talks(connection, stop):
    """Sends without being asked, for ever."""
    while not stop.is_set():
        connection.sendall(b"x" * 4096)


def greets(connection, stop):
    """As servers of databases and mail do."""
    connection.sendall(b"220 ready\r\n")
    stop.wait()


if __name__ == "__main__":
    st.main()
