// SPDX-License-Identifier: Apache-2.0
// Gatherer: membership by corosync. Puts the machine that agrees on views (cluster::Gathering) on the corosync
// of this machine, and hands what comes out of it to the host. Asks for the quorum device, if there is one, at a
// steady pace, and lets cluster::DeviceVote say what the answer is worth.
#pragma once

#include <functional>
#include <optional>

#include "cluster/device_vote.hpp"
#include "cluster/gathering.hpp"
#include "daemon/node_config.hpp"
#include "io/config.hpp"
#include "io/corosync.hpp"
#include "io/event_loop.hpp"
#include "io/log_sink.hpp"
#include "io/state_file.hpp"

namespace holdfast::daemon {

struct OnGatherer {
  std::function<Result<void>(const cluster::Promises&)> save;  // returns when it is durable
  std::function<void(const View&)> view;
  std::function<void(const View&)> over;  // this newer view leaves the life of our node out
  std::function<void(Instant)> device_polled;  // the quorum device stands with us, asked at that time
  std::function<void(const Error&)> failed;
};

class Gatherer {
 public:
  // REQUIRES: loop, log and config outlive it.
  Gatherer(io::EventLoop& loop, io::Log& log, const io::Config& config, cluster::Promises promises, OnGatherer on);

  // Fails if there is a corosync that is not for this node; one that is not there is waited for.
  [[nodiscard]] Result<void> start() { return corosync_.start(); }
  void begin_life(const Life& life);
  void end_turn() { corosync_.end_turn(); }

 private:
  io::OnCorosync on_corosync();
  void on_message(const io::CorosyncMember& from, std::span<const std::byte> bytes);
  void on_votes(const io::CorosyncVotes& votes);
  void on_quorum();
  void warn_of(const io::CorosyncVotes& votes);
  void on_poll();
  [[nodiscard]] cluster::DevicePoll device_poll(const io::CorosyncDeviceWord& word) const;
  void on_lost();
  void on_beat();
  void step(const auto& event);
  void print(const cluster::Gathering::Note& note);

  io::Log& log_;
  const io::Config& config_;
  OnGatherer on_;
  cluster::Gathering machine_;
  io::Corosync corosync_;
  io::Timer beat_, poll_;
  cluster::Ring group_ring_;
  std::optional<cluster::Quorum> quorum_;  // without device_settled
  cluster::DeviceVote device_;
  bool told_settled_ = false;
  bool warned_of_votes_ = false;
};

// What the state file keeps of promises.
[[nodiscard]] cluster::Promises promises_in(const io::StateFile::Content& content);
void put_promises(const cluster::Promises& promises, io::StateFile::Content& content);

}  // namespace holdfast::daemon
