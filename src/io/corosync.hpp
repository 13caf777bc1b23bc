// SPDX-License-Identifier: Apache-2.0
// Corosync: the connection with the corosync of this machine, for as long as the daemon lives: connects, joins the
// group, tells what comes, and starts again when corosync has gone. It decides nothing about views.
//
// Calls of its libraries wait for corosync in three places: when it is connected to, when votes are asked for
// behind news of them, and when the quorum device is asked for. A corosync that hangs can hold us up there; then this
// node has no membership anyway.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/corosync_group.hpp"
#include "io/corosync_quorum.hpp"
#include "io/event_loop.hpp"
#include "io/log_sink.hpp"

namespace holdfast::io {

struct OnCorosync {
  OnCorosyncGroup group;
  std::function<void(const CorosyncVotes&)> votes;
  std::function<void()> lost;             // until it is back
  std::function<void(const Error&)> failed;  // there is a corosync, but not for this node
};

class Corosync {
 public:
  struct Settings {
    NodeId node;        // must be corosync's number of this node
    std::string group;
  };
  Corosync(EventLoop& loop, Log& log, Settings settings, OnCorosync on);

  // Connects, or goes on trying. Fails only if waiting does not help.
  [[nodiscard]] Result<void> start();
  // Sent in order, as soon as corosync takes it; forgotten if it goes away.
  void send(std::vector<std::byte> message);
  void end_turn();
  [[nodiscard]] std::optional<CorosyncDeviceWord> ask_device();

 private:
  enum class Phase : std::uint8_t { starting, connected, absent };
  [[nodiscard]] Result<void> connect();
  void try_again(const Error& why);
  void dispatch_group();
  void dispatch_quorum();
  void on_timer();
  void lose();

  EventLoop& loop_;
  Log& log_;
  Settings settings_;
  OnCorosync on_;
  CorosyncGroup group_;  // closes at our end, corosync being there
  CorosyncQuorum quorum_;
  Watch group_watch_, quorum_watch_, votes_watch_;  // go before what they watch
  Timer timer_;
  Phase phase_ = Phase::starting;
  std::deque<std::vector<std::byte>> unsent_;
};

}  // namespace holdfast::io
