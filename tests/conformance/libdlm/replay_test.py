# SPDX-License-Identifier: Apache-2.0
"""Transcripts of the real Linux DLM on our libdlm, line by line.

  HOLDFAST_BIN=build/release/bin python3 tests/conformance/libdlm/replay_test.py [FILE...]

Without files: all of ../kernel. Prints how many lines were compared, were equal, and differ by which rule;
a transcript that needs what is not there yet is counted with the operation it stopped at."""

import json
import sys
import unittest
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "live" / "cli")]

from harness import BIN, HOLDFAST, Cluster  # noqa: E402
from player import Player, Unsupported, recorded_outcome  # noqa: E402
from rules import Rules  # noqa: E402

ALL = [path for folder in ("random", "directed", "cluster")
       for path in sorted((HERE.parent / "kernel" / folder).glob("*.jsonl"))]
NODES = 3
# How often each rule is used by ALL: a rule that begins to explain more than it should is a bug, too.
PINNED = {"burst": 1, "orphan-of-a-waiter": 4, "refused-conversion": 50, "second-cancel": 4, "timeout-ignored": 1,
          "unknown-bytes": 450, "unlock-garbage": 268, "unlock-unused": 28}
SKIPPED = 66  # lines; eight stories of nodes that come and go, and of lockspaces


class Tally:
    def __init__(self):
        self.lines = self.equal = 0
        self.skipped = 0  # behind what ends_here() says
        self.rules = Counter()
        self.differences = []
        self.unsupported = []

    def __str__(self):
        rules = ", ".join(f"{name} {count}" for name, count in sorted(self.rules.items()))
        return (f"{self.lines} lines compared, {self.skipped} not, {self.equal} equal, {len(self.differences)} differ; by rule: "
                f"{rules or 'none'}; {len(self.unsupported)} transcripts not played to their end")


def play(path, libraries, sockets, tally):
    header, *lines = (json.loads(line) for line in path.read_text().splitlines())
    lockspace = f"replay-{path.stem}"
    creators = {f"n{node}": node for node in header.get("members", [])} if "story" in header else {}
    player = Player(libraries, HOLDFAST, sockets, lockspace, header["handles"] | creators)
    rules = Rules()

    def resource_of(lock):
        return player.locks[lock].resource

    for line in lines:
        recorded = recorded_outcome(line)
        try:
            ours = player.do(line["op"])
        except Unsupported as missing:
            tally.unsupported.append(f"{path.stem}: {missing}")
            tally.skipped += len(lines) - line["n"]
            break
        rename_adopted(player, line["op"], recorded, ours)
        used = rules.used.total()
        left = rules.unexplained(line["op"], recorded, ours, resource_of)
        tally.lines += 1
        tally.equal += not left and rules.used.total() == used
        if left and (rule := rules.ends_here(line["op"], ours)):
            rules.used[rule] += 1
            tally.skipped += len(lines) - line["n"] - 1
            break
        if left:
            tally.differences.append(f"{path.stem} line {line['n']}: {line['op']}: {'; '.join(left)}")
            break  # what follows would only follow from it
    tally.rules += rules.used
    player.close()


def rename_adopted(player, operation, recorded, ours):
    """An orphan keeps its place and gets the adopter's name."""
    words = operation.split(" ")
    if words[0] != "lock" or "ORPHAN" not in words[5] or ours.rc != 0:
        return
    mode = words[4]
    state = ours.state[words[3]]["granted"]
    gone = set(state) - set(recorded.state[words[3]]["granted"])
    for entry in gone:
        orphan = entry.split(" ")[0]
        if entry.endswith(" " + mode):
            player.adopt(orphan, words[2])
            state.remove(entry)
            state.append(f"{words[2]} {mode}")
    state.sort()


class Replay(unittest.TestCase):
    def test_all_lines_agree(self):
        cluster = Cluster(self, nodes=NODES)
        libraries = BIN.parent / "lib"
        sockets = {node: cluster.env(node)["HOLDFAST_SOCKET"] for node in range(1, NODES + 1)}
        tally = Tally()
        for path in [Path(name) for name in FILES] or ALL:
            play(path, libraries, sockets, tally)
        print(f"replay: {tally}")
        for line in tally.differences:
            print(f"replay: DIFFERS: {line}")
        for line in tally.unsupported:
            print(f"replay: not played to its end: {line}")
        self.assertEqual(tally.differences, [])
        if not FILES:
            self.assertEqual((dict(tally.rules), tally.skipped), (PINNED, SKIPPED))


FILES = []
if __name__ == "__main__":
    FILES, sys.argv[1:] = sys.argv[1:], []
    unittest.main()
