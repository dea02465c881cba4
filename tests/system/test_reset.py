#!/usr/bin/env python3
"""Open connections to what was lost: reset when the record has left it, those alone, and never where it would hurt."""
import errno
import os
import socket
import time

import resets
import shunttest as st
from test_connect import Talker

ONE, TWO, THREE = "192.0.2.2", "192.0.2.3", "192.0.2.4"
PORT = 5432
NOBODY = 65534
NAME = "db.example.com"
CHECK = f'check: {{ type = "tcp"; port = {PORT}; interval = "200ms"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "300ms"; }};'


def record(name=NAME, options='on_leave = "reset";', primary=ONE, standby=TWO, check=CHECK):
    return (
        f'{{ name = "{name}"; {options} primary: {{ address = "{primary}"; {check} }};'
        f' secondary: {{ address = "{standby}"; {check} }}; }}'
    )


def records(*lists, top=""):
    return f'{top} records: ( {", ".join(lists)} );'


# Connects to where it was told before; says what came of it: an error, or where it is connected to.
CLIENT = """
import errno, socket, sys

name, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def find():
    return socket.getaddrinfo(name, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]

def try_once(s, place):
    try:
        s.connect(place)
        return s.getpeername()[0]
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))

def new():
    s = socket.socket()
    s.settimeout(600 if how == "timeout" else None)
    return s

place = find()
s = new()
print(place[0], flush=True)
input()
print(try_once(s, place), flush=True)
input()
print(try_once(s, place), flush=True)
input()
print(try_once(new(), find()), flush=True)
"""


class Reset(st.Case):
    """A namespace with a server at each address, the helper and the daemon in it."""

    def setUp(self):
        super().setUp()
        if not resets.may_reset():
            self.skipTest("resetting connections needs root")
        st.need("ss", "nft")
        self.space = self.start(st.NetNs())
        self.space.add_address(ONE, TWO, THREE)
        self.servers = {address: self.start(resets.Server(self.space, (address, PORT))) for address in (ONE, TWO, THREE)}
        self.clients = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def watch(self, config=None, helper=True):
        config = config or records(record())
        self.helper = resets.Helper(self, config, prefix=self.space.prefix)
        if helper:
            self.start(self.helper)
        self.daemon = st.Daemon(self, self.whole(config), prefix=self.space.prefix)
        os.chown(self.daemon.dir, NOBODY, NOBODY)
        self.start(self.daemon)
        self.daemon.wait_settled()
        self.begun = len(self.daemon.log())

    def whole(self, config):
        """The daemon has a user of its own, by which its own connections are known."""
        return f'user = "nobody"; reset_socket = "{self.helper.socket_path}"; {config}'

    def wait_ready(self):
        st.wait_until(lambda: self.daemon.status()["reset"]["ready"], what="the helper to be there")

    def connect(self, address, count=1, wait=True):
        made = []
        for _ in range(count):
            with self.space.inside():
                made.append(socket.socket(st.family_of(address), socket.SOCK_STREAM))
            made[-1].settimeout(st.PATIENCE if wait else 0)
            made[-1].connect_ex((address, PORT))
        self.clients += made
        return made

    def silence(self, *addresses):
        """What is sent to them is lost: they look like hosts that have lost their power."""
        drops = "".join(f"add rule ip t i ip daddr {address} drop\n" for address in addresses)
        self.space.nft("add table ip t\nadd chain ip t i { type filter hook input priority 0; }\nflush chain ip t i\n" + drops)

    def silence_programs(self, address):
        """What programs send to it is lost; the daemon's probes pass on."""
        self.space.nft("add table ip p\nadd chain ip p o { type filter hook output priority 0; }\n"
                       f"add rule ip p o ip daddr {address} meta skuid != {NOBODY} drop\n")  # fmt: skip

    def wait_checks(self):
        self.wait_more_probes(NAME)

    def wait_more_probes(self, name):
        """Until each address has been probed twice more."""

        def probes():
            return [address["probes"] for end in self.daemon.record(name)["endpoints"] for address in end["addresses"]]

        before = probes()
        st.wait_until(lambda: all(now >= then + 2 for now, then in zip(probes(), before)), what="two more probes")

    def kill(self, address):
        self.servers[address].stop()

    def wait_log(self, pattern):
        return self.daemon.wait_log(pattern, start=self.begun)

    def errors(self, clients):
        return [resets.error_of(client) for client in clients]

    def stays(self, clients):
        """Nothing has happened to them: a probe has come and gone since."""
        self.assertEqual(set(self.errors(clients)), {0})


