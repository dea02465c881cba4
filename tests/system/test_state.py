#!/usr/bin/env python3
"""What survives a restart, and what a file that is not to be believed does: nothing."""
import json
import os
import time
import unittest

import shunttest as st

NAME = "www.example.com"
OTHER = "db.example.com"


class State(st.Case):
    def setUp(self):
        super().setUp()
        self.primary, self.standby = self.address(), self.address()
        self.port = st.free_port(self.primary, self.standby)
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        self.two = self.start(st.Hostile(st.closes, self.standby, self.port))

    def config(self, interval="200ms", failback="auto", check="", head="", secondary="secondary"):
        return f"""{head}
            checks: {{ tcp: {{ type = "tcp"; port = {self.port}; interval = "{interval}"; fast_interval = "{interval}";
                               fall = 1; rise = 1; {check} }}; }};
            records: (
              {{ name = "{NAME}"; failback = "{failback}"; primary: {{ address = "{self.primary}"; check = "tcp"; }};
                 secondary: {{ id = "{secondary}"; address = "{self.standby}"; check = "tcp"; }}; }},
              {{ name = "{OTHER}"; primary: {{ address = "{self.standby}"; check = "tcp"; }}; }} );"""

    def daemon(self, **options):
        daemon = self.start(st.Daemon(self, self.config(**options)))
        self.wait_settled(daemon)
        st.wait_until(lambda: os.path.exists(self.file(daemon)), what="the state")
        return daemon

    def wait_settled(self, daemon):
        st.wait_until(lambda: daemon.status()["settled"], what="the table to settle")

    def file(self, daemon):
        return os.path.join(daemon.dir, "state.json")

    def read(self, daemon):
        with open(self.file(daemon), encoding="ascii") as file:
            return json.load(file)

    def wait_written(self, daemon, condition, what):
        return st.wait_until(lambda: condition(self.read(daemon)), what=what)

    def restart(self, daemon, between=lambda: None, config=None):
        """kill -9, and start again; returns where the log of the new life begins."""
        daemon.kill()
        between()
        if config:
            daemon.write_config(config)
        begin = len(daemon.log())
        daemon.start()
        self.wait_settled(daemon)
        return begin

    def shunt(self, daemon, *arguments):
        done = st.shunt(daemon, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done


class Killed(State):
    def test_everything_is_kept(self):
        """kill -9: health, the override with who and why, and since when, all as before, before any probe has ended"""
        daemon = self.daemon()
        self.two.stop()
        st.wait_until(lambda: daemon.health(OTHER, "primary") == "down", what="the standby to be seen down")
        self.shunt(daemon, "force", NAME, "secondary", "--anyway", "--for", "1h", "--reason", "new disks")
        before = daemon.record(NAME)
        self.wait_written(daemon, lambda state: state["down"] and "override" in state["records"][NAME], "the state")
        # So that a `since` of the new life would be another.
        st.wait_until(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > before["since"], what="another second")

        # From here on nothing that is probed answers at once: what is known at the settling is what was kept.
        def hang():
            self.one.stop()
            self.one = self.start(st.Hostile(st.silent, self.primary, self.port))

        begin = self.restart(daemon, hang, config=self.config())
        after = daemon.record(NAME)
        for field in ("active", "answer", "forced", "override", "since", "reason"):
            self.assertEqual(after[field], before[field], field)
        self.assertEqual(daemon.health(NAME, "primary"), "up")
        self.assertEqual(daemon.health(OTHER, "primary"), "down")
        self.assertEqual(daemon.resolve(NAME), [self.standby])
        self.assertNotIn("unknown ->", daemon.log()[begin:])

    @unittest.skipUnless(os.geteuid() == 0, "must be root to put another /etc/passwd in place")
    def test_names(self):
        """an operator whose name is in no encoding that JSON knows: what he decided is kept all the same"""
        with open(self.path("passwd"), "wb") as file:
            file.write(b"r\xf6\xf6t:x:0:0::/:/bin/sh\n")
        enter = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', self.path("passwd")]
        daemon = self.start(st.Daemon(self, self.config(), prefix=enter))
        self.wait_settled(daemon)
        self.shunt(daemon, "force", NAME, "secondary")
        self.wait_written(daemon, lambda state: "override" in state["records"][NAME], "the state")
        self.restart(daemon)
        self.assertEqual(daemon.record(NAME)["override"]["by"], "r??t")
        self.assertEqual(daemon.resolve(NAME), [self.standby])

    def test_definition(self):
        """a check that is defined otherwise knows nothing: it begins anew"""
        daemon = self.daemon()
        before = self.wait_written(daemon, lambda state: len(state["up"]) == 2 and state["up"], "the state")
        begin = self.restart(daemon, config=self.config(check='timeout = "3s";'))
        daemon.wait_log("unknown -> up", start=begin)
        self.wait_written(daemon, lambda state: len(state["up"]) == 2 and not set(state["up"]) & set(before), "the state")
        begin = self.restart(daemon)
        self.assertNotIn("unknown ->", daemon.log()[begin:])

    def test_too_old(self):
        """another boot, and a file that nobody stamped for a minute: overrides and latched failbacks, but no health"""
        daemon = self.daemon(failback="manual")
        self.one.stop()
        daemon.wait_active(NAME, "secondary")
        self.one = self.start(st.Hostile(st.closes, self.primary, self.port))
        st.wait_until(lambda: "manual" in daemon.record(NAME)["reason"], what="the failback to wait")
        self.shunt(daemon, "force", OTHER, "primary", "--for", "1h")
        before = daemon.record(NAME)
        self.wait_written(daemon, lambda state: len(state["up"]) == 2 and "override" in state["records"][OTHER], "the state")

        def change(what):
            def edit():
                state = self.read(daemon)
                state.update(what(state))
                with open(self.file(daemon), "w", encoding="ascii") as file:
                    json.dump(state, file)

            return edit

        def past(state):
            state["records"][OTHER]["override"]["until"] = 86400
            return {}

        # In the same boot the wall clock, which may have stepped, has no say; in another it is all there is.
        self.restart(daemon, change(past))
        self.assertTrue(daemon.record(OTHER)["forced"])
        self.shunt(daemon, "force", OTHER, "primary", "--for", "1h")
        self.wait_written(daemon, lambda state: state["records"][OTHER]["override"]["until"] > 86400, "the state")
        for what in (lambda state: {"boot": "another"}, lambda state: {"alive": f"{int(state['alive']) - 60000:020d}"}):
            begin = self.restart(daemon, change(what))
            self.assertEqual(daemon.active(NAME), "secondary")
            self.assertEqual(daemon.record(NAME)["since"], before["since"])
            self.assertRegex(daemon.log()[begin:], "unknown -> up")
            self.assertTrue(daemon.record(OTHER)["forced"])
            self.wait_written(daemon, lambda state: state["boot"] != "another" and len(state["up"]) == 2, "the state")
        begin = self.restart(daemon, change(lambda state: past(state) or {"boot": "another"}))
        daemon.wait_log(f"{OTHER}: primary: no longer forced: the override expired", start=begin)
        self.shunt(daemon, "auto", NAME)
        self.assertEqual(daemon.active(NAME), "primary")

    def test_override_ends_meanwhile(self):
        """an override whose time is up, or whose endpoint or record is gone, ends with an event"""
        daemon = self.daemon()
        self.shunt(daemon, "force", NAME, "secondary", "--for", "3s")
        state = self.wait_written(daemon, lambda state: "override" in state["records"][NAME] and state, "the state")
        deadline = state["records"][NAME]["override"]["deadline"] / 1000
        begin = self.restart(daemon, lambda: st.wait_until(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) > deadline, what="the time"))
        daemon.wait_log(f"{NAME}: secondary: no longer forced: the override expired: by ", start=begin)
        self.assertEqual(daemon.resolve(NAME), [self.primary])
        self.shunt(daemon, "force", NAME, "secondary")
        self.wait_written(daemon, lambda state: "override" in state["records"][NAME], "the state")
        begin = self.restart(daemon, config=self.config(secondary="other"))
        self.assertRegex(daemon.log()[begin:], f"{NAME}: secondary: no longer forced: it is no longer in the configuration\n")
        self.assertEqual(daemon.resolve(NAME), [self.primary])
        self.shunt(daemon, "force", OTHER, "primary")
        self.wait_written(daemon, lambda state: "override" in state["records"][OTHER], "the state")
        begin = self.restart(daemon, config=self.config().replace(OTHER, "new.example.com"))
        self.assertRegex(daemon.log()[begin:], f"{OTHER}: primary: no longer forced: it is no longer in the configuration\n")

    def test_clean_end(self):
        """SIGTERM: what has changed last is written, too"""
        daemon = self.daemon()
        for endpoint in ("secondary", "primary", "secondary"):
            self.shunt(daemon, "force", NAME, endpoint)
        daemon.stop()
        self.assertEqual(self.read(daemon)["records"][NAME]["override"]["endpoint"], "secondary")
        self.assertEqual(sorted(os.listdir(daemon.dir)), ["log", "shunt.conf", "state.json"])
        daemon.start()
        self.wait_settled(daemon)
        self.assertEqual(daemon.active(NAME), "secondary")


