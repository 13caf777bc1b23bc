// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_reorder(const Strike& strike) {
  for (const Machine& one : strike.world.machines())
    for (const Machine& other : strike.world.machines()) {
      if (one.id == other.id) continue;
      strike.world.slow_down(one.id, other.id,
                             std::chrono::microseconds(strike.prng.between(0, 40'000)));
      strike.later(strike.lasts, [&world = strike.world, from = one.id, to = other.id] {
        world.slow_down(from, to, Duration{0});
      });
    }
}

}  // namespace holdfast::sim
