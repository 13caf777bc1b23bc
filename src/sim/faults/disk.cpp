// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_disk(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.break_disk(victim->id);
  // It ends with the next view; whoever looks after it starts it again.
  for (int i = 1; i <= 4; ++i) strike.later(strike.lasts * i / 2, [&world = strike.world, node = victim->id] {
    if (!world.machine(node)->up()) world.start(node);
  });
}

}  // namespace holdfast::sim
