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
  const bool fresh = known == nullptr;
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
  const NodeId master = choose_master(origin, key);
  directory_.set(key, {.master = master, .incarnation = core_.incarnation_of(master),
                       .mastership = core_.mint_mastership(), .generation = 0});
  return *directory_.find(key);
}

NodeId Home::choose_master(NodeId origin, std::string_view key) const {
  const LockspacePolicy& policy = core_.policy_of_key(key);
  switch (policy.mastering) {
    case Mastering::first: {
      if (!is_path_key(key)) return origin;
      // A tree has one master: its root is locked as long as anything below it is.
      const cluster::Entry* root = directory_.find(root_key_of(key));
      return root != nullptr && is_alive(*root) ? root->master : origin;
    }
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
  if (is_masters && !stays)
    if (auto late = groups_.extract(std::string(message.key)); !late.empty()) send_back(late.mapped());
  post_.send(from, wire::RemoveReply{.epoch = core_.view.epoch, .mastership = message.mastership,
                                     .status = stays ? Errc::busy : Errc::ok, .key = message.key});
}

bool Home::has_to_wait(std::string_view key) const {
  if (!core_.may_grant()) return true;
  const Slot slot = slot_of(key);
  if (moved_here_.test(slot.value())) return true;
  const cluster::Entry* entry = directory_.find(key);
  if (entry != nullptr) return !is_alive(*entry);
  return unsettled_.test(slot.value()) || groups_.contains(key);
}

void Home::hold(NodeId origin, const wire::Operation& operation) {
  wire::Buffer bytes;
  wire::append_frame(bytes, operation);
  held_.push_back({.origin = origin, .bytes = std::string(bytes.text())});
}

void Home::serve_held() {
  for (const Held& held : std::exchange(held_, {})) {  // what still has to wait is held again
    wire::Operation operation;
    const bool decoded = wire::decode(std::as_bytes(std::span(held.bytes)).subspan(wire::frame_header_bytes), operation);
    HF_ASSERT(decoded);
    on_asked(held.origin, operation);
  }
}

// ---- after a view change --------------------------------------------------------------------------------

void Home::take_view(const ViewChange& change) {
  groups_.clear();
  held_.clear();  // asked in an earlier epoch: they ask again
  questions_.clear();
  barrier_.begin(core_.view);
  unknown_ = {};
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    const bool ours = core_.home(Slot{slot}) == core_.self();
    moved_here_.set(slot, ours && (moved_here_.test(slot) || change.moved(Slot{slot}, core_.homes)));
    unsettled_.set(slot, ours && unsettled_.test(slot));
  }
  const std::vector<std::string> strange = directory_.collect(
      [&](const std::string& key, const cluster::Entry&) { return core_.home(slot_of(key)) != core_.self(); });
  for (const std::string& key : strange) directory_.erase(key);
  core_.trace({.kind = TraceKind::collecting, .peer = {}, .a = core_.view.epoch.value(), .text = {}});
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

void Home::on(NodeId from, const wire::RebuildLock& message) {
  core_.saw(message.mastership);
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  auto group = groups_.find(message.key);
  if (group == groups_.end()) group = groups_.emplace(std::string(message.key), Group{}).first;
  const lock::Holder holder{.node = from, .claim = message.claim, .owner = message.owner};
  group->second.locks.push_back(
      {.lock = {.node = from,
                .state = {.holder = holder, .standing = static_cast<lock::Standing>(message.standing),
                          .granted = message.granted, .wanted = message.wanted, .flags = message.flags,
                          .token = message.token, .stamp = message.stamp},
                .number = message.number},
       .asked_at = message.asked_at,
       .mastership = message.mastership});
}

void Home::on(const wire::RebuildValue& message) {
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  auto group = groups_.find(message.key);
  if (group == groups_.end()) group = groups_.emplace(std::string(message.key), Group{}).first;
  Group& known = group->second;
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
  if (core_.lost.waiting(core_.now)) unsettled_ |= moved_here_;
  moved_here_.reset();
  core_.trace({.kind = TraceKind::opened, .peer = {}, .a = message.epoch.value(), .b = groups_.size(), .text = {}});
  serve_questions();
  settle();
  serve_held();
}

void Home::settle() {
  if (barrier_.phase() != cluster::HomePhase::open || !core_.may_grant() || core_.lost.waiting(core_.now)) return;
  unsettled_.reset();
  std::vector<Group> late;
  for (auto& [key, group] : std::exchange(groups_, {})) {
    const cluster::Entry* entry = directory_.find(key);
    // If a survivor is master after all, the holders were only late to hear of it. A value lives as long as
    // a lock: of a resource without locks nothing comes back.
    const bool mastered = entry != nullptr && is_alive(*entry);
    if (mastered)
      late.push_back(std::move(group));
    else if (!group.locks.empty())
      rebuild(key, std::move(group));
  }
  const std::vector<std::string> orphaned =
      directory_.collect([&](const std::string&, const cluster::Entry& entry) { return !is_alive(entry); });
  for (const std::string& key : orphaned) directory_.erase(key);
  for (const Group& group : late) send_back(group);
  serve_held();
}

// A living master has had the resource since. Either it has these locks, and their nodes hear of it from that
// master; or they were asked for at one that had given it up long before it died, and have to be asked for anew.
void Home::send_back(const Group& group) {
  for (const RebuiltLock& rebuilt : group.locks)
    post_.send(rebuilt.lock.node, wire::NotMaster{.claim = rebuilt.lock.state.holder.claim,
                                                  .number = rebuilt.lock.number, .mastership = rebuilt.mastership});
}

void Home::rebuild(const std::string& key, Group group) {
  const Mastership mastership = core_.mint_mastership();
  directory_.set(key, {.master = core_.self(), .incarnation = core_.config.incarnation, .mastership = mastership,
                       .generation = 0});
  std::ranges::sort(group.locks, [](const RebuiltLock& a, const RebuiltLock& b) {
    const auto order = [](const RebuiltLock& l) {
      return std::tuple(l.lock.state.stamp, l.asked_at, l.lock.node, l.lock.state.holder.claim);
    };
    return order(a) < order(b);
  });
  if (group.evidence == wire::Evidence::copy && group.value.has_bytes() && !planted(Bug::keep_stale_value))
    group.value.doubt();
  std::vector<Master::Restored> locks;
  for (const RebuiltLock& rebuilt : group.locks) {
    const bool waits = rebuilt.lock.state.standing == lock::Standing::waiting;
    if (!waits || !planted(Bug::forget_waiter)) locks.push_back(rebuilt.lock);
  }
  master_.rebuild(key, mastership, std::move(locks), std::move(group.value));
}

// ---- moves ----------------------------------------------------------------------------------------------

template <class Message>
void Home::hold_until_open(NodeId from, const Message& message) {
  wire::Buffer bytes;
  wire::append_frame(bytes, message);
  questions_.push_back({.origin = from, .bytes = std::string(bytes.text())});
}

void Home::serve_questions() {
  for (const Held& held : std::exchange(questions_, {})) {
    std::span<const std::byte> bytes = std::as_bytes(std::span(held.bytes));
    wire::Frame frame;
    std::string_view what;
    const bool cut = wire::cut_frame(bytes, limits::peer_frame_bytes_max, frame) == wire::Cut::frame;
    HF_ASSERT(cut);
    const auto serve = [&](const auto& message) { on(held.origin, message); };
    const wire::Dispatch done = wire::dispatch(
        wire::MessageList<wire::MoveAsk, wire::Installed, wire::MoveQuery>{}, frame.type, frame.body, serve, what);
    HF_ASSERT(done == wire::Dispatch::done);
  }
}

void Home::on(NodeId from, const wire::MoveAsk& message) {
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  if (barrier_.phase() != cluster::HomePhase::open) return hold_until_open(from, message);
  const cluster::Entry* entry = directory_.find(message.key);
  const LockspacePolicy& policy = core_.policy_of_key(message.key);
  const auto is_target = [&](const PinnedNode& pinned) { return pinned.node == message.to; };
  Errc status = Errc::ok;
  if (entry == nullptr)
    status = Errc::no_such_resource;
  else if (!is_alive(*entry))
    status = Errc::recovering;
  else if (policy.mastering == Mastering::home ||
           (policy.mastering == Mastering::pinned && std::ranges::none_of(policy.pinned, is_target)))
    status = Errc::not_movable;
  if (status == Errc::ok)
    post_.send(entry->master, wire::MoveOrder{.epoch = core_.view.epoch, .origin = from, .number = message.number,
                                              .to = message.to, .key = message.key});
  else
    post_.send(from, wire::MoveAnswer{.number = message.number, .status = status});
}

// The new master has all of it, and the old one serves no more: it is the moment at which one takes the place
// of the other, also if the old one has been lost meanwhile.
void Home::on(NodeId from, const wire::Installed& message) {
  core_.saw(message.mastership);
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  if (barrier_.phase() != cluster::HomePhase::open) return hold_until_open(from, message);
  cluster::Entry* entry = directory_.find(message.key);
  const bool from_old = entry != nullptr && entry->master == message.before && entry->mastership == message.mastership_before;
  const bool known = entry != nullptr && entry->master == from && entry->mastership == message.mastership;
  wire::MoveDone done{.epoch = core_.view.epoch, .mastership_before = message.mastership_before,
                      .mastership = message.mastership, .status = from_old || known ? Errc::ok : Errc::busy,
                      .key = message.key};
  if (from_old)
    *entry = {.master = from, .incarnation = core_.incarnation_of(from), .mastership = message.mastership,
              .generation = 0};
  post_.send(from, done);
  if (done.status == Errc::ok) post_.send(message.before, done);
}

void Home::on(NodeId from, const wire::MoveQuery& message) {
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  if (barrier_.phase() != cluster::HomePhase::open) return hold_until_open(from, message);
  const cluster::Entry* entry = directory_.find(message.key);
  const bool still = entry != nullptr && entry->master == from && entry->mastership == message.mastership_before;
  post_.send(from, wire::MoveDone{.epoch = core_.view.epoch, .mastership_before = message.mastership_before,
                                  .mastership = message.mastership, .status = still ? Errc::busy : Errc::ok,
                                  .key = message.key});
}

}  // namespace holdfast::node
