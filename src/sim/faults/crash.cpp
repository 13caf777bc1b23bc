// SPDX-License-Identifier: Apache-2.0
// Membership notices in its own time, before or after the machine is back.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_crash(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.desk.machine_gone(strike.index_of(*victim));
  strike.world.crash(victim->id);
  strike.restart_later(victim->id);
}

}  // namespace holdfast::sim
