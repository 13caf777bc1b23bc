// SPDX-License-Identifier: Apache-2.0
// The middle depth: a simulated cluster (world/world.hpp). A script without a cluster line is
// played on one node.
#pragma once

#include "sim/scenario/stage.hpp"

#include <functional>
#include <string>

namespace holdfast::sim {

// `tracer` gets one line for everything that happens; it may be empty.
[[nodiscard]] Depth cluster_depth(std::function<void(const std::string&)> tracer);

}  // namespace holdfast::sim
