# SPDX-License-Identifier: Apache-2.0
"""Programs that were compiled and linked with Debian's own libdlm run on ours by LD_LIBRARY_PATH alone."""

import errno
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

from built import exported, printed_by  # noqa: E402
from harness import BIN, PATIENCE, Cluster, Program, TestCase, environment  # noqa: E402

LIB = BIN.parent / "lib"
COMMON = ("close_lockspace create_lockspace dispatch get_fd kernel_version library_version lock lock_wait"
          " ls_deadlock_cancel ls_get_fd ls_lock ls_lock_wait ls_lockx ls_purge ls_unlock ls_unlock_wait new_lockspace"
          " open_lockspace release_lockspace unlock unlock_wait").split()
THREADED = "dlm_ls_pthread_init dlm_pthread_cleanup dlm_pthread_init lock_resource unlock_resource".split()


class Programs(TestCase):
    def setUp(self):
        self.cluster = Cluster(self, nodes=2)
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def build(self, name, library, *more):
        program = Path(self.dir.name, name)
        subprocess.run(["cc", "-Wall", "-o", program, HERE / f"{name}.c", *more, f"-l{library}", "-pthread"], check=True)
        return program

    def run_program(self, program, node=1):
        env = self.cluster.env(node) | {"LD_LIBRARY_PATH": str(LIB)}
        return subprocess.run([program], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def assert_runs(self, program, node):
        done = self.run_program(program, node)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_program_of_the_light_library(self):
        program = self.build("light", "dlm_lt")
        for node in (1, 2):
            self.assert_runs(program, node)

    def test_a_program_of_the_threaded_library(self):
        program = self.build("threaded", "dlm")
        for node in (1, 2):
            self.assert_runs(program, node)

    def test_many_threads_on_one_handle_and_a_close_while_others_wait(self):
        self.assert_runs(self.build("racing", "dlm"), 1)

    def test_parent_locks(self):
        for node in (1, 2):
            self.assert_runs(self.build("parents", "dlm_lt"), node)

    def test_lockspaces(self):
        self.cluster.let_everybody_in()  # who may open a lockspace is a matter of the lockspace
        self.assert_runs(self.build("lockspaces", "dlm_lt"), 1)

    def test_queries_of_a_program_in_c(self):
        query = ["-I", HERE.parents[2] / "include", "-L", LIB, "-Wl,-rpath-link", LIB, LIB / "libholdfast_query.so.0"]
        self.assert_runs(self.build("query", "dlm_lt", *query), 2)

    def test_ends_that_meet_what_is_under_way(self):
        program = self.build("endings", "dlm")
        for node in (1, 2):
            self.assert_runs(program, node)

    def test_bad_input(self):
        self.assert_runs(self.build("bad_input", "dlm_lt"), 1)

    def test_a_daemon_that_dies_during_calls(self):
        for library in ("dlm_lt", "dlm"):
            with self.subTest(library):
                cluster = Cluster(self, nodes=1)
                env = cluster.env(1) | {"LD_LIBRARY_PATH": str(LIB)}
                program = Program(self, [self.build("dying", library)], env=env)
                program.line("^waiting")
                cluster.wait_until_waiting("r")
                cluster.kill_daemon(1)
                self.assertEqual((program.code(), program.errors()), (0, ""))

    def test_without_a_daemon_it_fails_promptly_with_an_errno(self):
        program = self.build("light", "dlm_lt")
        env = environment(HOLDFAST_SOCKET="/nonexistent/socket") | {"LD_LIBRARY_PATH": str(LIB)}
        done = subprocess.run([program], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"errno {errno.EUNATCH}", done.stderr)


class Header(unittest.TestCase):
    def test_ours_says_what_the_original_says(self):
        ours = printed_by("values.c", "-I", HERE.parents[2] / "include")
        self.assertEqual(ours, printed_by("values.c"))
        self.assertIn("LKF_WAIT 0x80000000", ours)

    def test_our_header_declares_what_the_original_declares(self):
        """Programs compile with either."""
        for name in ("light", "threaded"):
            for include in ([], ["-I", HERE.parents[2] / "include"]):
                subprocess.run(["cc", "-Wall", "-Werror", *include, "-fsyntax-only", "-pthread", HERE / f"{name}.c"],
                               check=True)


class Symbols(unittest.TestCase):
    def test_only_the_original_names_are_exported(self):
        light = [f"dlm_{name}" for name in COMMON]
        self.assertEqual(exported(LIB / "libdlm_lt.so.3"), sorted(light))
        self.assertEqual(exported(LIB / "libdlm.so.3"), sorted(light + THREADED))
        declared = set(re.findall(r"\b(holdfast_\w+)\(", (HERE.parents[2] / "include/holdfast_query.h").read_text()))
        self.assertEqual(set(exported(LIB / "libholdfast_query.so.0")), declared)


if __name__ == "__main__":
    unittest.main()
