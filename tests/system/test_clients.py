#!/usr/bin/env python3
"""A dozen of the real programs of tests/clients, where the DNS answers another address than shunt: which door reaches each of them, and
that a killed primary is left. `make check-clients` tries all of them, with what Debian and npm have, and measures."""
import os
import sys
import unittest

import shunttest as st

sys.path.append(os.path.join(st.ROOT, "tests", "clients"))
import lab  # noqa: E402
import page  # noqa: E402
import table  # noqa: E402

PATIENT = "5s"  # the check's time-out here, where nothing is measured: a machine that stands still is no failure


class Clients(st.Case):
    seconds = 600

    def setUp(self):
        super().setUp()
        st.need("ldconfig", "nsenter", "unshare")
        if os.geteuid() != 0 or st.run(["unshare", "-m", "true"]).returncode != 0:
            raise unittest.SkipTest("mounting over files in /etc needs root")
        os.chmod(self.tmp, 0o755)
        # Everything stands in a network of its own, this program included, until all is stopped.
        inside = self.start(st.NetNs()).inside()
        inside.__enter__()
        self.addCleanup(inside.__exit__, None, None, None)

    def test_short(self):
        """each is reached by the doors that its row says, and goes to the standby when its primary is killed"""
        chosen = [client for client in table.CLIENTS if client.name in table.SHORT]
        self.assertEqual(len(chosen), len(table.SHORT))
        clients = [client for client in chosen if not lab.missing(client)]
        laboratory = lab.Lab(self, clients, timeout=PATIENT)
        found = {client: {door: laboratory.reached(client, door) for door in lab.DOORS} for client in clients}
        doors = {client: "preload" for client in clients if client.name in table.SHORT_KILLED}
        seconds = laboratory.recoveries(doors, False, st.PATIENCE)[1]
        for client in clients:
            with self.subTest(client.name):
                wanted = {door: "primary" if door in lab.doors(client) else "elsewhere" for door in lab.DOORS}
                self.assertEqual(found[client], wanted)
                self.assertIsInstance(seconds.get(client, 0.0), float, f"seconds until the standby answered: {seconds.get(client)}")
        self.note(", ".join(f"{client.name} {took:.1f} s" for client, took in seconds.items()))
        self.assertTrue(doors, "no long-lived client is installed")

class Page(unittest.TestCase):
    """docs/clients.md, as `make check-clients` writes it."""

    def client(self, name):
        return next(client for client in table.CLIENTS if client.name == name)

    def test_goals(self):
        """a goal is met by all of its clients, or it names who missed it, why, and what helps"""
        names = ("nginx proxy_pass", "HAProxy", "axios", "undici")
        nginx, haproxy, axios, undici = map(self.client, names)
        found = {nginx: (0.2, 0.74), haproxy: (0.31, 1.66), axios: (0.34, 1.1), undici: (None, 1.3)}
        lines = page.goals((lab.Variant("with all"), (0.004, 0.62), found), 130).splitlines()
        self.assertEqual(lines[0], "With all the verdict came 0.0 s after the kill, and 0.6 s after the black hole began. "
                                   "Against what is aimed at:")  # fmt: skip
        self.assertEqual(lines[4:], [
            "| axios; undici | 0.3 | 0.3, > 130 | verdict + 0.5 | verdict + 0.5 to 0.7 | "
            "not undici: killed > 130, black hole verdict + 0.7 |",
            "| nginx proxy_pass; HAProxy | 1 | 0.2 to 0.3 | 1 | 0.7 to 1.7 | not HAProxy: black hole 1.7, because it waits "
            f"{haproxy.waits}; what helps: {haproxy.helps} |"])  # fmt: skip
        met = page.goals((lab.Variant("with all"), (0.004, 0.62), {nginx: (0.2, 1.04)}), 130).splitlines()
        self.assertEqual(met[4:], ["| nginx proxy_pass | 1 | 0.2 | 1 | 1.0 | yes |"])

    def test_goals_are_of_clients(self):
        """each goal's clients are in the table"""
        names = {client.name for client in table.CLIENTS}
        self.assertEqual([name for goal in table.GOALS for name in goal.clients if name not in names], [])

    def test_place(self):
        """a release's section replaces its own, the others stay"""
        text = f"head\n{page.BEGIN}\n{page.END}\ntail\n"
        one = page.place(text, "## One (1)\n\nfirst\n")
        self.assertEqual(one, f"head\n{page.BEGIN}\n\n## One (1)\n\nfirst\n\n{page.END}\ntail\n")
        both = page.place(one, "## One\n\nanother\n")
        self.assertEqual(page.place(both, "## One (1)\n\nsecond\n"), both.replace("first", "second"))
        self.assertLess(both.index("first"), both.index("another"))

    def test_page(self):
        """the page has the place for the sections, and each client of today's table"""
        with open(os.path.join(st.ROOT, "docs", "clients.md"), encoding="utf-8") as file:
            text = file.read()
        self.assertEqual((text.count(page.BEGIN + "\n"), text.count(page.END + "\n")), (1, 1))
        self.assertEqual([client.name for client in table.CLIENTS if f"\n| {client.name} | " not in text], [])


if __name__ == "__main__":
    st.main()
