#!/usr/bin/env python3
"""shunt bugreport: one file with what is asked first, and nothing that is secret."""
import json
import os
import stat

import shunttest as st

NAME = "www.example.com"
SECRET = "hunter2"  # stands in everything that has to be kept out, and nowhere else
LONG = "AKIA0hunter2ABCDEFGH01"


def config(program, credentials, key, address, port):
    """`port` of `address` is a web server's."""
    return f"""
    # the password is {SECRET}
    checks: {{
      web: {{ type = "http"; port = {port}; path = "/health?token={SECRET}&x=1"; interval = "200ms"; fall = 1; rise = 1;
              headers = [ "Authorization: Bearer {SECRET}", "X-Api-Key: {SECRET}" ]; /* {SECRET} */
              expect_header = "X-Session: {SECRET}"; host = "web.example.com"; }};
      body: {{ type = "http"; port = {port}; interval = "200ms"; fall = 1; expect_body = "{SECRET}"; }};
      hook: {{ type = "http"; port = {port}; path = "/hooks/{LONG}"; interval = "200ms"; }};
      split: {{ type = "http"; port = {port}; path = "/a?" "{SECRET}"; interval = "10s"; }};
      file: {{ type = "https"; port = {port}; credentials_file = "{credentials}"; client_cert = "{key}"; client_key = "{key}"; }};
      run: {{ type = "exec"; command = [ "{program}", "--password={SECRET}", "{SECRET}" ]; interval = "200ms"; fall = 1; }};
    }};
    fleet: {{ etcd = [ "https://joe:{SECRET}@etcd.example.com:2379" ]; user = "db-7"; password_file = "{credentials}"; prefix = "/shunt/prod";
              site = "fra-1"; }};
    notify: ( {{ command = [ "{program}", "https://joe:{SECRET}@chat.example.com/{SECRET}" ]; events = [ "reload" ]; }} );
    records: (
      {{ name = "{NAME}"; primary: {{ address = "{address}"; check = "run"; }}; secondary: {{ address = "{address}"; check = "web"; }}; }},
      {{ name = "body.example.com"; primary: {{ address = "{address}"; check = "body"; }}; }},
      {{ name = "hook.example.com"; primary: {{ address = "{address}"; check = "hook"; }}; }},
      {{ name = "split.example.com"; primary: {{ address = "{address}"; check = "split"; }}; }} );
    """


class Bugreport(st.Case):
    def setUp(self):
        super().setUp()
        # A program whose own words have a secret.
        self.program = self.write("check.sh", f"#!/bin/sh\necho 'cannot log in with password {SECRET}'\nexit 1\n")
        os.chmod(self.program, 0o755)
        os.chmod(self.tmp, 0o755)
        self.credentials = self.write("credentials", f"joe:{SECRET}\n")
        os.chmod(self.credentials, 0o600)
        self.report = self.path("report.txt")
        address = self.address()
        self.web = st.Nginx(self, "web", address, st.free_port(address))

    def config(self):
        user = 'exec_user = "nobody";' if os.geteuid() == 0 else ""
        text = config(self.program, self.credentials, self.path("key.pem"), self.web.at, self.web.port)
        # A daemon would refuse the check of type https, whose key is no key.
        return user + text

    def daemon_config(self):
        return "\n".join(line for line in self.config().split("\n") if "client_key" not in line).replace(f"joe:{SECRET}@", "")

    def check(self, *arguments, status=0, **options):
        done = st.run([st.SHUNT, "bugreport", *arguments], cwd=self.tmp, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def read(self):
        with open(self.report, encoding="ascii") as file:
            return file.read()

    def test_secrets(self):
        """a configuration full of secrets, checks whose reasons have one, an override: none of them is in the file"""
        self.start(self.web)
        daemon = self.start(st.Daemon(self, self.daemon_config()))
        daemon.wait_settled()
        body = f'{{"endpoint": "secondary", "anyway": true, "reason": "password={SECRET}"}}'
        self.assertEqual(daemon.request(f"/v1/records/{NAME}/force", "POST", body=body)[0], 200)
        path = self.write("full.conf", self.config())
        done = self.check("-c", path, "-o", self.report, "--control", daemon.control)
        self.assertEqual(done.stdout, self.report + "\n")
        text = self.read()
        status = daemon.request("/v1/status")[1].decode()
        for reason in (f"password {SECRET}", f'headers without \\"X-Session: {SECRET}\\"', f'body without \\"{SECRET}\\"', f"password={SECRET}"):
            self.assertIn(reason, status, "there was nothing to remove")
        self.assertNotIn(SECRET, text)
        for part in (r"== Versions ==\n\nshunt \d+\.\d+\.\d+\njansson ", r'"libcurl": "', r'command = \[ "/.*check.sh", "\[removed\]"',
                     r'path = "/health\?\[removed\]"', r'client_key = "/.*key.pem"', r'etcd = \[ "https://\[removed\]@etcd.example.com:2379"',
                     r'user = "db-7"; passw\[removed\] = "/[^"]*"', r'== Fleet ==\n\n{\n "state": "', r'"active": "secondary"', r'host = "web.example.com"',
                     r"== Doors ==\n\n.*\n(?s:.*)shuntd",
                     r"== Events ==\n\n(\d{4}-.*\n)*\d{4}-.* www.example.com: ", r"cannot log in with passw\[removed\]", r"headers without \[removed\]",
                     r"body without \[removed\]"):  # fmt: skip
            self.assertRegex(text, part)
        # The status is JSON still.
        checks = [e["check_settings"] for r in json.loads(text.split("\n== Status ==\n")[1].split("\n== Fleet ==\n")[0])["records"] for e in r["endpoints"]]
        self.assertIn("/health?[removed]", [check.get("path") for check in checks if check])

    def test_alone(self):
        """without a daemon and a configuration: a report that says so"""
        self.check("-c", self.path("none.conf"), "-o", self.report, "--control", self.path("none.sock"))
        text = self.read()
        self.assertRegex(text, r"== Configuration ==\n\n/.*none.conf cannot be read: No such file")
        self.assertRegex(text, r"== Status ==\n\n[^\n]*none.sock")
        self.assertNotIn("[removed]", text)

    def test_file(self):
        """only its owner may read it, whatever the umask; a file or link that is there stays; its name has the time"""
        done = self.check("-c", "/dev/null", "--control", self.path("none.sock"), umask=0)
        name = done.stdout.strip()
        self.assertRegex(name, r"^shunt-bugreport-\d{8}T\d{6}Z\.txt$")
        self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), 0o600)
        os.symlink(self.path("target"), self.report)
        done = self.check("-o", self.report, status=74)
        self.assertRegex(done.stderr, r"^shunt: cannot write [^\n]*report.txt: File exists; --output names another file\n$")
        self.assertFalse(os.path.exists(self.path("target")))
        self.check("-o", self.path("no/such/folder"), status=74)


if __name__ == "__main__":
    st.main()
