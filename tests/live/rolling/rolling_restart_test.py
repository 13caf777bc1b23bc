# SPDX-License-Identifier: Apache-2.0
"""Three daemons are restarted one after another while programs of all nodes lock and write values. The operator stops
the programs of a node before it goes; those of the others must not fail, wait for a lease, lose a lock or find a value
in doubt, and no addition is lost."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from harness import Cluster, TestCase  # noqa: E402
from loads import Loads  # noqa: E402

NODES = (1, 2, 3)
LEASE_MS = 60_000  # whoever waits for it is seen to


class RollingRestart(TestCase):
    def keep(self, cluster, names, node):
        """Their values live on while nobody else uses them."""
        for name in names:
            cluster.start_verb("lock", "--mode", "NL", name, node=node).line("granted NL")

    def test_nobody_whose_node_stays_notices(self):
        cluster = Cluster(self, nodes=3, lease_ms=LEASE_MS)
        loads = Loads(self, 4, LEASE_MS, cluster.socket)
        self.keep(cluster, loads.names, node=1)
        for node in NODES:
            loads.start(node)
        for node in (2, 3, 1):
            # Some are mastered there for certain, under load.
            for name in loads.names[:2]:
                moved = cluster.run("move", name, "--to", str(node), node=node)
                self.assertEqual(moved.returncode, 0, moved.stderr)
            loads.stop(node)
            if node == 1:
                self.keep(cluster, loads.names, node=2)
            restarted = cluster.run("restart", str(node), "--dir", cluster.dir, node=node)
            self.assertEqual((restarted.returncode, restarted.stdout), (0, f"n{node} runs again\n"), restarted.stderr)
            cluster.up.line(f"n{node} .*has left")
            loads.start(node)
        loads.stop_all(lambda name: cluster.json("value", name))


if __name__ == "__main__":
    unittest.main()