class Leaves(Reset):
    def test_silent(self):
        """a primary that falls silent: those to it end at once, established or in the making, and no other"""
        self.watch()
        self.wait_ready()
        lost, others = self.connect(ONE, 10), self.connect(TWO, 5) + self.connect(THREE, 5)
        self.silence_programs(ONE)
        lost += self.connect(ONE, 2, wait=False)
        keep = {resets.cookie(client) for client in others}
        self.silence(ONE)
        found = self.wait_log(r"db\.example\.com: primary: (\d+) of (\d+) connections reset\n")
        self.assertEqual(found.groups(), ("12", "12"))
        self.assertEqual(set(self.errors(lost)), {errno.ECONNABORTED})
        self.stays(others)
        self.assertTrue(keep <= resets.cookies(self.space))
        self.assertEqual(self.daemon.active(NAME), "secondary")
        self.assertEqual(self.daemon.metric("shunt_connections_reset_total"), 12)
        self.assertEqual(self.daemon.metric("shunt_resets_total", result="success"), 1)
        self.assertEqual(self.daemon.metric("shunt_events_total", type="connections_reset"), 1)

    def test_reader(self):
        """a program that waits for an answer on a pooled connection is told, and connects to what answers"""
        self.watch()
        self.wait_ready()
        (client,) = self.connect(ONE)
        self.silence(ONE)
        begin = time.monotonic()
        with self.assertRaises(ConnectionAbortedError):
            client.recv(1)
        self.note(f"told {1000 * (time.monotonic() - begin):.0f} ms after the power was gone")

    def begin_connect(self, connect, how):
        """A program that is connecting into the black hole when the primary is found to be down."""
        slow = f'check: {{ type = "tcp"; port = {PORT}; interval = "1h"; fast_interval = "100ms"; fall = 2; rise = 1; timeout = "300ms"; }};'
        self.watch(records(record(options=f'connect = "{connect}"; on_leave = "reset";', check=slow)))
        self.wait_ready()
        client = Talker(self.daemon, CLIENT, NAME, PORT, how, prefix=self.space.prefix)
        self.addCleanup(client.__exit__)
        self.assertEqual(client.read(), ONE)
        self.silence(ONE)
        client.process.stdin.write("\n")
        syn_sent = [*self.space.prefix, "ss", "-Htn", "state", "syn-sent", "dst", ONE]
        st.wait_until(lambda: st.run(syn_sent).stdout, what="a connect() under way")

        def found_down():
            """A probe that was late, as this machine stood still, is no verdict, and the next one is due in an hour."""
            st.shunt(self.daemon, "check", NAME)
            return self.daemon.health(NAME, "primary") == "down"

        st.wait_until(found_down, what="the primary to be down")
        return client

    def test_connect_blocks(self):
        """connect = "retry": a connect() that waits in a black hole goes on to the standby, and succeeds"""
        client = self.begin_connect("retry", "blocking")
        self.assertEqual(client.read(), TWO)
        self.wait_log(r"db\.example\.com: primary: 1 of 1 connections reset\n")
        self.assertEqual(client.ask(), "EISCONN")
        self.assertEqual(client.ask(), TWO)

    def test_connect_does_not_block(self):
        """the same with a time-out: it ends at once with ECONNABORTED, and the next attempt is led to the standby, even on that socket"""
        client = self.begin_connect("redirect", "timeout")
        self.assertEqual(client.read(), "ECONNABORTED")
        self.assertEqual(client.ask(), TWO)
        self.assertEqual(client.ask(), TWO)

    def test_keep(self):
        """the default: nothing is touched"""
        self.watch(records(record(options="")))
        clients = self.connect(ONE, 3)
        self.silence(ONE)
        self.daemon.wait_active(NAME, "secondary")
        self.wait_checks()
        self.stays(clients)
        self.assertEqual(self.daemon.status()["reset"], {"wanted": False, "ready": False, "error": None})
        st.wait_until(lambda: not self.helper.children(), what="nobody to be served")

    def test_returns(self):
        """on_return: what hangs on the standby after the failback"""
        self.watch(records(record(options='on_return = "reset";')))
        self.wait_ready()
        self.silence(ONE)
        primary = self.connect(ONE, 1, wait=False)
        self.daemon.wait_active(NAME, "secondary")
        standby = self.connect(TWO, 3)
        self.wait_checks()
        self.stays(primary + standby)
        self.silence()
        self.daemon.wait_active(NAME, "primary")
        self.wait_log(r"db\.example\.com: secondary: 3 of 3 connections reset\n")
        self.assertEqual(set(self.errors(standby)), {errno.ECONNABORTED})

    def test_operator(self):
        """an operator moves the record off a primary that is well: its connections drain; back, and on_return applies"""
        self.watch(records(record(options='on_leave = "reset"; on_return = "reset";')))
        self.wait_ready()
        primary = self.connect(ONE, 3)
        st.shunt(self.daemon, "force", NAME, "secondary")
        self.wait_checks()
        self.stays(primary)
        standby = self.connect(TWO, 2)
        st.shunt(self.daemon, "auto", NAME)
        self.wait_log("secondary: 2 of 2 connections reset")
        self.stays(primary)
        self.assertEqual(set(self.errors(standby)), {errno.ECONNABORTED})

    def test_all_down(self):
        """what answers now is down, too: there is nothing better to connect to"""
        self.watch()
        self.wait_ready()
        self.silence(TWO)
        st.wait_until(lambda: self.daemon.health(NAME, "secondary") == "down", what="the standby to be down")
        clients = self.connect(ONE, 3)
        self.kill(ONE)
        st.wait_until(lambda: self.daemon.health(NAME, "primary") == "down", what="the primary to be down")
        self.wait_checks()
        self.assertEqual(self.daemon.metric("shunt_connections_reset_total"), 0)
        self.assertNotIn(errno.ECONNABORTED, self.errors(clients))

    def test_one_address(self):
        """an endpoint of two addresses that loses one: those to it"""
        both = f'addresses = [ "{ONE}", "{THREE}" ];'
        config = records(record()).replace(f'address = "{ONE}";', both)
        self.watch(config)
        self.wait_ready()
        lost, well = self.connect(THREE, 4), self.connect(ONE, 4)
        self.silence(THREE)
        self.wait_log("primary: 4 of 4 connections reset")
        self.assertEqual(self.daemon.active(NAME), "primary")
        self.assertEqual(set(self.errors(lost)), {errno.ECONNABORTED})
        self.stays(well)


