#!/usr/bin/env python3
"""A dozen of the real programs of tests/clients, where the DNS answers another address than shunt: which door reaches each of them, and
that a killed primary is left. `make check-clients` tries all of them, with what Debian and npm have, and measures."""
import os
import sys
import unittest

import shunttest as st

sys.path.append(os.path.join(st.ROOT, "tests", "clients"))
import lab  # noqa: E402
import table  # noqa: E402


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
        laboratory = lab.Lab(self, clients)
        found = {client: {door: laboratory.reached(client, door) for door in lab.DOORS} for client in clients}
        doors = {client: "preload" for client in clients if client.name in table.SHORT_KILLED}
        seconds = laboratory.recoveries(doors, False, st.PATIENCE)
        for client in clients:
            with self.subTest(client.name):
                wanted = {door: "primary" if door in lab.doors(client) else "elsewhere" for door in lab.DOORS}
                self.assertEqual(found[client], wanted)
                self.assertIsInstance(seconds.get(client, 0.0), float, f"seconds until the standby answered: {seconds.get(client)}")
        self.note(", ".join(f"{client.name} {took:.1f} s" for client, took in seconds.items()))
        self.assertTrue(doors, "no long-lived client is installed")


if __name__ == "__main__":
    st.main()
