// SPDX-License-Identifier: Apache-2.0
// Deadlines: when waits are over, soonest first. A request that is granted leaves its deadline behind, since taking it
// out would cost every request a search: what is due is looked at then, and what has become stale is swept out when
// it could be most of all. So there are never many more than requests that wait.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "base/instant.hpp"

namespace holdfast::node {

// Deadline: has `at`.
template <class Deadline>
class Deadlines {
 public:
  // `is_stale(deadline)`: nobody waits for it any more.
  template <class IsStale>
  void push(Deadline deadline, IsStale&& is_stale) {
    if (heap_.size() >= sweep_at_) {
      std::erase_if(heap_, is_stale);
      std::ranges::make_heap(heap_, std::greater{}, &Deadline::at);
      sweep_at_ = std::max(sweep_at_min, 2 * heap_.size());
    }
    heap_.push_back(std::move(deadline));
    std::ranges::push_heap(heap_, std::greater{}, &Deadline::at);
  }
  [[nodiscard]] Instant next() const { return heap_.empty() ? Instant::never() : heap_.front().at; }
  // REQUIRES: there is one.
  [[nodiscard]] Deadline pop() {
    std::ranges::pop_heap(heap_, std::greater{}, &Deadline::at);
    Deadline soonest = std::move(heap_.back());
    heap_.pop_back();
    return soonest;
  }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  static constexpr std::size_t sweep_at_min = 1024;
  std::vector<Deadline> heap_;
  std::size_t sweep_at_ = sweep_at_min;
};

}  // namespace holdfast::node
