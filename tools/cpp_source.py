# SPDX-License-Identifier: Apache-2.0
"""Reads C++ just well enough for the checks in this folder: what is comment, what is text, what is code.

It doesn't parse: masking keeps every offset and line number, so that a check can search with plain
regular expressions and still say where.
"""

import re
from pathlib import Path

SUFFIXES = (".hpp", ".cpp", ".h", ".c")

# Numbers are matched, and kept, only because of their digit separators: 1'000 opens no character.
TOKEN = re.compile(
    r"""(?P<comment> //(?:[^\n\\]|\\.)* | /\*.*?\*/ )
      | (?P<string>  \b(?:u8|u|U|L)?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"
                   | "(?:[^"\\\n]|\\.)*" )
      | (?P<number>  \b\d[\w.']* )
      | (?P<string2> '(?:[^'\\\n]|\\.)*' )""",
    re.DOTALL | re.VERBOSE,
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<path><[^>\n]+>|"[^"\n]+")', re.MULTILINE)


def is_test(path: Path) -> bool:
    return path.stem.endswith("_test")


def sources(*roots: Path) -> list[Path]:
    """All C++ files below the roots that exist, in a stable order."""
    return sorted(p for root in roots for p in root.rglob("*") if p.suffix in SUFFIXES)


def masked(text: str, *, keep_strings: bool = False) -> str:
    """The text with comments (and contents of strings) turned into spaces; newlines stay."""

    def blank(match: re.Match) -> str:
        token = match.group()
        if match["comment"]:
            return re.sub(r"[^\n]", " ", token)
        if keep_strings or match["number"]:
            return token
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]

    return TOKEN.sub(blank, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def includes(text: str) -> list[tuple[int, str]]:
    """(line, path with its quotes or brackets) of every include that isn't commented out."""
    code = masked(text, keep_strings=True)
    return [(line_of(code, m.start("path")), m["path"]) for m in INCLUDE.finditer(code)]
