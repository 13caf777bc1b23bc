// SPDX-License-Identifier: Apache-2.0
// FenceHook: the operator's program that makes sure that a lost node is dead, a fencing device for example. It
// is called with the node's id and incarnation; 0 means that the node and all of its programs are surely dead.
// Whatever else it answers, or if it does not answer in time, the node's lease is waited for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "io/event_loop.hpp"
#include "io/fd.hpp"
#include "io/log_sink.hpp"
#include "model/ids.hpp"

namespace holdfast::daemon {

class FenceHook {
 public:
  using Confirmed = std::function<void(NodeId, Incarnation)>;
  // An empty program: nothing is ever called. REQUIRES: loop and log outlive it.
  FenceHook(io::EventLoop& loop, io::Log& log, std::string program, Duration timeout, Confirmed confirmed);
  ~FenceHook();  // what still runs is killed
  FenceHook(const FenceHook&) = delete;
  FenceHook& operator=(const FenceHook&) = delete;

  void call(NodeId node, Incarnation incarnation);

 private:
  struct Run;
  void ended(Run& run);
  void overdue(Run& run);
  io::EventLoop& loop_;
  io::Log& log_;
  std::string program_;
  Duration timeout_;
  Confirmed confirmed_;
  std::vector<std::unique_ptr<Run>> runs_;
};

}  // namespace holdfast::daemon
