// SPDX-License-Identifier: Apache-2.0
// No fault by itself: a storm of moves, wanted by operators who cannot make up their minds.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_move(const Strike& strike) {
  const Machine* const via = strike.some_live_machine();
  if (via == nullptr) return;
  const char kinds[] = {'r', 'r', 'c', 'o', 'a', 'v'};
  for (std::uint64_t n = strike.prng.between(1, 6); n > 0; --n) {
    const std::string name = kinds[strike.prng.below(std::size(kinds))] +
                             std::to_string(strike.prng.below(4));
    strike.world.move(via->id, name, strike.some_machine().id);
  }
}

// A storm carries everybody's clock everywhere; this does not. The operator is at a third node, since the answer goes
// there.
void strike_move_away(const Strike& strike) {
  const Machine& first = strike.world.machines().front();
  const Machine* const via = strike.some_live_machine();
  const Machine& to = strike.some_machine();
  if (via == nullptr || via->id == first.id || to.id == first.id || to.id == via->id) return;
  strike.world.move(via->id, "r" + std::to_string(strike.prng.below(3)), to.id);
}

}  // namespace holdfast::sim
