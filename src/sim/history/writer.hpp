// SPDX-License-Identifier: Apache-2.0
// Writes histories as JSON lines (docs/history.md).
#pragma once

#include "base/result.hpp"
#include "sim/history/event.hpp"

#include <string>

namespace holdfast::sim::history {

// One line, without its end.
[[nodiscard]] std::string line_of(const History& history, const Event& event);
// The whole history in one file.
[[nodiscard]] Result<void> write_file(const History& history, const std::string& path);

}  // namespace holdfast::sim::history
