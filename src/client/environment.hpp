// SPDX-License-Identifier: Apache-2.0
// The one place of the client that reads the environment of its process (R14).
#pragma once

#include <string>
#include <vector>

namespace holdfast::client {

// Where to look for the daemon, best place first; never empty. `given` wins, then $HOLDFAST_SOCKET, then
// the system's daemon, then one that this user runs.
[[nodiscard]] std::vector<std::string> socket_paths(const std::string& given);

}  // namespace holdfast::client
