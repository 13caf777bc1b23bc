#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The architecture as tables, and the check that the sources keep to them.

Every #include below src/ and include/ is compared with the tables, pure folders are searched for
hidden clocks and hidden chance, what CMake links is compared too, and include circles are refused.
Whoever needs a new arrow or library adds it here, with its reason, and that line gets reviewed.

usage: check_layers.py [ROOT]      prints one line per violation; exit 1 if there are any
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from cpp_source import includes, is_test, line_of, masked, sources

# Folder -> folders whose headers it may include. `holdfast` stands for include/holdfast, the public face
# of the client, which compiles with nothing but itself; `nouns` for the headers in it that are the ground
# of everything (base/ and model/ hand them on under their own names).
NOUNS = (
    "assert error eviction flags history id ids lockspace mode result session_life standing token value_state view"
).split()
MAY_SEE = {
    "nouns": "",
    "base": "nouns",
    "model": "base nouns",
    "lock": "model base",
    "wire": "model base",
    "cluster": "wire model base",
    "session": "wire model base",
    "node": "lock cluster wire model base",
    "io": "wire model base",
    "holdfast": "nouns",
    "client": "holdfast nouns session wire model base",
    # It runs a machine of its own beside the node, the one that agrees on views, and carries its messages.
    "daemon": "node cluster io wire model base",
    # Its checkers look at the state of all nodes at once.
    "sim": "node session cluster lock wire model base",
    "libdlm": "holdfast nouns client model base",
    "dlmcontrol": "holdfast nouns client model base",
    "query": "holdfast nouns client model base",
    "clm": "holdfast nouns client model base",
    "fuse": "holdfast nouns client model base",
    "cli": "holdfast nouns client model base",
}

# Folders of pure machines and nouns: no clock, no thread, no file, no chance, nothing hidden.
PURE = "nouns base model lock wire cluster session node".split()

# Standard headers that would bring a pure folder what it must not have.
IMPURE_HEADERS = set(
    "thread mutex shared_mutex condition_variable atomic future barrier latch semaphore stop_token"
    " fstream iostream filesystem random ctime csignal".split()
)
# C headers with a .h that are no door to the operating system.
HARMLESS_C_HEADERS = set(
    "assert.h ctype.h errno.h float.h inttypes.h limits.h math.h stdarg.h stddef.h stdint.h"
    " stdio.h stdlib.h string.h".split()
)
OS_PREFIXES = ("sys/", "linux/", "netinet/", "net/", "arpa/", "asm/", "bits/")

# Banned in the code of pure folders: time and chance come as arguments.
HIDDEN = re.compile(
    r"clock::now|clock_gettime|gettimeofday|\btime\(|\brand\(|random_device|mt19937"
    r"|_distribution|getenv|sleep_"
)

# Start of an include path -> folders that may name the library.
LIBRARY = {
    "boost/unordered": "lock cluster node sim",
    "boost/intrusive": "lock cluster node sim",
    "boost/container": "lock cluster node sim",
    "boost/crc": "dlmcontrol",
    "boost/asio": "io",
    "boost/beast": "io",
    "boost/system": "io",
    "boost/throw_exception": "base",
    "openssl/": "io",
    "corosync/": "io",
    "spdlog/": "io",
    "toml++/": "io sim",
    "nlohmann/": "daemon cli sim",
    "CLI/": "cli daemon fuse sim",
    "fuse3/": "fuse",
    "curses.h": "cli",
    "fmt/": " ".join(MAY_SEE),
    # The C interfaces that we are compatible with, in include/.
    "libdlm.h": "libdlm",
    "libdlmcontrol.h": "dlmcontrol",
    "holdfast_query.h": "query",
}
# Headers that the build makes out of a file in the tree; they include nothing.
GENERATED = "generated/"
# Allowed in *_test.cpp of every folder.
TEST_LIBRARY = ("gtest/", "gmock/")


@dataclass(frozen=True)
class File:
    path: Path  # relative to the root
    folder: str  # key of MAY_SEE
    text: str

    @property
    def pure(self) -> bool:
        # A test beside a pure machine may start threads or read a file; the machine may not.
        return self.folder in PURE and not is_test(self.path)


def check(root: Path) -> list[str]:
    """All violations below root, as lines `file:line: what is wrong and what is allowed`."""
    files = read(root)
    known = {include_name(f.path): f for f in files}
    problems = [p for f in files for p in check_file(f, known)]
    problems += check_linked(root)
    problems += [f"include circle: {' -> '.join(circle)}" for circle in include_circles(files)]
    return problems


def read(root: Path) -> list[File]:
    found = []
    for path in sources(root / "src", root / "include" / "holdfast"):
        path = path.relative_to(root)
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        found.append(File(path, folder_of(path), text))
    return found


