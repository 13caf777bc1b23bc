# SPDX-License-Identifier: Apache-2.0
"""A program that holds a lock, and when it heard of what."""

import select
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cluster_net  # noqa: E402


class Holder:
    """`holdfast lock` at a node, and when it said what."""

    def __init__(self, test, node, *words):
        self.process = node.start_verb("lock", *words)
        test.addCleanup(self.end)

    def wait_for(self, text, patience=cluster_net.PATIENCE):
        """The moment (CLOCK_BOOTTIME) at which a line with this text came."""
        deadline = time.monotonic() + patience
        while select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            line = self.process.stdout.readline()
            if text in line:
                return cluster_net.now()
            if not line:
                break
        raise AssertionError(f"no '{text}' from {self.process.args}: {self.process.stderr.read() if line == '' else ''}")

    def wait_for_end(self, code):
        """The moment at which it ended with this code."""
        found = self.process.wait(cluster_net.PATIENCE)
        at = cluster_net.now()
        if found != code:
            raise AssertionError(f"exit code {found}, not {code}: {self.process.stderr.read()}")
        return at

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
