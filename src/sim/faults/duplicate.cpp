// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_duplicate(const Strike& strike) {
  const auto [from, to] = strike.some_pair();
  if (from != to) strike.world.duplicate({.from = from, .to = to, .message = {}});
}

}  // namespace holdfast::sim