class Shared(Reset):
    def test_another_record(self):
        """what another record still answers with stays, until that one has left it as well"""
        slow = CHECK.replace("fall = 2", "fall = 20")
        self.watch(records(record(), record("other.example.com", options="", check=slow)))
        self.wait_ready()
        clients = self.connect(ONE, 3)
        self.silence(ONE)
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.daemon.active("other.example.com"), "primary")
        self.stays(clients)
        self.daemon.wait_active("other.example.com", "secondary")
        self.wait_log(r"db\.example\.com: primary: 3 of 3 connections reset")
        self.assertEqual(set(self.errors(clients)), {errno.ECONNABORTED})

    def test_mapped(self):
        """an address written as ::ffff:a.b.c.d is the IPv4 address: shared with it, and its connections are reset"""
        slow = CHECK.replace("fall = 2", "fall = 20")
        other = record("other.example.com", options="", check=slow)
        self.watch(records(record(primary=f"::ffff:{ONE}"), other))
        self.wait_ready()
        clients = self.connect(ONE, 3)
        self.silence(ONE)
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(self.daemon.active("other.example.com"), "primary")
        self.wait_checks()
        self.stays(clients)
        self.daemon.wait_active("other.example.com", "secondary")
        self.wait_log(r"db\.example\.com: primary: 3 of 3 connections reset")
        self.assertEqual(set(self.errors(clients)), {errno.ECONNABORTED})

    def test_another_port(self):
        """another record that answers with the address at another port does not count"""
        other = f'{{ name = "other.example.com"; ports = [ 80 ]; primary: {{ address = "{ONE}"; }}; }}'
        self.watch(records(record(), other))
        self.wait_ready()
        clients = self.connect(ONE, 3)
        self.silence(ONE)
        self.wait_log("primary: 3 of 3 connections reset")
        self.assertEqual(set(self.errors(clients)), {errno.ECONNABORTED})

    def test_many(self):
        """two hundred records that share the primary leave it one after another: each connection is reset once"""
        self.watch(records(*[record(f"n{i}.example.com") for i in range(200)]))
        self.wait_ready()
        clients = self.connect(ONE, 20)
        self.silence(ONE)
        st.wait_until(lambda: set(self.errors(clients)) == {errno.ECONNABORTED}, what="all to be reset")
        self.daemon.wait_active("n199.example.com", "secondary")
        st.wait_until(lambda: self.daemon.metric("shunt_resets_total", result="success") == 200, what="all orders to be done")
        self.assertEqual(self.daemon.metric("shunt_connections_reset_total"), 20)


