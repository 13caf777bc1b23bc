# SPDX-License-Identifier: Apache-2.0
"""Transcripts of the real Linux DLM on our libdlm, line by line.

  HOLDFAST_BIN=build/release/bin python3 tests/conformance/libdlm/replay_test.py [FILE...]

Without files: all of ../kernel. Prints how many lines were compared, were equal, and differ by which rule."""

import json
import sys
import unittest
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "live" / "cli")]

from harness import BIN, Cluster  # noqa: E402
from player import Player, recorded_outcome  # noqa: E402
from rules import Rules, our_line  # noqa: E402

ALL = [path for folder in ("random", "directed", "cluster")
       for path in sorted((HERE.parent / "kernel" / folder).glob("*.jsonl"))]
NODES = 3
# How often each rule is used by ALL: a rule that begins to explain more than it should is a bug, too.
PINNED = {"burst": 4, "death-keeps": 7, "orphan-of-a-waiter": 4, "recovery-nl-cr": 2, "recovery-order": 6,
          "refused-conversion": 50, "release-busy": 3, "second-cancel": 4, "second-copy": 7, "timeout-ignored": 2,
          "unknown-bytes": 450, "unlock-garbage": 268, "unlock-unused": 28}
SKIPPED = 0  # lines


LEASE_MS = 30_000  # no story is about leases, and a busy machine may let everything stand still for a second


class Machines(Cluster):
    """Nodes that can die as machines do: with all that runs on them, and surely."""

    size = NODES

    def __init__(self, test):
        super().__init__(test, nodes=NODES, lease_ms=LEASE_MS)

    def die(self, node):
        self.kill_daemon(node)
        self.eventually(lambda: node not in [member["node"] for member in self.json("view")["members"]],
                        f"node 1 knows that node {node} is gone")
        if self.run("node", "fence-ack", str(node)).returncode != 0:
            raise AssertionError(f"nobody waits for the lease of node {node}")


class Tally:
    def __init__(self):
        self.lines = self.equal = 0
        self.skipped = 0  # behind a difference
        self.rules = Counter()
        self.differences = []

    def __str__(self):
        rules = ", ".join(f"{name} {count}" for name, count in sorted(self.rules.items()))
        return (f"{self.lines} lines compared, {self.skipped} not, {self.equal} equal, {len(self.differences)} differ; "
                f"by rule: {rules or 'none'}")


def play(path, libraries, cluster, tally):
    header, *lines = (json.loads(line) for line in path.read_text().splitlines())
    members = header.get("members") or range(1, header["nodes"] + 1)
    creators = {f"n{node}": node for node in members}
    player = Player(libraries, cluster, f"replay-{path.stem}", creators, header["handles"])
    rules = Rules()

    def resource_of(lock):
        return player.locks[lock].resource

    for line in lines:
        line, rule = our_line(path.stem, line)
        recorded = recorded_outcome(line)
        ours = player.do(line["op"])
        used = rules.used.total()
        if rule:
            rules.used[rule] += 1
        used_before = rules.used.copy()
        left = rules.unexplained(line["op"], recorded, ours, resource_of)
        if left:  # was that all?
            rules.used = used_before
            left = rules.unexplained(line["op"], recorded, player.look_again(ours), resource_of)
        tally.lines += 1
        tally.equal += not left and rules.used.total() == used
        if left:
            tally.differences.append(f"{path.stem} line {line['n']}: {line['op']}: {'; '.join(left)}")
            tally.skipped += len(lines) - line["n"] - 1
            break  # what follows would only follow from it
    tally.rules += rules.used
    player.close()


def kills(path):
    return '"op": "die ' in path.read_text()


class Replay(unittest.TestCase):
    def test_all_lines_agree(self):
        shared = Machines(self)
        tally = Tally()
        for path in [Path(name) for name in FILES] or ALL:
            play(path, BIN.parent / "lib", Machines(self) if kills(path) else shared, tally)
        print(f"replay: {tally}")
        for line in tally.differences:
            print(f"replay: DIFFERS: {line}")
        self.assertEqual(tally.differences, [])
        if not FILES:
            self.assertEqual((dict(tally.rules), tally.skipped), (PINNED, SKIPPED))


FILES = []
if __name__ == "__main__":
    FILES, sys.argv[1:] = sys.argv[1:], []
    unittest.main()
