# SPDX-License-Identifier: Apache-2.0
"""Somebody vouches that a lost node is dead: a fencing hook of the daemons, or an operator with `node fence-ack`."""

import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import BIN, HOLDFAST, Cluster, Program, TestCase, environment, is_running

LONG = 60_000  # milliseconds; longer than any wait of these tests


class Script:
    """A fencing hook, and a file where it leaves its arguments."""

    def __init__(self, test, ending, mode=0o755):
        directory = tempfile.mkdtemp(prefix="hf-hook-")
        test.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        self.calls_file = Path(directory, "calls")
        self.path = Path(directory, "hook")
        self.path.write_text(f'#!/bin/sh\necho "$1 $2 $$" >> {self.calls_file}\n{ending}\n')
        self.path.chmod(mode)

    def calls(self):
        return [line.split() for line in self.calls_file.read_text().splitlines()]


class Hook(TestCase):
    def log_says(self, cluster, node, text):
        log = Path(cluster.dir, f"n{node}", "holdfastd.log")
        cluster.eventually(lambda: text in log.read_text(), f"the log of n{node} says '{text}'")

    def lose_a_holder(self, lease_ms, *options):
        """n2 dies while a program there holds what one at n1 waits for."""
        cluster = Cluster(self, nodes=3, lease_ms=lease_ms, more=options)
        life = cluster.json("status", node=2)["incarnation"]
        cluster.start_verb("lock", "x", node=2).line("granted")
        waiter = cluster.start_verb("lock", "x", node=1)
        cluster.wait_until_waiting("x")
        cluster.kill_daemon(2)
        cluster.up.line("n2 .* goes on without it")
        return cluster, life, waiter

    def test_its_word_ends_the_wait_for_the_lease(self):
        hook = Script(self, "exit 0")
        cluster, life, waiter = self.lose_a_holder(LONG, "--fence-hook", str(hook.path))
        waiter.line("granted")  # long before the lease is over
        self.assertEqual([call[:2] for call in hook.calls()], [["2", str(life)]], "one member calls it, once")
        self.log_says(cluster, 1, "the fencing hook says that the node is dead")
        cluster.eventually(lambda: cluster.json("status", node=3)["lease_waits"] == [], "the others heard of it")

    def test_a_hook_that_is_not_sure_leaves_the_lease_to_be_waited_for(self):
        hook = Script(self, "exit 1")
        before = time.monotonic()
        cluster, life, waiter = self.lose_a_holder(3000, "--fence-hook", str(hook.path))
        waiter.line("granted")
        self.assertGreater(time.monotonic() - before, cluster.lease / 2)
        self.assertEqual([call[:2] for call in hook.calls()], [["2", str(life)]])
        self.log_says(cluster, 1, "the fencing hook could not make sure that the node is dead")

    def test_a_hook_that_hangs_is_killed_and_the_lease_is_waited_for(self):
        hook = Script(self, "sleep 1000")
        cluster, life, waiter = self.lose_a_holder(3000, "--fence-hook", str(hook.path), "--fence-hook-timeout", "500")
        self.log_says(cluster, 1, "the fencing hook did not answer in time")
        waiter.line("granted")
        [[_, called_with, process]] = hook.calls()
        self.assertEqual(called_with, str(life))
        self.assertFalse(is_running(int(process)))

    def test_a_hook_that_cannot_be_run_is_refused_at_the_start(self):
        for hook, why in ((Script(self, "exit 0", mode=0o644).path, "Permission denied"),
                          ("/nonexistent/hook", "No such file"), ("/tmp", "is a directory")):
            directory = tempfile.mkdtemp(prefix="hf-cli-")
            self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
            done = subprocess.run([HOLDFAST, "up", "--dir", directory, "--nodes", "1", "--fence-hook", str(hook)],
                                  capture_output=True, text=True, timeout=60, env=environment(), check=False)
            self.assertEqual(done.returncode, 1)
            for text in (f"the fencing hook {hook}", "--fence-hook", why):
                self.assertIn(text, done.stderr)


