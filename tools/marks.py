#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the list of all marks, the rare situations that sources name with reached("..."), as a header.

usage: marks.py SOURCE_FOLDER HEADER
"""
import pathlib
import re
import sys

MARK = re.compile(r'\breached\("((?:[^"\\]|\\.)*)"\)')


def marks_in(folder):
    """The marks below `folder`, sorted, each once."""
    found = set()
    for path in sorted(folder.rglob("*.[ch]pp")):
        found.update(MARK.findall(path.read_text(encoding="utf-8")))
    return sorted(found)


def header(marks):
    rows = "".join(f'    "{mark}",\n' for mark in marks)
    return ("// Made by tools/marks.py: every mark in the sources.\n#pragma once\n\n#include <array>\n"
            "#include <string_view>\n\nnamespace holdfast::sim {\n\n"
            f"inline constexpr std::array<std::string_view, {len(marks)}> all_marks{{\n{rows}}};\n\n"
            "}  // namespace holdfast::sim\n")


def main():
    folder, target = (pathlib.Path(argument) for argument in sys.argv[1:])
    text = header(marks_in(folder))
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
