#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the shape of the tree beside our aims for it: sizes, comments, assertions, tests.

The aims are budgets, not laws: nothing here fails a build. A figure over its aim is a question that
a reviewer asks, and a good reason is an answer.

usage: shape.py [ROOT]
"""

import os
import re
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from check_layers import PURE, include_circles, read
from cpp_functions import functions
from cpp_source import is_test, masked, sources

WORST_SHOWN = 5


@dataclass
class Lines:
    code: int = 0
    comment: int = 0


@dataclass
class Shape:
    """Everything measured; `largest` lists hold (lines, where) pairs."""

    files: list[tuple[int, str]] = field(default_factory=list)
    functions: list[tuple[int, str]] = field(default_factory=list)
    code: Lines = field(default_factory=Lines)
    pure: Lines = field(default_factory=Lines)
    tests: Lines = field(default_factory=Lines)
    assertions: int = 0
    circles: int = 0
    scenarios: dict[str, int] = field(default_factory=dict)
    suppressions: list[tuple[str, str]] = field(default_factory=list)  # (where, reason or "")
    fast_seconds: float | None = None


def measure(root: Path) -> Shape:
    shape = Shape()
    for path in sources(*(root / top for top in ("src", "include", "tests", "bench", "examples"))):
        measure_file(shape, path.relative_to(root), path.read_text(encoding="utf-8", errors="replace"))
    shape.circles = len(include_circles(read(root)))
    for path in sorted((root / "tests" / "scenarios").rglob("*.scenario")):
        theme = path.parent.name
        shape.scenarios[theme] = shape.scenarios.get(theme, 0) + 1
    shape.fast_seconds = fast_seconds(root / "build" / "release" / "ctest.log")
    return shape


def measure_file(shape: Shape, path: Path, text: str) -> None:
    code = masked(text)
    shape.suppressions += suppressions(path, text)
    if is_test(path) or path.parts[0] in ("tests", "bench"):
        add_lines(shape.tests, text, code)
        return
    add_lines(shape.code, text, code)
    shape.files.append((len(text.splitlines()), str(path)))
    shape.functions += [(f.length, f"{f.name}  {path}:{f.line}") for f in functions(text)]
    if path.parts[0] == "src" and path.parts[1] in PURE:
        add_lines(shape.pure, text, code)
        shape.assertions += len(re.findall(r"\bHF_ASSERT\s*\(", code))


def add_lines(lines: Lines, text: str, code: str) -> None:
    """Code is a line with code left after masking; comment is one that had only comment."""
    for raw, kept in zip(text.splitlines(), code.splitlines()):
        if kept.strip():
            lines.code += 1
        elif raw.strip() and "SPDX-License-Identifier" not in raw:
            lines.comment += 1


SUPPRESSION = re.compile(
    r"NOLINT(?:NEXTLINE|BEGIN)?(?:\([^)]*\))?(?P<reason>.*)"
    r"|#\s*pragma\s+(?:GCC|clang)\s+diagnostic\s+ignored\s+\S+(?P<reason2>.*)"
)


def suppressions(path: Path, text: str) -> list[tuple[str, str]]:
    """Silenced tools; the reason stands on the same line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if "NOLINTEND" in line:
            continue
        if match := SUPPRESSION.search(line):
            reason = (match["reason"] or match["reason2"] or "").strip(" :/*-")
            found.append((f"{path}:{number}", reason))
    return found


def fast_seconds(ctest_log: Path) -> float | None:
    """How long the fast tests take on all processors, by the last `./dev test` that ran them."""
    if not ctest_log.exists():
        return None
    match = re.search(r"^fast +=  *([\d.]+) sec\*proc", ctest_log.read_text(encoding="utf-8"), re.MULTILINE)
    return float(match[1]) / (os.cpu_count() or 1) if match else None


def spread(sizes: list[int]) -> tuple[int, int, int]:
    """median, 90th percentile, maximum"""
    if not sizes:
        return (0, 0, 0)
    ordered = sorted(sizes)
    p90 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]
    return (int(statistics.median(ordered)), p90, ordered[-1])


def report(shape: Shape) -> list[str]:
    rows = [
        *spread_rows("files, lines", [n for n, _ in shape.files], (150, 350, 500)),
        *spread_rows("functions, lines", [n for n, _ in shape.functions], (8, 30, 70)),
        comment_row(shape.code),
        assertion_row(shape),
        test_row(shape),
        row("include circles", str(shape.circles), "0", shape.circles == 0),
        suppression_row(shape.suppressions),
        fast_row(shape.fast_seconds),
    ]
    width = max(len(name) for name, *_ in rows)
    lines = [f"{len(shape.files)} files, {shape.code.code} lines of code,"
             f" {len(shape.functions)} functions, {shape.tests.code} lines of tests", ""]
    lines += [f"  {name:<{width}}  {value:>10}   aim {aim:<10} {verdict}" for name, value, aim, verdict in rows]
    lines += ["", scenario_line(shape.scenarios), ""]
    lines += worst("longest files", shape.files) + worst("longest functions", shape.functions)
    lines += [f"suppression without a reason: {where}" for where, reason in shape.suppressions if not reason]
    return lines


Row = tuple[str, str, str, str]


def row(name: str, value: str, aim: str, kept: bool) -> Row:
    return (name, value, aim, "ok" if kept else "OVER")


def spread_rows(name: str, sizes: list[int], aims: tuple[int, int, int]) -> list[Row]:
    parts = zip(("median", "p90", "max"), spread(sizes), aims)
    return [row(f"{name}, {part}", str(value), f"<= {aim}", value <= aim) for part, value, aim in parts]


def comment_row(lines: Lines) -> Row:
    percent = 100 * lines.comment / max(1, lines.code + lines.comment)
    kept = 12 <= percent <= 20
    verdict = "ok" if kept else "OVER" if percent > 20 else "UNDER"
    return ("comment, % of lines", f"{percent:.1f}", "12..20", verdict)


def assertion_row(shape: Shape) -> Row:
    density = 1000 * shape.assertions / max(1, shape.pure.code)
    return under("assertions per 1,000 pure lines", density, 20)


def test_row(shape: Shape) -> Row:
    return under("test lines : code lines", shape.tests.code / max(1, shape.code.code), 1)


def under(name: str, value: float, aim: int) -> Row:
    return (name, f"{value:.1f}", f">= {aim}", "ok" if value >= aim else "UNDER")


def suppression_row(found: list[tuple[str, str]]) -> Row:
    bare = sum(1 for _, reason in found if not reason)
    return row("suppressions, without reason", f"{len(found)}, {bare}", "any, 0", bare == 0)


def fast_row(seconds: float | None) -> Row:
    if seconds is None:
        return ("./dev test fast, s", "-", "<= 60", "not measured here")
    return row("./dev test fast, s", f"{seconds:.0f}", "<= 60", seconds <= 60)


def scenario_line(scenarios: dict[str, int]) -> str:
    themes = ", ".join(f"{theme} {count}" for theme, count in sorted(scenarios.items()))
    return f"  {sum(scenarios.values())} scenarios" + (f": {themes}" if themes else "")


def worst(title: str, sized: list[tuple[int, str]]) -> list[str]:
    ordered = sorted(sized, key=lambda pair: (-pair[0], pair[1]))[:WORST_SHOWN]
    return [f"  {title}"] + [f"    {size:>5}  {where}" for size, where in ordered]


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    print("\n".join(report(measure(root))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