class Foreign(State):
    def test_not_believed(self):
        """a damaged file is set aside with an event, and the daemon starts as if there were none"""
        daemon = self.daemon()
        target = self.write("target", "precious")
        cases = (
            ("damaged", lambda path: self.write_bytes(path, b'{"alive": "1", "version": 1'), "it is no JSON object"),
            ("zeros", lambda path: self.write_bytes(path, bytes(4096)), "it is no JSON object"),
            ("version", lambda path: self.write_bytes(path, b'{"version": 9}'), "it is of another version"),
            ("link", lambda path: os.symlink(target, path), "it is a link"),
            ("fifo", lambda path: os.mkfifo(path, 0o600), "it is not a regular file"),
            ("huge", lambda path: (self.write_bytes(path, b""), os.truncate(path, 1 << 40)), "it is too large"),
        )
        for name, make, why in cases:
            with self.subTest(name):
                path = self.file(daemon)

                def replace(path=path, make=make):
                    os.unlink(path)
                    make(path)

                begin = self.restart(daemon, replace)
                self.assertRegex(daemon.log()[begin:], rf"warning: state: not believed: {why}; set aside as state\.json\.bad\n")
                self.assertTrue(os.path.lexists(path + ".bad"))
                self.assertEqual(daemon.resolve(NAME), [self.primary])
                st.wait_until(lambda: os.path.isfile(path) and not os.path.islink(path), what="a new file")
        with open(target, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def write_bytes(self, path, data):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(data)

    def test_hostile_text(self):
        """whatever stands in the file, the daemon starts, and says nothing that a terminal would obey"""
        daemon = self.daemon()
        for record in (
            {"endpoint": 5, "since": "x", "active": None, "override": 7},
            {"endpoint": "\x1b[31m", "override": {"endpoint": "\x1b[31m", "by": "\x1b", "reason": "\n"}},
            {"override": {"endpoint": "secondary", "by": "\x1b[31m" * 100, "reason": "\x1b\n" * 500, "until": -5, "deadline": -1, "uid": 1 << 62}},
            {"since": -(1 << 62), "override": {"endpoint": "secondary", "until": (1 << 63) - 1, "since": 1 << 62}},
        ):
            with self.subTest(record):
                def edit(record=record):
                    state = self.read(daemon)
                    state["records"] = {NAME: record, "\x1b": record}
                    with open(self.file(daemon), "w", encoding="ascii") as file:
                        json.dump(state, file)

                begin = self.restart(daemon, edit)
                self.assertNotIn("\x1b", daemon.log()[begin:])
                self.assertIn(daemon.active(NAME), ("primary", "secondary"))
                self.shunt(daemon, "auto", NAME)
                st.wait_until(lambda: "override" not in self.read(daemon)["records"][NAME], what="a new file")

    def test_folders(self):
        """a folder that cannot be used is one warning; one that is missing is made; two daemons share none"""
        other = self.path("other")
        os.mkdir(other, 0o777)
        os.chmod(other, 0o777)
        daemon = st.Daemon(self, self.config())
        with open(daemon.config_path, encoding="ascii") as file:
            text = file.read()
        for folder, expected in (
            (other, "others may write to it; chmod go-w it; until then nothing survives a restart"),
            (self.path("none/none"), "cannot open or make it: No such file or directory; until then nothing survives a restart"),
        ):
            with self.subTest(folder):
                with open(daemon.config_path, "w", encoding="ascii") as file:
                    file.write(text.replace(f'state_dir = "{daemon.dir}"', f'state_dir = "{folder}"'))
                begin = len(daemon.log())
                daemon.start()
                self.wait_settled(daemon)
                self.assertRegex(daemon.log()[begin:], rf"warning: .*shunt\.conf:1: state_dir: {folder}: {expected}\n")
                self.assertEqual(daemon.log()[begin:].count("survives"), 1)
                self.shunt(daemon, "force", NAME, "secondary")
                daemon.stop()
        folder = self.path("made")
        with open(daemon.config_path, "w", encoding="ascii") as file:
            file.write(text.replace(f'state_dir = "{daemon.dir}"', f'state_dir = "{folder}"'))
        self.start(daemon)
        st.wait_until(lambda: os.path.exists(os.path.join(folder, "state.json")), what="the state")
        self.assertEqual(os.stat(folder).st_mode & 0o7777, 0o700)
        second = st.Daemon(self, self.config(), name="second")
        with open(second.config_path, encoding="ascii") as file:
            text = file.read()
        with open(second.config_path, "w", encoding="ascii") as file:
            file.write(text.replace(f'state_dir = "{second.dir}"', f'state_dir = "{folder}"'))
        self.start(second)
        self.assertRegex(second.log(), "state_dir: .*: another daemon uses it; give each its own; until then")
        # A reload does not change it.
        with open(daemon.config_path, "w", encoding="ascii") as file:
            file.write(text.replace(f'state_dir = "{second.dir}"', f'state_dir = "{other}"').replace(second.dir, daemon.dir))
        self.shunt(daemon, "reload")
        self.assertRegex(daemon.log(), r"warning: .*: state_dir: the change takes effect at the next start\n")

    @unittest.skipIf(os.getuid() != 0, "needs root")
    def test_other_user(self):
        """as another user: the folder is made for it; one that belongs to root is refused"""
        for owner, good in ((65534, True), (0, False)):
            daemon = st.Daemon(self, self.config(head='user = "nobody";'), name=f"owner{owner}")
            os.chmod(self.tmp, 0o755)
            os.chmod(daemon.config_path, 0o644)
            parent = self.path(f"parent{owner}")
            os.mkdir(parent)
            os.chmod(parent, 0o755)
            folder = os.path.join(parent, "state")
            if not good:
                os.mkdir(folder, 0o700)
            with open(daemon.config_path, encoding="ascii") as file:
                text = file.read()
            os.chown(daemon.dir, 65534, 65534)
            with open(daemon.config_path, "w", encoding="ascii") as file:
                file.write(text.replace(f'state_dir = "{daemon.dir}"', f'state_dir = "{folder}"'))
            self.start(daemon)
            self.wait_settled(daemon)
            if good:
                st.wait_until(lambda: os.path.exists(os.path.join(folder, "state.json")), what="the state")
                self.assertEqual(os.stat(os.path.join(folder, "state.json")).st_uid, 65534)
                self.assertEqual((os.stat(folder).st_uid, os.stat(folder).st_mode & 0o7777), (65534, 0o700))
            else:
                self.assertRegex(daemon.log(), "state_dir: .*: it belongs to uid 0, not to uid 65534; chown it; until then")


@unittest.skipIf(os.getuid() != 0, "needs root")
class Full(State):
    def test_full_disk(self):
        """a full disk is one event, answers and overrides go on, and it is written as soon as there is room"""
        folder = self.path("disk")
        os.mkdir(folder)
        mount = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k,mode=700 none "$0" && exec "$@"', folder)
        daemon = st.Daemon(self, self.config(), prefix=mount)
        with open(daemon.config_path, encoding="ascii") as file:
            text = file.read()
        with open(daemon.config_path, "w", encoding="ascii") as file:
            file.write(text.replace(f'state_dir = "{daemon.dir}"', f'state_dir = "{folder}"'))
        self.start(daemon)
        self.wait_settled(daemon)
        inside = f"/proc/{daemon.pid}/root{folder}"

        def written():
            with open(f"{inside}/state.json", encoding="ascii") as file:
                return json.load(file)["records"][NAME].get("override")

        st.wait_until(lambda: os.path.exists(f"{inside}/state.json"), what="the state")
        fill = os.open(f"{inside}/fill", os.O_WRONLY | os.O_CREAT)
        with self.assertRaises(OSError):
            while os.write(fill, bytes(4096)):
                pass
        os.close(fill)
        done = self.shunt(daemon, "force", NAME, "secondary")
        self.assertIn("shunt: warning: in force, not saved yet: No space left on device\n", done.stderr)
        daemon.wait_log("warning: state: cannot be written: No space left on device; it is tried again")
        self.assertEqual(daemon.resolve(NAME), [self.standby])
        self.assertIsNone(written())
        self.two.stop()
        st.wait_until(lambda: daemon.health(NAME, "secondary") == "down", what="the standby to be seen down")
        st.wait_until(lambda: sorted(os.listdir(inside)) == ["fill", "state.json"], what="what was tried to be removed")
        os.unlink(f"{inside}/fill")
        daemon.wait_log("warning: state: is written again")
        self.assertEqual(written()["endpoint"], "secondary")
        self.assertEqual(daemon.log().count("cannot be written"), 1)


class Orders(State):
    def order(self, daemon, what, **body):
        status, text = daemon.request(f"/v1/records/{NAME}/{what}", "POST", body=json.dumps(body))[:2]
        self.assertEqual(status, 200)
        return json.loads(text)

    def override(self, daemon):
        return self.read(daemon)["records"].get(NAME, {}).get("override")

    def test_on_disk(self):
        """an order is on disk once it is answered, however soon after another write, and no kill -9 loses it"""
        daemon = self.daemon()
        for number in range(20):
            answer = self.order(daemon, "force", endpoint="secondary", reason=str(number))
            self.assertNotIn("warning", answer)
            self.assertEqual(self.override(daemon)["reason"], str(number))
        for number in range(5):
            self.order(daemon, "auto")
            self.assertIsNone(self.override(daemon))
            self.order(daemon, "force", endpoint="secondary", reason=f"before kill {number}")
            self.restart(daemon)
            self.assertEqual(daemon.record(NAME)["override"]["reason"], f"before kill {number}")
            self.order(daemon, "auto")
            self.restart(daemon)
            self.assertFalse(daemon.record(NAME)["forced"])

    def test_not_saved(self):
        """an order whose write fails is in force, and says that it is not saved yet; so does one of a daemon without its folder"""
        daemon = self.daemon()
        in_the_way = self.file(daemon) + ".new"
        os.mkdir(in_the_way)
        words = "in force, not saved yet: File exists"
        self.assertEqual(self.order(daemon, "force", endpoint="secondary")["warning"], words)
        self.assertEqual(daemon.resolve(NAME), [self.standby])
        done = self.shunt(daemon, "auto", NAME)
        self.assertEqual((done.returncode, done.stderr), (0, f"shunt: warning: {words}\n"))
        self.assertEqual(daemon.resolve(NAME), [self.primary])
        os.rmdir(in_the_way)
        self.assertNotIn("warning", self.order(daemon, "force", endpoint="secondary"))
        daemon.stop()
        os.chmod(daemon.dir, 0o777)
        daemon.start()
        self.wait_settled(daemon)
        self.assertRegex(self.order(daemon, "auto")["warning"], "^in force, not saved: state_dir could not be used at the start")


if __name__ == "__main__":
    st.main()
