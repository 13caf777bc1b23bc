// SPDX-License-Identifier: Apache-2.0
// View: one numbered membership of the cluster, as a provider hands it to the node. Nodes agree on nothing
// but the sequence of views; two views of one epoch with unequal digests are refused loudly.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/result.hpp"
#include "holdfast/ids.hpp"

namespace holdfast {

struct Member {
  NodeId node;
  Incarnation incarnation;
  std::string address;  // "127.0.0.1:7001", where its peer port listens; empty: nobody needs to connect
  std::uint32_t weight = 1;
  std::uint32_t votes = 1;
  friend bool operator==(const Member&, const Member&) = default;
};

struct View {
  Epoch epoch;
  std::vector<Member> members;  // sorted by node
  std::uint32_t configured_votes = 0;  // of the whole cluster, also of those that are not there
  bool quorate = true;
  NodeId tie_breaker;              // its side counts if exactly half of the votes are there; none: nobody's
  std::uint32_t device_votes = 0;  // of a quorum device; part of configured_votes
  std::chrono::milliseconds device_timeout{};  // how long the device may stay with the side that it chose before

  [[nodiscard]] const Member* find(NodeId node) const;
  [[nodiscard]] bool has(NodeId node) const { return find(node) != nullptr; }
  // Is this very life of the node a member?
  [[nodiscard]] bool has(NodeId node, Incarnation incarnation) const;
  // Equal exactly if epoch, members and quorum are equal (up to hash collisions).
  [[nodiscard]] std::uint64_t digest() const;
  friend bool operator==(const View&, const View&) = default;
};

// Sorts the members; refuses an epoch of 0, no members, two of one node, a node id, incarnation or weight
// out of range, a long address.
[[nodiscard]] Result<View> checked(View view);

}  // namespace holdfast
