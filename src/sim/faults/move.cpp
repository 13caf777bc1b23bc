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

}  // namespace holdfast::sim
