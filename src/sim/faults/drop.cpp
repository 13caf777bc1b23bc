// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_drop(const Strike& strike) {
  const auto [from, to] = strike.some_pair();
  if (from != to) strike.world.drop({.from = from, .to = to, .message = {}});
}

}  // namespace holdfast::sim
