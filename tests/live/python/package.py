# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package share: where it was built, and clients of the daemons of a cluster."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import BIN, Cluster, Program, TestCase, environment  # noqa: E402

PACKAGE = BIN.parent / "python"
sys.path.insert(0, str(PACKAGE))

import holdfast  # noqa: E402

__all__ = ["PACKAGE", "ROOT", "Cluster", "PackageTest", "Program", "TestCase", "environment", "holdfast"]


class PackageTest(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)

    def connect(self, node=1, **options):
        client = holdfast.connect(self.cluster.socket(node), **options)
        self.addCleanup(client.close)
        return client

    def program(self, text, node=1):
        """A program of Python with the package and a daemon at hand."""
        env = self.cluster.env(node, PYTHONPATH=PACKAGE, PYTHONUNBUFFERED=1)
        return Program(self, [sys.executable, "-B", "-c", text], env=env)
