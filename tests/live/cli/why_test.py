# SPDX-License-Identifier: Apache-2.0
"""`holdfast why`, against a real cluster of three nodes."""

import unittest

from harness import Cluster, TestCase


class Why(TestCase):
    @classmethod
    def setUpClass(cls):
        class Cleanup:
            addCleanup = cls.addClassCleanup

        cls.cluster = Cluster(Cleanup, nodes=3)

    def hold(self, *arguments, node=1):
        holder = self.cluster.start_verb("lock", *arguments, node=node)
        holder.line("granted|token")
        return holder

    def wait_for(self, count, name, *arguments, node=1):
        """Starts a program that queues as the count-th on a name."""
        waiter = self.cluster.start_verb("lock", *arguments, name, node=node)
        self.cluster.eventually(
            lambda: sum(lock["standing"] != "granted" for lock in self.cluster.locks(name)) == count,
            f"{count} wait for {name}")
        return waiter

    def test_the_root_blocker_comes_first_and_its_waiters_below_it(self):
        holder = self.hold(self.id(), "--label", "nightly")
        second = self.wait_for(1, self.id(), node=2)
        text = self.cluster.run("why", self.id(), node=3).stdout.splitlines()
        self.assertRegex(text[0], rf"^n1  pid {holder.pid}  \S+  label nightly  \S*holdfast lock")
        self.assertRegex(text[1], rf"^    n2  pid {second.pid}  ")
        self.assertRegex(text[2], r"^      waits \d.* for EX on \S+  n2#\d+: held in EX \(for \d.*\)$")
        self.assertEqual(len(text), 3)
        # The lock that waits and the one it waits for say the same.
        shown = self.cluster.json("show", self.id())["locks"]
        for lock in shown:
            by_id = self.cluster.run("why", f"n{lock['node']}#{lock['id']}", node=3).stdout.splitlines()
            self.assertEqual([line.split()[2] for line in (by_id[0], by_id[1])], [str(holder.pid), str(second.pid)])

    def test_a_wait_that_only_the_queue_delays_is_told_as_such(self):
        self.hold("--mode", "PR", self.id())
        self.wait_for(1, self.id(), "--mode", "EX", node=2)
        self.wait_for(2, self.id(), "--mode", "PR", node=3)
        roots = self.cluster.json("why", self.id(), node=2)["roots"]
        self.assertEqual(len(roots), 1)
        writer = roots[0]["blocks"]
        self.assertEqual([(w["kind"], w["for"]["mode"], w["waits"]["lock"]["wanted"]) for w in writer], [("holds", "PR", "EX")])
        reader = writer[0]["blocks"]
        self.assertEqual([(r["kind"], r["owner"]["node"], r["for"]["wanted"]) for r in reader], [("ahead", 3, "EX")])
        self.assertRegex(self.cluster.run("why", self.id()).stdout, r"waits .* for PR on \S+  n3#\d+: behind EX in the queue")

    def test_patterns_choose_and_none_means_all(self):
        for name in ("/a", "/b"):
            self.hold(self.id() + name)
            self.wait_for(1, self.id() + name, node=2)
        self.assertEqual(len(self.cluster.json("why", self.id() + "/*")["roots"]), 2)
        self.assertEqual(len(self.cluster.json("why", self.id() + "/a")["roots"]), 1)
        self.assertGreaterEqual(len(self.cluster.json("why")["roots"]), 2)
        self.assertEqual(self.cluster.json("why", self.id() + "/*", "--lockspace", "other")["roots"], [])

    def test_nobody_who_waits_is_said(self):
        self.hold(self.id())
        done = self.cluster.run("why", self.id())
        self.assertEqual((done.returncode, done.stdout), (0, f"nobody waits for {self.id()}\n"))
        self.assertEqual(self.cluster.json("why", self.id()), {"complete": True, "cycles": [], "roots": []})


if __name__ == "__main__":
    unittest.main(verbosity=2)
