// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/shrink.hpp"

namespace holdfast::sim {
namespace {

class Shrinker {
 public:
  Shrinker(const Plan& plan, const std::string& failure, std::uint64_t tries_max)
      : best_{.plan = plan, .failure = failure}, tries_max_(tries_max) {}

  Shrunk go() {
    while (cut_steps() || drop_one(&Plan::faults, 0) || drop_one(&Plan::workloads, 1)) {
    }
    return best_;
  }

 private:
  // Takes the plan if something still breaks.
  bool try_plan(Plan plan) {
    if (best_.tries == tries_max_) return false;
    ++best_.tries;
    plan.shrunk = true;
    const Outcome outcome = play_apart({.plan = plan});
    if (outcome.failure.empty()) return false;
    best_.plan = std::move(plan);
    best_.failure = outcome.failure;
    return true;
  }
  template <class T>
  bool drop_one(std::vector<T> Plan::*list, std::size_t least) {
    for (std::size_t i = 0; i < (best_.plan.*list).size(); ++i) {
      if ((best_.plan.*list).size() <= least) return false;
      Plan without = best_.plan;
      (without.*list).erase((without.*list).begin() + static_cast<std::ptrdiff_t>(i));
      if (try_plan(std::move(without))) return true;
    }
    return false;
  }
  bool cut_steps() {
    for (const std::uint64_t eighths : {4U, 6U, 7U}) {
      Plan shorter = best_.plan;
      shorter.steps = shorter.steps * eighths / 8;
      if (shorter.steps < best_.plan.steps && try_plan(std::move(shorter))) return true;
    }
    return false;
  }

  Shrunk best_;
  std::uint64_t tries_max_;
};

}  // namespace

Shrunk shrink(const Plan& plan, const std::string& failure, std::uint64_t tries_max) {
  return Shrinker(plan, failure, tries_max).go();
}

}  // namespace holdfast::sim
