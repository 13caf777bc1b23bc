// SPDX-License-Identifier: Apache-2.0
// Votes: how the views that a world publishes count.
#pragma once

#include "model/ids.hpp"

#include <chrono>
#include <cstdint>

namespace holdfast::sim {

struct Votes {
  std::uint32_t configured = 0;  // 0: one for each member of the view
  NodeId tie_breaker;
  std::uint32_t device = 0;
  std::chrono::milliseconds device_timeout{};
};

}  // namespace holdfast::sim
