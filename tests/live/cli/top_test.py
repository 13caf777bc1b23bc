# SPDX-License-Identifier: Apache-2.0
"""`holdfast top`: one picture as text and JSON, and the live view in a real terminal (tmux)."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import HOLDFAST, PATIENCE, Cluster, Program, TestCase


class Terminal:
    """A terminal of 110 x 30 in a tmux server of our own, with a program in it."""

    def __init__(self, test, command, env):
        self.dir = tempfile.mkdtemp(prefix="hf-tmux-")
        test.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {**env, "TMUX_TMPDIR": self.dir, "LANG": "C.UTF-8", "TERM": "screen", "SHELL": "/bin/sh"}
        self.env.pop("TMUX", None)
        test.addCleanup(lambda: self.tmux("kill-server", check=False))
        # It stays when its program has ended, so that its exit code can be seen.
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "30", f"{command}; echo ended with $?; exec cat")

    def tmux(self, *arguments, check=True):
        done = subprocess.run(["tmux", *arguments], env=self.env, capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"tmux {arguments}: {done.stderr}")
        return done.stdout

    def picture(self):
        return self.tmux("capture-pane", "-p")

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def until(self, *parts, without=()):
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = self.picture()
            if all(part in seen for part in parts) and not any(part in seen for part in without):
                return seen
            if time.monotonic() > deadline:
                raise AssertionError(f"never {parts} without {without}; but:\n{seen}")


class Top(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)

    def hold(self, *arguments, node=1):
        holder = self.cluster.start_verb("lock", *arguments, node=node)
        holder.line("granted")
        return holder

    def make_waits(self):
        """a holds orders/1, for which the command of b waits; b holds orders/2, for which c waits."""
        a = self.hold("--label", "a", "orders/1")
        b = Program(self, [HOLDFAST, "run", "orders/2", "--", HOLDFAST, "lock", "orders/1"], env=self.cluster.env(2))
        self.cluster.wait_until_waiting("orders/1")
        c = self.cluster.start_verb("lock", "--mode", "PR", "orders/2")
        self.cluster.wait_until_waiting("orders/2")
        return a, b, c

    def test_one_picture_tells_programs_who_waits_and_who_is_at_the_root(self):
        a = self.hold("orders/1")
        b = self.cluster.start_verb("lock", "--mode", "PR", "orders/1", node=2)
        self.cluster.wait_until_waiting("orders/1")
        picture = self.cluster.json("top", "--every", "100ms", "--dir", self.cluster.dir)
        self.assertEqual((picture["complete"], picture["waiting"]), (True, 1))
        self.assertEqual([(node["node"], node["phase"]) for node in picture["nodes"]], [("n1", "open"), ("n2", "open")])
        self.assertEqual([node["locks"] for node in picture["nodes"]], [1, 1])
        (wait,) = picture["waits"]
        self.assertEqual((wait["resource"], wait["mode"], wait["node"], wait["pid"]), ("orders/1", "PR", "n2", b.pid))
        self.assertEqual(wait["behind"], f"EX of n1 pid {a.pid}")
        (root,) = picture["blockers"]
        self.assertEqual((root["pid"], root["blocks"], root["directly"], root["resource"]), (a.pid, 1, 1, "orders/1"))
        (hot,) = picture["hottest"]
        self.assertEqual((hot["resource"], hot["held"], hot["waiters"]), ("orders/1", "EX", 1))
        self.assertEqual(sum(master["resources"] for master in picture["masters"]), 1)
        # Without --dir another node tells nothing about itself.
        self.assertEqual([node["locks"] for node in self.cluster.json("top", "--every", "100ms")["nodes"]], [1, None])

    def test_what_is_used_is_hot(self):
        keeper = self.hold("--mode", "NL", "counter")
        self.hold("quiet")
        writer = Program(self, ["sh", "-c", f"while {HOLDFAST} value counter --set 1; do :; done"],
                         env=self.cluster.env(2), group=True)
        self.addCleanup(os.killpg, writer.pid, signal.SIGKILL)
        self.cluster.eventually(lambda: self.cluster.json("show", "counter")["value"]["write_number"] > 3, "it is written")
        picture = self.cluster.json("top", "--every", "1s")
        self.assertEqual(picture["hottest"][0]["resource"], "counter")
        self.assertGreater(picture["hottest"][0]["changes_per_second"], 0)
        self.assertNotIn("quiet", [row["resource"] for row in picture["hottest"]])
        self.assertIsNone(keeper.process.poll())

    def test_text_has_all_tables_and_as_many_rows_as_asked_for(self):
        self.hold("a")
        for _ in range(3):
            self.cluster.start_verb("lock", "a", node=2)
        self.cluster.eventually(lambda: len(self.cluster.locks("a")) == 4, "all wait")
        done = self.cluster.run("top", "--once", "--every", "100ms", "--rows", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for title in ("NODES", "HOTTEST RESOURCES", "LONGEST WAITS", "ROOT BLOCKERS", "MASTERS"):
            self.assertIn(f"\n{title}\n", done.stdout)
        self.assertEqual(done.stdout.count(" a         EX"), 2, done.stdout)

    def test_it_says_what_it_needs(self):
        for arguments, code, said in ((["--every", "1ms"], 2, "at least 100ms"), (["--every", "soon"], 2, "--every"),
                                      ([], 2, "--once"), (["--rows", "0"], 2, "--rows")):
            done = self.cluster.run("top", *arguments)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(said, done.stderr)
        done = subprocess.run([HOLDFAST, "top", "--socket", "/nonexistent/socket", "--once"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 69)

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_live_in_a_terminal(self):
        a, _, c = self.make_waits()
        terminal = Terminal(self, f"{HOLDFAST} top --dir {self.cluster.dir} --every 200ms", self.cluster.env())
        terminal.until("[3 waits]", "2 waiting", "orders/1", "orders/2", f"EX of n1 pid {a.pid}")
        terminal.press("4")
        seen = terminal.until("[4 blockers]", "DIRECTLY")
        (root,) = [line for line in seen.splitlines() if f" {a.pid} " in line]
        self.assertIn("orders/1", root)
        terminal.press("/", "n", "o", "n", "e", "Enter")
        terminal.until("with 'none'", "none with this text")
        terminal.press("Escape")
        terminal.until(str(a.pid), without=["with 'none'"])
        terminal.press("Enter")
        terminal.until("Esc back", f"n1  pid {a.pid}", "waits", "for EX on orders/1")
        terminal.press("Escape", "2", "r")
        terminal.until("[2 hottest]", "by HEAT rising")
        terminal.press("h")
        terminal.until("the tree of those who wait")
        terminal.tmux("resize-window", "-x", "60", "-y", "12")
        terminal.press("h", "3", "p")
        terminal.until("PAUSED", "[3 waits]")
        c.kill()
        terminal.press("p")
        terminal.until("1 waiting", without=["PAUSED"])
        terminal.press("q")
        terminal.until("ended with 0")

    @unittest.skipUnless(shutil.which("tmux"), "tmux is not installed")
    def test_a_daemon_that_goes_is_told_and_found_again(self):
        terminal = Terminal(self, f"{HOLDFAST} top --every 200ms", self.cluster.env(2))
        terminal.until("2 nodes")
        self.cluster.kill_daemon(2)
        terminal.until("this picture is old")
        self.assertEqual(self.cluster.stop(), 0)
        self.cluster.start()
        terminal.until("2 nodes", without=["this picture is old"])
        terminal.press("q")
        terminal.until("ended with 0")


if __name__ == "__main__":
    unittest.main()
