// SPDX-License-Identifier: Apache-2.0
// What is behind the engine's face.
#pragma once

#include "lock/resource.hpp"

namespace holdfast::lock {

struct Engine::State : Tables {
  [[nodiscard]] Turn turn(ResourceId resource, Outcomes& out) {
    return Turn{.clock = clock, .resource = resources[resource], .out = out};
  }
  // The lock is gone; with the last lock of a resource its value goes too, else others may be
  // granted now.
  void end(Turn& turn, Lock& lock);
};

}  // namespace holdfast::lock
