// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_half(const Strike& strike) {
  const std::vector<Machine>& machines = strike.world.machines();
  const std::size_t turn = strike.prng.below(machines.size());
  for (std::size_t i = 0; i < machines.size() / 2; ++i)
    for (std::size_t j = machines.size() / 2; j < machines.size(); ++j) {
      const NodeId one = machines[(i + turn) % machines.size()].id;
      const NodeId other = machines[(j + turn) % machines.size()].id;
      strike.world.block(one, other);
      strike.world.block(other, one);
      strike.later(strike.lasts, [&world = strike.world, one, other] {
        world.unblock(one, other);
        world.unblock(other, one);
      });
    }
}

}  // namespace holdfast::sim
