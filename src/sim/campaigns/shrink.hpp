// SPDX-License-Identifier: Apache-2.0
// Shrinking: a failing run without what it does not need to fail.
#pragma once

#include "sim/campaigns/crew.hpp"

namespace holdfast::sim {

struct Shrunk {
  Plan plan;
  std::string failure;
  std::uint64_t tries = 0;
};

// Leaves out faults and workloads and cuts steps as long as something still breaks; no more than
// `tries_max` runs.
[[nodiscard]] Shrunk shrink(const Plan& plan, const std::string& failure, std::uint64_t tries_max);

}  // namespace holdfast::sim
