# SPDX-License-Identifier: Apache-2.0
"""Masters that move, by `holdfast move`, because their daemon leaves, and by use, and `holdfast restart`."""

import re
import signal
import subprocess
import unittest
from pathlib import Path

from harness import BIN, Cluster, Program, TestCase, is_running


class Move(TestCase):
    def setUp(self):
        # A lease that nobody can wait for within the patience of a test: whoever gets a lock did not wait for it.
        self.cluster = Cluster(self, nodes=3, lease_ms=60_000)

    def hold(self, *arguments, node=1):
        holder = self.cluster.start_verb("lock", *arguments, node=node)
        holder.line("granted")
        return holder

    def master(self, name, node=1, lockspace="default"):
        return self.cluster.json("show", name, "--lockspace", lockspace, node=node)["master"]

    def test_a_master_moves_with_holder_queue_and_value(self):
        keeper = self.hold("--mode", "NL", "jobs")
        self.assertEqual(self.cluster.run("value", "jobs", "--set", "17").returncode, 0)
        holder = self.hold("jobs", node=1)
        waiters = []
        for node in (2, 3):
            waiters.append(self.cluster.start_verb("lock", "jobs", node=node))
            self.cluster.eventually(lambda: len(self.cluster.locks("jobs")) == 2 + len(waiters), "it waits")
        self.assertEqual(self.master("jobs"), 1)
        moved = self.cluster.run("move", "jobs", "--to", "2")
        self.assertEqual((moved.returncode, moved.stdout, moved.stderr), (0, "jobs is mastered by n2\n", ""))
        self.assertEqual([self.master("jobs", node) for node in (1, 2, 3)], [2, 2, 2])
        self.assertEqual(self.cluster.json("move", "jobs", "--to", "3", node=2),
                         {"lockspace": "default", "name": "jobs", "master": 3})
        self.assertEqual([self.master("jobs", node) for node in (1, 2, 3)], [3, 3, 3])
        self.assertIn("held", self.cluster.run("ls", "jobs").stdout)
        for before, after in zip([holder, *waiters], waiters):
            self.assertIsNone(before.process.poll(), "whoever holds it does so until it lets go")
            before.end_input()
            self.assertEqual(before.code(), 0)
            after.line("granted EX")
        waiters[-1].end_input()
        self.assertEqual(waiters[-1].code(), 0)
        read = self.cluster.json("value", "jobs", node=3)
        self.assertEqual((read["state"], read["value"]), ("valid", "17"))
        keeper.end_input()
        self.assertEqual(keeper.code(), 0)

    def test_a_name_of_another_lockspace_moves(self):
        self.hold("--lockspace", "lvm", "a")
        self.assertEqual(self.cluster.run("move", "a", "--to", "3").returncode, 1, "not in the default one")
        self.assertEqual(self.cluster.run("move", "--lockspace", "lvm", "a", "--to", "3").returncode, 0)
        self.assertEqual(self.master("a", lockspace="lvm"), 3)

    def test_what_cannot_be_moved_is_refused_by_name(self):
        self.hold("a")
        for arguments, code in ((["nobody", "--to", "2"], "no_such_resource"), (["a", "--to", "9"], "no_such_node")):
            done = self.cluster.run("move", *arguments)
            self.assertEqual(done.returncode, 1)
            self.assertIn(code, done.stderr)
        for arguments in (["a"], ["a", "--to", "0"], ["a", "--to", "x"], ["a", "--to", "n"], ["a", "--to", "2n"]):
            self.assertEqual(self.cluster.run("move", *arguments).returncode, 2, arguments)
        self.assertIn("'x' is no node; allowed is a number from 1, or a name such as n2",
                      self.cluster.run("move", "a", "--to", "x").stderr)

    def test_a_node_is_named_as_it_is_printed(self):
        self.hold("a")
        self.assertEqual(self.cluster.run("move", "a", "--to", "n2").stdout, "a is mastered by n2\n")

    def said_between_nodes(self):
        """All bytes that the daemons have sent each other so far, as the kernel counts them."""
        ports = {self.cluster.json("status", node=node)["peer_address"].rpartition(":")[2] for node in (1, 2, 3)}
        total = 0
        ours = False
        for line in subprocess.run(["ss", "-tinH"], capture_output=True, text=True, check=True).stdout.splitlines():
            if not line[0].isspace():
                ours = any(address.rpartition(":")[2] in ports for address in line.split()[3:5])
            elif ours and (sent := re.search(r"bytes_sent:(\d+)", line)):
                total += int(sent[1])
        return total

    def use(self, name, times, node, cluster=None):
        program = Program(self, [str(BIN / "example_counter"), name, str(times)], env=(cluster or self.cluster).env(node))
        self.assertEqual(program.code(), 0)

    def read_often(self, name, times, node):
        """Not written, it needs no second copy; and the lease is too long for heartbeats."""
        for _ in range(times):
            holder = self.hold("--mode", "PR", name, node=node)
            holder.end_input()
            self.assertEqual(holder.code(), 0)

    def test_a_name_goes_to_whoever_uses_it_and_then_costs_no_message(self):
        self.hold("--mode", "NL", "jobs", node=1)
        self.hold("--mode", "NL", "both", node=1)
        self.assertEqual(self.master("jobs"), 1)
        before = self.said_between_nodes()
        self.read_often("jobs", 10, node=2)
        remote = self.said_between_nodes() - before
        self.assertGreater(remote, 10 * 100, "it is used from far away")
        self.use("jobs", 1000, node=2)
        self.cluster.eventually(lambda: self.master("jobs") == 2, "its user is its master")
        self.assertEqual(self.master("both"), 1)
        status = self.cluster.json("status", node=1)
        self.assertEqual((status["moved"], status["moved_by_use"]), (1, 1))
        self.assertIn("1 given away, 1 of them because others use them more", self.cluster.run("status").stdout)
        why = [line for line in Path(self.cluster.dir, "n1", "holdfastd.log").read_text().splitlines()
               if "a resource goes to where it is used" in line]
        self.assertEqual(len(why), 1, why)
        for part in ("peer=2", "uses=", "others=", "default: jobs"):
            self.assertIn(part, why[0])
        before = self.said_between_nodes()
        self.read_often("jobs", 10, node=2)
        self.assertLess(self.said_between_nodes() - before, remote / 4, "nobody else hears of it")

    def test_nothing_moves_by_itself_where_nothing_is_to(self):
        cluster = Cluster(self, nodes=2, more=("--moves-per-second", "0"))
        holder = cluster.start_verb("lock", "--mode", "NL", "jobs")
        holder.line("granted")
        self.use("jobs", 1000, node=2, cluster=cluster)
        self.assertEqual(cluster.json("show", "jobs")["master"], 1)
        self.assertEqual(cluster.json("status")["moved"], 0)

    def test_home_mastering_moves_nothing(self):
        cluster = Cluster(self, nodes=2, more=["--mastering", "home"])
        cluster.start_verb("lock", "a").line("granted")
        master = cluster.json("show", "a")["master"]
        done = cluster.run("move", "a", "--to", str(3 - master))
        self.assertEqual(done.returncode, 1)
        self.assertIn("not_movable", done.stderr)


