// SPDX-License-Identifier: Apache-2.0
// Reads histories: files of JSON lines (docs/history.md). Whatever is wrong is named with its file and
// line; nothing is guessed.
#pragma once

#include "base/result.hpp"
#include "sim/history/event.hpp"

#include <istream>
#include <span>
#include <string>

namespace holdfast::sim::history {

// One history out of many files, in order of time.
[[nodiscard]] Result<History> read_files(std::span<const std::string> paths);

// Appends what one file says; `name` is how complaints call it. Does not sort.
[[nodiscard]] Result<void> read(std::istream& in, const std::string& name, History& history);

}  // namespace holdfast::sim::history
