// SPDX-License-Identifier: Apache-2.0
// Its connections stand and nothing is read from them.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_slow_peer(const Strike& strike) {
  const auto [from, to] = strike.some_pair();
  if (from == to) return;
  strike.world.stop_reading(from, to);
  strike.later(strike.lasts, [&world = strike.world, from = from, to = to] { world.read_again(from, to); });
}

}  // namespace holdfast::sim
