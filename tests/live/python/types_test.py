# SPDX-License-Identifier: Apache-2.0
"""The type hints: mypy finds nothing in the package and in its README, and finds what is wrong in a program."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from package import PACKAGE
from readme_test import examples

WRONG = '''import holdfast
with holdfast.connect() as client:
    client.lock(17)
    client.lock("x", timeout="soon")
    with client.lock("x") as lock:
        lock.release("text")
        lock.mode = holdfast.Mode.EX
    token: str = lock.token
    client.lock_async("x").release()
    for resource in client.query():
        resource.nmae
'''


@unittest.skipUnless(shutil.which("mypy"), "mypy is not installed")
class Types(unittest.TestCase):
    def mypy(self, *files):
        with tempfile.TemporaryDirectory() as cache:
            return subprocess.run(["mypy", "--strict", "--no-error-summary", "--cache-dir", cache,
                                   "--python-executable", sys.executable, *map(str, files)],
                                  env=os.environ | {"MYPYPATH": str(PACKAGE)}, capture_output=True, text=True,
                                  check=False)

    def test_the_package_and_its_examples_are_right(self):
        with tempfile.TemporaryDirectory() as directory:
            files = []
            for number, text in enumerate(examples()):
                files.append(Path(directory, f"example_{number}.py"))
                files[-1].write_text(text)
            done = self.mypy(PACKAGE / "holdfast", *files)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_a_program_that_is_wrong_is_told_where(self):
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory, "wrong.py")
            program.write_text(WRONG)
            done = self.mypy(program)
        lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
        self.assertEqual(lines, {3, 4, 6, 7, 8, 9, 11}, done.stdout)


if __name__ == "__main__":
    unittest.main()