class Isolated(Reset):
    """The endpoints are beyond this host, so that their silence may be its own fault."""

    def setUp(self):
        super().setUp()
        self.far = self.start(st.NetNs())
        self.device = self.space.connect(self.far, "198.51.100.1/24", "198.51.100.2/24")
        self.far.add_address("198.51.100.3")
        self.places = ("198.51.100.2", PORT), ("198.51.100.3", PORT)
        self.start(resets.Server(self.far, *self.places))

    def test_isolated(self):
        """cut off from everything, a record moves to what is on this host; nothing is reset before it is known who is lost"""
        far, near = self.places[0][0], self.places[1][0]
        local = record(primary=far, standby=ONE).replace(CHECK + " }; }", "}; }")
        self.watch(records(local, record("other.example.com", options="", primary=near, standby=near)))
        self.wait_ready()
        clients = self.connect(far, 3)
        self.space.nft(f"add table ip t; add chain ip t o {{ type filter hook output priority 0; }}; "
                       f"add rule ip t o oif {self.device} drop")
        st.wait_until(lambda: self.daemon.status()["isolated"], what="isolation")
        self.daemon.wait_active(NAME, "secondary")
        self.wait_more_probes("other.example.com")
        self.stays(clients)
        self.assertEqual(self.daemon.metric("shunt_connections_reset_total"), 0)
        # Now the other one answers: it was not this host, and the primary is lost.
        self.space.nft(f"flush chain ip t o; add rule ip t o ip daddr {far} drop")
        self.wait_log("primary: 3 of 3 connections reset")
        self.assertEqual(set(self.errors(clients)), {errno.ECONNABORTED})


