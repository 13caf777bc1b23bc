# SPDX-License-Identifier: Apache-2.0
"""`holdfast orphans` lists what killed programs left, ends it and takes it over; `holdfast lockspaces`."""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBDLM = HERE.parent.parent / "conformance" / "libdlm"
sys.path[:0] = [str(HERE), str(LIBDLM)]

import dlm  # noqa: E402
from harness import BIN, Cluster, Program, TestCase  # noqa: E402

LIB = str(BIN.parent / "lib")


class Orphans(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)
        self.library = dlm.load(LIB)

    def join(self, node, lockspace):
        dlm.set_environment("HOLDFAST_SOCKET", self.cluster.socket(node))
        handle = self.library.dlm_new_lockspace(lockspace.encode(), 0o600, 0)
        self.assertTrue(handle)
        self.addCleanup(self.library.dlm_close_lockspace, handle)

    def leave_orphan(self, name, node=1, mode="EX", lockspace="lvm"):
        """A program that takes a persistent lock and is killed. Its pid."""
        child = Program(self, [sys.executable, "-B", str(LIBDLM / "child.py"), LIB, lockspace, name, mode, "PERSISTENT"],
                        env=self.cluster.env(node))
        child.line("^0 - OK")
        child.kill()
        self.cluster.eventually(lambda: any(lock["orphan"] for lock in self.cluster.locks(name)), f"{name} is an orphan")
        return child.pid

    def listed(self, *arguments, node=2):
        return [(row["name"], row["mode"], row["node"]) for row in
                self.cluster.json("orphans", *arguments, node=node)["orphans"]]

    def test_lists_those_of_all_nodes(self):
        for node in (1, 2):
            self.join(node, "lvm")
        pid = self.leave_orphan("db/1")
        self.leave_orphan("db/2", node=2, mode="PR")
        self.assertEqual(self.listed(), [("db/1", "EX", 1), ("db/2", "PR", 2)])
        self.assertEqual(self.listed("*1"), [("db/1", "EX", 1)])
        self.assertEqual(self.listed("--at", "2"), [("db/2", "PR", 2)])
        self.assertEqual(self.listed("--pid", str(pid)), [("db/1", "EX", 1)])
        self.assertEqual(self.listed("--lockspace", "other"), [])
        self.assertRegex(self.cluster.run("orphans").stdout, rf"lvm:db/1 +EX +n1 +{pid} ")

    def test_purges_those_that_match_at_any_node(self):
        for node in (1, 2):
            self.join(node, "lvm")
        for name, node in (("a1", 1), ("a2", 2), ("b1", 1)):
            self.leave_orphan(name, node)
        self.assertEqual(self.cluster.run("orphans", "a*", "--purge").returncode, 0)
        self.assertEqual(self.listed(), [("b1", "EX", 1)])
        self.assertEqual(self.cluster.run("orphans", "--purge", node=2).returncode, 0)
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.cluster.run("orphans", "--purge").returncode, 0)  # nothing to do is fine

    def test_adopts_and_holds_until_its_input_ends(self):
        self.join(1, "lvm")
        self.leave_orphan("vg")
        adopter = self.cluster.start_verb("orphans", "vg", "--adopt")
        adopter.line("^adopted lvm:vg")
        lock = self.cluster.locks("vg")[0]
        self.assertEqual((lock["orphan"], lock["owner"]["pid"], lock["mode"]), (False, adopter.pid, "EX"))
        adopter.end_input()
        self.assertEqual(adopter.code(), 0)
        self.assertEqual(self.cluster.locks("vg"), [])

    def test_adopts_only_where_they_were_left(self):
        self.join(1, "lvm")
        self.leave_orphan("vg")
        done = self.cluster.run("orphans", "--adopt", node=2)
        self.assertEqual(done.returncode, 1)
        self.assertIn("was left at node 1", done.stderr)
        self.assertEqual(self.listed(), [("vg", "EX", 1)])

    def test_a_failing_adoption_leaves_all_as_it_was(self):
        for lockspace in ("aaa", "zzz"):
            self.join(1, lockspace)
        self.leave_orphan("vg", lockspace="aaa")
        self.leave_orphan("vg", lockspace="zzz")
        other = self.cluster.start_verb("orphans", "--lockspace", "zzz", "--adopt")
        other.line("^adopted zzz:vg")
        other.kill()  # and it is an orphan again
        self.cluster.eventually(lambda: len(self.listed()) == 2, "both are orphans")
        self.assertEqual(self.cluster.run("orphans", "--adopt").returncode, 0)  # its input is empty
        self.assertEqual(self.listed(), [])

    def test_a_process_does_not_choose_among_twins(self):
        self.join(1, "lvm")
        pids = [self.leave_orphan("vg", mode="PR") for _ in range(2)]
        self.cluster.eventually(lambda: len(self.listed()) == 2, "both are orphans")
        done = self.cluster.run("orphans", "--pid", str(pids[1]), "--adopt")
        self.assertEqual(done.returncode, 1)
        self.assertIn("they are alike", done.stderr)
        self.assertEqual(len(self.listed()), 2)

    def test_adopting_nothing_is_an_error_and_both_at_once_is_refused(self):
        self.assertEqual(self.cluster.run("orphans", "--adopt").returncode, 1)
        self.assertEqual(self.cluster.run("orphans", "--adopt", "--purge").returncode, 2)

    def test_lockspaces_tells_who_joined_what(self):
        for node in (1, 2):
            self.join(node, "lvm")
        self.join(1, "other")
        self.assertEqual([(row["name"], row["members"], row["joins"]) for row in
                          self.cluster.json("lockspaces", node=2)["lockspaces"]],
                         [("lvm", [1, 2], 1), ("other", [1], 0)])
        self.assertRegex(self.cluster.run("lockspaces").stdout, r"lvm +n1 n2 +1 +0600 ")


if __name__ == "__main__":
    unittest.main()
