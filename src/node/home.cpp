// SPDX-License-Identifier: Apache-2.0
#include "node/home.hpp"

#include <algorithm>
#include <tuple>

#include "base/planted.hpp"

namespace holdfast::node {

// ---- serving --------------------------------------------------------------------------------------------

void Home::on_asked(NodeId origin, const wire::Operation& operation) {
  if (core_.home(slot_of(operation.key)) != core_.self()) return;  // asked in another belief; it will ask again
  if (has_to_wait(operation.key)) {
    if (operation.flags.has(Flag::noqueue) && operation.kind == wire::OperationKind::request)
      post_.send(origin, wire::RefuseReply{.claim = operation.claim, .number = operation.number,
                                           .asked = operation.asked, .mastership = {}, .resource = {}, .lock = {},
                                           .status = Errc::recovering, .blockers = {}});
    else
      hold(origin, operation);
    return;
  }
  cluster::Entry* known = directory_.find(operation.key);
  const bool fresh = known == nullptr || !is_alive(*known);
  cluster::Entry& entry = fresh ? assign(origin, operation.key) : *known;
  const cluster::Entry sent = entry;
  if (fresh && sent.master == origin) {
    // What it asked comes back to it, and it is its own master.
    post_.send(origin, wire::MasterReply{.epoch = core_.view.epoch, .mastership = sent.mastership,
                                         .generation = sent.generation, .key = operation.key});
    return;
  }
  const std::uint64_t generation = ++entry.generation;
  if (sent.master == core_.self())
    master_.on_asked(origin, sent.mastership, generation, operation);
  else
    post_.send(sent.master, wire::Forward{.origin = origin, .mastership = sent.mastership,
                                          .generation = generation, .operation = operation});
}

cluster::Entry& Home::assign(NodeId origin, std::string_view key) {
  const NodeId tree = master_of_tree(key);
  const NodeId master = tree ? tree : choose_master(origin, key);
  directory_.set(key, {.master = master, .incarnation = core_.incarnation_of(master),
                       .mastership = core_.mint_mastership(), .generation = 0});
  if (!is_path_key(key)) gather_tree_of(key);
  return *directory_.find(key);
}

// A tree has one master, that of its root. Its root is locked as long as anything below it is, but for the moment in
// which a session ends: then it follows what is left of the tree, if it may. None: that says nothing.
NodeId Home::master_of_tree(std::string_view key) const {
  if (!directory_.has_paths() && !is_path_key(key)) return {};
  const std::string root_key = root_key_of(key);
  if (const cluster::Entry* root = directory_.find(root_key); root != nullptr && is_alive(*root)) return root->master;
  if (core_.policy_of_key(key).mastering != Mastering::first) return {};
  const std::string prefix = path_prefix_of(root_key);
  for (const std::string* path = directory_.path_behind({}, prefix); path != nullptr;
       path = directory_.path_behind(*path, prefix))
    if (const cluster::Entry* entry = directory_.find(*path); is_alive(*entry)) return entry->master;
  return {};
}

NodeId Home::choose_master(NodeId origin, std::string_view key) const {
  const LockspacePolicy& policy = core_.policy_of_key(key);
  switch (policy.mastering) {
    case Mastering::first: return origin;
    case Mastering::home: return stays_or(origin);
    case Mastering::pinned: {
      std::vector<cluster::WeightedNode> nodes;
      for (const PinnedNode& pinned : policy.pinned)
        if (core_.may_become_master(pinned.node)) nodes.push_back({.node = pinned.node, .weight = pinned.weight});
      return nodes.empty() ? stays_or(origin) : cluster::rendezvous(slot_of(key), nodes);
    }
  }
  HF_ASSERT(false);
}

// This node, but if it is about to leave, whoever asks.
NodeId Home::stays_or(NodeId origin) const { return core_.is_leaving(core_.self()) ? origin : core_.self(); }

// Nobody to remove, or somebody else is master by now: then the asker certainly is none any more.
void Home::on(NodeId from, const wire::Remove& message) {
  const cluster::Entry* entry = directory_.find(message.key);
  const bool is_masters = entry != nullptr && entry->mastership == message.mastership && entry->master == from;
  const bool stays = is_masters && !directory_.remove(message.key, message.mastership, message.generation);
  // Its master lived until now, and nothing is locked any more: nothing of it comes back.
  std::vector<Held> held;
  if (is_masters && !stays)
    if (const auto late = groups_.find(message.key); late != groups_.end()) {
      const Group group = std::move(groups_.extract(late).mapped());
      let_forget(message.key, group);
      send_back(group);
      held = group.held;
    }
  const std::string key(message.key);  // the answer may change what it points into
  post_.send(from, wire::RemoveReply{.epoch = core_.view.epoch, .mastership = message.mastership,
                                     .status = stays ? Errc::busy : Errc::ok, .key = key});
  for (const Held& one : held) serve(one);
  if (stays && is_path_key(key)) send_to_root(key);  // it was asked to go there while it thought of going altogether
}

bool Home::has_to_wait(std::string_view key) const {
  if (!core_.may_grant()) return true;
  const Slot slot = slot_of(key);
  if (moved_here_.test(slot.value())) return true;
  const cluster::Entry* entry = directory_.find(key);
  if (entry != nullptr && is_alive(*entry)) return false;
  if (settling_ == Settling::not_yet && (entry != nullptr || unsettled_.test(slot.value()))) return true;
  // The master of what is below it will be the one of a root.
  return groups_.contains(key) || (is_path_key(key) && has_to_wait(root_key_of(key)));
}

Home::Group* Home::group_in_the_way(std::string_view key) {
  if (settling_ != Settling::going_on) return nullptr;
  auto group = groups_.find(key);
  if (group == groups_.end() && is_path_key(key)) group = groups_.find(root_key_of(key));
  return group == groups_.end() ? nullptr : &group->second;
}

void Home::hold(NodeId origin, const wire::Operation& operation) {
  wire::Buffer bytes;
  wire::append_frame(bytes, operation);
  Held held{.origin = origin, .bytes = std::string(bytes.text())};
  if (Group* group = group_in_the_way(operation.key))
    group->held.push_back(std::move(held));
  else
    held_.push_back(std::move(held));
}

// What still has to wait is held again.
void Home::serve(const Held& held) {
  wire::Operation operation;
  const bool decoded = wire::decode(std::as_bytes(std::span(held.bytes)).subspan(wire::frame_header_bytes), operation);
  HF_ASSERT(decoded);
  on_asked(held.origin, operation);
}

void Home::serve_held(Allowance& allowance) {
  for (; to_serve_ > 0 && !allowance.is_spent(); --to_serve_) {
    allowance.spend(Allowance::lock);
    const Held first = std::move(held_.front());
    held_.pop_front();
    serve(first);
  }
}

// ---- after a view change --------------------------------------------------------------------------------

void Home::take_view(const ViewChange& change) {
  if (!groups_.empty()) discarded_.push_back(std::exchange(groups_, {}));
  settling_ = Settling::not_yet;
  held_.clear();  // asked in an earlier epoch: they ask again
  to_serve_ = 0;
  questions_.clear();
  to_gather_.clear();
  gathered_.clear();
  barrier_.begin(core_.view);
  unknown_ = {};
  bool gave_some = change.skipped;
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    const bool ours = core_.home(Slot{slot}) == core_.self();
    gave_some = gave_some || (!ours && change.moved(Slot{slot}, core_.homes));
    moved_here_.set(slot, ours && (moved_here_.test(slot) || change.moved(Slot{slot}, core_.homes)));
    unsettled_.set(slot, ours && unsettled_.test(slot));
  }
  finish_tidying(change);
  if (gave_some) tidied_ = 0;
  core_.trace({.kind = TraceKind::collecting, .peer = {}, .a = core_.view.epoch.value(), .text = {}});
}

