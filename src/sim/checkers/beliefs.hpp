// SPDX-License-Identifier: Apache-2.0
// What must hold between the beliefs of all programs (invariant I1): at every moment the locks that
// are validly believed to be held are pairwise compatible. "Held" is "granted and before the
// deadline", by the clock of the holder's own machine, whether its daemon lives or not.
#pragma once

#include "base/result.hpp"
#include "sim/world/world.hpp"

namespace holdfast::sim {

[[nodiscard]] bool before_deadline(World& world, const Client& client);
[[nodiscard]] Result<void> check_beliefs(World& world);
// Every node's own invariants; aborts if one is broken.
void check_nodes(World& world);

}  // namespace holdfast::sim
