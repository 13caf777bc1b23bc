# SPDX-License-Identifier: Apache-2.0
"""`holdfast up` and daemons that stand still (SIGSTOP): the others go on without them, after their lease."""

import os
import signal
import time
import unittest

from harness import Cluster, TestCase

LOST = 76  # exit code: the lock was lost


class Hung(TestCase):
    def stop_daemon(self, cluster, node):
        daemon = cluster.daemon(node)
        os.kill(daemon, signal.SIGSTOP)
        self.addCleanup(self.let_go_on, daemon)
        return daemon

    def let_go_on(self, daemon):
        try:
            os.kill(daemon, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def life(self, cluster, node):
        return cluster.json("status", node=node)["incarnation"]

    def members(self, cluster, node):
        return [(member["node"], member["incarnation"]) for member in cluster.json("view", node=node)["members"]]

    def hold_and_wait(self, cluster):
        """A program at n2 holds the lock, one at n1 waits for it."""
        holder = cluster.start_verb("lock", "x", node=2)
        holder.line("granted")
        waiter = cluster.start_verb("lock", "x", node=1)
        cluster.wait_until_waiting("x")
        return holder, waiter

    def go_on_without_n2(self, nodes):
        cluster = Cluster(self, nodes=nodes, lease_ms=3000)
        survivor, before = self.life(cluster, 1), self.life(cluster, 2)
        holder, waiter = self.hold_and_wait(cluster)
        stopped = time.monotonic()
        daemon = self.stop_daemon(cluster, 2)
        cluster.up.line(r"n2 \(pid \d+\) does not answer; view \d+ goes on without it")
        waiter.line("granted")
        self.assertGreater(time.monotonic() - stopped, cluster.lease / 2, "its lease was waited for")
        self.assertEqual(holder.code(), LOST)
        self.assertEqual(self.life(cluster, 1), survivor, "what the survivor granted before is still good")

        self.let_go_on(daemon)
        cluster.up.line(r"n2 began another life")
        cluster.eventually(lambda: cluster.json("status", node=2)["phase"] == "open", "it is a member again")
        after = self.life(cluster, 2)
        self.assertGreater(after, before)
        for node in range(1, nodes + 1):
            cluster.eventually(lambda at=node: (2, after) in self.members(cluster, at), f"n{node} has it")
        self.assertEqual(cluster.run("lock", "--wait", "20s", "y", node=2).returncode, 0)
        self.assertEqual(self.life(cluster, 1), survivor)

    def test_of_two_nodes_the_other_goes_on(self):
        self.go_on_without_n2(nodes=2)

    def test_of_three_nodes_the_others_go_on(self):
        self.go_on_without_n2(nodes=3)

    def test_a_life_that_was_left_out_ends_even_if_its_lease_has_not(self):
        cluster = Cluster(self, nodes=2, lease_ms=12_000)
        before = self.life(cluster, 2)
        holder, waiter = self.hold_and_wait(cluster)
        daemon = self.stop_daemon(cluster, 2)
        cluster.up.line(r"n2 \(pid \d+\) does not answer; view \d+ goes on without it")
        self.let_go_on(daemon)
        cluster.up.line("n2 answers again; it is to begin another life")
        self.assertEqual(holder.code(), LOST)
        cluster.up.line("n2 began another life")
        self.assertGreater(self.life(cluster, 2), before)
        waiter.line("granted")

    def test_a_node_alone_is_left_in_peace(self):
        cluster = Cluster(self, nodes=1, lease_ms=12_000)
        before, epoch = self.life(cluster, 1), cluster.json("view")["epoch"]
        holder = cluster.start_verb("lock", "x")
        holder.line("granted")
        daemon = self.stop_daemon(cluster, 1)
        cluster.up.line(r"n1 \(pid \d+\) does not answer$")
        self.let_go_on(daemon)
        cluster.up.line("n1 answers again$")
        self.assertEqual((self.life(cluster, 1), cluster.json("view")["epoch"]), (before, epoch))
        self.assertEqual(len(cluster.locks("x")), 1)

    def test_whoever_takes_over_remembers_which_life_was_left_out(self):
        cluster = Cluster(self, nodes=2, lease_ms=3000)
        before = self.life(cluster, 2)
        daemon = self.stop_daemon(cluster, 2)
        cluster.up.line("n2 .* does not answer")
        cluster.up.send(signal.SIGKILL)
        cluster.up.code()
        cluster.start("--attach")
        self.assertEqual([node for node, _ in self.members(cluster, 1)], [1])
        self.let_go_on(daemon)
        cluster.up.line("n2 began another life")
        cluster.eventually(lambda: [node for node, _ in self.members(cluster, 1)] == [1, 2], "it is back")
        self.assertGreater(self.life(cluster, 2), before)


if __name__ == "__main__":
    unittest.main()
