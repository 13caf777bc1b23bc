// SPDX-License-Identifier: Apache-2.0
// CorosyncQuorum: what the local corosync says of votes and quorum (libquorum for the ring that it is about,
// libvotequorum for votes, libcmap for the tie-breaker of the configuration).
#pragma once

#include <corosync/quorum.h>
#include <corosync/votequorum.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.hpp"
#include "io/corosync_group.hpp"
#include "model/ids.hpp"

namespace holdfast::io {

struct CorosyncVotes {
  CorosyncRing ring;
  bool quorate = false;
  std::uint32_t configured = 0;  // of the whole cluster
  std::uint32_t own = 0;
  NodeId tie_breaker;            // auto_tie_breaker; none: no side with half of the votes has quorum
  bool half_is_quorum = false;   // two_node: both sides may have quorum, which is nothing to rely on
  bool has_device = false;
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
  // Corosync was too busy to say all: dispatch() is to be called again in a moment.
  [[nodiscard]] bool has_more() const { return news_; }
  void close();

 private:
  [[nodiscard]] bool tell_votes();

  std::function<void(const CorosyncVotes&)> on_votes_;
  NodeId self_;
  quorum_handle_t quorum_ = 0;
  votequorum_handle_t votes_ = 0;
  bool quorum_open_ = false, votes_open_ = false;
  int quorum_fd_ = -1, votes_fd_ = -1;
  std::optional<CorosyncRing> ring_;
  bool quorate_ = false;
  bool news_ = false;
};

}  // namespace holdfast::io
