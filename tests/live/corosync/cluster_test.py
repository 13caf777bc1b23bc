# SPDX-License-Identifier: Apache-2.0
"""Three nodes with corosync and holdfastd each, and what happens to them: kills, cuts, pauses, full restarts.

Every test leaves a whole cluster behind, which the next one goes on with; a failed one gets a new cluster.
"""

import select
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402
from holder import Holder  # noqa: E402

LEASE = 1.0


@unittest.skipIf(cluster_net.missing(), cluster_net.missing())
class Cluster(unittest.TestCase):
    net = None

    def setUp(self):
        cls = type(self)
        if cls.net is None:
            cls.net = cluster_net.Net(nodes=3, lease_ms=int(LEASE * 1000), token_ms=400)
            self.addCleanup(self.drop_if_broken)
            cls.net.start()
        else:
            self.addCleanup(self.drop_if_broken)
        self.epoch = self.net.wait_for_view([1, 2, 3])

    def drop_if_broken(self):
        """The next test begins with a whole cluster, or with a new one."""
        outcome = self._outcome.result
        if any(test is self for test, _ in [*outcome.failures, *outcome.errors]) or not self._outcome.success:
            print(self.net.story(), file=sys.stderr)
            self.net.close()
            type(self).net = None

    @classmethod
    def tearDownClass(cls):
        if cls.net:
            cls.net.close()
            cls.net = None

    def lock(self, number, name, *more):
        done = self.net[number].verb("lock", "--wait", "20s", name, *more)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_cluster_comes_up_with_one_view_and_grants_locks(self):
        view = self.net[2].view()
        self.assertTrue(view["quorate"])
        self.assertEqual(view["configured_votes"], 3)
        self.assertEqual([member["address"] for member in view["members"]],
                         [f"10.77.0.{n}:{cluster_net.PEER_PORT}" for n in (1, 2, 3)])
        holder = Holder(self, self.net[1], "shared")
        holder.wait_for("granted")
        self.assertEqual(self.net[3].verb("lock", "--no-wait", "shared").returncode, 75)

    def test_a_killed_daemon_is_left_out_and_comes_back_as_another_life(self):
        net = self.net
        before = net[2].status()["incarnation"]
        holder = Holder(self, net[2], "x")
        holder.wait_for("granted")
        net[2].end("holdfastd")
        self.assertGreater(net.wait_for_view([1, 3]), self.epoch)
        self.lock(1, "x")  # after the lease: the holder's program may have been in the middle of a write
        net[2].start_daemon()
        net.wait_for_view([1, 2, 3])
        self.assertGreater(net[2].status()["incarnation"], before)

    def test_a_killed_corosync_costs_its_node_the_lease_and_nothing_else(self):
        net = self.net
        other = Holder(self, net[1], "kept")
        other.wait_for("granted")
        holder = Holder(self, net[2], "y")
        holder.wait_for("granted")
        net[2].end("corosync")
        self.assertGreater(net.wait_for_view([1, 3]), self.epoch)
        holder.wait_for_end(76)  # told: the others answer its heartbeats no more
        self.assertIn("corosync cannot be reached", net[2].log("holdfastd").read_text())
        self.lock(3, "y")
        net[2].start_corosync()
        net.wait_for_view([1, 2, 3])
        self.lock(2, "y")
        self.assertIsNone(other.process.poll(), "who was not touched has kept its lock")

    def test_a_node_that_is_cut_off_stops_believing_before_the_others_grant(self):
        net = self.net
        holder = Holder(self, net[3], "z")
        holder.wait_for("granted")
        waiter = Holder(self, net[1], "z")
        net.eventually(lambda: net[1].waits_for("z"), "node 1 waits for z")
        cut = cluster_net.now()
        net.cut(3)
        deadline, granted = self.deadline_and_grant(net[3], waiter)
        ended = holder.wait_for_end(76)
        print(f"report: on CLOCK_BOOTTIME node 3 was cut off at {cut:.3f} s, its programs believed in their locks until "
              f"{deadline:.3f} s, node 1 was granted the lock at {granted:.3f} s ({1000 * (granted - deadline):.0f} ms "
              f"later; lease {1000 * LEASE:.0f} ms), and the end of the former holder was seen at {ended:.3f} s")
        self.assertLess(cut, deadline, "the page that was read was that of the node when it was cut off")
        self.assertLess(deadline, granted)
        net.wait_for_view([1, 2])
        self.assertNotEqual(net[3].status()["phase"], "open", "the minority has no say")
        self.assertNotEqual(net[3].verb("lock", "--no-wait", "elsewhere").returncode, 0)
        net.heal()
        self.assertGreater(net.wait_for_view([1, 2, 3]), self.epoch)
        waiter.process.stdin.close()
        self.lock(3, "z")

    def deadline_and_grant(self, node, waiter):
        """Until when the programs of a node believed in their locks, and when the waiter was told that it has its.
        Both on one clock; the first as the node's page said, which its programs see and nothing else counts."""
        life, deadline = node.deadline_page()
        granted = 0
        while not granted:
            life_now, deadline_now = node.deadline_page()
            if life_now == life:
                deadline = max(deadline, deadline_now)
            if select.select([waiter.process.stdout], [], [], 0.001)[0]:
                granted = cluster_net.now()
            self.assertLess(cluster_net.now(), deadline + cluster_net.PATIENCE, "nobody was granted the lock")
        waiter.wait_for("granted")
        return deadline, granted

    def test_a_short_cut_is_healed_with_a_new_life_and_no_view_of_two_kinds(self):
        net = self.net
        for _ in range(3):
            net.split([1], [2, 3])
            net.wait_for_view([2, 3])
            net.heal()
            net.wait_for_view([1, 2, 3])
        self.assertFalse([line for node in net for line in node.log("holdfastd").read_text().splitlines()
                          if "view_conflict" in line])

    def test_all_cut_from_each_other_nobody_grants_and_it_heals(self):
        net = self.net
        net.split([1], [2], [3])
        net.eventually(lambda: all((state := node.status()) and state["phase"] != "open" for node in net),
                       "nobody is open")
        net.heal()
        self.assertGreater(net.wait_for_view([1, 2, 3]), self.epoch)

    def test_a_daemon_that_hangs_for_longer_than_its_lease_comes_back_as_another_life(self):
        net = self.net
        before = net[2].status()["incarnation"]
        holder = Holder(self, net[2], "w")
        holder.wait_for("granted")
        net[2].send("holdfastd", signal.SIGSTOP)
        try:
            # Its corosync is well: only the daemons notice.
            self.assertGreater(net.wait_for_view([1, 3]), self.epoch)
            holder.wait_for_end(76)  # its page says so, without the daemon's help
            self.lock(1, "w")
        finally:
            net[2].send("holdfastd", signal.SIGCONT)
        net.wait_for_view([1, 2, 3])
        self.assertGreater(net[2].status()["incarnation"], before)
        self.lock(2, "w")

    def test_a_node_that_stands_still_as_a_whole_comes_back_as_another_life(self):
        net = self.net
        before = net[3].status()["incarnation"]
        for program in ("corosync", "holdfastd"):
            net[3].send(program, signal.SIGSTOP)
        try:
            self.assertGreater(net.wait_for_view([1, 2]), self.epoch)
        finally:
            for program in ("corosync", "holdfastd"):
                net[3].send(program, signal.SIGCONT)
        net.wait_for_view([1, 2, 3])
        self.assertGreater(net[3].status()["incarnation"], before)

    def test_epochs_grow_over_a_restart_of_everything(self):
        net = self.net
        for number in (signal.SIGKILL, signal.SIGTERM):
            before = net[1].epoch()
            net.end_all(number)
            net.start()
            self.assertGreater(net[1].epoch(), before)
        self.lock(3, "after")

    def test_a_daemon_with_another_number_than_corosync_ends_and_says_why(self):
        net = self.net
        self.assertEqual(net[3].end("holdfastd", signal.SIGTERM), 0)
        done = net[3].space.start([cluster_net.HOLDFASTD, "--config", f"{net[3].dir}/holdfastd.toml", "--node", "7",
                                   "--state-dir", f"{net[3].dir}/other"], net[3].dir / "wrong.log")
        try:
            self.assertEqual(done.wait(cluster_net.PATIENCE), 2)
        finally:
            if done.poll() is None:
                done.kill()
                done.wait()
        said = (net[3].dir / "wrong.log").read_text()
        self.assertIn("this is node 7, but corosync's number of this machine is 3", said)
        net[3].start_daemon()
        net.wait_for_view([1, 2, 3])


if __name__ == "__main__":
    unittest.main()
