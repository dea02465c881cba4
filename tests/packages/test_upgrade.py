#!/usr/bin/env python3
"""From the version before this one: its packages, in use, are replaced by these, and no program that runs notices.

The older packages are in $B/older, or in OLDER, where tests/packages/older puts them: for the release that they are built on.
"""
import glob
import os
import unittest

import shunttest as st
from test_packages import APT, CONFIG, NAME, PACKAGES, PRIMARY, STANDBY, Packages

# A check without HTTP: the older daemon is not for sid's libcurl.
TCP_CONFIG = CONFIG.replace('type = "http"', 'type = "tcp"')
OLDER = os.environ.get("OLDER") or os.path.join(st.B, "older")


class Upgrade(Packages):
    def setUp(self):
        super().setUp()
        self.older = sorted(glob.glob(os.path.join(OLDER, "packages", "*shunt_*.deb")))
        if not self.older:
            raise unittest.SkipTest(f"there are no older packages in {OLDER}: tests/packages/older")

    def version(self, machine):
        return machine.sh("shuntd -V").split()[1]

    def looper(self, machine, name):
        looper = st.Looper(self, NAME, None, env=st.clean_env(), label=name, attaches=True)
        looper.command = machine.inside("env", "LD_PRELOAD=/usr/$LIB/libshunt.so", *looper.command)
        return self.start(looper)

    def test_upgrade(self):
        """0.1.0 with an override and a program that runs, then this: override, configuration and answers stay, and a failover arrives"""
        machine = self.boot()
        machine.sh(f"{APT} install {' '.join(self.older)}")
        self.assertEqual(self.version(machine), "0.1.0")
        self.serve()
        machine.put("/etc/shunt/shunt.conf", TCP_CONFIG)
        machine.sh("systemctl reload shuntd")
        self.wait_active(machine, "primary")
        machine.sh(f"shunt force {NAME} secondary --reason upgrade")
        old = self.looper(machine, "old")
        old.wait_answer(STANDBY)
        old.reset()
        # The administrator keeps his configuration, which dpkg would ask about on a terminal.
        machine.sh(f"{APT} -o Dpkg::Options::=--force-confold install {' '.join(PACKAGES)}")
        self.assertNotEqual(self.version(machine), "0.1.0")
        machine.sh("shuntd -t && systemctl is-active shuntd")
        self.wait_active(machine, "secondary")
        self.assertIn('"reason": "upgrade"', self.shown(machine))
        new = self.looper(machine, "new")
        for looper in (old, new):
            looper.wait_answer(STANDBY)
        self.assertEqual(old.answers(), {STANDBY}, "the old library went elsewhere meanwhile")
        machine.sh(f"shunt auto {NAME}")
        for looper in (old, new):
            looper.wait_answer(PRIMARY)
        self.primary.kill()
        for looper in (old, new):
            looper.wait_answer(STANDBY)
            self.assertEqual((looper.answers(), looper.report()["tables"]), ({PRIMARY, STANDBY}, 1))
        for looper in (old, new):
            looper.stop()


if __name__ == "__main__":
    st.main()
