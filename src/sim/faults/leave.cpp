// SPDX-License-Identifier: Apache-2.0
// No fault by itself: a daemon that ends as it should, handing over what it has, and comes back.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_leave(const Strike& strike) {
  const Machine* const one = strike.some_live_machine();
  if (one == nullptr) return;
  strike.world.leave(one->id);
  for (int i = 1; i <= 8; ++i)
    strike.later(strike.lasts * i, [&world = strike.world, node = one->id] {
      if (!world.machine(node)->up()) world.start(node);
    });
}

}  // namespace holdfast::sim
