// SPDX-License-Identifier: Apache-2.0
// The operator is right, and says which life he means: by the time he is heard there may be another one. He tries
// again, since nobody may have noticed yet that the machine is gone.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_vouch(const Strike& strike) {
  const Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.desk.machine_gone(strike.index_of(*victim));
  strike.world.crash(victim->id);
  for (int i = 1; i <= 3; ++i)
    strike.later(strike.lasts * i / 4, [&world = strike.world, dead = victim->id, life = victim->incarnation] {
      for (const Machine& other : world.machines())
        if (other.id != dead && other.up() && other.frozen == Freeze::none) return world.vouch(other.id, dead, life);
    });
  strike.restart_later(victim->id);
}

}  // namespace holdfast::sim
