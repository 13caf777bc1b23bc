# SPDX-License-Identifier: Apache-2.0
"""The programs of programs_test.py under ThreadSanitizer and AddressSanitizer, with our libraries built for them.
The daemons are the usual ones."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import BIN, Cluster, TestCase  # noqa: E402

ROOT = HERE.parents[2]
PARTS = "base model wire session client libdlm query".split()
LIBRARIES = "libdlm libdlm_lt libholdfast_query".split()
PROGRAMS = {"light": "dlm_lt", "lockspaces": "dlm_lt", "query": "dlm_lt", "bad_input": "dlm_lt", "parents": "dlm_lt", "endings": "dlm", "threaded": "dlm",
            "racing": "dlm"}
OPTIONS = {"TSAN_OPTIONS": "halt_on_error=1", "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
PATIENCE = 120


def libraries_for(sanitizer):
    """Builds the little that is needed, once per build directory."""
    build = BIN.parent / f"sanitized-{sanitizer.split(',')[0]}"
    subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, f"-DHOLDFAST_SANITIZE={sanitizer}",
                    "-DCMAKE_BUILD_TYPE=Debug", "-DHOLDFAST_PARTS=" + ";".join(f"src/{part}" for part in PARTS)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", *LIBRARIES], check=True, stdout=subprocess.DEVNULL)
    return build / "lib"


class Sanitizers(TestCase):
    def run_all(self, sanitizer):
        libraries = libraries_for(sanitizer)
        cluster = Cluster(self, nodes=1)
        cluster.let_everybody_in()
        env = cluster.env(1) | OPTIONS | {"LD_LIBRARY_PATH": str(libraries), "PATH": os.environ["PATH"]}
        with tempfile.TemporaryDirectory() as directory:
            for name, library in PROGRAMS.items():
                program = Path(directory, name)
                subprocess.run(["cc", "-Wall", "-g", f"-fsanitize={sanitizer}", "-I", ROOT / "include", "-o", program,
                                HERE / f"{name}.c", libraries / "libholdfast_query.so.0", f"-l{library}", "-pthread"],
                               check=True)
                done = subprocess.run([program], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""), f"{name} under {sanitizer}")

    def test_threads(self):
        self.run_all("thread")

    def test_addresses(self):
        self.run_all("address,undefined")


if __name__ == "__main__":
    unittest.main()
