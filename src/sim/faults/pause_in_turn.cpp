// SPDX-License-Identifier: Apache-2.0
// What it read before must not be granted on the time of then.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_pause_in_turn(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.freeze_in_turn(victim->id);
  strike.later(strike.lasts,
               [&world = strike.world, node = victim->id] { world.thaw(node); });
}

}  // namespace holdfast::sim
