# SPDX-License-Identifier: Apache-2.0
"""Releases of the daemon in one cluster: `current` is ours, `next` sends one field more in every message, `previous`
neither sends nor reads a field that may be missing, `incompatible` says that its protocol is another version."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

LIVE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(LIVE / "cli"), str(LIVE / "rolling")]
from harness import BIN, PATIENCE, Cluster, Program, TestCase  # noqa: E402
from loads import Loads  # noqa: E402

TESTS = Path(os.environ.get("HOLDFAST_TESTS", "build/release/tests")).resolve()
ANOTHER = TESTS / "holdfastd_of_another_release"
NODES = (1, 2, 3)
LEASE_MS = 20_000  # whoever waits for it is seen to

# Stands where holdfastd is looked for; which release a node is of is written in the file of its number.
CHOOSE = f"""#!/bin/sh
for word; do
  [ "$before" != --node ] || node=$word
  before=$word
done
read -r release <"${{0%/*}}/$node"
[ "$release" != current ] || exec {BIN}/holdfastd "$@"
HOLDFAST_TEST_RELEASE=$release exec {ANOTHER} "$@"
"""


class Releases(TestCase):
    def setUp(self):
        self.programs = Path(tempfile.mkdtemp(prefix="hf-releases-"))
        self.addCleanup(shutil.rmtree, self.programs, ignore_errors=True)
        shutil.copy2(BIN / "holdfast", self.programs)
        daemon = self.programs / "holdfastd"
        daemon.write_text(CHOOSE)
        daemon.chmod(0o755)

    def set_releases(self, *releases):
        """Of nodes 1, 2, ..., the last one of all that follow."""
        for node in range(1, 9):
            self.set_release(node, releases[min(node, len(releases)) - 1])

    def set_release(self, node, release):
        (self.programs / str(node)).write_text(f"{release}\n")

    def start_cluster(self):
        return Cluster(self, nodes=3, lease_ms=LEASE_MS, program=str(self.programs / "holdfast"))

    # ---- what every release does ----

    def play_scenarios(self, *releases):
        """The scripts of the simulator: conversions, notices, values, rebuilds, moves, leaves."""
        self.set_releases(*releases)
        # Of transactions an earlier release knows nothing.
        themes = sorted(str(path) for path in Path("tests/scenarios").iterdir() if path.name != "deadlock")
        played = subprocess.run([TESTS / "scenarios_live", *themes, "--bin", self.programs],
                                capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(played.returncode, 0, played.stdout + played.stderr)
        self.assertRegex(played.stdout, r"^depth live: ([5-9]\d|\d{3,}) ran", "most of them can be played live")

    def test_scripts_play_with_a_node_of_each_release(self):
        self.play_scenarios("current", "next", "previous")

    def test_scripts_play_with_the_next_release_first_and_ours_last(self):
        self.play_scenarios("next", "previous", "current")

    # ---- rolling upgrade ----

    def running(self, cluster):
        return [Path(os.readlink(f"/proc/{cluster.daemon(node)}/exe")).name for node in NODES]

    def test_a_cluster_is_upgraded_node_by_node_while_the_others_serve(self):
        self.set_releases("previous")
        cluster = self.start_cluster()
        self.assertEqual(self.running(cluster), [ANOTHER.name] * 3)
        loads = Loads(self, 3, LEASE_MS, cluster.socket)
        for node in NODES:
            loads.start(node)
        # Over ours to the next one, so that in between all three are there at once.
        steps = [(1, "current"), (2, "next"), (3, "next"), (1, "next")]
        for step, (node, release) in enumerate(steps):
            for number, name in enumerate(loads.names):
                moved = cluster.run("move", name, "--to", str(1 + (node + number) % 3), node=node)
                self.assertEqual(moved.returncode, 0, moved.stderr)
            loads.stop(node)
            self.set_release(node, release)
            restarted = cluster.run("restart", str(node), "--dir", cluster.dir, node=node)
            self.assertEqual((restarted.returncode, restarted.stdout), (0, f"n{node} runs again\n"), restarted.stderr)
            loads.start(node)
            if step == 1:
                self.assertEqual([(self.programs / str(node)).read_text().strip() for node in NODES],
                                 ["current", "next", "previous"])
                self.assertEqual(self.running(cluster), ["holdfastd", ANOTHER.name, ANOTHER.name])
        for name in loads.names:
            cluster.start_verb("lock", "--mode", "NL", name, node=3).line("granted NL")
        loads.stop_all(lambda name: cluster.json("value", name, node=2))

    # ---- what is really another protocol ----

    def test_another_version_of_the_protocol_is_refused_and_both_sides_say_so(self):
        self.set_releases("current", "current", "incompatible")
        up = Program(self, [str(self.programs / "holdfast"), "up", "--dir", f"{self.programs}/up", "--nodes", "3",
                            "--lease", "1000"])

        def log_of(node):
            path = self.programs / "up" / f"n{node}" / "holdfastd.log"
            return path.read_text() if path.exists() else ""

        # The one with the smaller number calls and speaks first: it is refused, the other one refuses.
        refused = "the peer refuses us: wrong_version: it speaks version 1 of the peer protocol, this node speaks 2"
        refuses = "wrong_version: it speaks version 1 of the peer protocol, this node speaks 2"
        wanted = {1: f'peer=3 text="{refused}"', 2: f'peer=3 text="{refused}"', 3: f'peer=1 text="{refuses}"'}
        deadline = time.monotonic() + PATIENCE
        while not all(text in log_of(node) for node, text in wanted.items()):
            self.assertLess(time.monotonic(), deadline, "\n".join(log_of(node) for node in NODES))
            time.sleep(0.02)  # between two looks
        up.send(signal.SIGTERM)
        up.code()


if __name__ == "__main__":
    unittest.main()
