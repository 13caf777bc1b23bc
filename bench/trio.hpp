// SPDX-License-Identifier: Apache-2.0
// Trio: three real daemons on loopback whose membership is set by hand, so that whoever measures a recovery says
// himself at which moment a node is gone. Two processors, if there are two: node 1 has the first for itself, the
// others share the second.
#pragma once

#include <array>
#include <string>

#include "bench/process.hpp"
#include "model/view.hpp"

namespace holdfast::bench {

class Trio {
 public:
  static constexpr int nodes = 3;
  // Returns when all three serve in one view.
  explicit Trio(const std::string& directory);
  ~Trio();
  Trio(const Trio&) = delete;
  Trio& operator=(const Trio&) = delete;

  [[nodiscard]] std::string socket(int node) const;
  [[nodiscard]] int pid(int node) const { return daemons_[index(node)].pid(); }
  [[nodiscard]] int processor(int node) const { return processors_[node == 1 ? 0 : 1]; }
  // As kill -9 does.
  void kill(int node) { daemons_[index(node)].kill(); }
  // The next view, without `gone`.
  [[nodiscard]] View view_without(int gone) const;

 private:
  [[nodiscard]] static std::size_t index(int node) { return static_cast<std::size_t>(node - 1); }
  std::string directory_;
  std::array<int, 2> processors_;
  std::array<Process, nodes> daemons_;
  View view_;
};

}  // namespace holdfast::bench
