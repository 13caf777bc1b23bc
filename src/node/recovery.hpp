// SPDX-License-Identifier: Apache-2.0
// Recovery: what a node goes through after a view change, in the protocol's order and in pieces: a turn does as much
// as its allowance lets it, the rest follows in the next turns, and whatever else arrives is served in between. What
// comes late of it is harmless: a home opens only when everybody's "done" is there, and that leaves behind the last
// report.
//
// A further view starts again. What was reported already is in the homes' hands or is reported once more.
#pragma once

#include <bitset>
#include <deque>

#include "node/allowance.hpp"
#include "node/copies.hpp"
#include "node/home.hpp"
#include "node/life.hpp"
#include "node/requester.hpp"

namespace holdfast::node {

class Recovery {
 public:
  Recovery(Core& core, Post& post, Life& life, Home& home, Copies& copies, Master& master, Requester& requester)
      : core_(core), post_(post), life_(life), home_(home), copies_(copies), master_(master), requester_(requester) {}

  // REQUIRES: the home has taken the view.
  void begin(const ViewChange& change);
  // Questions of ours may be outstanding in vain, or could not be asked until now.
  void ask_again();
  // The lease of this lost node is over: its locks go.
  void let_go(const cluster::LostNodes::Lost& lost);
  // A piece of whatever there is to do.
  void step(Allowance& allowance);
  [[nodiscard]] bool has_work() const {
    return (stage_ != Stage::rest || may_drop() || home_.has_work()) && !post_.is_congested();
  }
  // Have all resources been told who is gone? Only then may what the lost hold be let go.
  [[nodiscard]] bool has_told_masters() const { return stage_ == Stage::questions || stage_ == Stage::rest; }

 private:
  enum class Stage : std::uint8_t {
    claims,     // homes of moved slots hear what we are master of
    losses,     // homes hear of our locks whose master is gone,
    copies,     // and of the values that we kept for it; then "done"
    masters,    // what the lost wait for ends, and removals are asked for again
    questions,  // masters are asked for again
    rest,
  };
  // True if the stage is over.
  [[nodiscard]] bool go_on(Allowance& allowance);
  void enter_next();
  [[nodiscard]] bool may_drop() const { return core_.may_grant() && !dropping_.empty() && has_told_masters(); }
  void drop(Allowance& allowance);

  Core& core_;
  Post& post_;
  Life& life_;
  Home& home_;
  Copies& copies_;
  Master& master_;
  Requester& requester_;
  Stage stage_ = Stage::rest;
  std::uint32_t next_ = 0;             // how far the stage has come
  std::bitset<limits::slots> moved_;   // whose homes have not heard all of it yet, over views that came in between
  std::deque<cluster::LostNodes::Lost> dropping_;
  Master::Dropping dropped_;  // how far the first of them has come
};

}  // namespace holdfast::node
