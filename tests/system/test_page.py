#!/usr/bin/env python3
"""The status page in a browser: what it shows of a real daemon, without a reload; what it asks for; text from outside; a phone."""
import base64
import hashlib
import http.client
import json
import os
import re
import time

import browser
import etcd
import shunttest as st

NAME = "www.example.com"
SOON = 8  # seconds; without the event it would take until the page asks again by itself
PACE = 'interval = "500ms"; fast_interval = "100ms"; fall = 2; rise = 2; timeout = "1s";'
ROW = f"li[data-name='{NAME}']"
NASTY = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


class Page(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.http = st.free_port()

    def config(self, *records, before="", more=""):
        own = f"""{{ name = "{NAME}"; {more} aliases = [ "www" ]; primary: {{ address = "{self.primary}"; check = "web"; }};
                   secondary: {{ address = "{self.standby}"; check = "web"; }}; }}"""
        return f"""http = "127.0.0.1:{self.http}"; {before}
            checks: {{ web: {{ type = "http"; port = {self.port}; {PACE} }}; }};
            records: ( {", ".join((own, *records))} );"""

    def servers(self):
        self.one = self.start(st.Nginx(self, "one", self.primary, self.port))
        self.two = self.start(st.Nginx(self, "two", self.standby, self.port))

    def daemon(self, config=None, settle=True):
        self.shuntd = self.start(st.Daemon(self, config or self.config()))
        if settle:
            st.wait_until(lambda: self.shuntd.status()["settled"], what="the table to settle")
        return self.shuntd

    def browse(self, query="", **options):
        """Opens the page, and leaves a mark that a reload would wipe out."""
        self.page = self.start(browser.Browser(self, **options))
        self.page.open(f"http://127.0.0.1:{self.http}/{query}")
        self.wait_live()
        self.page.run("window.mark = 'still here'")
        return self.page

    def wait_live(self):
        st.wait_until(lambda: self.page.run("return document.body.dataset.link") == "live", what="the page to be connected")
        st.wait_until(lambda: self.page.text("#about"), what="the page to be drawn")

    def see(self, selector, pattern):
        """Waits until the text at the selector matches, and returns it."""
        return st.wait_until(
            lambda: re.search(pattern, self.page.text(selector) or "") and self.page.text(selector),
            what=f"{pattern!r} at {selector} (now {self.page.text(selector)!r})",
        )

    def level(self, name=NAME):
        return self.page.run("return document.querySelector(arguments[0])?.dataset.level ?? null", f"li[data-name='{name}']")

    def wait_level(self, level, name=NAME):
        st.wait_until(lambda: self.level(name) == level, what=f"{name} to be shown as {level}")

    def assert_clean(self, lost=False):
        """It was never reloaded, complained of nothing, ran nobody's script and asked for nothing but itself and the events."""
        self.assertEqual(self.page.run("return window.mark"), "still here")
        self.assertIsNone(self.page.run("return window.hacked ?? null"))
        said = [line for line in self.page.console() if not (lost and re.search(r"/v1/events\S* .*net::ERR_", line))]
        self.assertEqual(said, [])
        base = f"http://127.0.0.1:{self.http}/"
        asked = [url for url in self.page.requests() if not url.startswith("data:")]
        self.assertTrue(asked)
        for url in asked:
            self.assertRegex(url, rf"^{re.escape(base)}(v1/events)?(\?|$)")

    def assert_fits(self):
        width, inner = self.page.run("return [document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(width, inner)


class Served(Page):
    def test_served(self):
        """the page comes whole, with a policy that names the hashes of its own style and script, over both listeners"""
        daemon = self.daemon(settle=False)
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=st.PATIENCE)
        connection.request("GET", "/")
        response = connection.getresponse()
        text, headers = response.read(), response.headers
        connection.close()
        self.assertEqual(response.status, 200)
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(headers["Cache-Control"], "no-store")
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        for kind, tag in (("script-src", "script"), ("style-src", "style")):
            (inside,) = re.findall(rf"<{tag}(?: [^>]*)?>(.*?)</{tag}>".encode(), text, re.S)
            digest = base64.b64encode(hashlib.sha256(inside).digest()).decode()
            self.assertEqual(policy.pop(kind), f"'sha256-{digest}'")
        self.assertEqual(
            policy,
            {"default-src": "'none'", "img-src": "data:", "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'",
             "frame-ancestors": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "'none'"},
        )  # fmt: skip
        self.assertNotRegex(text.decode(), r"innerHTML|insertAdjacent|document\.write|\beval\(|https?://(?!www\.w3\.org/2000/svg)")
        self.assertEqual(daemon.request("/")[:2], (200, text))
        status, body, headers = daemon.request("/", "HEAD")
        self.assertEqual((status, body, headers["Content-Length"]), (200, b"", str(len(text))))
        self.assertEqual(daemon.request("/", "POST")[0], 405)


class Decisions(st.Case):
    """What the page makes of a status and of events, without a browser."""

    def ask(self, expression, *arguments):
        sources = ""
        for name in ("words", "model", "timeline", "row", "view"):
            with open(os.path.join(st.ROOT, "daemon", "control", "page", f"{name}.js"), encoding="utf-8") as file:
                sources += file.read()
        script = sources + f"\nprocess.stdout.write(JSON.stringify(({expression})(...{json.dumps(arguments)})))"
        st.need("node")
        done = st.run(["node", "-e", script])
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def endpoint(self, name, *healths, error=None):
        addresses = [{"address": f"192.0.2.{i}", "health": health, "last_error": None, "answers": True, "no_verdict_since": None}
                     for i, health in enumerate(healths)]  # fmt: skip
        health = "up" if "up" in healths else "unknown" if "unknown" in healths else "down"
        return {"id": name, "health": health if healths else "unknown", "error": error, "check": "tcp", "addresses": addresses}

    def record(self, *endpoints, active="primary", **more):
        return {"name": NAME, "aliases": [], "endpoints": endpoints, "active": active, "answer": [], "reason": "why",
                "since": "2026-11-27T03:00:00Z", "forced": False, "all_down": "primary", **more}  # fmt: skip

    def test_levels(self):
        """what needs a look, and why"""
        up, down, part = self.endpoint("primary", "up"), self.endpoint("primary", "down"), self.endpoint("primary", "up", "down")
        standby, dead = self.endpoint("secondary", "up"), self.endpoint("secondary", "down")
        rows = [
            (self.record(up, standby), ["well", "why"]),
            (self.record(up), ["well", "why"]),
            (self.record(down, standby, active="secondary"), ["away", "why"]),
            (self.record(up, standby, active="secondary", forced=True), ["away", "why"]),
            (self.record(up, standby, active=None), ["away", "why"]),
            (self.record(down, dead), ["none", "why"]),
            (self.record(down, dead, forced=True), ["none", "why"]),
            (self.record(self.endpoint("primary"), dead, active=None), ["none", "why"]),
            (self.record(up, standby, forced=True), ["forced", "why"]),
            (self.record(up, dead), ["less", "secondary is down"]),
            (self.record(part, standby), ["less", "primary has 1 of 2 addresses down"]),
            (self.record(up, self.endpoint("secondary", error="NXDOMAIN")), ["less", "secondary has no address: NXDOMAIN"]),
            (self.record(up, self.endpoint("secondary", "unknown")), ["less", "secondary has no verdict yet"]),
            (self.record(up, self.endpoint("secondary", "up", error="SERVFAIL")), ["less", "secondary is uncertain: SERVFAIL"]),
        ]
        seen = self.ask("(records) => records.map((record) => [levelOf(record), whyOf(record)])", [record for record, _ in rows])
        self.assertEqual(seen, [wanted for _, wanted in rows])

    def test_no_verdict(self):
        """which side is thought to be at fault where there is no verdict"""
        endpoint = self.endpoint("primary", "up")
        for side, words in (("host", " (this host)"), ("check", " (the check's command)"), ("unknown", "")):
            address = {**endpoint["addresses"][0], "no_verdict_since": "2026-11-27T03:00:00Z", "no_verdict_side": side}
            told = self.ask("remarksOf", {"endpoint": endpoint, "address": address, "first": True})
            self.assertRegex(told, r"^no verdict since [^()]+" + re.escape(words) + "$")

    def test_connections(self):
        """what lacks: a watched connection, a door, the program that resets; nothing of what is there, or not wanted"""
        endpoint = self.endpoint("primary", "up")
        for health, watch, words in (("up", "waiting", "not watched"), ("up", "held", ""), ("up", None, ""), ("down", "off", "")):
            address = {**endpoint["addresses"][0], "health": health, "watch": watch}
            self.assertEqual(self.ask("remarksOf", {"endpoint": endpoint, "address": address, "first": True}), words)
        doors = [{"cgroup": "/a", "state": "attached", "reason": None}, {"cgroup": "/b", "state": "refused", "reason": "too old"}]
        status = {"settled": True, "isolated": False, "doors": doors, "reset": {"wanted": True, "ready": False, "error": "nobody listens"}}
        told = self.ask("(status) => noticesOf(status).map(({ text }) => text)", status)
        self.assertEqual(told, ["Open connections cannot be reset: nobody listens.", "Door of /b: refused, too old."])
        doors[1] = {"cgroup": "/b", "state": "unserved", "reason": None}  # nobody has asked yet
        self.assertEqual(self.ask("(status) => noticesOf(status)[1].text", status), "Door of /b: unserved.")
        status["doors"].pop()
        status["reset"]["wanted"] = False
        self.assertEqual(self.ask("noticesOf", status), [])

    def test_headlines(self):
        """what is well at a glance, in words for each count of names"""
        rows = (
            (0, 0, 0, "No names are managed"),
            (0, 0, 1, "The only name is on its primary"),
            (0, 1, 1, "The only name is not on its primary"),
            (1, 0, 1, "The only name has no healthy endpoint"),
            (0, 0, 3, "All 3 names are on their primaries"),
            (0, 1, 3, "1 of 3 names is not on its primary"),
            (0, 2, 3, "2 of 3 names are not on their primaries"),
            (0, 3, 3, "None of 3 names is on its primary"),
            (1, 0, 3, "1 of 3 names has no healthy endpoint"),
            (2, 1, 3, "2 of 3 names have no healthy endpoint, 1 is not on the primary"),
            (1, 2, 3, "1 of 3 names has no healthy endpoint, 2 are not on the primary"),
            (3, 0, 3, "None of 3 names has a healthy endpoint"),
            (0, 1000, 1000, "None of 1,000 names is on its primary"),
        )
        seen = self.ask("(rows) => rows.map(([none, away, total]) => headlineOf({ none, away }, total))", rows)
        self.assertEqual(seen, [words for *_, words in rows])

    def test_timeline(self):
        """who answered when, and while it was down; nothing is made up of the time before the first event"""
        def event(second, kind, **fields):
            return {"seq": second, "time": f"2026-11-27T03:00:{second:02}Z", "type": kind, "record": NAME, "text": "", **fields}

        events = [
            event(10, "settled"),
            event(20, "health", **{"endpoint": "primary", "address": "192.0.2.0", "from": "up", "to": "down"}),
            event(21, "answer", **{"from": "primary", "to": "secondary"}),
            event(30, "health", **{"endpoint": "secondary", "address": "192.0.2.0", "from": "up", "to": "down"}),
            event(40, "answer", **{"from": "secondary", "to": "primary"}),
        ]  # fmt: skip
        record = self.record(self.endpoint("primary", "down"), self.endpoint("secondary", "down"))
        seen = self.ask(
            """(record, events) => {
                modelSnapshot({ snapshot: { records: [record] }, seq: 99, boot: "b" });
                const begin = Date.parse("2026-11-27T03:00:00Z"), now = begin + 60000;
                const plain = (list) => list.map(({ from, to, kind }) => [(from - begin) / 1000, (to - begin) / 1000, kind]);
                const before = plain(answerStretches(record, now));
                const fresh = [...events, events[1]].map(modelEvent);
                const answers = answerStretches(record, now), [primary, secondary] = record.endpoints;
                const dead = (endpoint) => plain(deadStretches(record, endpoint, answers, { ms: 200000 }, now));
                return { before, fresh, answers: plain(answers), primary: plain(healthStretches(record, primary, now)),
                    secondary: plain(healthStretches(record, secondary, now)), dead: [...dead(primary), ...dead(secondary)] };
            }""",
            record, events,
        )  # fmt: skip
        self.assertEqual(seen["before"], [[0, 60, "primary"]])
        self.assertEqual(seen["fresh"], [True] * 5 + [False])
        self.assertEqual(seen["answers"], [[10, 21, "primary"], [21, 40, "secondary"], [40, 60, "primary"]])
        self.assertEqual(seen["primary"], [[10, 20, "up"], [20, 60, "down"]])
        self.assertEqual(seen["secondary"], [[10, 30, "up"], [30, 60, "down"]])
        self.assertEqual(seen["dead"], [[40, 60, "primary"], [30, 40, "secondary"]])


class Failover(Page):
    def test_failover(self):
        """a killed primary, a killed standby and their return show without a reload, in words, title and timeline"""
        self.servers()
        self.daemon()
        self.browse()
        self.see("#headline", "^The only name is on its primary$")
        self.assertEqual(self.level(), "well")
        self.assertRegex(self.page.text(f"{ROW} summary"), f"{NAME}\\s+primary\\s+{re.escape(self.primary)}")
        icon = self.page.run("return document.querySelector('link[rel=icon]').href")
        self.page.click(f"{ROW} summary")
        self.one.kill()
        self.shuntd.wait_active(NAME, "secondary")
        start = time.monotonic()
        self.see("#headline", "^The only name is not on its primary$")
        self.note(f"a failover is seen after {time.monotonic() - start:.2f} s")
        self.assertLess(time.monotonic() - start, SOON)
        self.wait_level("away")
        self.see(f"{ROW} .answer", rf"secondary\s+{re.escape(self.standby)}")
        self.see(f"{ROW} .why", "primary is down: connection refused")
        self.see(f"{ROW} .endpoints", r"(?s)primary\s+down\s.*connection refused.*secondary\s+up\s")
        self.assertEqual(self.page.texts(f"{ROW} .answering th"), ["secondary"])
        self.see(f"{ROW} .events", r"(?s)primary → secondary:.*up → down: connection refused")
        self.see(f"{ROW} .commands", f"shunt explain {NAME}")
        self.see("#said", f"{NAME}: primary to secondary")
        st.wait_until(lambda: "1 off primary" in self.page.run("return document.title"), what="the title to say it")
        self.assertNotEqual(self.page.run("return document.querySelector('link[rel=icon]').href"), icon)
        lanes = self.page.run("return [...document.querySelectorAll('.lane-line')].map((lane) => lane.getAttribute('aria-label'))")
        self.assertRegex(lanes[0], r"^primary, since [\d: -]+: down 1 time, answered 1 time$")
        self.assertRegex(lanes[1], r"^secondary, since [\d: -]+: never down, answered 1 time$")
        self.assertTrue(self.page.run("return document.querySelector('.mini .standby') !== null"))
        self.two.kill()
        self.see("#headline", "^The only name has no healthy endpoint$")
        self.wait_level("none")
        self.one.start()
        self.wait_level("less")
        self.see(f"{ROW} .why", "secondary is down: connection refused")
        self.two.start()
        self.wait_level("well")
        self.see("#headline", "^The only name is on its primary$")
        self.assertTrue(self.page.run("return arguments[0] && document.querySelector(arguments[0]).open", f"{ROW} details"))
        self.assert_clean()

    def test_force(self):
        """an override shows with who, why and until when, and the command that ends it"""
        self.servers()
        daemon = self.daemon()
        self.browse()
        self.page.click(f"{ROW} summary")
        done = st.shunt(daemon, "force", NAME, "primary", "--for", "30m", "--reason", NASTY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_level("forced")
        fact = self.see(f"{ROW} .fact-forced", r"^Forced to primary by \S+ until .* \((29|30) min from now\), since ")
        self.assertIn(NASTY, fact)
        self.see(f"{ROW} .commands", f"shunt auto {NAME}")
        self.see(f"{ROW} .tag", "^forced$")
        self.assertEqual(st.shunt(daemon, "force", NAME, "secondary", "--reason", "a drill").returncode, 0)
        self.wait_level("away")
        self.see(f"{ROW} .fact-forced", "without an end.*: a drill$")
        self.assertEqual(st.shunt(daemon, "auto", NAME).returncode, 0)
        self.wait_level("well")
        self.assertIsNone(self.page.text(f"{ROW} .fact-forced"))
        self.assert_clean()

    def test_fleet(self):
        """of a record that a fleet decides: the votes, an order with who, why and until when; and that etcd is lost"""
        self.servers()
        cluster = self.start(etcd.Cluster(self))
        before = f'fleet: {{ etcd = [ {cluster.setting()} ]; prefix = "/shunt/page"; site = "here"; host = "one"; lease = "2s"; }};'
        daemon = self.daemon(self.config(before=before, more='scope = "quorum";'))
        st.wait_until(lambda: daemon.record(NAME)["fleet"]["endpoints"][1]["up"] == 1, what="the vote")
        self.browse()
        self.page.click(f"{ROW} summary")
        self.see(f"{ROW} .fact-fleet", r"^Fleet: 1 host votes: primary up \(1 up\), secondary up \(1 up\); primary is agreed\.$")
        self.see(f"{ROW} .commands", f"shunt drill {NAME} secondary --hosts 10% --for 10m")
        done = st.shunt(daemon, "force", "--fleet", NAME, "secondary", "--for", "30m", "--reason", NASTY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_level("away")
        fact = self.see(f"{ROW} .fact-order", r"^Forced for the fleet to secondary by \S+@one until ")
        self.assertIn(NASTY, fact)
        self.see(f"{ROW} .commands", f"shunt auto --fleet {NAME}")
        cluster.stop()
        self.see("#notices", r"^This host has lost its fleet since .* \(http://.*\): it does what on_etcd_lost says")
        self.assert_clean()


class Hostile(Page):
    def test_text(self):
        """what a program and a server say is text, whatever stands in it"""
        os.chmod(self.tmp, 0o755)
        script = self.path("check")
        with open(script, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\ncat <<"END"\n{NASTY}\nEND\nexit 1\n')
        os.chmod(script, 0o755)

        def answers(connection, stop):
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 200 {NASTY}\r\nX-State: {NASTY}\r\nContent-Length: 0\r\n\r\n".encode())

        server = self.start(st.Hostile(answers, self.address()))
        user = 'exec_user = "nobody";' if os.geteuid() == 0 else ""
        daemon = self.daemon(
            self.config(
                f"""{{ name = "exec.example.com"; primary: {{ address = "{self.address()}";
                    check = {{ type = "exec"; command = [ "{script}" ]; {PACE} }}; }}; }}""",
                f"""{{ name = "header.example.com"; primary: {{ address = "{server.at}"; check = {{ type = "http"; port = {server.port};
                    expect_header = "X-State: fine"; {PACE} }}; }}; }}""",
                before=user,
            )
        )
        st.wait_until(lambda: NASTY in daemon.endpoint("exec.example.com", "primary")["addresses"][0]["last_error"], what="the words")
        self.browse()
        self.wait_level("none", "exec.example.com")
        self.wait_level("none", "header.example.com")
        self.page.run("document.querySelectorAll('li.record details').forEach((one) => { one.open = true; })")
        self.see("li[data-name='exec.example.com'] .remark", re.escape(NASTY))
        self.see("li[data-name='exec.example.com'] .why", re.escape(NASTY))
        self.see("li[data-name='exec.example.com'] .events", re.escape(NASTY))
        self.assertEqual(self.page.run("return document.querySelectorAll('script, img, iframe').length"), 1)
        self.assert_clean()


class Life(Page):
    def test_reload(self):
        """a reload of the configuration shows the new records, and the old ones are gone"""
        self.servers()
        daemon = self.daemon()
        self.browse()
        self.see("#headline", "^The only name")
        more = f'{{ name = "more.example.com"; primary: {{ address = "{self.address()}"; }}; }}'
        daemon.reload(self.config(more))
        self.see("#headline", "^All 2 names are on their primaries$")
        self.see("li[data-name='more.example.com']", "no check|primary")
        daemon.reload(self.config())
        self.see("#headline", "^The only name")
        self.assertIsNone(self.level("more.example.com"))
        self.assert_clean()

    def test_restart(self):
        """a daemon that is gone is said so, with the time of what is seen; a new one is found, and nothing open is closed"""
        self.servers()
        daemon = self.daemon()
        self.browse()
        self.page.click(f"{ROW} summary")
        about = self.page.text("#about")
        daemon.kill()
        self.see("#lost-what", r"^Not connected\. What you see is as of (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.$")
        self.see("#lost-next", r"(trying again in \d+ s|trying now)\.$")
        self.see("#link", "^Not connected$")
        self.assertRegex(self.page.run("return document.title"), "^not connected · ")
        self.assertTrue(self.page.run("return document.querySelector(arguments[0]).open", f"{ROW} details"))
        daemon.start()
        self.wait_live()
        st.wait_until(lambda: self.page.text("#about") != about, what="the new process to be shown")
        self.see("#link", "^Live$")
        self.assertTrue(self.page.run("return document.querySelector('#lost').hidden"))
        self.one.kill()
        self.wait_level("away")
        self.assertTrue(self.page.run("return document.querySelector(arguments[0]).open", f"{ROW} details"))
        self.assert_clean(lost=True)

    def test_hangs(self):
        """a daemon that hangs is noticed, though its connection stays open"""
        daemon = self.daemon()
        self.browse()
        daemon.pause()
        st.wait_until(lambda: self.page.run("return document.body.dataset.link") == "lost", timeout=2 * st.PATIENCE, what="the silence to be noticed")
        self.see("#lost-next", "nothing was heard for 40 s")
        daemon.resume()
        self.wait_live()
        self.assert_clean(lost=True)


class Many(Page):
    def test_thousand(self):
        """1,000 names: the one in trouble comes first, the rest is folded, the filter finds any, and a change moves nobody's place"""
        self.servers()
        many = [f'{{ name = "n{i}.example.com"; primary: {{ address = "192.0.2.{i % 250 + 1}"; }}; }}' for i in range(999)]
        self.daemon(self.config(*many))
        self.browse(height=700)
        self.see("#headline", "^All 1,000 names are on their primaries$")
        rows = len(self.page.texts("li.record"))
        self.assertLess(rows, 200)
        self.see("#level-well .more", r"^Show 200 more of \d+$")
        self.page.click("#level-well .more")
        st.wait_until(lambda: len(self.page.texts("li.record")) == rows + 200, what="more rows")
        # Somebody reads the 150th name when another one fails.
        self.page.run("document.querySelector(`li[data-name='n150.example.com'] details`).open = true")
        self.page.run("document.querySelector(`li[data-name='n150.example.com']`).scrollIntoView({ block: 'center', behavior: 'instant' })")
        self.page.run("document.querySelector(`li[data-name='n150.example.com'] summary`).focus({ preventScroll: true })")
        where = "const row = document.querySelector(`li[data-name='n150.example.com']`); return Math.round(row.getBoundingClientRect().top)"
        top = st.wait_until(lambda: (a := self.page.run(where)) == self.page.run(where) and a, what="the scrolling to end")
        self.one.kill()
        self.see("#headline", "^1 of 1,000 names is not on its primary$")
        self.assertAlmostEqual(self.page.run(where), top, delta=2)
        self.assertEqual(self.page.run("return document.activeElement.closest('li').dataset.name"), "n150.example.com")
        first = self.page.run("return document.querySelector('li.record').dataset.name")
        self.assertEqual(first, NAME)
        # The filter, by the key that leads to it.
        self.page.press("/")
        self.page.type("#filter", "N998.")
        self.see("#found", "^1 of 1,000 names match$")
        self.assertEqual(self.page.run("return [...document.querySelectorAll('li.record')].map((row) => row.dataset.name)"), ["n998.example.com"])
        self.assertIn("q=N998.", self.page.run("return location.search"))
        self.assert_clean()


class Phone(Page):
    def test_phone(self):
        """360 pixels wide nothing is wider, whatever is open: long names, IPv6, long errors; dark and light are two"""
        label = "a" * 63
        long = f'{{ name = "{label}.{label}.example.com"; primary: {{ addresses = [ "2001:db8:1111:2222:3333:4444:5555:6666", "192.0.2.1" ]; }}; }}'
        down = f"""{{ name = "down.example.com"; primary: {{ id = "{'i' * 63}"; address = "{self.address()}";
                   check = {{ type = "exec"; command = [ "/bin/sh", "-c", "echo {'x' * 190}; exit 1" ]; {PACE} }}; }}; }}"""
        user = 'exec_user = "nobody";' if os.geteuid() == 0 else ""
        self.daemon(self.config(long, down, before=user))
        self.browse(width=360, height=740)
        self.assert_fits()
        self.page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        self.see("li[data-name='down.example.com'] .remark", "xxxx")
        self.see("#changes-list", "down")
        for width in (360, 641, 861, 1021, 1240):
            with self.subTest(width):
                self.page.resize(width, 740)
                self.assert_fits()
        ground = "return getComputedStyle(document.body).backgroundColor"
        self.page.prefer(color_scheme="light")
        light = self.page.run(ground)
        self.page.prefer(color_scheme="dark")
        self.assertNotEqual(self.page.run(ground), light)
        self.page.prefer(reduced_motion="reduce")
        self.assertEqual(self.page.run("return getComputedStyle(document.documentElement).scrollBehavior"), "auto")
        self.assert_clean()

    def test_keyboard(self):
        """a row opens by the keyboard, says its level in words, and shows the exact time while it has the focus"""
        self.servers()
        self.daemon()
        self.browse()
        self.assertEqual(self.page.run(f"return getComputedStyle(document.querySelector(`{ROW} .exact`)).display"), "none")
        self.page.run(f"document.querySelector(`{ROW} summary`).focus()")
        self.page.press("\ue007")  # Enter
        st.wait_until(lambda: self.page.run(f"return document.querySelector(`{ROW} details`).open"), what="the row to open")
        self.assertRegex(self.page.text(f"{ROW} .line .ago"), r"^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d$")
        tree = self.page.devtools("Accessibility.getFullAXTree")["nodes"]
        names = [f"{node['role']['value']}: {node['name']['value']}" for node in tree if node.get("name", {}).get("value") and "role" in node]
        self.assertTrue(any(re.match(rf"DisclosureTriangle: {re.escape(NAME)}: well; primary answers, {re.escape(self.primary)}; primary is up$", name) for name in names), names)
        self.assertTrue(any(name.startswith("searchbox: Filter by name") for name in names), names)
        self.assertTrue(any(name == "heading: The only name is on its primary" for name in names), names)
        unnamed = [node["role"]["value"] for node in tree
                   if node.get("role", {}).get("value") in ("button", "link", "radio", "searchbox", "image") and not node.get("name", {}).get("value")]  # fmt: skip
        self.assertEqual(unnamed, [])
        self.assert_clean()


if __name__ == "__main__":
    st.main(jobs=2)
