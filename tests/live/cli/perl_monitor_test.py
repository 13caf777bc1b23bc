# SPDX-License-Identifier: Apache-2.0
"""Holdfast::LockMonitor as ./dev install-perl installs it: its own test, at a node of a cluster."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BIN, HOLDFAST, Cluster, TestCase

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "bindings" / "perl" / "Holdfast-LockMonitor"


class PerlMonitor(TestCase):
    def test_its_own_test(self):
        where = tempfile.mkdtemp(prefix="hf-perl-")
        self.addCleanup(shutil.rmtree, where)
        subprocess.run([ROOT / "dev", "install-perl", where], env=os.environ | {"HOLDFAST_LIBDLM": str(BIN.parent / "lib")},
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        cluster = Cluster(self, nodes=2)
        done = subprocess.run(["perl", MODULE / "t" / "monitor.t"],
                              env=cluster.env(1) | {"PERL5LIB": f"{where}/lib/perl5", "HOLDFAST_TOOL": HOLDFAST},
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("SKIP", done.stdout)


if __name__ == "__main__":
    unittest.main()
