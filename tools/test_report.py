#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up a ctest run: what the tests had to say, then how many passed.

A test that counts things worth seeing even when it passes (scenarios per depth, states visited)
prints them on lines that start with `report: `; ctest alone would hide them.

usage: test_report.py RESULTS.xml      exit 1 if anything failed
"""

import re
import sys
from collections import Counter
from xml.etree import ElementTree

GTEST_TOTAL = re.compile(r"^\[==========\] (\d+) tests? from .* ran\.", re.MULTILINE)
GTEST_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) tests?", re.MULTILINE)
REPORT = re.compile(r"^report: (.*)$", re.MULTILINE)


def outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def summary(suite: ElementTree.Element) -> list[str]:
    """The lines to print; the last one is `N passed, N failed`."""
    cases = suite.findall("testcase")
    counts = Counter(outcome(case) for case in cases)
    outputs = [case.findtext("system-out") or "" for case in cases]
    lines = [line for output in outputs for line in REPORT.findall(output)]
    inside = sum(int(n) for output in outputs for n in GTEST_TOTAL.findall(output))
    skipped = sum(int(n) for output in outputs for n in GTEST_SKIPPED.findall(output))
    lines.append(
        f"test programs: {len(cases)}, {counts['skipped']} of them skipped;"
        f" GoogleTest cases inside: {inside}, {skipped} of them skipped"
    )
    lines += [f"failed: {case.get('name')}" for case in cases if outcome(case) == "failed"]
    lines.append(f"{counts['passed']} passed, {counts['failed']} failed")
    return lines


def main() -> int:
    suite = ElementTree.parse(sys.argv[1]).getroot()
    lines = summary(suite)
    print("\n".join(lines))
    return 0 if lines[-1].endswith(" 0 failed") else 1


if __name__ == "__main__":
    sys.exit(main())
