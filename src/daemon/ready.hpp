// SPDX-License-Identifier: Apache-2.0
// Tells whoever started this daemon that it serves: one line of JSON to --ready-fd, READY=1 to systemd.
#pragma once

#include <string>

#include "daemon/node_config.hpp"
#include "io/config.hpp"

namespace holdfast::daemon {

// {"node":1,"incarnation":...,"peer_address":"127.0.0.1:34567","socket":"/...","pid":4711}
[[nodiscard]] std::string ready_line(const io::Config& config, const Life& life);
// Closes `ready_fd` behind the line; -1: nobody asked.
void tell_ready(const io::Config& config, const Life& life, int ready_fd);

}  // namespace holdfast::daemon
