#!/usr/bin/env python3
"""An operator's word: force, auto, check, reload, over the control socket and by the command; who may, and for how long."""
import http.client as client
import json
import os
import re
import threading
import time
import unittest

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"


class Override(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby, self.dead = self.address(), self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby, self.dead)
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        self.two = self.start(st.Hostile(st.closes, self.standby, self.port))

    def config(self, extra="", failback="", third=True, records=""):
        dead = f', {{ id = "dead"; address = "{self.dead}"; check = "tcp"; }}' if third else ""
        return f"""
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "1s"; fast_interval = "100ms"; fall = 2; rise = 1; }}; }};
            {extra}
            records: (
              {{ name = "{NAME}"; aliases = [ "www" ]; {failback} primary: {{ address = "{self.primary}"; check = "tcp"; }};
                 secondary: ( {{ address = "{self.standby}"; check = "tcp"; }}{dead} ); }}{records} );"""

    def daemon(self, start=True, **options):
        daemon = st.Daemon(self, self.config(**options))
        if start:
            self.start(daemon)
            daemon.wait_settled()
            st.wait_until(lambda: daemon.status()["settled"], what="the table to settle")
        return daemon

    def post(self, daemon, path, body=None, status=200):
        """POST with the body, as JSON or as it is: the object that comes back."""
        text = body if isinstance(body, (str, bytes)) else json.dumps(body) if body is not None else None
        seen, answer, _ = daemon.request(path, "POST", body=text)
        self.assertEqual(seen, status, answer)
        return json.loads(answer)

    def shunt(self, daemon, *arguments, status=0, stdout="", stderr="", **options):
        done = st.shunt(daemon, *arguments, **options)
        seen = f"{arguments}: status {done.returncode}\n{done.stdout}{done.stderr}"
        self.assertEqual(done.returncode, status, seen)
        self.assertRegex(done.stdout, f"(?s)^{stdout}$", seen)
        self.assertRegex(done.stderr, f"(?s)^{stderr}$", seen)
        return done


