#!/usr/bin/env python3
"""tests/fleet/partitions.py for half a minute, with six hosts; and its judge."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import partitions
import shunttest as st


class Judged(unittest.TestCase):
    def setUp(self):
        self.judge = partitions.Judge()
        self.judge.reach(0, ["a", "b"])

    def test_apart(self):
        """two hosts differ: from the first sight of it to the last"""
        for now, answers in ((1, "pp"), (2, "ps"), (5, "ps"), (6, "ss"), (7, "ps"), (8, "ps")):
            self.judge.answers(now, dict(zip("ab", answers)))
        self.assertEqual((self.judge.longest, self.judge.pair), (3, ("a", "b")))

    def test_outside(self):
        """a host that does not reach etcd may differ; time begins when it does reach it"""
        self.judge.reach(1, ["a"])
        self.judge.answers(2, {"a": "p", "b": "s"})
        self.assertEqual(self.judge.longest, 0)
        self.judge.reach(3, ["a", "b"])
        self.judge.answers(4, {"a": "p", "b": "s"})
        self.judge.answers(5, {"a": "p", "b": "s"})
        self.assertEqual(self.judge.longest, 1)


class Short(partitions.Partitions):
    seconds = 300
    count, duration = 6, 25.0


del partitions.Partitions  # it would be run, too

if __name__ == "__main__":
    st.main()
