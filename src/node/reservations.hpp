// SPDX-License-Identifier: Apache-2.0
// Reservations: which search decides about a wait of this node. While one has reserved it, the others queue for it; so
// of two searches that find cycles with a wait in common the later one looks again when the first one's victim is
// known. A wait whose end is under way cannot be reserved any more.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "node/core.hpp"
#include "node/post.hpp"
#include "node/requester.hpp"

namespace holdfast::node {

class Reservations {
 public:
  Reservations(Core& core, Post& post, Requester& requester) : core_(core), post_(post), requester_(requester) {}

  void on(NodeId from, const wire::Reserve& message);
  void on(NodeId from, const wire::Unreserve& message);
  void on(NodeId from, const wire::Doom& message);
  void take_view() { waits_.clear(); }

 private:
  using Wait = std::pair<ClaimId, std::uint32_t>;
  struct Search {
    NodeId node;
    std::uint64_t number = 0;
    friend bool operator==(const Search&, const Search&) = default;
  };
  void answer(const Search& search, const Wait& wait);
  void leave(const Search& search, const Wait& wait);

  Core& core_;
  Post& post_;
  Requester& requester_;
  std::map<Wait, std::deque<Search>> waits_;  // the first has it
};

}  // namespace holdfast::node