def folder_of(path: Path) -> str:
    """The row of MAY_SEE that a file below src/ or include/ belongs to."""
    return "nouns" if path.parts[0] == "include" and path.stem in NOUNS else path.parts[1]


def include_name(path: Path) -> str:
    """How others include this file: src/ and include/ are the include roots."""
    return path.relative_to(path.parts[0]).as_posix()


def check_file(file: File, known: dict[str, File]) -> list[str]:
    if file.folder not in MAY_SEE:
        return [f"{file.path}:1: folder '{file.folder}' has no row in MAY_SEE (tools/check_layers.py)"]
    problems = []
    for line, quoted in includes(file.text):
        why = wrong_include(file, quoted, known)
        if why:
            problems.append(f"{file.path}:{line}: #include {quoted}: {why}")
    if file.pure:
        code = masked(file.text)
        for match in HIDDEN.finditer(code):
            problems.append(
                f"{file.path}:{line_of(code, match.start())}: '{match.group()}' in a pure folder:"
                " time and chance are arguments here (Instant now, Prng&)"
            )
    return problems


def wrong_include(file: File, quoted: str, known: dict[str, File]) -> str | None:
    """Why this include is refused, or None."""
    path = quoted[1:-1]
    if path in known:
        return wrong_folder(file.folder, known[path].folder)
    if path.startswith(GENERATED):
        return None
    if quoted.startswith('"'):
        return "no such file; name project headers by their full path, such as \"lock/grant.hpp\""
    if path == "fmt/chrono.h":
        return "reads time zones and the clock; print durations as numbers with a unit"
    if path in LIBRARY or ("/" in path and not path.startswith(OS_PREFIXES)):
        return wrong_library(file, path)
    if file.pure and reaches_out(path):
        return "opens a door to threads, files, time or chance; pure folders have none"
    return None


def wrong_folder(folder: str, target: str) -> str | None:
    allowed = MAY_SEE[folder].split()
    if target == folder or target in allowed:
        return None
    return f"{folder} may see only: {' '.join(allowed) or 'nothing'}"


def wrong_library(file: File, path: str) -> str | None:
    if is_test(file.path) and path.startswith(TEST_LIBRARY):
        return None
    rows = [prefix for prefix in LIBRARY if path.startswith(prefix)]
    if not rows:
        return f"unknown library; known: {' '.join(LIBRARY)} (tests: {' '.join(TEST_LIBRARY)})"
    if file.folder in LIBRARY[rows[0]].split():
        return None
    return f"{rows[0]} may be used only in: {LIBRARY[rows[0]]}"


def reaches_out(header: str) -> bool:
    if header in IMPURE_HEADERS or header.startswith(OS_PREFIXES):
        return True
    return header.endswith(".h") and header not in HARMLESS_C_HEADERS


CMAKE_CALL = re.compile(r"holdfast_(?:library|program|test|fuzz)\s*\(([^)]*)\)")


def check_linked(root: Path) -> list[str]:
    """What src/*/CMakeLists.txt links must stay within the same rows."""
    problems = []
    for path in sorted((root / "src").glob("*/CMakeLists.txt")):
        folder, text = path.parent.name, path.read_text(encoding="utf-8")
        allowed = {folder, *MAY_SEE.get(folder, "").split()} - {"holdfast", "nouns"}
        for call in CMAKE_CALL.finditer(text):
            for seen in words_after("SEES", call[1]):
                if seen not in allowed:
                    problems.append(
                        f"{path.relative_to(root)}:{line_of(text, call.start())}: SEES {seen}:"
                        f" {folder} may see only: {' '.join(sorted(allowed - {folder})) or 'nothing'}"
                    )
    return problems


def words_after(keyword: str, arguments: str) -> list[str]:
    """The words between a keyword of a CMake call and the next keyword."""
    words = iter(re.sub(r"#.*", "", arguments).split())
    found = []
    for word in words:
        if word == keyword:
            found = list(words)
            break
    end = next((i for i, word in enumerate(found) if word.isupper()), len(found))
    return found[:end]


def include_circles(files: list[File]) -> list[list[str]]:
    """Each circle once, as the names along it with the first one repeated at the end."""
    names = {include_name(f.path) for f in files}
    graph = {
        include_name(f.path): [p[1:-1] for _, p in includes(f.text) if p[1:-1] in names] for f in files
    }
    circles, done = [], set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            circles.append(trail[trail.index(name) :] + [name])
            return
        if name in done:
            return
        for target in graph[name]:
            visit(target, trail + [name])
        done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return circles


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    if not problems:
        print("layers: every include points downwards, pure folders hide nothing")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
