// SPDX-License-Identifier: Apache-2.0
// SessionLife: when a session ends by itself.
#pragma once

#include <cstdint>

namespace holdfast {

// When does the session of an owner end by itself?
// Wire value: never renumber.
enum class SessionLife : std::uint8_t {
  process = 0,  // with its process (pidfd), even if a child kept a copy of the socket
  socket = 1,   // when the last copy of its socket is closed: a fork may hold it on purpose
};

}  // namespace holdfast
