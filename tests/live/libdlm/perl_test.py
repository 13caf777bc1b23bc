# SPDX-License-Identifier: Apache-2.0
"""DLM::Client as ./dev install-perl installs it: its own tests, and two Perl programs at two nodes."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import BIN, Cluster, Program, TestCase  # noqa: E402

ROOT = HERE.parents[2]
MODULE = ROOT / "bindings" / "perl" / "DLM-Client"
LIB = str(BIN.parent / "lib")
# Reads "lock MODE FLAGS" and "unlock" from its input and says what came of it, with $! as a number and a text.
LOCKER = r"""
use strict; use warnings; use DLM::Client qw(:all);
$| = 1;
my $id;
while (<STDIN>) {
  my ($verb, $mode, $flags) = split;
  my $rc = $verb eq 'lock' ? lock_resource('shared', $mode, $flags, $id) : unlock_resource($id);
  printf "%d %s\n", $rc, $rc == 0 ? 'ok' : $!+0 . " $!";
}
"""


class Perl(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="hf-perl-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        subprocess.run([ROOT / "dev", "install-perl", cls.dir], env=os.environ | {"HOLDFAST_LIBDLM": LIB}, cwd=ROOT,
                       check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        self.cluster = Cluster(self, nodes=2)

    def env(self, node):
        return self.cluster.env(node) | {"PERL5LIB": f"{self.dir}/lib/perl5"}

    def locker(self, node):
        return Program(self, ["perl", "-e", LOCKER], env=self.env(node))

    @staticmethod
    def say(program, line):
        program.process.stdin.write(line.encode() + b"\n")
        program.process.stdin.flush()

    def ask(self, program, line):
        self.say(program, line)
        return program.line(".*")[0]

    def test_its_own_tests(self):
        for test in sorted((MODULE / "t").glob("*.t")):
            done = subprocess.run(["perl", test], env=self.env(1), capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("SKIP", done.stdout)

    def test_two_programs_at_two_nodes(self):
        a, b = self.locker(1), self.locker(2)
        self.assertEqual(self.ask(a, "lock 5 0"), "0 ok")
        self.assertEqual(self.ask(b, "lock 3 1"), "-1 11 Resource temporarily unavailable")
        self.say(b, "lock 5 0")
        self.cluster.wait_until_waiting("shared")
        self.assertEqual(self.ask(a, "unlock"), "0 ok")
        self.assertEqual(b.line(".*")[0], "0 ok")
        held = self.cluster.locks("shared")
        self.assertEqual([(lock["node"], lock["owner"]["pid"], lock["mode"]) for lock in held], [(2, b.pid, "EX")])
        # A program that ends gives up what it has.
        self.say(a, "lock 3 0")
        self.cluster.wait_until_waiting("shared")
        b.kill()
        self.assertEqual(a.line(".*")[0], "0 ok")

    def test_a_persistent_lock_outlives_its_program(self):
        a, b = self.locker(1), self.locker(2)
        self.assertEqual(self.ask(a, f"lock 5 {0x80}"), "0 ok")
        a.kill()
        self.cluster.eventually(lambda: self.cluster.locks("shared")[0]["orphan"], "it is an orphan")
        self.assertEqual(self.ask(b, "lock 3 1"), "-1 11 Resource temporarily unavailable")
        self.assertEqual(self.cluster.run("orphans", "--purge").returncode, 0)
        self.assertEqual(self.ask(b, "lock 3 1"), "0 ok")

    def test_without_a_daemon_the_reason_is_told(self):
        a = Program(self, ["perl", "-e", LOCKER], env=self.env(1) | {"HOLDFAST_SOCKET": "/nonexistent/socket"})
        self.assertEqual(self.ask(a, "lock 5 0"), "-1 49 Protocol driver not attached")


if __name__ == "__main__":
    unittest.main()
