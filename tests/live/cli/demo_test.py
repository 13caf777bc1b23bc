# SPDX-License-Identifier: Apache-2.0
"""The demo says yes with locks and no without them."""

import re
import subprocess
import unittest

from harness import HOLDFAST, TestCase, environment


class Demo(TestCase):
    def demo(self, *options):
        return subprocess.run([HOLDFAST, "demo", *options], capture_output=True, text=True, timeout=120,
                              env=environment(), check=False)

    def test_with_locks_nothing_is_lost(self):
        done = self.demo("--rounds", "200", "--lease", "800")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Nothing was lost.", done.stdout)
        self.assertRegex(done.stdout, r"confirmed (\d+) <= total \d+ <= confirmed \+ [34] ")
        self.assertIn("0 overlaps", done.stdout)
        self.assertNotIn("WRONG", done.stdout)
        masters = re.search(r"demo/number +n(\d) +n(\d)", done.stdout)
        self.assertNotEqual(masters.group(1), masters.group(2))

    def test_without_locks_overlaps_are_found(self):
        done = self.demo("--no-lock", "--rounds", "500")
        self.assertEqual(done.returncode, 1)
        overlaps = int(re.search(r"(\d+) overlaps", done.stdout).group(1))
        self.assertGreater(overlaps, 0)
        self.assertIn("WRONG", done.stdout)


if __name__ == "__main__":
    unittest.main()
