// SPDX-License-Identifier: Apache-2.0
// Departure: how a node leaves without being missed. Its programs have ended; what they held is given up, what
// it is master of goes to others with queues and values, and the others are told that nobody has to wait for
// it. They keep the directory going until a view without it comes.
#pragma once

#include <utility>
#include <vector>

#include "node/core.hpp"
#include "node/master.hpp"
#include "node/peers.hpp"
#include "node/post.hpp"
#include "node/requester.hpp"

namespace holdfast::node {

class Departure {
 public:
  Departure(Core& core, Peers& peers, Post& post, Master& master, Requester& requester)
      : core_(core), peers_(peers), post_(post), master_(master), requester_(requester) {}

  // From here on this node takes nothing over.
  void begin();
  // Goes on with it. True from the moment on at which the node may end.
  [[nodiscard]] bool sweep();
  [[nodiscard]] bool begun() const { return stage_ != Stage::none; }
  [[nodiscard]] Instant next() const { return begun() && core_.now < give_up_ ? give_up_ : Instant::never(); }

  void on(NodeId from, const wire::Leaving& message);
  // Nobody knows of our farewell who was no member then.
  void take_view();

 private:
  enum class Stage : std::uint8_t { none, giving, telling, gone };
  struct Told {
    NodeId node;
    Incarnation incarnation;
    std::uint64_t sequence = 0;
  };
  void tell_all(wire::LeaveStage stage);
  [[nodiscard]] bool nobody_stays() const;
  [[nodiscard]] bool all_know();

  Core& core_;
  Peers& peers_;
  Post& post_;
  Master& master_;
  Requester& requester_;
  Stage stage_ = Stage::none;
  Instant give_up_;  // whom we do not reach by then takes nothing over
  std::vector<Told> told_;
};

}  // namespace holdfast::node