class Forced(Override):
    def test_force_and_auto(self):
        """force: a real client moves, status says who and why, health is still probed; auto: back"""
        daemon = self.daemon()
        self.assertEqual(daemon.resolve(NAME), [self.primary])
        begin = len(daemon.log())
        self.shunt(daemon, "force", "WWW.", "secondary", "--reason", "new disks",
                   stdout=f"{NAME}: {re.escape(self.standby)} from secondary: forced to secondary by [a-z0-9 ]+: new disks\n")  # fmt: skip
        self.assertEqual(daemon.resolve(NAME), [self.standby])
        record = daemon.record(NAME)
        self.assertTrue(record["forced"])
        self.assertEqual(record["override"]["endpoint"], "secondary")
        self.assertEqual(record["override"]["uid"], os.getuid())
        self.assertEqual(record["override"]["reason"], "new disks")
        self.assertIsNone(record["override"]["until"])
        self.assertRegex(record["override"]["since"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(daemon.log()[begin:], rf"warning: {NAME}: secondary: forced: by .*: new disks\n")
        daemon.wait_log(rf"warning: {NAME}: primary -> secondary: forced to secondary by ", start=begin)
        done = st.shunt(daemon, "status", NAME)
        self.assertEqual(done.returncode, 1)
        self.assertIn(": new disks", " ".join(done.stdout.split()))  # where the line is broken is the table's affair
        # It stays, though it is down; and it is seen to be down.
        self.two.stop()
        st.wait_until(lambda: daemon.health(NAME, "secondary") == "down", what="the standby to be seen down")
        self.assertEqual(daemon.resolve(NAME), [self.standby])
        begin = len(daemon.log())
        self.shunt(daemon, "auto", NAME, stdout=f"{NAME}: {re.escape(self.primary)} from primary: primary is up\n")
        self.assertEqual(daemon.resolve(NAME), [self.primary])
        self.assertIsNone(daemon.record(NAME)["override"])
        self.assertRegex(daemon.log()[begin:], rf"warning: {NAME}: secondary: no longer forced: by ")
        begin = len(daemon.log())
        self.shunt(daemon, "auto", NAME, stdout=".*primary is up\n")
        self.assertEqual(daemon.log()[begin:], "")

    def test_refusals(self):
        """what is refused is one line, status 4, and changes nothing"""
        daemon = self.daemon()
        st.wait_until(lambda: daemon.health(NAME, "dead") == "down", what="the dead one to be seen down")
        before = [record["active"] for record in daemon.status()["records"]]

        def no(text, number):
            return rf"shunt: the daemon at [^\n]* refused: {text}[^\n]* \(HTTP status {number}\)\n"

        cases = [
            (["force", "wwx.example.com", "secondary"], no(r"wwx\.example\.com is not a managed name; did you mean www\.example\.com\?", 404)),
            (["force", "..", "secondary"], no(r"\.\. is not a managed name", 404)),
            (["force", NAME, "tertiary"], no(rf'{NAME} has no endpoint "tertiary"; it has primary, secondary, dead', 404)),
            (["force", NAME, "dead"], no(r'dead is down: connection refused; "anyway" \(--anyway\) forces it all the same', 409)),
            (["force", NAME, "secondary", "--for", "10"], no('for: "10" has no unit; write it as in', 400)),
            (["force", NAME, "secondary", "--for=0s"], no('for: "0s" is no time at all', 400)),
            (["auto", "nobody"], no("nobody is not a managed name", 404)),
            (["check", "nobody"], no("nobody is not a managed name", 404)),
        ]
        for arguments, expected in cases:
            with self.subTest(" ".join(arguments)):
                self.shunt(daemon, *arguments, status=4, stderr=expected)
        for body, expected in (
            ("[]", "JSON object"), ("{", "JSON object"), ('{"endpoint": 1}', "endpoint: must be a string"),
            ('{"endpoint": "secondary", "froce": true}', "froce: unknown member"), (b'{"endpoint": "\xff"}', "JSON object"),
        ):  # fmt: skip
            with self.subTest(body):
                self.assertIn(expected, self.post(daemon, f"/v1/records/{NAME}/force", body, 400)["error"])
        self.post(daemon, f"/v1/records/{NAME}/force", "{" + " " * 5000 + "}", 413)
        self.assertEqual([record["active"] for record in daemon.status()["records"]], before)
        self.assertFalse(daemon.record(NAME)["forced"])
        self.shunt(daemon, "force", NAME, "dead", "--anyway", stdout=f"{NAME}: {re.escape(self.dead)} from dead: forced to dead by .*\n")
        self.assertEqual(daemon.resolve(NAME), [self.dead])

    def test_reason_is_cleaned(self):
        """a reason is cut, and has nothing in it that a terminal would obey"""
        daemon = self.daemon()
        self.shunt(daemon, "force", NAME, "secondary", "--reason", "\x1b[31m" + "x" * 500 + "\n", stdout=r"[ -~]*\n")
        self.assertEqual(daemon.record(NAME)["override"]["reason"], "?[31m" + "x" * 195)
        self.assertNotIn("\x1b", daemon.log())

    def test_expiry(self):
        """an override ends when its time is up, and another replaces it"""
        daemon = self.daemon()
        begin = time.monotonic()
        self.shunt(daemon, "force", NAME, "secondary", "--for", "2s", stdout=r".* until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n")
        # By the log: it may be over before anybody looks.
        daemon.wait_log(f"{NAME}: primary -> secondary: forced to secondary by ")
        daemon.wait_active(NAME, "primary")
        took = time.monotonic() - begin
        self.assertGreaterEqual(took, 1.99)
        self.note(f"forced for 2 s, ended after {took:.3f} s")
        daemon.wait_log(f"{NAME}: secondary: no longer forced: the override expired: by ")
        self.assertFalse(daemon.record(NAME)["forced"])
        self.shunt(daemon, "force", NAME, "secondary", "--for", "1s", stdout=".*")
        self.shunt(daemon, "force", NAME, "secondary", "--for", "1h", "--reason", "longer", stdout=".*")
        log = len(daemon.log())
        self.shunt(daemon, "force", NAME, "primary", "--for", "1s", stdout=".*")
        daemon.wait_log("no longer forced: the override expired", start=log)
        self.assertEqual(daemon.log()[log:].count("the override expired"), 1)

    def test_end_is_as_without(self):
        """the election goes on underneath: an override that ends gives what would have been"""
        daemon = self.daemon(failback='failback = "manual";')
        self.shunt(daemon, "force", NAME, "primary", stdout=".*")
        self.one.stop()
        st.wait_until(lambda: daemon.health(NAME, "primary") == "down", what="the primary to be seen down")
        self.assertEqual(daemon.active(NAME), "primary")
        self.shunt(daemon, "auto", NAME, stdout=f".* from secondary: primary is down: connection refused\n")
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        st.wait_until(lambda: "failback is manual" in daemon.record(NAME)["reason"], what="the manual failback to wait")
        self.assertEqual(daemon.active(NAME), "secondary")
        self.shunt(daemon, "auto", NAME, stdout=".* from primary: primary is up\n")
        self.assertEqual(daemon.resolve(NAME), [self.primary])


class Reloaded(Override):
    def test_result(self):
        """reload says what it added, changed and removed, and what is wrong"""
        other = f', {{ name = "{OTHER}"; primary: {{ address = "192.0.2.1"; }}; }}'
        daemon = self.daemon(records=other)
        self.shunt(daemon, "reload", stdout="2 records are in force, none of them has changed\n")
        daemon.write_config(self.config(records=', { name = "new.example.com"; primary: { address = "192.0.2.1"; }; }', third=False))
        self.shunt(daemon, "reload",
                   stdout=f"added    new.example.com\nchanged  {NAME}\nremoved  {OTHER}\n2 records are in force\n")  # fmt: skip
        daemon.wait_log(f"reload: 2 records; added new.example.com; changed {NAME}; removed {OTHER}\n")
        many = "".join(f', {{ name = "n{i}.example.com"; primary: {{ address = "192.0.2.1"; }}; }}' for i in range(150))
        daemon.write_config(self.config(records=many, third=False))
        answer = self.post(daemon, "/v1/reload")
        self.assertEqual(answer["added"]["count"], 150)
        self.assertEqual(len(answer["added"]["names"]), 100)
        self.assertEqual(answer["removed"], {"count": 1, "names": ["new.example.com"]})
        self.assertEqual(answer["records"], 151)
        with open(daemon.config_path, "a", encoding="utf-8") as file:
            file.write("zebra = 1;\n")
        self.shunt(daemon, "reload", status=4,
                   stderr=r"shunt: the daemon at [^\n]* refused: [^\n]*shunt\.conf:\d+: zebra: unknown setting;[^\n]* \(HTTP status 422\)\n")  # fmt: skip
        self.assertEqual(len(daemon.status()["records"]), 151)

    def test_override_stays(self):
        """a reload keeps an override as long as its endpoint is there, else drops it with an event"""
        daemon = self.daemon()
        self.shunt(daemon, "force", NAME, "secondary", "--reason", "kept", stdout=".*")
        for third in (False, True):
            daemon.write_config(self.config(third=third))
            self.shunt(daemon, "reload", stdout=f"changed  {NAME}\n1 record is in force\n")
            self.assertEqual(daemon.active(NAME), "secondary")
            self.assertEqual(daemon.record(NAME)["override"]["reason"], "kept")
        st.wait_until(lambda: daemon.health(NAME, "dead") == "down", what="the dead one to be seen down")
        self.shunt(daemon, "force", NAME, "dead", "--anyway", stdout=".*")
        daemon.write_config(self.config(third=False))
        self.shunt(daemon, "reload", stdout=".*")
        daemon.wait_log(f"{NAME}: dead: no longer forced: it is no longer in the configuration\n")
        self.assertFalse(daemon.record(NAME)["forced"])
        self.assertEqual(daemon.resolve(NAME), [self.primary])


class Checked(Override):
    def test_check(self):
        """check: the verdict of a probe that began after the question, though the interval is an hour"""
        daemon = st.Daemon(self, self.config().replace('interval = "1s"; fast_interval = "100ms"', 'interval = "1h"; fast_interval = "1h"'))
        self.start(daemon)
        daemon.wait_settled()

        def line(endpoint, address, verdict):
            return f"{endpoint} +{re.escape(address)} +{verdict}\n"

        passed = r"passed in [0-9.]+ ms"
        self.shunt(daemon, "check", NAME, stdout="ENDPOINT +ADDRESS +VERDICT\n" + line("primary", self.primary, passed)
                   + line("secondary", self.standby, passed) + line("dead", self.dead, "failed: connection refused"))  # fmt: skip
        self.one.stop()
        for _ in range(2):  # fall = 2
            self.assertEqual(daemon.active(NAME), "primary")
            self.shunt(daemon, "check", "www", stdout="ENDPOINT.*primary +[0-9.]+ +failed: connection refused\n.*")
        daemon.wait_active(NAME, "secondary")

    def test_silent(self):
        """a probe that is under way does not count: the next one does, at its timeout"""
        self.one.stop()
        asked = []
        release = threading.Event()

        def slow(connection, stop):
            asked.append(time.monotonic())
            if len(asked) == 1:
                release.wait(30)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.0 503 no\r\n\r\n")

        server = self.start(st.Hostile(slow, self.primary, self.port))
        daemon = self.start(st.Daemon(self, f"""records: ( {{ name = "{NAME}"; primary: {{ address = "{self.primary}";
            check: {{ type = "http"; port = {self.port}; timeout = "60s"; interval = "1h"; fast_interval = "1h"; }}; }}; }} );"""))
        st.wait_until(lambda: asked, what="the first probe")
        done = []
        thread = threading.Thread(target=lambda: done.append(st.shunt(daemon, "check", NAME)))
        thread.start()
        st.wait_until(lambda: daemon.record(NAME)["endpoints"][0]["addresses"][0]["asked"] == 2, what="the question")
        # Another one who asks and goes away leaves nothing behind.
        self.assertEqual(self.post(daemon, f"/v1/records/{NAME}/check", status=202)["within_ms"], 120000)
        release.set()
        thread.join(st.PATIENCE)
        self.assertRegex(done[0].stdout, "failed: status 503")
        self.assertEqual(len(asked), 2)
        self.assertIsNotNone(server)


@unittest.skipIf(os.getuid() != 0, "needs root")
class Rights(Override):
    def run_as(self, user, group, groups, command):
        groups = f"--groups={groups}" if groups else "--clear-groups"
        return st.run(["setpriv", f"--reuid={user}", f"--regid={group}", groups, "--", *command])

    def test_rights(self):
        """root and the socket's group may change things, nobody else; everybody may read; a refusal is logged"""
        build = st.public_build(self)
        daemon = self.daemon(start=False, extra='user = "nobody";')
        os.chown(daemon.dir, 65534, 65534)
        os.chmod(daemon.dir, 0o755)
        os.chmod(daemon.config_path, 0o644)
        self.start(daemon)
        daemon.wait_settled()
        self.assertEqual(os.stat(daemon.control).st_gid, 65534)

        def shunt(user, group, groups, *arguments):
            return self.run_as(user, group, groups, [build.shunt, "--control", daemon.control, *arguments])

        changes = [["force", NAME, "secondary"], ["auto", NAME], ["check", NAME], ["reload"]]
        for arguments in changes:
            for ids, allowed in (((12345, 12345, ""), False), ((12345, 12345, "1,2,3"), False), ((12345, 65534, ""), True),
                                 ((12345, 12345, "1,65534,3"), True), ((65534, 65534, ""), True), ((0, 0, ""), True)):  # fmt: skip
                with self.subTest(f"{arguments} {ids}"):
                    begin = len(daemon.log())
                    done = shunt(*ids, *arguments)
                    self.assertEqual(done.returncode, 0 if allowed else 4, done.stdout + done.stderr)
                    if not allowed:
                        self.assertRegex(done.stderr, r"refused: only root and members of the control socket's group .*uid 12345\) .*403")
                        self.assertRegex(daemon.log()[begin:], r"warning: control: POST \S+ refused: uid 12345 \(process \d+\) is neither")
        self.assertEqual(shunt(12345, 12345, "", "force", NAME, "secondary").returncode, 4)
        self.assertIn(shunt(12345, 12345, "", "status").returncode, (0, 1, 2))
        # The file's group decides, now.
        os.chown(daemon.control, -1, 54321)
        self.assertEqual(shunt(12345, 12345, "54321", "auto", NAME).returncode, 0)
        self.assertEqual(shunt(12345, 65534, "", "auto", NAME).returncode, 4)

    def test_private(self):
        """in a private daemon its own user may"""
        build = st.public_build(self)
        os.chmod(self.tmp, 0o777)
        config = self.write("private.conf", self.config())
        os.chmod(config, 0o644)
        done = self.run_as(12345, 12345, "", ["env", "-u", "XDG_RUNTIME_DIR", build.shunt, "run", "-c", config, "--",
                                               build.shunt, "force", NAME, "secondary"])  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("forced to secondary by uid 12345", done.stdout)


class Tcp(Override):
    def test_read_only(self):
        """over TCP nothing is changed, whatever is asked"""
        http = st.free_port()
        daemon = self.daemon(extra=f'http = "127.0.0.1:{http}";')
        for path in (f"/v1/records/{NAME}/force", f"/v1/records/{NAME}/auto", f"/v1/records/{NAME}/check", "/v1/reload"):
            with self.subTest(path):
                connection = client.HTTPConnection("127.0.0.1", http, timeout=st.PATIENCE)
                connection.request("POST", path, body='{"endpoint": "secondary"}')
                answer = connection.getresponse()
                self.assertEqual(answer.status, 405)
                self.assertEqual(answer.getheader("Allow").strip(), "")
                self.assertIn("control socket", answer.read().decode())
                connection.close()
        self.assertFalse(daemon.record(NAME)["forced"])


if __name__ == "__main__":
    st.main()
