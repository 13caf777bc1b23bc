# SPDX-License-Identifier: Apache-2.0
"""check_layers.py must stay silent on good trees and name every violation we plant."""

import re
import sys
import tempfile
import unittest
from pathlib import Path

repository = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(repository / "tools"))
import check_layers

GOOD = {
    "include/holdfast/error.hpp": "#pragma once\n#include <string>\n",
    "include/holdfast/lock.hpp": '#include "holdfast/error.hpp"\n#include <vector>\n',
    "src/base/result.hpp": "#pragma once\n#include <string_view>\n",
    "src/base/error.hpp": '#include "holdfast/error.hpp"\n',
    "src/model/mode.hpp": '#include "base/result.hpp"\n#include <fmt/format.h>\n',
    "src/lock/grant.hpp": '#include "model/mode.hpp"\n',
    "src/lock/grant.cpp": '#include "lock/grant.hpp"\n#include <boost/unordered/unordered_flat_map.hpp>\n',
    "src/lock/grant_test.cpp": '#include "lock/grant.hpp"\n#include <gtest/gtest.h>\n#include <thread>\n',
    "src/client/session_file.cpp": "#include <holdfast/lock.hpp>\n#include <sys/socket.h>\n",
    "src/lock/CMakeLists.txt": "holdfast_library(lock SEES model base LIBRARIES x SOURCES grant.cpp)\n",
}


def problems(extra: dict[str, str]) -> list[str]:
    """What the checker says about the good tree with some files planted into it."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**GOOD, **extra}.items():
            path = Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check_layers.check(Path(root))


class CheckLayersTest(unittest.TestCase):
    def assert_one(self, extra: dict[str, str], *parts: str) -> None:
        found = problems(extra)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_a_good_tree_has_no_problems(self):
        self.assertEqual(problems({}), [])

    def test_an_arrow_upwards_is_named_with_what_is_allowed(self):
        self.assert_one(
            {"src/model/name.hpp": '#pragma once\n#include "lock/grant.hpp"\n'},
            "src/model/name.hpp:2:", '"lock/grant.hpp"', "model may see only: base",
        )

    def test_the_public_face_needs_nothing_but_itself(self):
        self.assert_one(
            {"include/holdfast/client.hpp": '#include "model/mode.hpp"\n'}, "holdfast may see only: nouns"
        )

    def test_the_ground_sees_the_nouns_of_the_face_alone(self):
        self.assert_one({"src/base/id.hpp": '#include "holdfast/lock.hpp"\n'}, "base may see only: nouns")

    def test_tests_obey_the_same_arrows(self):
        self.assert_one({"src/model/mode_test.cpp": '#include "lock/grant.hpp"\n'}, "model may see only")

    def test_angle_brackets_hide_no_arrow(self):
        self.assert_one({"src/model/name.hpp": "#include <lock/grant.hpp>\n"}, "model may see only")

    def test_pure_folders_get_no_threads_files_or_system_headers(self):
        for header in ("thread", "atomic", "fstream", "sys/socket.h", "unistd.h", "random", "time.h"):
            with self.subTest(header):
                self.assert_one({"src/wire/codec.cpp": f"#include <{header}>\n"}, "codec.cpp:1:", header)

    def test_hidden_clocks_and_chance_are_found_in_pure_folders(self):
        for call in ("std::chrono::steady_clock::now()", "time(nullptr)", "rand()", 'getenv("X")'):
            with self.subTest(call):
                self.assert_one({"src/node/node.cpp": f"\nauto t = {call};\n"}, "node.cpp:2:", "arguments here")

    def test_comments_and_text_may_talk_about_clocks(self):
        text = '// never clock::now\nconst char* s = "time(x) clock::now";\n/* rand( */\n'
        self.assertEqual(problems({"src/node/node.cpp": text}), [])

    def test_other_folders_may_look_at_the_clock(self):
        self.assertEqual(problems({"src/io/timer.cpp": "#include <thread>\nauto t = clock::now();\n"}), [])

    def test_libraries_stay_in_their_folders(self):
        self.assert_one({"src/client/c.cpp": "#include <boost/asio.hpp>\n"}, "boost/asio may be used only in: io")
        self.assert_one({"src/io/x.cpp": "#include <boost/regex.hpp>\n"}, "unknown library")
        self.assert_one({"src/io/x.cpp": "#include <gtest/gtest.h>\n"}, "unknown library")
        self.assert_one({"src/io/x.cpp": "#include <fmt/chrono.h>\n"}, "clock")

    def test_project_headers_are_named_by_their_full_path(self):
        self.assert_one({"src/lock/convert.cpp": '#include "grant.hpp"\n'}, "no such file", "full path")

    def test_generated_headers_are_named_as_such(self):
        self.assertEqual(problems({"src/cli/c.cpp": '#include "generated/script.hpp"\n'}), [])
        self.assert_one({"src/cli/c.cpp": '#include "script.hpp"\n'}, "no such file")

    def test_a_new_folder_needs_a_row(self):
        self.assert_one({"src/utils/x.hpp": "\n"}, "'utils' has no row")

    def test_include_circles_are_shown(self):
        self.assert_one(
            {"src/base/a.hpp": '#include "base/b.hpp"\n', "src/base/b.hpp": '#include "base/a.hpp"\n'},
            "base/a.hpp -> base/b.hpp -> base/a.hpp",
        )

    def test_what_cmake_links_obeys_the_same_rows(self):
        self.assert_one(
            {"src/model/CMakeLists.txt": "holdfast_library(model SEES base lock SOURCES m.cpp)\n"},
            "src/model/CMakeLists.txt:1:", "SEES lock",
        )

    def test_the_table_in_src_readme_says_the_same(self):
        text = (repository / "src" / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([\w ]*?) *\|$", text, re.MULTILINE)
        written = {folder: set(seen.split()) - {"nothing"} for folder, seen in rows}
        wanted = {f: set(seen.split()) for f, seen in check_layers.MAY_SEE.items()}
        face = {"holdfast", "nouns"}  # told in the text below the table
        self.assertEqual(written, {f: seen - face for f, seen in wanted.items() if f not in face})

    def test_cmake_knows_the_same_pure_folders(self):
        text = (repository / "cmake" / "Holdfast.cmake").read_text(encoding="utf-8")
        listed = re.search(r"set\(holdfast_pure_folders ([\w ]+)\)", text)[1]
        self.assertEqual(["nouns", *listed.split()], check_layers.PURE)


if __name__ == "__main__":
    unittest.main()