class Helper(Reset):
    def test_absent(self):
        """without the helper status says so, and how to get it; nothing waits for it; when it comes it is found"""
        self.watch(helper=False)
        said = f"nobody listens at {self.helper.socket_path}; systemctl enable --now shunt-reset.socket"
        st.wait_until(lambda: self.daemon.status()["reset"]["error"] == said, what="status to say so")
        self.assertIn(f"Open connections cannot be reset: {said}.\n", st.shunt(self.daemon, "status", NAME).stdout)
        self.assertEqual(self.daemon.metric("shunt_reset_ready"), 0)
        self.connect(ONE, 3)
        self.silence(ONE)
        self.daemon.wait_active(NAME, "secondary")
        self.wait_log(r"db\.example\.com: primary: its connections are not reset: nobody listens at ")
        self.assertEqual(self.daemon.metric("shunt_resets_total", result="failure"), 1)
        self.start(self.helper)
        self.wait_ready()
        self.assertEqual(self.daemon.metric("shunt_reset_ready"), 1)
        self.assertNotIn("cannot be reset", st.shunt(self.daemon, "status", NAME).stdout)

    def test_stopped(self):
        """a helper that stands still delays nothing, and is given up"""
        self.watch()
        self.wait_ready()
        clients = self.connect(ONE, 3)
        self.helper.pause()
        begin = time.monotonic()
        self.silence(ONE)
        self.daemon.wait_active(NAME, "secondary")
        self.assertEqual(st.shunt(self.daemon, "status").returncode, 1)
        self.note(f"failed over after {1000 * (time.monotonic() - begin):.0f} ms")
        self.wait_log("primary: its connections are not reset: shunt-reset does not answer")
        self.stays(clients)
        self.helper.resume()
        self.wait_ready()

    def test_killed(self):
        """a helper that is killed is asked for again"""
        self.watch()
        self.wait_ready()
        self.helper.kill()
        st.wait_until(lambda: not self.daemon.status()["reset"]["ready"], what="it to be missed")
        self.helper.start()
        self.wait_ready()
        clients = self.connect(ONE, 3)
        self.silence(ONE)
        self.wait_log("primary: 3 of 3 connections reset")
        self.assertEqual(set(self.errors(clients)), {errno.ECONNABORTED})

    def test_refuses(self):
        """a helper whose configuration is another one: what it says is told"""
        self.watch()
        self.wait_ready()
        os.chmod(self.helper.config_path, 0o666)
        self.helper.kill()
        self.helper.start()
        st.wait_until(lambda: "chmod go-w" in (self.daemon.status()["reset"]["error"] or ""), what="its words")

    def test_reload(self):
        """each configuration is the helper's, too: an endpoint that a reload brings is reset like the others"""
        self.watch()
        self.wait_ready()
        config = records(record(primary=THREE))
        self.helper.write(config)
        self.daemon.reload(self.whole(config))
        # What was never up was not lost, and is not reset.
        self.wait_log("primary 192.0.2.4: unknown -> up")
        self.wait_ready()
        clients, before = self.connect(THREE, 3), self.connect(ONE, 1)
        self.silence(THREE)
        self.wait_log("primary: 3 of 3 connections reset")
        self.assertEqual(set(self.errors(clients)), {errno.ECONNABORTED})
        self.stays(before)

    def test_slow(self):
        """resets take their time, and a reload meanwhile lets them finish"""
        config = records(record(), top="reset_rate = 20;")
        self.watch(config)
        self.wait_ready()
        clients = self.connect(ONE, 30)
        self.silence(ONE)
        st.wait_until(lambda: errno.ECONNABORTED in self.errors(clients[:2]) or self.aborted(clients), what="the first one")
        self.daemon.reload()
        found = self.wait_log(r"primary: (\d+) of (\d+) connections reset")
        self.assertEqual(found.groups(), ("30", "30"))

    def aborted(self, clients):
        return errno.ECONNABORTED in self.errors(clients)


NODE = """
(async () => {
    for (;;) {
        try {
            console.log((await (await fetch(process.argv[2])).text()).trim());
        } catch (error) {
            console.log("failed: " + (error.cause ? error.cause.code : error));
        }
        await new Promise((done) => setTimeout(done, 10));
    }
})();
"""


