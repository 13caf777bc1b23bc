# SPDX-License-Identifier: Apache-2.0
"""Two nodes and a quorum device (corosync-qdevice and corosync-qnetd): whoever has the device goes on, never both."""

import select
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402
import device_net  # noqa: E402
from holder import Holder  # noqa: E402

LEASE = 1.0
# What a node waits for before it counts the device's vote alone (DeviceTimes::settling), and then for the lost node.
SETTLING = (device_net.SYNC_TIMEOUT_MS + 2 * device_net.TIMEOUT_MS + 400 + 480) / 1000 + LEASE / 2
AFTER_A_CUT = 1.6 * SETTLING + device_net.TIMEOUT_MS / 1000 + 2 * LEASE


@unittest.skipIf(device_net.missing(), device_net.missing())
class Device(unittest.TestCase):
    def setUp(self):
        self.net = device_net.DeviceNet(lease_ms=int(LEASE * 1000))
        self.addCleanup(self.net.close)
        self.addCleanup(self.tell_if_broken)
        self.net.start()
        self.net.wait_for_device([1, 2])

    def tell_if_broken(self):
        if not self._outcome.success:
            print(self.net.story(), file=sys.stderr)

    def holders_and_waiters(self):
        """Each node has a lock that the other one waits for."""
        holders = {n: Holder(self, self.net[n], f"of-{n}") for n in (1, 2)}
        for holder in holders.values():
            holder.wait_for("granted")
        waiters = {n: Holder(self, self.net[n], f"of-{3 - n}") for n in (1, 2)}
        for n in (1, 2):
            self.net.eventually(lambda n=n: self.net[n].waits_for(f"of-{3 - n}"), f"node {n} waits")
        return holders, waiters

    def cut_and_watch(self, waiters):
        """Cuts the nodes from each other until one of them is granted what the other held: which one, when, and until
        when the programs of the other believed in their locks, as its page said. All on one clock."""
        pages = {n: self.net[n].deadline_page() for n in (1, 2)}
        believed = {n: deadline for n, (_, deadline) in pages.items()}
        waiting = {1, 2}
        cut = cluster_net.now()
        self.net.split([1], [2])
        while True:
            for n in (1, 2):
                life, deadline = self.net[n].deadline_page()
                if life == pages[n][0]:
                    believed[n] = max(believed[n], deadline)
            for n in list(waiting):
                if select.select([waiters[n].process.stdout], [], [], 0.001)[0]:
                    granted = cluster_net.now()
                    if "granted" in waiters[n].process.stdout.readline():
                        return cut, n, granted, believed
                    waiting.remove(n)  # it was told that its node has stopped
            self.assertLess(cluster_net.now(), cut + AFTER_A_CUT + cluster_net.PATIENCE, "nobody was granted the lock")

    def nobody_grants(self, patience):
        """Nothing is granted at either node, for so long."""
        asking = {n: Holder(self, self.net[n], "--wait", patience, f"new-{n}") for n in (1, 2)}
        for n, program in asking.items():
            self.assertIn(program.process.wait(cluster_net.PATIENCE), (70, 75, 76), f"node {n} grants")

    def test_a_cut_leaves_one_side_and_a_cut_off_device_none(self):
        net = self.net
        epoch = net[1].epoch()
        holders, waiters = self.holders_and_waiters()
        lives = {n: net[n].status()["incarnation"] for n in (1, 2)}
        cut, winner, granted, believed = self.cut_and_watch(waiters)
        loser = 3 - winner
        ended = holders[loser].wait_for_end(76)
        print(f"report: on CLOCK_BOOTTIME the nodes were cut from each other at {cut:.3f} s; node {loser} did not get the "
              f"device, its programs believed in their locks until {believed[loser]:.3f} s; node {winner} did, and "
              f"granted their lock at {granted:.3f} s ({granted - believed[loser]:.3f} s later, "
              f"{granted - cut:.3f} s after the cut); the end of the former holder was seen at {ended:.3f} s")
        self.assertLess(cut, believed[loser], "the page that was read was that of the node when it was cut off")
        self.assertLess(believed[loser], granted)
        self.assertGreater(granted - cut, SETTLING + device_net.TIMEOUT_MS / 1000 + LEASE,
                           "it cannot know that the other side has stopped, so it waits for as long as that may take")
        self.assertIsNone(holders[winner].process.poll(), "the side that goes on has lost nothing")
        self.assertEqual(net[winner].status()["incarnation"], lives[winner])
        alone = net.wait_for_view([winner])
        self.assertGreater(alone, epoch)
        self.assertNotEqual(net[loser].status()["phase"], "open")
        self.assertEqual(net[winner].verb("lock", "--wait", "5s", "more").returncode, 0)

        net.cut_device()
        gone = cluster_net.now()
        stopped = holders[winner].wait_for_end(76)
        print(f"report: {stopped - gone:.3f} s after the device was cut off, node {winner} had stopped too")
        self.nobody_grants("3s")

        for n in (1, 2):
            waiters[n].end()
        net.heal()
        net.heal_device()
        self.assertGreater(net.wait_for_view([1, 2]), alone)
        for n in (1, 2):
            self.assertEqual(net[n].verb("lock", "--wait", "20s", f"of-{n}").returncode, 0)

    # The device remembers nothing: it gives its vote to whom it reaches. What node 1 did alone, node 2 cannot know.
    def test_a_node_that_was_left_behind_goes_nowhere_with_the_device(self):
        net = self.net
        net.cut_device(2)
        net.split([1], [2])
        alone = net.wait_for_view([1])
        for program in ("holdfastd", "qdevice", "corosync"):
            net[1].end(program)
        net.heal_device()
        net.eventually(lambda: "Quorate:          Yes" in net.quorum_of(net[2]), "corosync says that node 2 is quorate")
        done = net[2].verb("lock", "--wait", f"{SETTLING + 1:.0f}s", "x")
        self.assertNotEqual(done.returncode, 0, "node 2 grants")
        self.assertNotEqual(net[2].status()["phase"], "open")
        # The operator's word that node 1 is dead for good: no device any more, and one vote is enough.
        net[2].end("qdevice", signal.SIGTERM)
        net.configure_no_device(2)
        net[2].space.run("corosync-cfgtool", "-R")
        enough = [*net[2].space.enter, "corosync-quorumtool", "-e", "1"]
        net.eventually(lambda: subprocess.run(enough, capture_output=True, check=False).returncode == 0
                       and "Quorate:          Yes" in net.quorum_of(net[2]), "one is enough")
        net.wait_for_view([2])
        self.assertEqual(net[2].verb("lock", "--wait", "20s", "x").returncode, 0)
        net.heal()
        net[1].start_corosync()
        net[1].start_daemon()
        self.assertGreater(net.wait_for_view([1, 2]), alone)
        self.assertEqual(net[2].verb("lock", "--wait", "20s", "x").returncode, 0)


if __name__ == "__main__":
    unittest.main()
