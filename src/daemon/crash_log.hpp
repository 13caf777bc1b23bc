// SPDX-License-Identifier: Apache-2.0
// The flight recorder of a daemon that crashed, as text in its state directory.
#pragma once

#include <filesystem>

#include "node/node.hpp"

namespace holdfast::daemon {

inline constexpr const char* crash_log_name = "last-crash.txt";

// From now on; replaces that of an earlier node. `node` has to live until then, or until io::no_crash_report().
void log_crashes_of(const node::Node& node, const std::filesystem::path& state_dir);

}  // namespace holdfast::daemon
