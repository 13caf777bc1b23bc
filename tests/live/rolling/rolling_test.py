# SPDX-License-Identifier: Apache-2.0
"""Three daemons are restarted one after another while programs of all nodes lock and write values. The operator stops
the programs of a node before it goes; those of the others must not fail, wait for a lease, lose a lock or find a value
in doubt, and no addition is lost."""

import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from harness import Cluster, Program, TestCase  # noqa: E402

LOAD = str(Path(os.environ.get("HOLDFAST_TESTS", "build/release/tests"), "rolling_load").resolve())
NODES = (1, 2, 3)
COUNTERS = 4
LEASE_MS = 60_000  # whoever waits for it is seen to


class RollingRestart(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=3, lease_ms=LEASE_MS)
        self.started = 0
        self.added = [0] * COUNTERS
        self.requests = 0

    def start_load(self, node):
        self.started += 1
        program = Program(self, [LOAD, self.cluster.socket(node), f"n{node}/{self.started}", str(COUNTERS)])
        program.line("^ready$")
        return program

    def stop_load(self, program):
        """Its report must be faultless."""
        program.end_input()
        report = json.loads(program.line("requests").string)
        self.assertEqual(program.code(), 0, program.errors())
        self.assertEqual((report["failures"], report["lost"], report["doubtful"]), ([], 0, 0), report)
        self.assertLess(report["slowest_ms"], LEASE_MS / 2, "nobody waited for a lease")
        self.added = [sum(pair) for pair in zip(self.added, report["added"])]
        self.requests += report["requests"]

    def value_of(self, name):
        read = self.cluster.json("value", name)
        self.assertEqual(read["state"], "valid", name)
        return int(read["value"])

    def test_nobody_whose_node_stays_notices(self):
        keepers = [self.cluster.start_verb("lock", "--mode", "NL", f"counter/{i}", node=1) for i in range(COUNTERS)]
        for keeper in keepers:
            keeper.line("granted NL")
        loads = {node: self.start_load(node) for node in NODES}
        for node in (2, 3, 1):
            # Some are mastered there for certain, under load.
            for i in (0, 1):
                moved = self.cluster.run("move", f"counter/{i}", "--to", str(node), node=node)
                self.assertEqual(moved.returncode, 0, moved.stderr)
            before = self.requests
            self.stop_load(loads[node])
            self.assertGreater(self.requests, before)
            if node == 1:
                others = [self.cluster.start_verb("lock", "--mode", "NL", f"counter/{i}", node=2)
                          for i in range(COUNTERS)]
                for other in others:
                    other.line("granted NL")
            restarted = self.cluster.run("restart", str(node), "--dir", self.cluster.dir, node=node)
            self.assertEqual((restarted.returncode, restarted.stdout), (0, f"n{node} runs again\n"), restarted.stderr)
            self.cluster.up.line(f"n{node} .*has left")
            loads[node] = self.start_load(node)
        for load in loads.values():
            self.stop_load(load)
        self.assertEqual([self.value_of(f"counter/{i}") for i in range(COUNTERS)], self.added)


if __name__ == "__main__":
    unittest.main()
