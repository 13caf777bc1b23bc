// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_drift(const Strike& strike) {
  // Two clocks drift apart by limits::drift_per_mille at most.
  const std::uint64_t ppm_max = std::uint64_t{limits::drift_per_mille} * 1000 / 2 - 100;
  strike.world.set_drift(strike.some_machine().id,
                         static_cast<std::int64_t>(strike.prng.below(2 * ppm_max)) -
                             static_cast<std::int64_t>(ppm_max));
}

}  // namespace holdfast::sim
