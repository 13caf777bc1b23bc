// SPDX-License-Identifier: Apache-2.0
// A real cluster of two daemons, started and ended as a user would: `holdfast up`.
#pragma once

#include <string>

#include "bench/process.hpp"

namespace holdfast::bench {

class Cluster {
 public:
  // Returns when both daemons serve in one view.
  explicit Cluster(const std::string& directory);
  // Of node 1 or 2.
  [[nodiscard]] std::string socket(int node) const;

 private:
  std::string directory_;
  Process supervisor_;
};

}  // namespace holdfast::bench
