# SPDX-License-Identifier: Apache-2.0
"""Every example of the package's README runs as it stands there, without a warning."""

import re
import subprocess
import sys
import tempfile
import unittest

from package import PACKAGE, ROOT, PackageTest

README = ROOT / "bindings" / "python" / "README.md"


def examples():
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


class Readme(PackageTest):
    EXPECTED = [r"^token [0-9a-f]{32}$", r"^lock \d+ of node 1 holds EX\ntimed_out: ", r"^b'42' valid False\nNone$",
                r"^0 [0-9a-f]{32}\n1 [0-9a-f]{32}\n2 [0-9a-f]{32}$", r"^orders/17 granted EX \d+ .*\nopen \[1, 2\]$"]

    def test_the_examples_run(self):
        texts = examples()
        self.assertEqual(len(texts), len(self.EXPECTED))
        for text, expected in zip(texts, self.EXPECTED):
            with tempfile.NamedTemporaryFile("w", suffix=".py") as program:
                program.write(text)
                program.flush()
                done = subprocess.run([sys.executable, "-B", "-W", "error", program.name],
                                      env=self.cluster.env(1, PYTHONPATH=PACKAGE), capture_output=True, text=True,
                                      timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), text)
            self.assertRegex(done.stdout, re.compile(expected, re.MULTILINE))


if __name__ == "__main__":
    unittest.main()
