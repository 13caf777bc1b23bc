// SPDX-License-Identifier: Apache-2.0
// Which errno a failure is in C.
#pragma once

#include <cerrno>

#include "holdfast/error.hpp"

namespace holdfast::query {

[[nodiscard]] inline int errno_of(Errc why) {
  const bool ended = why == Errc::shutting_down || why == Errc::lease_expired || why == Errc::disconnected ||
                     why == Errc::session_ended;
  if (ended) return ENOTCONN;
  return why == Errc::cannot_connect ? EUNATCH : row_of(why).number;
}

}  // namespace holdfast::query
