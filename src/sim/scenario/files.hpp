// SPDX-License-Identifier: Apache-2.0
// Scenario files of the command line: finds them, plays each at the depths that were asked for,
// prints failures with the command that shows them again, rewrites expectations on demand.
#pragma once

#include "sim/scenario/runner.hpp"

#include <string>
#include <vector>

namespace holdfast::sim {

enum class Expectations : std::uint8_t { compare, rewrite };

struct FilesJob {
  std::vector<std::string> paths;  // files, or directories with *.scenario somewhere below
  std::vector<Depth> depths;
  Expectations expectations = Expectations::compare;
  Trial trial = Trial::as_written;
  std::size_t processes = 1;  // that share the files: worth it where playing is mostly waiting
  std::string again;          // command that plays one file again; the file's name is appended
};

// The exit code: 0 if at least one file ran and none failed.
[[nodiscard]] int play_files(const FilesJob& job);

}  // namespace holdfast::sim
