// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_partition(const Strike& strike) {
  std::vector<NodeId> sides[2];
  for (const Machine& machine : strike.world.machines())
    sides[strike.prng.below(2)].push_back(machine.id);
  const bool told = strike.prng.chance(50);  // connections end at once, or only fall silent
  for (const NodeId one : sides[0])
    for (const NodeId other : sides[1]) {
      if (told) strike.world.break_connection(one, other);
      strike.world.block(one, other);
      strike.world.block(other, one);
      strike.later(strike.lasts, [&world = strike.world, one, other] {
        world.unblock(one, other);
        world.unblock(other, one);
      });
    }
}

}  // namespace holdfast::sim
