# SPDX-License-Identifier: Apache-2.0
"""Programs that add to shared counters at some nodes of a cluster (load.cpp), and what they may not have seen: a failed
request, a lost lock, a value in doubt, a wait for a lease."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from harness import Program  # noqa: E402

TESTS = Path(os.environ.get("HOLDFAST_TESTS", "build/release/tests")).resolve()


class Loads:
    def __init__(self, test, counters, lease_ms, socket_of):
        self.test = test
        self.names = [f"counter/{number}" for number in range(counters)]
        self.lease_ms = lease_ms
        self.socket_of = socket_of  # node -> path
        self.programs = {}  # node -> the one that runs there
        self.started = 0
        self.added = [0] * counters
        self.slowest_ms = 0.0

    def start(self, node):
        self.started += 1
        words = [str(TESTS / "rolling_load"), self.socket_of(node), f"n{node}/{self.started}", str(len(self.names))]
        program = Program(self.test, words)
        program.line("^ready$")
        self.programs[node] = program

    def stop(self, node):
        """Its report must be faultless."""
        program = self.programs.pop(node)
        program.end_input()
        report = json.loads(program.line("requests").string)
        self.test.assertEqual(program.code(), 0, program.errors())
        self.test.assertEqual((report["failures"], report["lost"], report["doubtful"]), ([], 0, 0), report)
        self.test.assertGreater(report["requests"], 0)
        self.test.assertLess(report["slowest_ms"], self.lease_ms / 2, "nobody waited for a lease")
        self.slowest_ms = max(self.slowest_ms, report["slowest_ms"])
        self.added = [sum(pair) for pair in zip(self.added, report["added"])]

    def stop_all(self, read_value):
        """No addition may be lost; read_value(name) is what `holdfast value --json` tells."""
        for node in list(self.programs):
            self.stop(node)
        for name, added in zip(self.names, self.added):
            read = read_value(name)
            self.test.assertEqual((read["state"], int(read["value"])), ("valid", added), name)
