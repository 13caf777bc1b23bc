# SPDX-License-Identifier: Apache-2.0
"""The same with membership by corosync: daemons leave the process group, and corosync itself is restarted with them,
as an upgrade of a machine does."""

import signal
import sys
import unittest
from pathlib import Path

from loads import Loads

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402

NODES = (1, 2, 3)
LEASE_MS = 20_000  # whoever waits for it is seen to


@unittest.skipIf(cluster_net.missing(), cluster_net.missing())
class RollingRestart(unittest.TestCase):
    def setUp(self):
        self.net = cluster_net.Net(nodes=3, lease_ms=LEASE_MS, token_ms=400)
        self.addCleanup(self.net.close)
        self.net.start()
        self.loads = Loads(self, 4, LEASE_MS, lambda node: self.net[node].socket)
        self.keep(1)
        for node in NODES:
            self.loads.start(node)

    def keep(self, node):
        for name in self.loads.names:
            keeper = self.net[node].start_verb("lock", "--mode", "NL", name)
            self.addCleanup(self.end, keeper)
            self.assertIn("granted NL", keeper.stdout.readline())

    def end(self, keeper):
        keeper.kill()
        keeper.communicate()

    def restart_all(self, programs):
        for node in (2, 3, 1):
            machine = self.net[node]
            # Some are mastered there for certain, under load.
            for name in self.loads.names[:2]:
                moved = machine.verb("move", name, "--to", str(node))
                self.assertEqual(moved.returncode, 0, moved.stderr)
            self.loads.stop(node)
            if node == 1:
                self.keep(2)
            for program in programs:
                self.assertEqual(machine.end(program, signal.SIGTERM), 0, self.net.story())
            self.net.wait_for_view([other for other in NODES if other != node])
            if "corosync" in programs:
                machine.start_corosync()
            machine.start_daemon()
            self.net.wait_for_view(NODES)
            self.loads.start(node)
        self.loads.stop_all(lambda name: self.net[1].json("value", name))
        for node in self.net:
            said = node.log("holdfastd").read_text()
            for unwanted in ("waiting for the lease", "the lease of this node ran out", "hangs"):
                self.assertNotIn(unwanted, said, f"n{node.number}")
        print(f"report: the slowest request took {self.loads.slowest_ms:.0f} ms (lease {LEASE_MS} ms)")

    def test_daemons_are_restarted_and_nobody_whose_node_stays_notices(self):
        self.restart_all(["holdfastd"])

    def test_corosync_is_restarted_with_its_daemon_and_nobody_whose_node_stays_notices(self):
        self.restart_all(["holdfastd", "corosync"])


if __name__ == "__main__":
    unittest.main()
