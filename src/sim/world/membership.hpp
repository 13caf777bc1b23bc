// SPDX-License-Identifier: Apache-2.0
// MembershipService: who tells the nodes of a simulated cluster who is a member, as a real provider
// does: late, not to all at once, and at times wrongly.
//
// The cluster has a fixed list of machines, each with one vote. The service has its own idea of who
// lives and who reaches whom. A side with more than half of all votes gets the next view; the others
// get nothing and keep what they have. One epoch is one view (but for be_two_faced). Who was left out of a view
// never comes back as the same incarnation: it is told that view as soon as it is seen again.
#pragma once

#include "base/prng.hpp"
#include "sim/world/world.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace holdfast::sim {

struct MembershipTimes {
  Duration notice_min = std::chrono::milliseconds(5);  // until a change is noticed
  Duration notice_max = std::chrono::milliseconds(600);
  Duration spread_max = std::chrono::milliseconds(20);  // between the first and the last to hear
};

class MembershipService {
 public:
  // `tie_breaker`: half of all votes are enough for those who have this node among them; none: for nobody.
  MembershipService(World& world, std::uint64_t seed, MembershipTimes times, NodeId tie_breaker = {});

  // Whatever it notices now, and whoever hears of it now. To be called all the time.
  void look();

  // What goes wrong. `by` how long a node hears of views later than others; a view that is overtaken
  // by a newer one meanwhile is never heard of.
  void be_late(NodeId node, Duration by) { late_[node] = by; }
  // It lives, but is taken for dead; it is dead, but stays a member.
  void take_for_dead(NodeId node) { lies_[node] = Lie::dead; }
  void take_for_alive(NodeId node) { lies_[node] = Lie::alive; }
  // The next view, which comes soon, is two: of one epoch, but not equal. Another one follows.
  void be_two_faced() { two_faced_ = restless_ = true; }
  void see_clearly(NodeId node) { lies_.erase(node), late_.erase(node); }

  // Nothing is due and nothing is to be noticed.
  [[nodiscard]] bool at_rest() const { return !due_ && !restless_ && mail_.empty(); }
  [[nodiscard]] const View& view() const { return view_; }
  // Is this life of the node a member of the latest view?
  [[nodiscard]] bool is_member(const Machine& machine) const {
    return view_.has(machine.id, machine.incarnation);
  }

 private:
  enum class Lie : std::uint8_t { dead, alive };
  struct Seat {
    NodeId node;
    Incarnation incarnation;
    friend bool operator==(const Seat&, const Seat&) = default;
  };
  struct Mail {
    Duration when;
    Seat to;
    View view;
  };
  [[nodiscard]] std::vector<Seat> living() const;
  [[nodiscard]] std::vector<Seat> majority() const;
  [[nodiscard]] bool is_majority(const std::vector<Seat>& group) const;
  [[nodiscard]] std::vector<Seat> members() const;
  [[nodiscard]] bool was_left_out(const Seat& seat) const {
    return std::ranges::find(left_out_, seat) != left_out_.end();
  }
  void tell_the_left_out(std::vector<Seat>& seats);
  void publish(const std::vector<Seat>& members);
  void deliver_due();

  World& world_;
  Prng prng_;
  MembershipTimes times_;
  NodeId tie_breaker_;
  View view_;
  std::map<NodeId, Lie> lies_;
  std::map<NodeId, Duration> late_;
  std::optional<Duration> due_;  // when the change that was noticed becomes a view
  std::vector<Mail> mail_;
  std::vector<Seat> left_out_;
  bool restless_ = false;   // a view will come though nothing has changed
  bool two_faced_ = false;  // and it will be two
};

}  // namespace holdfast::sim
