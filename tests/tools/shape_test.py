# SPDX-License-Identifier: Apache-2.0
"""What ./dev shape counts, and the last lines of ./dev test."""

import os
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import shape
import test_report


def measured(files: dict[str, str]) -> shape.Shape:
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return shape.measure(Path(root))


class ShapeTest(unittest.TestCase):
    def test_licence_and_blank_lines_are_neither_code_nor_comment(self):
        text = "// SPDX-License-Identifier: Apache-2.0\n// Why.\n\nint a;  // trailing\n/* two\n   lines */\n"
        lines = measured({"src/lock/a.hpp": text}).code
        self.assertEqual((lines.code, lines.comment), (1, 3))

    def test_tests_count_as_tests_wherever_they_stand(self):
        found = measured({"src/lock/a_test.cpp": "int a;\n", "tests/live/b.cpp": "int b;\nint c;\n"})
        self.assertEqual((found.tests.code, found.code.code, found.files), (3, 0, []))

    def test_assertions_count_in_pure_layers_alone(self):
        text = "void f() { HF_ASSERT(x); }  // HF_ASSERT(y)\n"
        found = measured({"src/lock/a.cpp": text, "src/io/b.cpp": text})
        self.assertEqual((found.assertions, found.pure.code, found.code.code), (1, 1, 2))

    def test_suppressions_show_whether_they_have_a_reason(self):
        text = (
            "int a;  // NOLINT(bugprone-x): the kernel writes it\n"
            "int b;  // NOLINT\n"
            '#pragma GCC diagnostic ignored "-Wshadow"\n'
        )
        reasons = [reason for _, reason in measured({"src/io/a.cpp": text}).suppressions]
        self.assertEqual(reasons, ["the kernel writes it", "", ""])

    def test_scenarios_are_counted_by_theme(self):
        files = {"tests/scenarios/grant/a.scenario": "", "tests/scenarios/recovery/b.scenario": ""}
        self.assertEqual(measured(files).scenarios, {"grant": 1, "recovery": 1})

    def test_spread_is_median_p90_and_maximum(self):
        self.assertEqual(shape.spread(list(range(1, 101))), (50, 91, 100))
        self.assertEqual(shape.spread([]), (0, 0, 0))

    def test_how_long_the_fast_tests_take_comes_from_the_last_run(self):
        log = "Label Time Summary:\nfast    =  40.00 sec*proc (7 tests)\n"
        seconds = measured({"build/release/ctest.log": log}).fast_seconds
        self.assertAlmostEqual(seconds * os.cpu_count(), 40)
        self.assertIsNone(measured({}).fast_seconds)

    def test_a_figure_over_its_aim_is_said_and_fails_nothing(self):
        found = measured({"src/lock/a.cpp": "void f() {\n" + "  g();\n" * 80 + "}\n"})
        line = next(line for line in shape.report(found) if "functions, lines, max" in line)
        self.assertRegex(line, r"82 +aim <= 70 +OVER")


class TestReportTest(unittest.TestCase):
    def test_totals_come_last_and_reports_are_shown(self):
        suite = ElementTree.fromstring(
            """<testsuite>
              <testcase name="a" status="run"><system-out>report: 3 scenarios live
[==========] 7 tests from 2 test suites ran. (1 ms total)
[  SKIPPED ] 2 tests, listed below:</system-out></testcase>
              <testcase name="b" status="fail"><failure message=""/></testcase>
              <testcase name="c" status="notrun"><skipped message=""/></testcase>
            </testsuite>"""
        )
        self.assertEqual(
            test_report.summary(suite),
            [
                "3 scenarios live",
                "test programs: 3, 1 of them skipped; GoogleTest cases inside: 7, 2 of them skipped",
                "failed: b",
                "1 passed, 1 failed",
            ],
        )


if __name__ == "__main__":
    unittest.main()
