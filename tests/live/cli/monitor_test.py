# SPDX-License-Identifier: Apache-2.0
"""`holdfast monitor`, `release` and `self`: waits that do not end, and locks that are ended by force."""

import json
import os
import signal
import subprocess
import unittest
from pathlib import Path

from harness import BIN, HOLDFAST, Cluster, Program, TestCase


class Monitor(TestCase):
    @classmethod
    def setUpClass(cls):
        class Cleanup:
            addCleanup = cls.addClassCleanup

        cls.cluster = Cluster(Cleanup, nodes=2)

    def setUp(self):
        self.cluster.test = self  # its programs end with the test that started them
        self.evidence = f"{self.cluster.dir}/evidence-{self.id().rpartition('.')[2]}"

    def hold(self, *arguments, node=1):
        holder = self.cluster.start_verb("lock", *arguments, self.id(), node=node)
        holder.line("granted|token")
        return holder

    def want(self, *arguments, node=2):
        waiter = self.cluster.start_verb("lock", *arguments, self.id(), node=node)
        self.cluster.wait_until_waiting(self.id())
        return waiter

    def conditions(self, *arguments):
        """Of the names of this test."""
        return [condition for condition in self.cluster.json("monitor", *arguments)["conditions"]
                if condition["name"] == self.id()]

    def start_monitor(self, *arguments, node=1):
        return Program(self, [HOLDFAST, "--json", "monitor", *arguments], env=self.cluster.env(node))

    def writer(self, mode, node):
        return Program(self, [str(BIN / "example_append"), f"{self.cluster.dir}/{self.id()}.data", self.id(), mode],
                       env=self.cluster.env(node))

    def force(self, what, *arguments, node=2, reason="a test"):
        return self.cluster.run("release", what, "--yes", "--reason", reason, "--evidence", self.evidence, *arguments,
                                node=node)

    def write(self, program, text):
        program.process.stdin.write(f"{text}\n".encode())
        program.process.stdin.flush()

    def test_a_stuck_reader_is_found_at_the_second_look_and_its_token_is_refused(self):
        """The scenario of Berkeley DB's lock monitor."""
        reader = self.writer("PR", node=1)
        token = reader.line("granted PR with token (.*)").group(1)
        writer = self.writer("EX", node=2)
        self.cluster.wait_until_waiting(self.id())
        # Every look tells exactly the one pair, and changes nothing.
        for _ in range(2):
            pair, = self.conditions()
            self.assertEqual(pair["holder"]["owner"]["pid"], reader.pid)
            self.assertEqual(pair["holder"]["token"], token)
            self.assertEqual((pair["holder"]["status"], pair["waiter"]["status"]), ("HELD", "WAITING"))
            self.assertEqual(pair["waiter"]["owner"]["pid"], writer.pid)
            self.assertEqual(pair["trouble"], "lock-up")
        monitor = self.start_monitor("--every", "300ms", "--policy", "release", "--yes", "--reason", "it is stuck",
                                     "--evidence", self.evidence)
        self.assertEqual(json.loads(monitor.line().string)["conditions"], [])
        stuck, = json.loads(monitor.line().string)["conditions"]
        self.assertEqual((stuck["holder"]["owner"]["pid"], stuck["looks"]), (reader.pid, 2))
        released, = (report := json.loads(monitor.line().string))["released"]
        self.assertEqual(released["outcome"], "forced")
        self.assertEqual(released["before"]["status"], "HELD")  # as it was before
        self.assertEqual(released["before"]["mode"], "PR")
        newer = writer.line("granted EX with token (.*)").group(1)
        self.assertGreater(newer, token)
        reader.line("^lost: forced_out: pid .* it is stuck")
        self.write(writer, "new")
        writer.line("^written: new$")
        self.write(reader, "old")
        reader.line("^refused: ")
        seen = json.loads(Path(report["evidence"]).read_text())
        self.assertEqual(seen["reason"], "it is stuck")
        self.assertEqual([c["holder"]["owner"]["pid"] for c in seen["conditions"] if c["name"] == self.id()], [reader.pid])
        monitor.send(signal.SIGINT)
        self.assertEqual(monitor.code(), 0)

    def test_without_yes_nothing_is_done(self):
        holder = self.hold()
        self.want()
        pair, = self.conditions()
        dry = self.cluster.run("release", pair["holder"]["grant_id"], node=2)
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn("would be ended", dry.stdout)
        self.assertIn("can be damaged", dry.stderr)
        dry = self.cluster.run("monitor", "--longer-than", "1ms", "--policy", "release", node=2)
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn("would be ended", dry.stdout)
        self.assertEqual(self.conditions()[0]["holder"]["token"], pair["holder"]["token"])
        self.assertIsNone(holder.process.poll())

    @unittest.skip("the id of a waiting lock with another token is not refused in a dry run: open")
    def test_only_the_grant_that_was_named_is_ended(self):
        first = self.hold()
        self.want()
        pair, = self.conditions()
        first.end_input()
        self.cluster.eventually(lambda: not self.conditions(), "the first holder has given it up")
        stale = self.force(pair["holder"]["grant_id"])
        self.assertEqual(stale.returncode, 1)
        self.assertIn("no_such_lock", stale.stdout)
        wrong_token = f"n2#{pair['waiter']['id']}:{'0' * 31}1"
        self.assertIn("no_such_lock", self.force(wrong_token).stdout)
        self.assertEqual([lock["standing"] for lock in self.cluster.locks(self.id())], ["granted"])

    def test_the_owner_is_told_beforehand_and_both_nodes_write_down_who_did_it(self):
        holder = self.hold()
        self.want()
        pair, = self.conditions()
        asked = self.cluster.start_verb("release", pair["holder"]["grant_id"], "--yes", "--reason", "out with it",
                                        "--grace", "700ms", "--evidence", self.evidence, node=2)
        asked.line("forced|given up")
        self.assertEqual(holder.code(), 76)
        told = holder.errors()
        self.assertRegex(told, r"pid \d+ \(.*\) of user \S+ on node 2 will take the lock away in .*: out with it")
        self.assertIn("the lock is lost: forced_out", told)
        for node in (1, 2):
            log = Path(self.cluster.dir, f"n{node}", "holdfastd.log").read_text()
            self.assertRegex(log, "forced release.*out with it")
        log = Path(self.cluster.dir, "n1", "holdfastd.log").read_text()
        self.assertRegex(log, rf"EX on default/{self.id()}, token [0-9a-f]+, of pid {holder.pid} .*is taken away, by pid {asked.pid}")

    def test_a_holder_that_gives_it_up_in_time_is_left_in_peace(self):
        holder = self.hold()
        waiter = self.want()
        pair, = self.conditions()
        asked = self.cluster.start_verb("release", pair["holder"]["grant_id"], "--yes", "--reason", "please",
                                        "--grace", "60s", "--evidence", self.evidence, node=2)
        self.cluster.eventually(lambda: "please" in Path(self.cluster.dir, "n1", "holdfastd.log").read_text(), "it was asked for")
        holder.end_input()
        self.assertEqual(holder.code(), 0)
        asked.line("given up")
        waiter.line("granted|token")

    def test_a_holder_that_stands_still_is_waited_for_a_lease_and_no_longer(self):
        holder = self.hold()
        waiter = self.want()
        pair, = self.conditions()
        holder.send(signal.SIGSTOP)
        done = self.force(pair["holder"]["grant_id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("forced", done.stdout)
        waiter.line("granted|token")
        holder.send(signal.SIGCONT)
        self.assertEqual(holder.code(), 76)

    def test_the_command_of_run_has_ended_before_anybody_else_has_the_lock(self):
        mark = f"{self.cluster.dir}/{self.id()}.mark"
        holder = self.cluster.start_verb("run", self.id(), "--", "sh", "-c",
                                         f"trap 'echo asked >> {mark}' TERM; echo up; while :; do sleep 0.1; done")
        holder.line("up")
        waiter = self.cluster.start_verb("run", self.id(), "--", "sh", "-c", f"echo next >> {mark}; ps -eo args", node=2)
        self.cluster.wait_until_waiting(self.id())
        pair, = self.conditions()
        done = self.force(pair["holder"]["grant_id"], "--grace", "600ms")
        self.assertIn("forced", done.stdout)
        self.assertEqual(holder.code(), 76)
        self.assertEqual(waiter.code(), 0)
        self.assertEqual(Path(mark).read_text().split(), ["asked", "next"])
        seen = waiter.process.stdout.read().decode().splitlines()  # by `ps` of the next one: nothing of the first command
        self.assertEqual([line for line in seen if line.startswith("sh -c trap") and mark in line], [])

    def test_a_command_that_ends_when_it_is_asked_gives_the_lock_up(self):
        holder = self.cluster.start_verb("run", self.id(), "--", "sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.1; done")
        holder.line("up")
        lock, = self.cluster.locks(self.id())
        done = self.force(f"n1#{lock['id']}:{lock['token']}", "--grace", "60s")
        self.assertIn("given up", done.stdout)
        self.assertEqual(holder.code(), 76)
        self.assertIn("before its lock was taken away", holder.errors())

    def test_a_request_that_waits_can_be_ended_too(self):
        self.hold()
        waiter = self.want()
        pair, = self.conditions()
        done = self.force(pair["waiter"]["grant_id"], node=1)
        self.assertIn("cancelled", done.stdout)
        self.assertNotEqual(waiter.code(), 0)
        self.assertIn("ended by force", waiter.errors())

    @unittest.skip("the lock may be granted to the waiter before it is looked at: the test has to be mended")
    def test_a_process_sees_what_it_has_and_whom_it_blocks(self):
        holder = self.cluster.start_verb("run", self.id(), "--", "sh", "-c", f"read go; {HOLDFAST} self --json")
        self.cluster.eventually(lambda: self.cluster.locks(self.id()), "it is held")
        waiter = self.want()
        self.write(holder, "go")
        seen = json.loads(holder.process.stdout.read())
        self.assertEqual([lock["name"] for lock in seen["locks"]], [self.id()])
        self.assertEqual([c["waiter"]["owner"]["pid"] for c in seen["blocks"]], [waiter.pid])
        other = self.cluster.json("self", "--pid", str(waiter.pid), node=2)
        self.assertEqual((len(other["blocks"]), len(other["waits"])), (0, 1))

    def test_others_may_be_told_instead(self):
        self.hold()
        waiter = self.want()
        told = f"{self.cluster.dir}/{self.id()}.told"
        done = self.cluster.run("monitor", "--policy", "notify", "--exec", f"cat >> {told}")
        self.assertEqual(done.returncode, 0, done.stderr)
        pids = [json.loads(line)["waiter"]["owner"]["pid"] for line in Path(told).read_text().splitlines()]
        self.assertIn(waiter.pid, pids)

    def test_wrong_ways_to_ask_are_refused(self):
        for arguments, text in ((["release", "x"], "is no lock id"),
                                (["release", "n1#4294967297", "--yes"], "needs a --reason"),
                                (["monitor", "--policy", "release"], "needs --every or --longer-than"),
                                (["monitor", "--policy", "notify"], "needs --exec")):
            done = self.cluster.run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(text, done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_another_user_may_not(self):
        self.hold()
        lock, = self.cluster.locks(self.id())
        self.cluster.let_everybody_in(2)
        Path(self.evidence).mkdir(mode=0o777)
        Path(self.evidence).chmod(0o777)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", HOLDFAST, "release",
                               f"n1#{lock['id']}:{lock['token']}", "--yes", "--reason", "r", "--evidence", self.evidence],
                              env=self.cluster.env(2), capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not_permitted", done.stdout)
        self.assertEqual(len(self.cluster.locks(self.id())), 1)


if __name__ == "__main__":
    unittest.main()
