// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_slow_link(const Strike& strike) {
  const auto [from, to] = strike.some_pair();
  const Duration by = std::chrono::milliseconds(strike.prng.between(1, 150));
  strike.world.slow_down(from, to, by);
  strike.later(strike.lasts, [&world = strike.world, from = from, to = to] {
    world.slow_down(from, to, Duration{0});
  });
}

}  // namespace holdfast::sim
