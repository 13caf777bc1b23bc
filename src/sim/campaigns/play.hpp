// SPDX-License-Identifier: Apache-2.0
// A run: the plan's programs and faults over a simulated cluster, judged on global state. First
// safety under faults; then everything heals and every request must come to its end.
#pragma once

#include "sim/campaigns/plan.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace holdfast::sim {

struct Outcome {
  std::string failure;  // empty: nothing was broken
  std::uint64_t hash = 0;
  Duration simulated{};
  std::uint64_t events = 0;
  std::uint64_t grants = 0;
  std::uint64_t refusals = 0;
  std::uint64_t views = 0;
  std::uint64_t valid_reads = 0;
  std::uint64_t doubtful_reads = 0;
  std::map<std::string, std::uint64_t> faults;  // how often each struck
  std::map<std::string, std::uint64_t> marks;   // rare situations that were reached
};

[[nodiscard]] Outcome play(const Plan& plan, std::function<void(const std::string&)> tracer);

}  // namespace holdfast::sim
