// SPDX-License-Identifier: Apache-2.0
// Copies: the role of a node as the keeper of second copies: for masters elsewhere it knows the values of their
// resources, and vouches for them when a master is lost. Which node keeps what: cluster::Homes::keeper.
//
// A copy is worth something only as long as nothing newer can have been answered. A master tells its keeper
// before it answers; so the copy is true in every view in which this node is the keeper, and is dropped in the
// first one in which it is not, or which this node never saw.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "node/allowance.hpp"
#include "node/core.hpp"
#include "node/post.hpp"

namespace holdfast::node {

class Copies {
 public:
  Copies(Core& core, Post& post) : core_(core), post_(post) {}

  void on(NodeId from, const wire::ValueCopy& message);
  // A view is in force.
  void begin(const ViewChange& change);
  // In the exchange: what lost masters wrote goes to the homes, as far as the allowance lets it. True if that is all.
  [[nodiscard]] bool report(Allowance& allowance);
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(by_key_.size()); }

 private:
  struct Copy {
    NodeId master;
    Incarnation incarnation;  // of the master
    Mastership mastership;
    Value value;
    NodeId writer;
    Incarnation writer_incarnation;
    bool reported = false;  // its master is lost, and a home has been told
  };
  [[nodiscard]] bool is_worth_nothing(std::string_view key, const Copy& copy) const;
  void report(std::string_view key, Copy& copy);

  Core& core_;
  Post& post_;
  std::map<std::string, Copy, std::less<>> by_key_;  // sorted: they are looked at in this order
  ViewChange change_;  // that is being looked at
  std::string next_;   // where to go on
  bool is_over_ = true;
};

}  // namespace holdfast::node