class Client(Reset):
    def test_node(self):
        """a real pool, without a time limit of its own: the request that waits is told, and the next one is answered by the standby"""
        st.need("node", "nginx")
        for server in self.servers.values():
            server.stop()
        for name, address in (("one", ONE), ("two", TWO)):
            self.start(st.Nginx(self, name, address, PORT, body=name, prefix=self.space.prefix))
        self.watch()
        self.wait_ready()
        command = ["node", self.write("client.js", NODE), f"http://{NAME}:{PORT}/"]
        client = self.start(st.Process(self, "node", command, env=self.daemon.env(), prefix=self.space.prefix))
        client.wait_log("(one\n){5}")
        self.silence_programs(ONE)
        under_way = [*self.space.prefix, "ss", "-Htn", "state", "syn-sent", "dst", ONE]
        st.wait_until(lambda: st.run(under_way).stdout, what="a request into the void")
        self.silence(ONE)
        begin = time.monotonic()
        self.wait_log("primary: [1-9][0-9]* of")
        verdict = time.monotonic()
        client.wait_log("two\n")
        self.note(f"verdict after {verdict - begin:.2f} s, a good answer {time.monotonic() - verdict:.2f} s later")
        self.assertEqual(len(set(client.log().splitlines()) - {"one", "two"}), 1, client.log())


class ByHand(Reset):
    def test_reset(self):
        """shunt reset: counts, resets, leaves out what another name is answered with, and refuses what would hurt"""
        other = f'{{ name = "other.example.com"; ports = [ {PORT} ]; primary: {{ address = "{THREE}"; }}; }}'
        both = record(options="").replace(f'address = "{TWO}";', f'addresses = [ "{TWO}", "{THREE}" ];')
        self.watch(records(both, other))
        two, three = self.connect(TWO, 3), self.connect(THREE, 2)
        left = f"shunt: {THREE} is left out: other.example.com answers with it\n"
        for options, out, errors in (
            (["--dry-run"], "secondary: 3 connections\n", {0}),
            ([], "secondary: 3 of 3 connections reset\n", {errno.ECONNABORTED}),
            ([], "secondary: 0 of 0 connections reset\n", {0}),  # an error is told once
        ):
            done = st.shunt(self.daemon, "reset", NAME, "secondary", *options)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, out, left))
            self.assertEqual(set(self.errors(two)), errors)
        self.stays(three)
        for name, endpoint, words in ((NAME, "primary", "answers for it, so that programs would connect there again"),
                                      (NAME, "third", 'has no endpoint "third"; it has primary, secondary')):
            done = st.shunt(self.daemon, "reset", name, endpoint)
            self.assertEqual((done.returncode, done.stdout), (4, ""))
            self.assertIn(words, done.stderr)

    def test_no_helper(self):
        """without the helper it says so, and how to get it"""
        self.watch(records(record(options="")), helper=False)
        done = st.shunt(self.daemon, "reset", NAME, "secondary")
        self.assertEqual((done.returncode, done.stdout), (4, ""))
        self.assertIn("systemctl enable --now shunt-reset.socket", done.stderr)

    def test_explain(self):
        """explain says what would be reset"""
        self.watch()
        said = st.shunt(self.daemon, "explain", NAME).stdout
        self.assertIn("those to primary are reset once it is lost and another answers", " ".join(said.split()))
        self.assertIn(f"to {ONE}, port {PORT}; not while it answers for another name", " ".join(said.split()))


class Check(st.Case):
    def test_missing(self):
        """shuntd -t says in words that nobody listens, and is content"""
        config = self.write("t.conf", f'reset_socket = "{self.path("none")}"; {records(record())}')
        done = st.run([st.SHUNTD, "-t", "-c", config])
        self.assertEqual(done.returncode, 0)
        self.assertEqual(
            done.stderr,
            f"{config}:1: reset_socket: hint: nobody listens at {self.path('none')}, so that no connections are reset; "
            "systemctl enable --now shunt-reset.socket\n",
        )
        config = self.write("t.conf", f'reset_socket = "{self.path("none")}"; {records(record(options=""))}')
        self.assertEqual(st.run([st.SHUNTD, "-t", "-c", config]).stderr, "")


if __name__ == "__main__":
    st.main(jobs=2)