class Pair(Cluster):
    """Two daemons with manual views, as an operator without any provider has them: nobody but he says who belongs."""

    def __init__(self, test, lease_ms):
        self.test = test
        self.lease = lease_ms / 1000
        self.dir = tempfile.mkdtemp(prefix="hf-cli-")
        test.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.daemons = {node: self.start_daemon(node, lease_ms) for node in (1, 2)}

    def start_daemon(self, node, lease_ms):
        daemon = Program(self.test, [str(BIN / "holdfastd"), "--node", str(node), "--socket", self.socket(node),
                                     "--state-dir", f"{self.dir}/{node}", "--peer-listen", "127.0.0.1:0",
                                     "--membership", "manual", "--lease", str(lease_ms), "--log-level", "error",
                                     "--ready-fd", "1"], stderr=None)
        daemon.line(r"^\{")
        return daemon

    def socket(self, node=1):
        return f"{self.dir}/{node}.sock"

    def status(self, node=1):
        return self.json("status", node=node)

    def life(self, node=1):
        return self.status(node)["incarnation"]

    def set_view(self, epoch, members, *options, at=(1, 2), traits=""):
        words = [word for node in members for word in ("--member", self.status(node)["member"] + traits)]
        for node in at:
            done = self.run("view", "set", "--epoch", str(epoch), *words, *options, node=node)
            self.test.assertEqual(done.returncode, 0, done.stderr)


class TwoNodes(TestCase):
    def begin(self, lease_ms, *options):
        pair = Pair(self, lease_ms)
        pair.set_view(1, (1, 2), *options)
        for node in (1, 2):
            pair.eventually(lambda at=node: pair.status(at)["phase"] == "open", f"n{node} is open")
        return pair

    def lose_n2(self, pair, *options):
        """n2 dies while a program there holds what one at n1 waits for; a view says that it is gone."""
        pair.start_verb("lock", "x", node=2).line("granted")
        waiter = pair.start_verb("lock", "x", node=1)
        pair.wait_until_waiting("x")
        pair.daemons[2].send(signal.SIGKILL)
        pair.daemons[2].code()
        pair.set_view(2, (1,), "--votes", "2", *options, at=(1,))
        return waiter

    def test_the_operators_word_makes_the_survivor_valid_alone(self):
        pair = self.begin(3000)
        life = pair.life()
        waiter = self.lose_n2(pair)
        self.assertEqual(pair.run("node", "fence-ack", "2").returncode, 0)
        waiter.line("granted")
        now = pair.status()["uptime_ms"]
        pair.eventually(lambda: pair.status()["uptime_ms"] > now + 2000 * pair.lease, "two leases go by")
        status = pair.status()
        self.assertEqual((status["incarnation"], status["phase"], status["valid"]), (life, "open", True))

    def test_it_ends_the_wait_for_a_long_lease(self):
        pair = self.begin(LONG)
        waiter = self.lose_n2(pair)
        self.assertIn("for the lease of lost node 2 (or: holdfast node fence-ack 2)", pair.run("status").stdout)
        self.assertEqual(pair.run("node", "fence-ack", "2").returncode, 0)
        waiter.line("granted")
        self.assertEqual(pair.status()["lease_waits"], [])

    def test_without_a_word_the_survivor_stops_with_its_lease(self):
        pair = self.begin(3000)
        holder = pair.start_verb("lock", "y")
        holder.line("granted")
        life = pair.life()
        self.lose_n2(pair)
        self.assertEqual(holder.code(), 76)
        pair.eventually(lambda: pair.life() > life, "another life begins")
        pair.set_view(3, (1,), "--votes", "2", at=(1,))
        status = pair.status()
        self.assertEqual((status["phase"], status["valid"]), ("no quorum", False))
        text = pair.run("status").stdout
        self.assertIn("1 of 2 with the members", text)
        self.assertIn("not valid", text)
        refused = pair.run("lock", "--no-wait", "z")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("no_quorum", refused.stderr)

    def test_a_tie_breaker_goes_on_alone_after_the_lease(self):
        options = ("--tie-breaker", "1")
        pair = self.begin(3000, *options)
        self.assertIn("tie-breaker  node 1", pair.run("view", node=2).stdout)
        self.assertEqual(pair.json("view")["tie_breaker"], 1)
        self.assertIn("n1 breaks ties", pair.run("status").stdout)
        life = pair.life()
        self.lose_n2(pair, *options).line("granted")
        self.assertEqual(pair.life(), life)

    def test_a_view_says_what_a_quorum_device_has(self):
        pair = self.begin(3000)
        pair.set_view(2, (1, 2), "--device-votes", "2", "--device-timeout", "5s", traits=",votes=3,weight=2")
        view = pair.json("view")
        self.assertEqual(view["device"], {"votes": 2, "timeout_ms": 5000})
        self.assertEqual(view["configured_votes"], 8)
        self.assertEqual([(member["votes"], member["weight"]) for member in view["members"]], [(3, 2), (3, 2)])
        text = pair.run("view", node=2).stdout
        self.assertIn("quorum device  votes 2  timeout 5 s", text)
        self.assertIn("weight 2  votes 3", text)


if __name__ == "__main__":
    unittest.main()
