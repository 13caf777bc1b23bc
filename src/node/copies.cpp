// SPDX-License-Identifier: Apache-2.0
#include "node/copies.hpp"

namespace holdfast::node {

void Copies::on(NodeId from, const wire::ValueCopy& message) {
  core_.saw(message.mastership);
  const auto known = by_key_.find(message.key);
  if (known != by_key_.end() && known->second.mastership > message.mastership) return;  // there is a later master
  if (message.state == ValueState::never_written) {
    if (known != by_key_.end()) by_key_.erase(known);
  } else {
    Copy& copy = known != by_key_.end() ? known->second : by_key_[std::string(message.key)];
    copy.master = from;
    copy.incarnation = core_.incarnation_of(from);
    copy.mastership = message.mastership;
    copy.value.bytes.assign(message.value);
    copy.value.write_number = message.write_number;
    copy.value.state = message.state;
    copy.writer = message.writer;
    copy.writer_incarnation = message.writer_incarnation;
    copy.reported = false;
  }
  if (message.resource)
    post_.send(from, wire::ValueCopied{.mastership = message.mastership, .resource = message.resource, .version = message.version});
}

void Copies::begin(const ViewChange& change) {
  // What nobody looked at in the view before may have been another's to keep there.
  if (!is_over_) by_key_.erase(by_key_.lower_bound(next_), by_key_.end());
  change_ = change;
  next_.clear();
  is_over_ = false;
}

bool Copies::report(Allowance& allowance) {
  auto at = by_key_.lower_bound(next_);
  while (at != by_key_.end() && !allowance.is_spent()) {
    const auto copy = at++;
    const bool goes = is_worth_nothing(copy->first, copy->second);
    const bool is_lost = !core_.is_member(copy->second.master, copy->second.incarnation);
    allowance.spend(goes || is_lost ? Allowance::lock : 2 * Allowance::look);
    if (goes)
      by_key_.erase(copy);
    else if (is_lost)
      report(copy->first, copy->second);  // at the home, perhaps this very node, it is only noted
  }
  is_over_ = at == by_key_.end();
  if (!is_over_) next_ = at->first;
  return is_over_;
}

bool Copies::is_worth_nothing(std::string_view key, const Copy& copy) const {
  if (change_.skipped) return true;
  const Slot slot = slot_of(key);
  if (core_.is_member(copy.master, copy.incarnation)) return core_.homes.keeper(slot, copy.master) != core_.self();
  // The home of the last view may have rebuilt the resource; only it would know.
  return copy.reported && !core_.is_member(change_.before.home(slot), change_.before.incarnation(slot));
}

void Copies::report(std::string_view key, Copy& copy) {
  copy.reported = true;
  // Whoever held PW or EX and is lost, too, may have been in the middle of something.
  const bool in_doubt = copy.writer && !core_.is_member(copy.writer, copy.writer_incarnation);
  post_.send(core_.home(slot_of(key)),
             wire::RebuildValue{.epoch = core_.view.epoch, .evidence = wire::Evidence::copy,
                                .state = in_doubt ? ValueState::doubtful : copy.value.state,
                                .write_number = copy.value.write_number, .key = key, .value = copy.value.bytes,
                                .mastership = copy.mastership, .witness = wire::Witness::keeper});
}

}  // namespace holdfast::node
