// SPDX-License-Identifier: Apache-2.0
// Daemon: one real holdfastd of a live cluster, in a directory of its own, with an operator's
// session. Ended by its pidfd.
#pragma once

#include "base/result.hpp"
#include "client/connection.hpp"
#include "sim/scenario/cluster_settings.hpp"

#include <memory>
#include <string>

namespace holdfast::live {

class Daemon {
 public:
  // `bin` is the directory of the programs, `home` one that lives as long as the cluster.
  static Result<std::unique_ptr<Daemon>> start(const std::string& bin, const std::string& home,
                                               NodeId node, const sim::ClusterSettings& settings);
  ~Daemon() { kill(); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] NodeId node() const { return node_; }
  [[nodiscard]] Incarnation incarnation() const { return incarnation_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::string socket() const { return home_ + "/s"; }
  [[nodiscard]] bool up() const { return pid_ > 0; }
  // SIGTERM.
  void ask_to_end();
  // Notices the end, too: it is not up any more.
  [[nodiscard]] bool has_ended();
  // SIGKILL; comes back when the process has ended.
  void kill();

 private:
  Daemon(NodeId node, std::string home) : node_(node), home_(std::move(home)) {}
  Result<void> spawn(const std::string& bin, const sim::ClusterSettings& settings);
  Result<void> read_ready(int fd);

  NodeId node_;
  std::string home_;
  Incarnation incarnation_;
  std::string address_;
  int pid_ = -1;
  int pidfd_ = -1;
};

}  // namespace holdfast::live