class Leave(TestCase):
    def test_a_daemon_that_is_told_to_end_hands_over_and_nobody_waits_for_its_lease(self):
        cluster = Cluster(self, nodes=3, lease_ms=60_000)
        self.assertEqual(cluster.run("lock", "jobs", node=2).returncode, 0)  # n2 is its master for a while
        holder = cluster.start_verb("lock", "jobs", node=1)
        holder.line("granted")
        self.assertEqual(cluster.run("move", "jobs", "--to", "2").returncode, 0)
        waiter = cluster.start_verb("lock", "jobs", node=3)
        cluster.wait_until_waiting("jobs")
        daemon = cluster.daemon(2)
        cluster.kill_daemon(2, signal.SIGTERM)
        cluster.up.line(r"n2 \(pid \d+\) has left; view \d+ goes on without it")
        self.wait_for_end_of(daemon)
        self.assertIn(cluster.json("show", "jobs")["master"], (1, 3))
        holder.end_input()
        self.assertEqual(holder.code(), 0)
        waiter.line("granted EX")
        # Nothing that it could have granted is waited for either.
        self.assertEqual(cluster.run("lock", "--wait", "20s", "new", node=3).returncode, 0)

    def test_restart_takes_one_daemon_after_the_other(self):
        cluster = Cluster(self, nodes=3, lease_ms=60_000)
        before = [cluster.daemon(node) for node in (1, 2, 3)]
        done = cluster.run("restart", "--dir", cluster.dir)
        self.assertEqual((done.returncode, done.stdout), (0, "n1 runs again\nn2 runs again\nn3 runs again\n"),
                         done.stderr)
        self.assertEqual([pid for pid in before if is_running(pid)], [])
        self.assertEqual([member["node"] for member in cluster.json("view", node=2)["members"]], [1, 2, 3])
        self.assertEqual(cluster.run("lock", "--wait", "20s", "x", node=3).returncode, 0)

    def test_restart_of_one_leaves_the_others_alone(self):
        cluster = Cluster(self, nodes=2, lease_ms=60_000)
        others = cluster.start_verb("lock", "x", node=1)
        others.line("granted")
        first = cluster.daemon(1)
        self.assertEqual(cluster.run("restart", "2", "--dir", cluster.dir).stdout, "n2 runs again\n")
        self.assertEqual(cluster.daemon(1), first)
        others.end_input()
        self.assertEqual(others.code(), 0, "its lock was never lost")

    def test_restart_says_what_it_cannot_do(self):
        cluster = Cluster(self, nodes=1)
        for arguments, what in ((["9"], "no node 9"), ([], "no supervisor")):
            if not arguments:
                cluster.up.send(signal.SIGKILL)
                cluster.up.code()
            done = cluster.run("restart", *arguments, "--dir", cluster.dir)
            self.assertEqual(done.returncode, 1)
            self.assertIn(what, done.stderr)


if __name__ == "__main__":
    unittest.main()
