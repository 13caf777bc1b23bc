// SPDX-License-Identifier: Apache-2.0
// CorosyncQuorum: what the local corosync says of votes and quorum (libquorum for the ring that it is about,
// libvotequorum for votes and the quorum device, libcmap for what is configured of the tie-breaker and the device).
#pragma once

#include <corosync/quorum.h>
#include <corosync/votequorum.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "io/corosync_group.hpp"
#include "model/ids.hpp"

namespace holdfast::io {

// A quorum device as it is configured (quorum.device). Only one whose program gives its votes up when it loses its
// device can be counted: model net with the algorithm ffsplit does.
struct CorosyncDevice {
  enum class Kind : std::uint8_t { none, counted, not_counted } kind = Kind::none;
  std::uint32_t votes = 0;
  Duration timeout{}, sync_timeout{};  // quorum.device.timeout, .sync_timeout
  Duration ring_break{};               // totem's token and consensus together
};

// What it says of the device when it is asked: votequorum keeps the device's last word until there is another one,
// `in_ring` is false as long as it waits for that in a new ring.
struct CorosyncDeviceWord {
  CorosyncRing ring;
  bool votes_for_us = false;
  bool in_ring = false;
};

struct CorosyncVotes {
  CorosyncRing ring;
  bool quorate = false;
  std::uint32_t configured = 0;  // of the whole cluster
  std::uint32_t own = 0;
  NodeId tie_breaker;            // auto_tie_breaker; none: no side with half of the votes has quorum
  bool half_is_quorum = false;   // two_node: both sides may have quorum, which is nothing to rely on
  CorosyncDevice device;
};

class CorosyncQuorum {
 public:
  explicit CorosyncQuorum(std::function<void(const CorosyncVotes&)> on_votes) : on_votes_(std::move(on_votes)) {}
  ~CorosyncQuorum() { close(); }
  CorosyncQuorum(const CorosyncQuorum&) = delete;
  CorosyncQuorum& operator=(const CorosyncQuorum&) = delete;

  [[nodiscard]] Result<void> open(NodeId self);
  [[nodiscard]] int quorum_fd() const { return quorum_fd_; }
  [[nodiscard]] int votes_fd() const { return votes_fd_; }
  // False: corosync is gone.
  [[nodiscard]] bool dispatch();
  // Asks what the device says. Tells news on the way, as dispatch() does; none: there is no answer now.
  [[nodiscard]] std::optional<CorosyncDeviceWord> ask_device();
  // Corosync was too busy to say all: dispatch() is to be called again in a moment.
  [[nodiscard]] bool has_more() const { return news_; }
  void close();

 private:
  [[nodiscard]] bool tell_votes();
  [[nodiscard]] bool is_in_ring() const { return ring_ && (!voting_ || voting_ == ring_); }

  std::function<void(const CorosyncVotes&)> on_votes_;
  NodeId self_;
  quorum_handle_t quorum_ = 0;
  votequorum_handle_t votes_ = 0;
  bool quorum_open_ = false, votes_open_ = false;
  int quorum_fd_ = -1, votes_fd_ = -1;
  std::optional<CorosyncRing> ring_;    // whose votes are counted
  std::optional<CorosyncRing> voting_;  // the newest one that votes
  bool quorate_ = false;
  bool news_ = false;
};

}  // namespace holdfast::io
