# SPDX-License-Identifier: Apache-2.0
"""The flight recorder: `holdfast history`, and what a daemon leaves behind that crashes."""

import signal
import unittest
from pathlib import Path

from harness import Cluster, TestCase, is_running


class History(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)

    def test_what_happened_to_a_name_is_told_at_every_node(self):
        holder = self.cluster.start_verb("lock", "jobs", "--mode", "PR", node=1)
        holder.line("granted")
        waiter = self.cluster.start_verb("lock", "jobs", node=2)
        self.cluster.wait_until_waiting("jobs", node=2)
        holder.end_input()
        waiter.line("granted")
        for node in (1, 2):
            told = self.cluster.json("history", "jobs", node=node)
            self.assertTrue(told["complete"])
            self.assertEqual([(event["what"], event.get("mode"), event.get("node")) for event in told["events"]],
                             [("mastered", None, None), ("granted", "PR", 1), ("queued", None, 2), ("told", "EX", 1),
                              ("released", None, 1), ("granted", "EX", 2)])
            self.assertEqual({event["at"] for event in told["events"]}, {1})
            ages = [event["age_ms"] for event in told["events"]]
            self.assertEqual(ages, sorted(ages, reverse=True))
        self.assertEqual(len(self.cluster.json("history", "jobs", "--last", "2")["events"]), 2)
        text = self.cluster.run("history", "jobs").stdout
        self.assertIn("told EX is wanted", text)
        self.assertEqual(self.cluster.json("history", "job")["events"], [], "another name")

    def test_another_master_knows_what_happened_since(self):
        holder = self.cluster.start_verb("lock", "jobs", node=1)
        holder.line("granted")
        self.assertEqual(self.cluster.run("move", "jobs", "--to", "2").returncode, 0)
        told = self.cluster.json("history", "jobs")["events"]
        self.assertEqual([(event["at"], event["what"]) for event in told if event["what"] != "told"],
                         [(1, "mastered"), (1, "granted"), (1, "moved away"), (2, "mastered"), (2, "arrived")])

    def test_a_daemon_that_crashes_leaves_it_behind(self):
        holder = self.cluster.start_verb("lock", "orders/17", node=1)
        holder.line("granted")
        crashed = self.cluster.daemon(1)
        self.cluster.kill_daemon(1, signal.SIGSEGV)
        self.cluster.eventually(lambda: not is_running(crashed), "it is gone")
        left = list(Path(self.cluster.dir).glob("**/n1/**/last-crash.txt"))
        self.assertEqual(len(left), 1)
        lines = left[0].read_text().splitlines()
        mastered = [line.split() for line in lines if "orders/17" in line and " mastered " in line]
        self.assertEqual(len(mastered), 1, lines)
        resource = mastered[0][2]
        self.assertTrue(any(f" {resource} granted EX " in line for line in lines), lines)
        self.assertEqual(left[0].stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
