// SPDX-License-Identifier: Apache-2.0
// Everything this program reads from its environment, in one place (R14), and where other programs
// of ours are to be found.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::cli {

// $HOLDFAST_SOCKET, if it is set and not empty.
[[nodiscard]] std::optional<std::string> socket_from_environment();
// Where `up` keeps a cluster unless it is told: below $XDG_RUNTIME_DIR, or in /tmp by user id.
[[nodiscard]] std::string default_up_dir();
// $TMPDIR or /tmp.
[[nodiscard]] std::string temporary_dir();
// NO_COLOR is set (https://no-color.org), or the terminal is dumb.
[[nodiscard]] bool colours_refused();
// A program of this project: beside this one, else on PATH.
[[nodiscard]] Result<std::string> find_program(std::string_view name);
// The path of the running program itself.
[[nodiscard]] std::string own_program();

}  // namespace holdfast::cli
