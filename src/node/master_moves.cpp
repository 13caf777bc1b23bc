// SPDX-License-Identifier: Apache-2.0
// A resource that moves from one living master to another (the messages: wire/move_messages.hpp). Until it was
// handed over the old master may take it back by itself. From then on only the home says who is master, and
// what a view change has swallowed is asked again: the old master installs again, the new one says again that
// it has it, and both keep still.
#include <algorithm>
#include <map>

#include "node/master.hpp"
#include "wire/framing.hpp"

namespace holdfast::node {

// ---- the old master -------------------------------------------------------------------------------------

void Master::on(const wire::MoveOrder& ask) {
  const MoveAsker asker{.node = ask.origin, .number = ask.number};
  const ResourceId* const known = by_key_.find(ask.key);
  Resource* resource = known == nullptr ? nullptr : &at(*known);
  if (resource != nullptr && resource->phase == Phase::copying && !resource->copy->order) {
    resource->copy->order = ask;  // it is a matter of one answer
    resource->copy->order->key = resource->key;
    return;
  }
  Errc status = Errc::ok;
  if (resource == nullptr)
    status = Errc::no_such_resource;
  else if (!core_.may_become_master(ask.to))
    status = Errc::no_such_node;
  else if (resource->phase != Phase::serving || !core_.may_grant())
    status = Errc::busy;
  if (status == Errc::ok && ask.to != core_.self())
    begin_move(*resource, ask.to, asker, MoveCause::asked);
  else if (asker.node)  // a home that keeps a tree together looks again by itself
    post_.send(asker.node, wire::MoveAnswer{.number = asker.number, .status = status});
}

void Master::begin_move(Resource& resource, NodeId to, const MoveAsker& asker, MoveCause cause) {
  if (resource.quiet) recall(resource);
  resource.phase = Phase::moving;
  idle_.use(resource);
  resource.move = std::make_unique<Move>();
  note_move(resource);
  Move& move = *resource.move;
  move.peer = to;
  move.incarnation = core_.incarnation_of(to);
  move.mastership = core_.mint_mastership();
  move.asker = asker;
  move.cause = cause;
  core_.trace({.kind = TraceKind::moving, .peer = to, .text = resource.key});
  std::vector<NodeId> nodes;
  for (const LockId lock : engine_.locks(resource.id)) {
    const NodeId node = engine_.holder(lock)->node;
    if (core_.is_member(node, extra(lock).incarnation) && std::ranges::find(nodes, node) == nodes.end())
      nodes.push_back(node);
  }
  move.untold = nodes;
  const ResourceId id = resource.id;
  const Mastership mastership = resource.mastership;
  // Each reply may be the last one that is missing: the resource is looked up again.
  for (const NodeId node : nodes)
    if (const Resource* still = find(id); still != nullptr && still->move && still->mastership == mastership)
      post_.send(node, wire::Moving{.epoch = core_.view.epoch, .mastership = mastership, .to = to,
                                      .next = still->move->mastership, .key = still->key});
  if (nodes.empty()) hand_over(resource);
}

void Master::on(NodeId from, const wire::MovingReply& reply) {
  Resource* resource = find_moving(reply.key, Phase::moving);
  if (resource == nullptr || resource->mastership != reply.mastership || resource->move->handed) return;
  std::erase(resource->move->untold, from);
  if (resource->move->untold.empty()) hand_over(*resource);
}

void Master::hand_over(Resource& resource) {
  resource.move->handed = true;
  note(resource, Happening::moved_away).node = resource.move->peer;
  send_away_strangers(resource);
  for (HeldBack& held : resource.held_back) held.went_along = true;
  send_install(resource);
}

// An earlier life of the node counts for nothing: nobody told this one.
bool Master::has_locks_of(const Resource& resource, NodeId node) const {
  return std::ranges::any_of(engine_.locks(resource.id), [&](LockId lock) {
    return engine_.holder(lock)->node == node && core_.is_member(node, extra(lock).incarnation);
  });
}

// Whoever has locks here was told, and has sent nothing since; what he sent before goes along. Others knew us as
// master and have to ask the home again; what they ask there goes along, or back to the home.
void Master::send_away_strangers(Resource& resource) {
  drop_held_of_the_gone(resource);
  std::vector<HeldBack> strange;
  std::erase_if(resource.held_back, [&](HeldBack& held) {
    wire::Operation operation;
    const bool decoded = decode_held(held.bytes, operation);
    HF_ASSERT(decoded);
    if (held.went_along || operation.asked || has_locks_of(resource, held.from)) return false;
    strange.push_back(std::move(held));
    return true;
  });
  send_back(strange);
}

void Master::send_install(const Resource& resource) {
  const Move& move = *resource.move;
  const std::vector<LockId> locks = engine_.locks(resource.id);
  const Value& value = engine_.value(resource.id);
  post_.send(move.peer, wire::Install{.epoch = core_.view.epoch, .before = resource.mastership,
                                      .mastership = move.mastership, .state = value.state,
                                      .write_number = value.write_number,
                                      .locks = static_cast<std::uint32_t>(locks.size()),
                                      .operations = static_cast<std::uint32_t>(std::ranges::count_if(resource.held_back, &HeldBack::went_along)),
                                      .key = resource.key, .value = value.bytes});
  for (const LockId lock : locks) {
    const lock::LockState state = engine_.state(lock);
    const Extra& extra = this->extra(lock);
    post_.send(move.peer,
               wire::InstallLock{.epoch = core_.view.epoch, .mastership = move.mastership, .node = state.holder.node,
                                 .incarnation = extra.incarnation, .claim = state.holder.claim,
                                 .owner = state.holder.owner, .applied = extra.applied, .pending = extra.pending,
                                 .asked = extra.asked, .standing = static_cast<wire::LockStanding>(state.standing),
                                 .granted = state.granted, .wanted = state.wanted, .flags = state.flags,
                                 .token = state.token, .stamp = state.stamp, .age = core_.now - extra.since});
  }
  for (const HeldBack& held : resource.held_back)
    if (held.went_along)
      post_.send(move.peer,
                 wire::InstallOperation{.epoch = core_.view.epoch, .mastership = move.mastership, .from = held.from, .bytes = held.bytes});
}

// It stays here; whoever was told otherwise hears it as he would after a rebuild.
void Master::abort_move(Resource& resource, Errc why) {
  const ResourceId id = resource.id;
  const std::unique_ptr<Move> move = std::move(resource.move);
  resource.phase = Phase::telling;
  for (HeldBack& held : resource.held_back) held.went_along = false;
  core_.reached("a move is given up");
  answer_asker(*move, why);
  tell_holders(resource);
  resource.phase = Phase::serving;
  renew_copy(resource);
  serve_again(id);
}

// Whose locks are here and who serves them. Another life of a node knows nothing of them.
void Master::tell_holders(const Resource& resource) {
  for (const LockId lock : engine_.locks(resource.id)) {
    const lock::LockState state = engine_.state(lock);
    if (!core_.is_member(state.holder.node, extra(lock).incarnation)) continue;
    post_.send(state.holder.node,
               wire::RebuildReply{.claim = state.holder.claim, .number = extra(lock).applied,
                                  .mastership = resource.mastership, .resource = resource.id, .lock = lock,
                                  .stamp = state.stamp});
  }
}

// What view changes and the ends of leases passed over while it moved.
void Master::serve_again(ResourceId id) {
  if (find(id) == nullptr) return;
  if (core_.may_grant()) clear_of_the_lost(at(id));
  settle(at(id));
  retry_held_back(id);
}

// The home has written down the new master.
void Master::leave_to_next(Resource& resource) {
  const Move move = std::move(*resource.move);
  const std::vector<HeldBack> held = std::exchange(resource.held_back, {});
  core_.trace({.kind = TraceKind::moved, .peer = move.peer, .text = resource.key});
  ++moved_[static_cast<std::size_t>(move.cause)];
  const std::string key = resource.key;
  forget(resource);
  for (const HeldBack& one : held) {
    if (one.went_along) continue;  // and may have been answered and ended there by now
    wire::Operation operation;
    const bool decoded = decode_held(one.bytes, operation);
    HF_ASSERT(decoded);
    // Only the home knows by now who is master.
    if (operation.asked == core_.view.epoch)
      post_.send(core_.home(slot_of(key)),
                 wire::Forward{.origin = one.from, .mastership = {}, .generation = 0, .operation = operation});
  }
  answer_asker(move, Errc::ok);
}

void Master::answer_asker(const Move& move, Errc status) {
  if (move.asker.node) post_.send(move.asker.node, wire::MoveAnswer{.number = move.asker.number, .status = status});
}

// ---- the new master -------------------------------------------------------------------------------------

void Master::on(NodeId from, const wire::Install& message) {
  installing_.erase(from);
  if (core_.is_leaving(core_.self())) return refuse_install(from, message);
  if (const ResourceId* known = by_key_.find(message.key)) {
    Resource& before = at(*known);
    if (before.mastership == message.mastership) {  // it came twice
      if (before.phase != Phase::arriving) {
        core_.reached("what was moved comes again");
        post_.send(from, wire::MoveDone{.epoch = message.epoch, .mastership_before = message.before,
                                        .mastership = message.mastership, .status = Errc::ok, .key = message.key});
      }
      return;
    }
    if (before.phase == Phase::arriving || (engine_.empty(before.id) && before.phase != Phase::telling)) {
      send_back(std::exchange(before.held_back, {}));
      if (const ResourceId* still = by_key_.find(message.key)) forget(at(*still));
    } else {
      core_.reached("a move to a node that is master already");
      return refuse_install(from, message);
    }
  }
  const ResourceId id = become(message.key, message.mastership, 0);
  installing_[from] = id;
  Resource& resource = at(id);
  resource.phase = Phase::arriving;
  idle_.use(resource);
  resource.move = std::make_unique<Move>();
  note_move(resource);
  *resource.move = {.peer = from, .incarnation = core_.incarnation_of(from), .mastership = message.before,
                    .untold = {}, .handed = false, .locks_missing = message.locks,
                    .operations_missing = message.operations, .asker = {}, .cause = {}};
  if (message.state != ValueState::never_written || !message.value.empty())
    engine_.restore_value(id, {.bytes = std::string(message.value), .write_number = message.write_number, .state = message.state});
  if (message.locks == 0 && message.operations == 0) tell_home(resource);
}

void Master::refuse_install(NodeId from, const wire::Install& message) {
  post_.send(from, wire::MoveDone{.epoch = message.epoch, .mastership_before = message.before,
                                  .mastership = message.mastership, .status = Errc::busy, .key = message.key});
}

void Master::on(NodeId from, const wire::InstallLock& message) {
  Resource* resource = find_arriving(from, message.mastership);
  if (resource == nullptr || resource->move->locks_missing == 0) return;
  const LockId lock = engine_.restore(
      resource->id, {.holder = {.node = message.node, .claim = message.claim, .owner = message.owner},
                     .standing = static_cast<lock::Standing>(message.standing), .granted = message.granted,
                     .wanted = message.wanted, .flags = message.flags, .token = message.token, .stamp = message.stamp});
  extra(lock) = {.applied = message.applied, .pending = message.pending, .asked = message.asked,
                 .since = core_.now - std::max(Duration{0}, message.age), .incarnation = message.incarnation};
  if (--resource->move->locks_missing == 0 && resource->move->operations_missing == 0) tell_home(*resource);
}

void Master::on(NodeId from, const wire::InstallOperation& message) {
  Resource* resource = find_arriving(from, message.mastership);
  if (resource == nullptr || resource->move->locks_missing != 0 || resource->move->operations_missing == 0) return;
  wire::Operation operation;
  if (decode_held(message.bytes, operation) && core_.view.has(message.from))
    resource->held_back.push_back({.from = message.from, .incarnation = core_.incarnation_of(message.from),
                                   .bytes = std::string(message.bytes)});
  if (--resource->move->operations_missing == 0) tell_home(*resource);
}

void Master::tell_home(const Resource& resource) {
  const std::string key = resource.key;  // the answer may change the resource while the message is read
  post_.send(core_.home(slot_of(key)),
             wire::Installed{.epoch = core_.view.epoch, .before = resource.move->peer,
                             .mastership_before = resource.move->mastership, .mastership = resource.mastership,
                             .key = key});
}

void Master::tell_moves() {
  forget_ended_moves();
  for (const ResourceId id : moves_) {
    const Resource& resource = at(id);
    if (resource.phase == Phase::arriving && is_complete(*resource.move)) tell_home(resource);
    if (is_left_behind(resource)) ask_home(resource);
  }
}

// Those that a view change stopped.
void Master::begin_moves_again() {
  forget_ended_moves();
  for (const ResourceId id : std::vector<ResourceId>(moves_))
    if (Resource* resource = find(id); resource != nullptr && resource->move) look_after_view(*resource);
}

void Master::note_move(const Resource& resource) {
  moves_.push_back(resource.id);
  if (moves_.size() < tidy_moves_at_) return;
  forget_ended_moves();
  tidy_moves_at_ = 2 * moves_.size() + 16;
}

void Master::forget_ended_moves() {
  std::ranges::sort(moves_);
  moves_.erase(std::unique(moves_.begin(), moves_.end()), moves_.end());
  std::erase_if(moves_, [this](ResourceId id) {
    const Resource* resource = find(id);
    return resource == nullptr || !resource->move;
  });
}

// Handed over, and whoever it was handed to is lost: perhaps it was served there, and what is known here is old.
bool Master::is_left_behind(const Resource& resource) const {
  return resource.phase == Phase::moving && resource.move->handed &&
         !core_.is_member(resource.move->peer, resource.move->incarnation);
}

// Only the home that has it in its books can say that it was not. Any other rebuilds it from its holders, who all
// report what they have there.
void Master::ask_home(const Resource& resource) {
  const std::string key = resource.key;  // the answer may change the resource while the message is read
  const NodeId home = core_.home(slot_of(key));
  const Value value = engine_.value(resource.id);
  const wire::MoveQuery query{.epoch = core_.view.epoch, .mastership_before = resource.mastership,
                              .mastership = resource.move->mastership, .key = key};
  if (value.has_bytes())
    post_.send(home, wire::RebuildValue{.epoch = core_.view.epoch, .evidence = wire::Evidence::copy,
                                        .state = value.state, .write_number = value.write_number, .key = key,
                                        .value = value.bytes});
  post_.send(home, query);
}

// Everybody with locks here hears of it before anything is granted.
void Master::serve_arrived(Resource& resource) {
  const ResourceId id = resource.id;
  note(resource, Happening::arrived).node = resource.move->peer;
  resource.move.reset();
  resource.stays_until = core_.now + core_.config.migration.stay;
  resource.phase = Phase::telling;
  tell_holders(resource);
  lock::Outcomes outcomes;
  engine_.resume(id, outcomes);
  resource.phase = Phase::serving;
  deliver(resource, outcomes, wire::Answer::wanted);
  serve_again(id);
}

// ---- both -----------------------------------------------------------------------------------------------

void Master::on(NodeId, const wire::MoveDone& message) {
  if (Resource* old = find_moving(message.key, Phase::moving);
      old != nullptr && old->mastership == message.mastership_before && old->move->mastership == message.mastership) {
    if (message.status == Errc::ok)
      leave_to_next(*old);
    else
      abort_move(*old, Errc::busy);
    return;
  }
  Resource* fresh = find_moving(message.key, Phase::arriving);
  if (fresh == nullptr || fresh->mastership != message.mastership || !is_complete(*fresh->move)) return;
  if (message.status == Errc::ok)
    serve_arrived(*fresh);
  else
    give_up_arrival(*fresh);
}

void Master::give_up_arrival(Resource& resource) {
  core_.reached("what arrived is given up");
  const std::vector<HeldBack> held = std::exchange(resource.held_back, {});
  forget(resource);
  send_back(held);
}

void Master::view_changed_while_moving(Resource& resource) {
  Move& move = *resource.move;
  if (resource.phase == Phase::arriving) {
    // What is not complete comes again, if there is still somebody to send it.
    if (!is_complete(move)) give_up_arrival(resource);
    return;
  }
  if (!move.handed) return abort_move(resource, Errc::recovering);
  core_.reached("a view change finds a resource handed over");
  if (!is_left_behind(resource)) send_install(resource);
}

Master::Resource* Master::find_moving(std::string_view key, Phase phase) {
  const ResourceId* const known = by_key_.find(key);
  if (known == nullptr) return nullptr;
  Resource& resource = at(*known);
  return resource.phase == phase ? &resource : nullptr;
}

// What this node is installing here. Its messages come in one go, behind the Install that names the key.
Master::Resource* Master::find_arriving(NodeId from, Mastership mastership) {
  const auto known = installing_.find(from);
  Resource* resource = known == installing_.end() ? nullptr : find(known->second);
  const bool is_it =
      resource != nullptr && resource->phase == Phase::arriving && resource->mastership == mastership;
  return is_it ? resource : nullptr;
}

// ---- leaving --------------------------------------------------------------------------------------------

// A tree goes to one node, and whoever has a lock in it has one on its root. None: it is not known yet where.
NodeId Master::successor_of_tree(const Resource& resource) const {
  if (!is_path_key(resource.key)) return best_successor(resource);
  const ResourceId* const known = by_key_.find(root_key_of(resource.key));
  if (known == nullptr) return best_successor(resource);
  const Resource& root = at(*known);
  if (root.phase != Phase::moving) return best_successor(root);
  return core_.may_become_master(root.move->peer) ? root.move->peer : NodeId{};
}

// Where most of its locks are; if nobody else has any, its home, or whoever is first. None: nobody can take it.
NodeId Master::best_successor(const Resource& resource) const {
  std::map<NodeId, std::uint32_t> locks;
  for (const LockId lock : engine_.locks(resource.id))
    if (const NodeId node = engine_.holder(lock)->node;
        core_.may_become_master(node) && core_.is_member(node, extra(lock).incarnation))
      ++locks[node];
  const auto most = std::ranges::max_element(locks, {}, [](const auto& entry) { return entry.second; });
  if (most != locks.end()) return most->first;
  const NodeId home = core_.home(slot_of(resource.key));
  if (core_.may_become_master(home)) return home;
  for (const Member& member : core_.view.members)
    if (core_.may_become_master(member.node)) return member.node;
  return {};
}

bool Master::give_all_away() {
  bool any = false;
  for (std::uint32_t i = 0; i < resources_.size(); ++i) {
    Resource& resource = resources_[i];
    if (resource.phase == Phase::gone) continue;
    any = true;
    if (resource.phase != Phase::serving || !core_.may_grant()) continue;
    if (const NodeId to = successor_of_tree(resource)) begin_move(resource, to, {}, MoveCause::leaving);
  }
  return !any;
}

}  // namespace holdfast::node