// A slot that comes back is to find nothing of its first time here.
void Home::finish_tidying(const ViewChange& change) {
  for (; tidied_ < cluster::Directory::parts; ++tidied_)
    directory_.erase_in(tidied_, [&](std::string_view key, const cluster::Entry&) {
      const Slot slot = slot_of(key);
      return core_.home(slot) != core_.self() || change.moved(slot, core_.homes);
    });
}

void Home::tidy(Allowance& allowance) {
  constexpr std::uint32_t parts = cluster::Directory::parts;
  // By what a part has on average: how full this one is depends on a salt.
  const auto cost_up_to = [all = parts / 8 * Allowance::look_at_nothing + directory_.size() * Allowance::look](std::size_t part) {
    return static_cast<std::uint32_t>(all * part / parts);
  };
  for (; tidied_ < parts && !allowance.is_spent(); ++tidied_) {
    allowance.spend(cost_up_to(tidied_ + 1) - cost_up_to(tidied_));
    directory_.erase_in(tidied_, [&](std::string_view key, const cluster::Entry& entry) {
      return core_.home(slot_of(key)) != core_.self() || (settling_ != Settling::not_yet && !is_alive(entry));
    });
  }
}

// Also one of an earlier epoch is true: a master that lives gives nothing up without asking.
void Home::on(NodeId from, const wire::MasterClaim& message) {
  core_.saw(message.mastership);
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  const cluster::Entry* known = directory_.find(message.key);
  if (known != nullptr && is_alive(*known) && known->mastership >= message.mastership) return;
  directory_.set(message.key, {.master = from, .incarnation = core_.incarnation_of(from),
                               .mastership = message.mastership, .generation = 0});
}

