# SPDX-License-Identifier: Apache-2.0
"""`holdfast up` as supervisor and membership provider, and `down`."""

import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import HOLDFAST, Cluster, TestCase, environment, is_running


class Up(TestCase):
    def members(self, cluster, node):
        return [member["node"] for member in cluster.json("view", node=node)["members"]]

    def test_a_death_is_published_to_the_others_at_once(self):
        cluster = Cluster(self, nodes=3)
        epoch = cluster.json("view")["epoch"]
        self.assertGreater(epoch, time.time() - 600, "it starts above the wall clock's seconds")
        cluster.kill_daemon(2)
        cluster.up.line(r"n2 \(pid \d+\) was killed by signal 9; view \d+ goes on without it")
        cluster.eventually(lambda: self.members(cluster, 1) == [1, 3] == self.members(cluster, 3), "both know")
        self.assertGreater(cluster.json("view")["epoch"], epoch)
        self.assertTrue(cluster.json("view")["quorate"])

    def test_the_last_daemon_still_works(self):
        cluster = Cluster(self, nodes=3)
        for node in (1, 2):
            cluster.kill_daemon(node)
            cluster.up.line(f"n{node} ")
        self.assertEqual(cluster.run("lock", "--wait", "20s", "x", node=3).returncode, 0)

    def test_restart_brings_a_daemon_back_as_another_life(self):
        cluster = Cluster(self, nodes=2, more=["--restart"])
        before = cluster.json("status", node=2)["incarnation"]
        cluster.kill_daemon(2)
        cluster.up.line("n2 runs again")
        cluster.eventually(lambda: cluster.json("status", node=2)["phase"] == "open", "it is open")
        self.assertGreater(cluster.json("status", node=2)["incarnation"], before)
        self.assertEqual(self.members(cluster, 1), [1, 2])

    def test_a_daemon_whose_lease_ran_out_joins_again(self):
        cluster = Cluster(self, nodes=3, lease_ms=500)
        holder = cluster.start_verb("lock", "x", node=2)
        holder.line("granted")
        daemon = cluster.daemon(2)
        os.kill(daemon, signal.SIGSTOP)
        try:
            # Its page says when: the lock ends without the daemon's help.
            self.assertEqual(holder.code(), 76)
        finally:
            os.kill(daemon, signal.SIGCONT)
        cluster.up.line("n2 began another life")
        self.assertEqual(cluster.run("lock", "--wait", "20s", "x", node=2).returncode, 0)

    def test_two_supervisors_in_one_directory_are_one_too_many(self):
        cluster = Cluster(self, nodes=1)
        done = subprocess.run(cluster.arguments, capture_output=True, text=True, env=environment(), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("already up", done.stderr)

    def test_ending_it_ends_the_daemons(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            cluster = Cluster(self, nodes=2)
            daemons = [cluster.daemon(node) for node in (1, 2)]
            cluster.up.send(number)
            self.assertEqual(cluster.up.code(), 0)
            self.assertEqual([pid for pid in daemons if is_running(pid)], [])

    def test_without_its_supervisor_a_cluster_goes_on_and_another_takes_over(self):
        cluster = Cluster(self, nodes=2)
        daemons = [cluster.daemon(node) for node in (1, 2)]
        epoch = cluster.json("view")["epoch"]
        cluster.up.send(signal.SIGKILL)
        cluster.up.code()
        self.assertEqual(cluster.run("lock", "--no-wait", "x", node=2).returncode, 0)
        refused = subprocess.run(cluster.arguments, capture_output=True, text=True, env=environment(), check=False)
        self.assertIn("--attach", refused.stderr)
        cluster.start("--attach")
        self.assertEqual([cluster.daemon(node) for node in (1, 2)], daemons)
        self.assertGreater(cluster.json("view")["epoch"], epoch)
        cluster.kill_daemon(2)
        cluster.up.line("n2 ")
        cluster.eventually(lambda: self.members(cluster, 1) == [1], "the new supervisor works")

    def test_down_ends_daemons_without_a_supervisor(self):
        cluster = Cluster(self, nodes=2)
        daemons = [cluster.daemon(node) for node in (1, 2)]
        cluster.up.send(signal.SIGKILL)
        cluster.up.code()
        done = subprocess.run([HOLDFAST, "down", "--dir", cluster.dir], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, f"the cluster in {cluster.dir} is down\n"))
        self.assertEqual([pid for pid in daemons if is_running(pid)], [])

    def test_detached(self):
        cluster = Cluster(self, nodes=1)
        cluster.stop()
        done = subprocess.run([*cluster.arguments, "--detach"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"export HOLDFAST_SOCKET={cluster.socket()}", done.stdout)
        supervisor = cluster.state()["supervisor"]["pid"]
        daemon = cluster.daemon(1)
        self.assertTrue(is_running(supervisor) and is_running(daemon))
        self.assertEqual(cluster.run("lock", "x").returncode, 0)
        down = subprocess.run([HOLDFAST, "down", "--dir", cluster.dir], capture_output=True, text=True, check=False)
        self.assertEqual(down.returncode, 0, down.stderr)
        self.assertFalse(is_running(supervisor) or is_running(daemon))
        again = subprocess.run([HOLDFAST, "down", "--dir", cluster.dir], capture_output=True, text=True, check=False)
        self.assertIn("was down already", again.stdout)

    def test_epochs_grow_over_restarts(self):
        cluster = Cluster(self, nodes=1)
        epoch = cluster.json("view")["epoch"]
        cluster.stop()
        # Even if the clock were wrong: the file counts.
        state = cluster.state()
        state["epoch"] = epoch + 1_000_000
        Path(cluster.dir, "up.json").write_text(json.dumps(state))
        cluster.start()
        self.assertGreater(cluster.json("view")["epoch"], epoch + 1_000_000)

    def test_mastering_home(self):
        cluster = Cluster(self, nodes=2, more=["--mastering", "home"])
        for index in range(8):
            holder = cluster.start_verb("lock", f"r{index}")
            holder.line("granted")
            shown = cluster.json("show", f"r{index}")
            self.assertEqual(shown["master"], shown["home"])

    def test_a_directory_too_long_for_sockets_is_refused(self):
        done = subprocess.run([HOLDFAST, "up", "--dir", "/tmp/" + "x" * 120], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("too long", done.stderr)


if __name__ == "__main__":
    unittest.main()
