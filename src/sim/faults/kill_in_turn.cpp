// SPDX-License-Identifier: Apache-2.0
// Death between decision and reply.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_kill_in_turn(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.kill_in_turn(victim->id);
  // It may have nothing to tell for a while.
  for (int i = 1; i <= 4; ++i) strike.later(strike.lasts * i, [&world = strike.world, node = victim->id] {
    if (!world.machine(node)->up()) world.start(node);
  });
}

}  // namespace holdfast::sim
