// SPDX-License-Identifier: Apache-2.0
// The shallowest depth: the lock engine alone, for scripts without a cluster line. What a node
// would add is here as small as it can be: who owns which lock, orphans, limits on waiting.
#pragma once

#include "sim/scenario/stage.hpp"

namespace holdfast::sim {

[[nodiscard]] Depth engine_depth();

}  // namespace holdfast::sim
