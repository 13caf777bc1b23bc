// SPDX-License-Identifier: Apache-2.0
// The cluster of the demo: a `holdfast up` of its own, as a user would start it, in a process that
// ends with the demo.
#pragma once

#include "base/result.hpp"
#include "cli/process.hpp"
#include "cli/up_state.hpp"

#include <string>

namespace holdfast::cli {

class DemoCluster {
 public:
  DemoCluster() = default;
  DemoCluster(DemoCluster&&) = default;
  DemoCluster& operator=(DemoCluster&&) = default;
  // Ends it and waits for that.
  ~DemoCluster();
  // Returns once all daemons are open.
  [[nodiscard]] static Result<DemoCluster> start(const std::string& dir, unsigned nodes,
                                                 unsigned lease_ms);
  [[nodiscard]] const std::string& dir() const { return dir_; }
  [[nodiscard]] Result<UpState> state() const;

 private:
  std::string dir_;
  pid_t pid_ = 0;
  Fd pidfd_;
  Fd output_;
};

}  // namespace holdfast::cli
