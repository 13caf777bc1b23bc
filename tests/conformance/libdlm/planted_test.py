# SPDX-License-Identifier: Apache-2.0
"""The transcripts notice when the lock engine is wrong: with a bug planted into it, lines turn red.

Each bug is one text of src/lock that is replaced by another. That file is compiled as the build does it, a
daemon is linked with it, and all transcripts are played on that daemon."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "live" / "cli")]

from harness import BIN, environment  # noqa: E402

ROOT = HERE.parents[2]
BUILD = BIN.parent


def command_for(target, matching):
    """The build's command that has `matching` in it, as words; without what ccache and the shell add."""
    listed = subprocess.run(["ninja", "-C", str(BUILD), "-t", "commands", target], capture_output=True, text=True,
                            check=True).stdout
    line = next(line for line in reversed(listed.splitlines()) if matching in line)
    return [word for word in shlex.split(line) if word not in (":", "&&") and not word.endswith("ccache")]


class Planted(unittest.TestCase):
    def setUp(self):
        self.dir = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.dir / "bin").mkdir()
        (self.dir / "lib").symlink_to(BUILD / "lib")
        shutil.copy2(BIN / "holdfast", self.dir / "bin")

    def plant(self, source, old, new):
        """A daemon with that bug, in self.dir."""
        text = (ROOT / source).read_text()
        self.assertEqual(text.count(old), 1, f"{source} is not what this test knows: {old}")
        wrong = self.dir / "wrong.cpp"
        wrong.write_text(text.replace(old, new))
        command = command_for("lib/libhf_lock.a", f"/{source}")
        command = command[:command.index("-MD")] + ["-Wno-unused", "-Wno-unused-parameter", "-c", str(wrong), "-o",
                                                    str(self.dir / "wrong.o")]
        subprocess.run(command, cwd=BUILD, check=True)
        command = command_for("bin/holdfastd", "-o bin/holdfastd")
        at = command.index("-o")
        # In front of the library, so that its own version of these functions is not looked for.
        command[at:at + 2] = ["-o", str(self.dir / "bin" / "holdfastd"), str(self.dir / "wrong.o")]
        subprocess.run(command, cwd=BUILD, check=True)

    def replay(self):
        """What differs."""
        done = subprocess.run([sys.executable, "-B", str(HERE / "replay_test.py")], capture_output=True, text=True,
                              env=environment(HOLDFAST_BIN=self.dir / "bin"), cwd=ROOT, timeout=200, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        differing = re.findall(r"^replay: DIFFERS: (\S+)", done.stdout, re.M)
        print(f"planted: {len(differing)} of 115 transcripts differ")
        return differing

    def test_new_requests_that_overtake_conversions(self):
        self.plant("src/lock/grant.cpp", "if (q.converting == Fill::occupied) return Verdict::out_of_turn;", "")
        self.assertIn("join", self.replay())

    def test_a_notice_for_each_waiter_instead_of_each_level(self):
        self.plant("src/lock/notice.cpp", "return holder.told < wanted && !compatible(holder.granted, wanted);",
                   "return !compatible(holder.granted, wanted);")
        self.assertIn("bast-levels", self.replay())

    def test_values_that_are_never_in_doubt(self):
        self.plant("src/lock/value.cpp", "  if (ending.flags.has(Flag::ivvalblk)) {\n    value.doubt();",
                   "  if (ending.flags.has(Flag::ivvalblk)) {")
        self.assertIn("value-after-close", self.replay())


if __name__ == "__main__":
    unittest.main()
