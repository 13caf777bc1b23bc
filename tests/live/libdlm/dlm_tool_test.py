# SPDX-License-Identifier: Apache-2.0
"""Debian's own dlm_tool prints the truth about our cluster, with both of our libraries in its loader path."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

from built import exported, printed_by  # noqa: E402
from harness import BIN, PATIENCE, Cluster, TestCase, environment  # noqa: E402

LIB = str(BIN.parent / "lib")
TOOL = "/usr/sbin/dlm_tool"


def run(env, *arguments):
    return subprocess.run([TOOL, *arguments], env=env | {"LD_LIBRARY_PATH": LIB}, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


class DlmTool(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=3, lease_ms=30_000)  # fence_ack is always in time

    def tool(self, *arguments, node=1, code=0):
        done = run(self.cluster.env(node), *arguments)
        self.assertEqual(done.returncode, code, done)
        return done.stdout

    def members(self, node=1):
        found = re.search(r"^members +([\d ]*)$", self.tool("ls", node=node), re.M)
        return found[1].split() if found else None

    def test_joins_lists_and_leaves(self):
        self.assertEqual(self.tool("ls"), "")
        self.assertIn('Joining lockspace "alpha" permission 600', self.tool("join", "alpha"))
        self.tool("join", "alpha", "-m", "0660", node=2)
        self.tool("join", "alpha", "-e", "1", code=255)  # it exists
        self.assertEqual(self.tool("ls", "-n"), (
            "dlm lockspaces\n"
            "name          alpha\n"
            "id            0x7caec595\n"  # CRC-32 of dlm:ls:alpha
            "flags         0x00000000 \n"
            "change        member 2 joined 1 remove 0 failed 0 seq 2,2\n"
            "members       1 2 \n"
            "all nodes\n"
            "nodeid 1 member 1 failed 0 start 0 seq_add 1 seq_rem 0 check none\n"
            "nodeid 2 member 1 failed 0 start 0 seq_add 2 seq_rem 0 check none\n\n"))
        self.assertEqual(self.tool("plocks", "alpha"), "")
        self.assertEqual(self.cluster.json("lockspaces", node=2)["lockspaces"][0]["members"], [1, 2])
        self.tool("leave", "alpha")
        self.assertIsNone(self.members(node=1))
        self.assertEqual(self.members(node=2), ["2"])
        self.tool("leave", "alpha", code=255)

    def test_shows_a_lost_node_until_it_is_surely_dead(self):
        for node in (1, 2):
            self.tool("join", "alpha", node=node)
        status = self.tool("status")
        self.assertRegex(status, r"\Acluster nodeid 1 quorate 1 ring seq (\d+) \1\ndaemon now \d+ fence_pid 0 \n"
                                 r"(node [123] M add \d+ rem 0 fail 0 fence 0 at 0 0\n){3}\Z")
        self.cluster.kill_daemon(2)
        status = self.cluster.eventually(lambda: "fence 2 nodedown" in (text := self.tool("status")) and text,
                                         "node 1 waits for the lease of node 2")
        self.assertRegex(status, r"fence 2 nodedown delay actor 0 fail \d+ fence 0 now \d+\n")
        self.assertRegex(status, r"node 2 X add 0 rem \d+ fail \d+ fence 0 at 0 0\n")
        self.assertIn("change        member 1 joined 0 remove 1 failed 1 seq 3,3\n", self.tool("ls"))
        self.assertRegex(self.cluster.run("status").stdout, r"(?m)^waits +\S+ s for the lease of lost node 2 ")
        self.tool("fence_ack", "2")
        self.assertNotIn("fence 2", self.tool("status"))

    def test_dumps_what_the_node_knows(self):
        self.assertIn("our_nodeid 2\n", self.tool("status", "-v", node=2))
        self.assertIn("our_nodeid 2\n", self.tool("dump", node=2))
        self.assertRegex(self.tool("dump_config", node=2), r"(?m)^nodeid=2$")

    def test_without_a_daemon_it_says_so_at_once(self):
        done = run(environment(HOLDFAST_SOCKET="/nonexistent/socket"), "ls")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        done = run(environment(HOLDFAST_SOCKET="/nonexistent/socket"), "status")
        self.assertIn("/nonexistent/socket", done.stderr)


class Header(unittest.TestCase):
    def test_ours_says_what_the_original_says(self):
        ours = printed_by("control_values.c", "-I", HERE.parents[2] / "include")
        self.assertEqual(ours, printed_by("control_values.c"))
        self.assertIn("dlmc_lockspace 140", ours)

    def test_only_the_original_names_are_exported(self):
        ours = exported(f"{LIB}/libdlmcontrol.so.3")
        self.assertEqual(ours, exported("/usr/lib/x86_64-linux-gnu/libdlmcontrol.so.3"))
        self.assertEqual(len(ours), 22)


if __name__ == "__main__":
    unittest.main()