Home::Group& Home::group_of(std::string_view key) {
  const auto group = groups_.lower_bound(key);
  if (group != groups_.end() && group->first == key) return group->second;
  return groups_.emplace_hint(group, std::string(key), Group{})->second;
}

void Home::on(NodeId from, const wire::RebuildLock& message) {
  core_.saw(message.mastership);
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  const lock::Holder holder{.node = from, .claim = message.claim, .owner = message.owner};
  group_of(message.key).locks.push_back(
      {.lock = {.node = from,
                .state = {.holder = holder, .standing = static_cast<lock::Standing>(message.standing),
                          .granted = message.granted, .wanted = message.wanted, .flags = message.flags,
                          .token = message.token, .stamp = message.stamp},
                .number = message.number,
                .since = core_.now - std::max(Duration{0}, message.age)},
       .asked_at = message.asked_at,
       .mastership = message.mastership});
}

void Home::on(NodeId from, const wire::RebuildValue& message) {
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  Group& known = group_of(message.key);
  if (message.witness != wire::Witness::holder) return hear(known, from, message);
  const bool better = message.evidence != known.evidence ? message.evidence == wire::Evidence::current
                                                         : message.write_number > known.value.write_number;
  if (!better) return;
  known.evidence = message.evidence;
  known.value.bytes.assign(message.value);
  known.value.write_number = message.write_number;
  known.value.state = message.state;
}

void Home::on(NodeId from, const wire::RebuildDone& message) {
  if (message.view_digest != core_.view.digest() && !planted(Bug::accept_two_digests)) {
    core_.conflict_seen = true;
    core_.trace({.kind = TraceKind::view_refused, .peer = from, .a = message.epoch.value(),
                 .text = Error{Errc::view_conflict}.text()});
    return;
  }
  for (const wire::LostLease& lease : message.leases)
    if (!core_.is_member(lease.node, lease.incarnation))
      core_.lost.note(lease.node, lease.incarnation, core_.now + lease.left);
  unknown_ = std::max(unknown_, core_.now + message.unknown);
  if (!barrier_.done(from, message.epoch)) return;
  core_.lost.everybody_has_reported(unknown_);
  unsettled_ |= moved_here_;
  moved_here_.reset();
  core_.trace({.kind = TraceKind::opened, .peer = {}, .a = message.epoch.value(), .b = groups_.size(), .text = {}});
  serve_questions();
  to_serve_ = held_.size();
  gather(every_tree);
  settle();
}

void Home::settle() {
  if (settling_ != Settling::not_yet || !is_ready()) return;
  settling_ = Settling::going_on;
  tidied_ = 0;
  to_serve_ = held_.size();
}

void Home::work(Allowance& allowance) {
  for (; !discarded_.empty() && !allowance.is_spent(); allowance.spend(Allowance::lock))
    if (Groups& groups = discarded_.front(); groups.empty())
      discarded_.pop_front();
    else
      groups.erase(groups.begin());
  serve_held(allowance);
  if (settling_ == Settling::going_on) settle_groups(allowance);
  tidy(allowance);
  gather_trees(allowance);
}

// In the order of their names; whoever asks for one whose turn has not come waits for just that one.
void Home::settle_groups(Allowance& allowance) {
  while (!groups_.empty() && !allowance.is_spent()) {
    auto first = groups_.extract(groups_.begin());
    const std::vector<Held> held = std::exchange(first.mapped().held, {});
    allowance.spend(Allowance::rebuild * static_cast<std::uint32_t>(first.mapped().locks.size()) +
                    Allowance::lock * static_cast<std::uint32_t>(1 + held.size()));
    settle_group(first.key(), std::move(first.mapped()));
    for (const Held& one : held) serve(one);
  }
  if (!groups_.empty()) return;
  settling_ = Settling::over;
  unsettled_.reset();
}

