// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_stop_daemon(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.freeze(victim->id, Freeze::daemon);
  strike.later(strike.lasts,
               [&world = strike.world, node = victim->id] { world.thaw(node); });
}

}  // namespace holdfast::sim
