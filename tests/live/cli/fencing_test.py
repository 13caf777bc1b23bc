# SPDX-License-Identifier: Apache-2.0
"""Storage that compares fencing tokens (examples/fenced-file) and a holder that comes too late: it and its daemon stand
still for three leases, somebody else gets the lock meanwhile, and its next write is refused."""

import os
import signal
import time
import unittest
from pathlib import Path

from harness import BIN, Cluster, Program, TestCase, state_of


class Fencing(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=3)
        self.file = f"{self.cluster.dir}/data"

    def start_writer(self, mode, node, name="stored"):
        return Program(self, [str(BIN / "example_append"), self.file, name, mode], env=self.cluster.env(node))

    def write(self, writer, text):
        writer.process.stdin.write(f"{text}\n".encode())
        writer.process.stdin.flush()

    def assert_written(self, writer, text):
        self.write(writer, text)
        writer.line(f"^written: {text}$")

    def assert_refused(self, writer, text):
        self.write(writer, text)
        writer.line("^refused: lost: .* refuses token")
        self.assertEqual(writer.code(), 76)

    def stop_node_for_three_leases(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(lambda pid=pid: state_of(pid) == "T" and os.kill(pid, signal.SIGCONT))
        stopped = time.clock_gettime(time.CLOCK_BOOTTIME)
        # From here on membership is set by hand, at once: `holdfast up` would see a little later that it hangs.
        self.cluster.up.kill()
        members = [self.cluster.json("status", node=node)["member"] for node in (2, 3)]
        epoch = self.cluster.json("view", node=2)["epoch"]
        for node in (2, 3):
            done = self.cluster.run("view", "set", "--epoch", str(epoch + 1), "--member", members[0], "--member",
                                    members[1], node=node)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.cluster.eventually(
            lambda: time.clock_gettime(time.CLOCK_BOOTTIME) > stopped + 3 * self.cluster.lease, "three leases are over")

    def wake(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def test_a_holder_that_stood_still_is_told_lost_and_its_next_write_is_refused(self):
        late = self.start_writer("EX", node=1)
        late.line("granted EX")
        self.assert_written(late, "one")
        daemon = self.cluster.daemon(1)
        self.stop_node_for_three_leases(daemon, late.pid)
        # Two CW holders, each with a token of its own: both write, in any order.
        first, second = (self.start_writer("CW", node) for node in (2, 3))
        for writer in (first, second):
            writer.line("granted CW")
        for writer, text in ((second, "two"), (first, "three"), (second, "four"), (first, "five")):
            self.assert_written(writer, text)
        self.wake(daemon, late.pid)
        late.line("^lost: ")
        self.assert_refused(late, "late")
        self.assert_written(first, "six")
        self.assertEqual(Path(self.file).read_text().split(), ["one", "two", "three", "four", "five", "six"])

    def test_a_holder_that_wakes_before_its_daemon_is_refused_too(self):
        late = self.start_writer("EX", node=1)
        late.line("granted EX")
        daemon = self.cluster.daemon(1)
        self.stop_node_for_three_leases(daemon, late.pid)
        after = self.start_writer("EX", node=2)
        after.line("granted EX")
        self.assert_written(after, "one")
        self.wake(late.pid)
        # Nobody told it anything.
        self.assert_refused(late, "late")
        self.wake(daemon)
        self.assertEqual(Path(self.file).read_text(), "one\n")


if __name__ == "__main__":
    unittest.main()
