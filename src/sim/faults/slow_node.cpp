// SPDX-License-Identifier: Apache-2.0
// Whatever it says or hears takes long: a machine that is busy with something else.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_slow_node(const Strike& strike) {
  const NodeId slow = strike.some_machine().id;
  const Duration by = std::chrono::milliseconds(strike.prng.between(1, 100));
  for (const Machine& other : strike.world.machines()) {
    if (other.id == slow) continue;
    for (const auto& [from, to] : {std::pair{slow, other.id}, std::pair{other.id, slow}}) {
      strike.world.slow_down(from, to, by);
      strike.later(strike.lasts, [&world = strike.world, from = from, to = to] {
        world.slow_down(from, to, Duration{0});
      });
    }
  }
}

}  // namespace holdfast::sim
