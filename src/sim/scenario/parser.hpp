// SPDX-License-Identifier: Apache-2.0
// Reads a scenario file. What it cannot read it refuses with "file:line: what is wrong; what is
// allowed".
#pragma once

#include "base/result.hpp"
#include "sim/scenario/script.hpp"

#include <string>
#include <string_view>

namespace holdfast::sim {

[[nodiscard]] Result<Script> parse_script(std::string path, std::string_view text);
// One command line, without a place in a file. For the fuzz target and for parse_script.
[[nodiscard]] Result<Action> parse_command(std::string_view line);
// "250ms", "3s", "2m"; also us and ns.
[[nodiscard]] Result<Duration> parse_time(std::string_view text);

}  // namespace holdfast::sim
