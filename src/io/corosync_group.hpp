// SPDX-License-Identifier: Apache-2.0
// CorosyncGroup: membership in one process group of the local corosync (CPG): messages in one order for all
// members, and who they are. Everything is told from dispatch(); nothing waits but join().
#pragma once

#include <corosync/cpg.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "model/ids.hpp"

namespace holdfast::io {

// A membership of nodes, as corosync numbers them.
struct CorosyncRing {
  NodeId node;
  std::uint64_t sequence = 0;
  friend bool operator==(const CorosyncRing&, const CorosyncRing&) = default;
};

struct CorosyncMember {
  NodeId node;
  std::uint32_t process = 0;
};

struct OnCorosyncGroup {
  std::function<void(const CorosyncRing&, std::span<const CorosyncMember>)> members;
  std::function<void(const CorosyncMember& from, std::span<const std::byte>)> message;
};

enum class Sent : std::uint8_t { done, later, lost };

class CorosyncGroup {
 public:
  explicit CorosyncGroup(OnCorosyncGroup on) : on_(std::move(on)) {}
  ~CorosyncGroup();
  CorosyncGroup(const CorosyncGroup&) = delete;
  CorosyncGroup& operator=(const CorosyncGroup&) = delete;

  // Connects to the corosync of this machine; the number that it gives this node.
  [[nodiscard]] Result<NodeId> open();
  [[nodiscard]] Result<void> join(const std::string& name);
  [[nodiscard]] int fd() const { return fd_; }
  // False: corosync is gone.
  [[nodiscard]] bool dispatch();
  [[nodiscard]] Sent send(std::span<const std::byte> message);
  // The same without waiting for a corosync that may be gone: libcpg asks it for leave, and waits two seconds for
  // an answer that nobody gives. A lease may be shorter, so that is for another thread to do.
  void abandon();

 private:
  // Leaves the group, too.
  void close();
  void forget();
  void tell_members();

  OnCorosyncGroup on_;
  cpg_handle_t handle_ = 0;
  bool open_ = false;
  int fd_ = -1;
  std::optional<CorosyncRing> ring_;
  std::optional<std::vector<CorosyncMember>> members_;
  std::thread abandoning_;
};

// What corosync's libraries returned, as an error of ours: "corosync CPG: not reachable".
[[nodiscard]] Error corosync_error(std::string_view what, int code);

}  // namespace holdfast::io
