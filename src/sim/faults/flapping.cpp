// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_flapping(const Strike& strike) {
  const auto [one, other] = strike.some_pair();
  if (one == other) return;
  const std::uint64_t times = strike.prng.between(2, 6);
  for (std::uint64_t i = 0; i < times; ++i) {
    const Duration from = strike.lasts / static_cast<int>(2 * times) * static_cast<int>(2 * i);
    strike.later(from, [&world = strike.world, one = one, other = other] {
      world.break_connection(one, other);
      world.block(one, other);
      world.block(other, one);
    });
    strike.later(from + strike.lasts / static_cast<int>(2 * times),
                 [&world = strike.world, one = one, other = other] {
                   world.unblock(one, other);
                   world.unblock(other, one);
                 });
  }
}

}  // namespace holdfast::sim
