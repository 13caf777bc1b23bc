// SPDX-License-Identifier: Apache-2.0
// What the kernel says about the process at the other end of a local socket. Nothing here is taken from
// the process's own words.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "io/fd.hpp"
#include "model/owner.hpp"

namespace holdfast::io {

struct PeerProcess {
  Owner owner;  // label and life are empty
  Fd pidfd;     // readable when the process has ended
};

// Fails if the process has ended already, or lives where the kernel cannot name it to us.
[[nodiscard]] Result<PeerProcess> peer_process(int socket);

// Field 22 of /proc/PID/stat; 0 if there is no such process.
[[nodiscard]] std::uint64_t start_ticks_of(std::uint32_t pid);
// Its arguments with spaces between them, cut to limits::command_bytes_max; empty if unknown.
[[nodiscard]] std::string command_of(std::uint32_t pid);
// The number as text if it has no name.
[[nodiscard]] std::string user_name(std::uint32_t uid);

}  // namespace holdfast::io
