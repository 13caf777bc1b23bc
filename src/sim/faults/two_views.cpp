// SPDX-License-Identifier: Apache-2.0
// No provider may do this. Whoever finds out must refuse to go on rather than guess.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_two_views(const Strike& strike) { strike.membership.be_two_faced(); }

}  // namespace holdfast::sim
