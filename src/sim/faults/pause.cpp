// SPDX-License-Identifier: Apache-2.0
// The clock goes on: a clock that jumps without time passing is not what CLOCK_BOOTTIME does.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_pause(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.freeze(victim->id, Freeze::machine);
  strike.later(strike.lasts,
               [&world = strike.world, node = victim->id] { world.thaw(node); });
}

}  // namespace holdfast::sim
