// SPDX-License-Identifier: Apache-2.0
// Samples: measured times, and what is said about them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace holdfast::bench {

using Nanoseconds = std::chrono::nanoseconds;

[[nodiscard]] inline Nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }

class Samples {
 public:
  void add(Nanoseconds sample) { samples_.push_back(static_cast<double>(sample.count())); }
  void add(const Samples& more) { samples_.insert(samples_.end(), more.samples_.begin(), more.samples_.end()); }
  void add_number(double number) { samples_.push_back(number); }
  [[nodiscard]] bool empty() const { return samples_.empty(); }
  // The smallest sample that at least this part of all do not exceed; 0 if there are none.
  [[nodiscard]] double quantile(double part) const {
    if (samples_.empty()) return 0;
    std::vector<double> sorted = samples_;
    const auto rank = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rank), sorted.end());
    return sorted[rank];
  }
  [[nodiscard]] double median() const { return quantile(0.5); }

 private:
  std::vector<double> samples_;
};

}  // namespace holdfast::bench
