# SPDX-License-Identifier: Apache-2.0
"""The manners of ./dev: help for every verb, and clear errors that say what is allowed."""

import re
import subprocess
import unittest
from pathlib import Path

repository = Path(__file__).resolve().parents[2]


def dev(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [repository / "dev", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


class DevTest(unittest.TestCase):
    def test_help_lists_every_verb(self):
        source = (repository / "dev").read_text(encoding="utf-8")
        verbs = set(re.findall(r"^verb_([\w-]+)\(\)", source, re.MULTILINE))
        listed = set(re.findall(r"^  ([\w-]+)", dev("--help").stdout, re.MULTILINE))
        self.assertEqual(verbs, listed)
        self.assertIn("test", verbs)

    def test_an_unknown_verb_is_an_error_that_points_to_help(self):
        result = dev("tset")
        self.assertEqual(result.returncode, 2)
        self.assertIn("unknown verb 'tset'", result.stderr)
        self.assertIn("--help", result.stderr)

    def test_an_unknown_preset_is_an_error_that_lists_them(self):
        result = dev("build", "relaese")
        self.assertEqual(result.returncode, 2)
        self.assertIn("unknown preset 'relaese'; one of: release dev asan", result.stderr)

    def test_verbs_that_need_an_argument_say_so(self):
        for verb in ("scenario", "replay"):
            with self.subTest(verb):
                result = dev(verb)
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"{verb} needs", result.stderr)


if __name__ == "__main__":
    unittest.main()
