// SPDX-License-Identifier: Apache-2.0
#include "node/recovery.hpp"

namespace holdfast::node {

void Recovery::begin(const ViewChange& change) {
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot)
    if (change.moved(Slot{slot}, core_.homes)) moved_.set(slot);
  stage_ = Stage::claims;
  next_ = 0;
  copies_.begin(change);
  requester_.forget_writes(change);
  master_.begin_view();
  // Moves are few and bound to the epoch: what the view change stopped is settled before anything of it begins anew.
  master_.tell_moves();
  master_.begin_moves_again();
}

void Recovery::ask_again() {
  if (stage_ != Stage::rest && stage_ != Stage::questions) return;  // it is still to come
  stage_ = Stage::questions;
  next_ = 0;
}

void Recovery::let_go(const cluster::LostNodes::Lost& lost) {
  dropping_.push_back(lost);
  home_.settle();
}

void Recovery::step(Allowance& allowance) {
  if (post_.is_congested()) return;
  while (stage_ != Stage::rest && !allowance.is_spent())
    if (go_on(allowance)) enter_next();
  // What has no master holds everybody up, what a lost node holds only those who want more than it leaves.
  home_.work(allowance);
  drop(allowance);
}

bool Recovery::go_on(Allowance& allowance) {
  switch (stage_) {
    case Stage::claims: return master_.claim_moved(moved_, next_, allowance);
    case Stage::losses: return requester_.report_losses(next_, allowance);
    case Stage::copies: return copies_.report(allowance);
    case Stage::masters: return master_.take_view(allowance);
    case Stage::questions: return requester_.ask_again(next_, allowance);
    case Stage::rest: return true;
  }
  HF_ASSERT(false);
}

// The order is the protocol's: whatever belongs to the exchange is in front of "done" on every link.
void Recovery::enter_next() {
  const Stage over = stage_;
  stage_ = static_cast<Stage>(static_cast<std::uint8_t>(stage_) + 1);
  next_ = 0;
  if (over == Stage::claims) moved_.reset();
  if (over == Stage::losses) requester_.report_writes();
  if (over != Stage::copies) return;
  post_.send_to_all(wire::RebuildDone{.epoch = core_.view.epoch, .view_digest = core_.view.digest(),
                                      .leases = core_.lost.report(core_.now), .unknown = life_.forgets_for()});
}

void Recovery::drop(Allowance& allowance) {
  while (may_drop() && !allowance.is_spent()) {
    if (!master_.drop_locks(dropping_.front().node, dropping_.front().incarnation, dropped_, allowance)) return;
    dropped_ = {};
    dropping_.pop_front();
  }
}

}  // namespace holdfast::node