// If a survivor is master after all, the holders were only late to hear of it. A value lives as long as a lock: of a
// resource without locks nothing comes back.
void Home::settle_group(const std::string& key, Group group) {
  let_forget(key, group);
  const cluster::Entry* entry = directory_.find(key);
  if (entry != nullptr && is_alive(*entry))
    send_back(group);
  else if (!group.locks.empty())
    rebuild(key, std::move(group));
}

// A living master has had the resource since. Either it has these locks, and their nodes hear of it from that
// master; or they were asked for at one that had given it up long before it died, and have to be asked for anew.
void Home::send_back(const Group& group) {
  for (const RebuiltLock& rebuilt : group.locks)
    post_.send(rebuilt.lock.node, wire::NotMaster{.claim = rebuilt.lock.state.holder.claim,
                                                  .number = rebuilt.lock.number, .mastership = rebuilt.mastership});
}

void Home::rebuild(const std::string& key, Group group) {
  Value value = newest_value(key, group);
  const Mastership mastership = core_.mint_mastership();
  directory_.set(key, {.master = core_.self(), .incarnation = core_.config.incarnation, .mastership = mastership,
                       .generation = 0});
  std::ranges::sort(group.locks, [](const RebuiltLock& a, const RebuiltLock& b) {
    const auto order = [](const RebuiltLock& l) {
      return std::tuple(l.lock.state.stamp, l.asked_at, l.lock.node, l.lock.state.holder.claim);
    };
    return order(a) < order(b);
  });
  std::vector<Master::Restored> locks;
  for (const RebuiltLock& rebuilt : group.locks) {
    const bool waits = rebuilt.lock.state.standing == lock::Standing::waiting;
    if (!waits || !planted(Bug::forget_waiter)) locks.push_back(rebuilt.lock);
  }
  master_.rebuild(key, mastership, std::move(locks), std::move(value));
  gather_tree_of(key);
}

// The newest of what the survivors have. It is in doubt unless they can prove that nothing newer was written: by a
// grant above CR, or by the second copy under the mastership that was the last one.
Value Home::newest_value(const std::string& key, Group& group) const {
  if (group.evidence == wire::Evidence::current || planted(Bug::keep_stale_value)) return std::move(group.value);
  const cluster::Entry* entry = directory_.find(key);
  Mastership last = entry != nullptr ? entry->mastership : Mastership{};
  for (const RebuiltLock& rebuilt : group.locks) last = std::max(last, rebuilt.mastership);
  Value value = std::move(group.value);
  const bool vouched = group.kept.mastership && group.kept.mastership >= last;
  if (vouched) {
    core_.reached("a value survives by its second copy");
    if (group.kept.value.write_number >= value.write_number) value = std::move(group.kept.value);
  }
  // A survivor's own write, which was on its way to the master.
  if (group.written.mastership >= last && group.written.value.write_number > value.write_number)
    value = std::move(group.written.value);
  const bool doubted = group.doubted.mastership >= last && group.doubted.value.write_number >= value.write_number;
  if ((!vouched && value.has_bytes()) || (group.doubted.mastership && doubted)) value.doubt();
  return value;
}

void Home::hear(Group& group, NodeId from, const wire::RebuildValue& message) {
  group.witnesses.emplace_back(from, message.mastership);
  const bool is_writer = message.witness == wire::Witness::writer;
  Testimony& known = !is_writer                               ? group.kept
                     : message.state == ValueState::doubtful ? group.doubted
                                                             : group.written;
  if (!known.is_older_than(message)) return;
  known.mastership = message.mastership;
  known.value.bytes.assign(message.value);
  known.value.write_number = message.write_number;
  known.value.state = message.state;
}

// Whoever kept something for a lost master need not do so any longer.
void Home::let_forget(std::string_view key, const Group& group) {
  for (const auto& [witness, mastership] : group.witnesses)
    post_.send(witness, wire::ValueCopy{.epoch = core_.view.epoch, .mastership = mastership, .key = key});
}

}  // namespace holdfast::node
