# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` to any directory: programs start there, and pkg-config builds against what was installed."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import BIN, Cluster, TestCase  # noqa: E402

INSTALLED = """
bin/holdfast bin/holdfastd bin/holdfast-sim bin/holdfast-check bin/holdfast-bench include/libdlm.h include/libdlmcontrol.h include/holdfast_query.h
lib/systemd/system/holdfastd.service share/man/man1/holdfast.1 share/man/man8/holdfastd.8
share/bash-completion/completions/holdfast
""".split()


class Install(TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.prefix = Path(directory.name)
        subprocess.run(["cmake", "--install", BIN.parent, "--prefix", self.prefix], check=True,
                       stdout=subprocess.DEVNULL)
        self.lib = next(self.prefix.rglob("libdlm.so.3")).parent

    def flags(self, *packages):
        env = os.environ | {"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}
        done = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], env=env, capture_output=True, text=True,
                              check=True)
        return done.stdout.split()

    def test_everything_is_there_and_starts(self):
        for name in INSTALLED:
            self.assertTrue((self.prefix / name).is_file(), name)
        for library in ("libdlm.so.3", "libdlm_lt.so.3", "libdlmcontrol.so.3", "libholdfast_query.so.0"):
            self.assertTrue((self.lib / library).exists(), library)
        for command in ("holdfast --version", "holdfastd --version", "holdfast sim --help", "holdfast check --help",
                        "holdfast bench --help"):
            program, *arguments = command.split()
            done = subprocess.run([self.prefix / "bin" / program, *arguments], capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, command)

    def test_python_finds_the_package(self):
        (package,) = self.prefix.rglob("dist-packages/holdfast")
        for name in ("py.typed", "_core.pyi"):
            self.assertTrue((package / name).is_file(), name)
        cluster = Cluster(self)
        done = subprocess.run(["/usr/bin/python3", "-c", "import holdfast; print(holdfast.connect().lock('x').release())"],
                              env=cluster.env(PYTHONPATH=package.parent), capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "None\n", ""))

    def test_pkg_config_finds_what_was_installed(self):
        program = self.prefix / "query"
        subprocess.run(["cc", "-Wall", "-Werror", "-o", program, HERE / "query.c",
                        *self.flags("libdlm_lt", "holdfast_query")], check=True)
        cluster = Cluster(self)
        done = subprocess.run([program], env=cluster.env() | {"LD_LIBRARY_PATH": str(self.lib)}, capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = subprocess.run(["ldd", program], env={"LD_LIBRARY_PATH": str(self.lib)}, capture_output=True, text=True,
                              check=True)
        self.assertIn(f"{self.lib}/libdlm_lt.so.3", done.stdout)


if __name__ == "__main__":
    unittest.main()
