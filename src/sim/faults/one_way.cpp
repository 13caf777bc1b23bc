// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_one_way(const Strike& strike) {
  const auto [from, to] = strike.some_pair();
  if (from == to) return;
  strike.world.block(from, to);
  strike.later(strike.lasts, [&world = strike.world, from = from, to = to] { world.unblock(from, to); });
}

}  // namespace holdfast::sim
