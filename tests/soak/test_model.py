#!/usr/bin/env python3
"""Tests of the soak's model: which answers it accepts and which it rejects. Time is simulated."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import model as m  # noqa: E402
import shunttest as st  # noqa: E402

NAME, MANUAL, FAIL, OTHER = "www", "manual", "fail", "other"
RECORDS = {
    NAME: m.Record({"a": "1", "b": "2"}),
    MANUAL: m.Record({"a": "3", "b": "4"}, manual=True),
    FAIL: m.Record({"a": "5", "b": "6"}, all_down="fail"),
    OTHER: m.Record({"a": "7"}),
}
ORDERS = {name: tuple(record.endpoints) for name, record in RECORDS.items()}


class Model(st.Case):
    """All endpoints are up from 1 s on. The daemon started between 0 and 2 s; queries are for about
    1,000 s.
    """

    def setUp(self):
        super().setUp()
        self.model = m.Model(0, RECORDS, ORDERS)
        for address in self.model.truth:
            self.model.endpoint(address, 0, 1, m.UP)
        self.model.disturbed(0, 2, memory=False)

    def may(self, start, end=None, name=NAME, **options):
        return self.model.may_answer(name, start, end or start + 0.5, **options)

    def test_quiet(self):
        """nothing happens: the primary, and nothing else"""
        self.assertEqual(self.may(1000), {"1"})
        self.assertEqual(self.may(1000, newcomer=True), {"1", "EAI_NONAME"})

    def test_failover(self):
        """an endpoint fails: both answers while it may be undetected, then the standby alone"""
        self.model.endpoint("1", 1000, 1000.1, m.DOWN)
        self.assertEqual(self.may(999), {"1"})
        self.assertEqual(self.may(1001), {"1", "2"})
        self.assertEqual(self.may(1001 + m.DETECT), {"2"})
        self.model.endpoint("1", 1100, 1100.1, m.UP)
        self.assertEqual(self.may(1101), {"1", "2"})
        self.assertEqual(self.may(1101 + m.DETECT), {"1"})

    def test_stall(self):
        """a stall may have made a probe fail, but not a minute later"""
        self.model.stalled(1000, 1001)
        self.assertEqual(self.may(1002), {"1", "2"})
        self.assertEqual(self.may(1060), {"1"})

    def test_lost(self):
        """no endpoint is up: the record's policy; on isolation, answers are frozen"""
        for address in ("1", "2", "5", "6"):
            self.model.endpoint(address, 1000, 1000, m.DOWN)
        self.assertEqual(self.may(1020), {"1"})
        self.assertEqual(self.may(1020, name=FAIL), {"EAI_AGAIN"})
        for address in ("3", "4", "7"):
            self.model.endpoint(address, 1000, 1000, m.DOWN)
        self.assertEqual(self.may(1020), {"1", "2"})

    def test_manual(self):
        """with manual failback, the answer may stay"""
        self.assertEqual(self.may(1000, name=MANUAL), {"3", "4"})
        self.model.endpoint("4", 1000, 1000, m.DOWN)
        self.assertEqual(self.may(1020, name=MANUAL), {"3"})

    def test_order(self):
        """an acknowledged override is in force through a kill, until the next one"""
        self.model.order(NAME, "b", 1000, 1000.1)
        self.assertEqual(self.may(1000.05), {"1", "2"})
        self.assertEqual(self.may(1000.2), {"2"})
        self.model.killed(1001)
        self.model.disturbed(1001, 1002, memory=True)
        self.assertEqual(self.may(1001.5), {"2"})
        self.assertEqual(self.model.may_be_forced(NAME, 1002, 1003), {"b"})
        self.assertEqual(self.may(1020), {"2"})
        self.model.order(NAME, None, 1100, 1100.1)
        self.assertEqual(self.may(1100.2), {"1"})

    def test_order_unsaved(self):
        """only a kill may lose an unsaved override; what the daemon then reports is certain"""
        self.model.order(NAME, "b", 1000, 1000, saved=False)
        self.assertEqual(self.may(1001), {"2"})
        self.model.killed(1002)
        self.model.disturbed(1002, 1003, memory=True)
        self.assertEqual(self.model.may_be_forced(NAME, 1003, 1003), {"b", None})
        self.model.seen(NAME, None, 1003)
        self.assertEqual(self.may(1100), {"1"})

    def test_order_ends(self):
        """an override with a time limit expires"""
        self.model.order(NAME, "b", 1000, 1000, seconds=10)
        self.assertEqual(self.may(1005), {"2"})
        self.assertEqual(self.may(1009.4, 1010.4), {"1", "2"})
        self.assertEqual(self.may(1020), {"1"})

    def test_unsaved_over_timed(self):
        """a saved override expires even if a kill loses its unsaved successor"""
        self.model.order(NAME, "a", 1000, 1000, seconds=10)
        self.model.order(NAME, "b", 1100, 1100, saved=False)
        self.model.killed(1101)
        self.assertEqual(self.model.may_be_forced(NAME, 1102, 1103), {"b", None})

    def test_timed_unsaved_over_lasting(self):
        """a lasting override returns if a kill loses the timed one after it"""
        self.model.order(NAME, "b", 1000, 1000)
        self.model.order(NAME, "b", 1100, 1100, saved=False, seconds=10)
        self.model.killed(1101)
        self.assertEqual(self.model.may_be_forced(NAME, 1102, 1103), {"b"})
        self.assertEqual(self.model.may_be_forced(NAME, 1120, 1121), {"b", None})

    def test_configuration(self):
        """a removed name has no override; clients may have the old table for a while"""
        self.model.order(OTHER, "a", 900, 900)
        without = {name: order for name, order in ORDERS.items() if name != OTHER}
        self.model.reconfigured(1000, 1000.1, without)
        self.model.disturbed(1000, 1000.1)
        self.assertEqual(self.may(1001, name=OTHER), {"7", "EAI_NONAME"})
        self.assertEqual(self.may(1020, name=OTHER), {"EAI_NONAME"})
        self.assertEqual(self.model.may_be_forced(OTHER, 1020, 1020), {None})

    def test_restart(self):
        """health from the state file is used until probes differ"""
        self.model.endpoint("1", 950, 950, m.DOWN)
        self.model.disturbed(1000, 1001, memory=True)
        self.assertEqual(self.may(1000.5), {"1", "2"})
        self.assertEqual(self.may(1030), {"2"})


if __name__ == "__main__":
    st.main()
