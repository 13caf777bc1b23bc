// SPDX-License-Identifier: Apache-2.0
// What the engine's outcomes become: one message to one holder each, in the engine's order.
#include "node/master.hpp"

namespace holdfast::node {

// A holder at this very node answers while it is told: a lock that was given up meanwhile is given up now.
// Such an operation waits until all have been told, as it would if it came over a wire.
void Master::deliver(Resource& resource, lock::Outcomes& outcomes, wire::Answer answer) {
  copy_value(resource);
  if (resource.phase == Phase::copying) return tell(resource, outcomes, answer);
  const Phase before = std::exchange(resource.phase, Phase::telling);
  tell(resource, outcomes, answer);
  resource.phase = before;
  if (before == Phase::serving && !resource.held_back.empty()) retry_held_back(resource.id);
}

void Master::tell(const Resource& resource, const lock::Outcomes& outcomes, wire::Answer answer) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const lock::Outcome& outcome = outcomes[i];
    note(resource, outcome);
    // The first outcome is the operation's own; a requester that wants no answer knows it already.
    if (i == 0 && answer == wire::Answer::unwanted && outcome.kind == lock::OutcomeKind::granted) continue;
    // Another life of the holder's node would take it for a lock of its own.
    if (!core_.is_member(outcome.holder.node, extra(outcome.lock).incarnation)) continue;
    switch (outcome.kind) {
      case lock::OutcomeKind::granted: deliver_grant(resource, outcome); break;
      case lock::OutcomeKind::queued: deliver_queued(resource, outcome); break;
      case lock::OutcomeKind::refused:
      case lock::OutcomeKind::cancelled: deliver_refusal(resource, outcome); break;
      case lock::OutcomeKind::unlocked: break;  // answered by unlock()
      case lock::OutcomeKind::notice:
        send_when_copied(resource, outcome.holder.node, wire::Notice{.claim = outcome.holder.claim, .mastership = resource.mastership,
                                                     .wanted = outcome.mode});
        break;
    }
  }
}

void Master::note(const Resource& resource, const lock::Outcome& outcome) {
  using Kind = lock::OutcomeKind;
  constexpr std::pair<Kind, Happening> table[] = {
      {Kind::granted, Happening::granted},   {Kind::queued, Happening::queued},     {Kind::refused, Happening::refused},
      {Kind::unlocked, Happening::released}, {Kind::cancelled, Happening::cancelled}, {Kind::notice, Happening::told}};
  const auto* const row = std::ranges::find(table, outcome.kind, &std::pair<Kind, Happening>::first);
  HF_ASSERT(row != std::end(table));
  FlightEvent& event = note(resource, row->second, outcome.holder);
  event.mode = outcome.mode;
  event.status = outcome.status;
}

void Master::deliver_grant(const Resource& resource, const lock::Outcome& outcome) {
  Extra& extra = this->extra(outcome.lock);
  extra.since = core_.now;
  const Value& value = engine_.value(resource.id);
  wire::GrantReply reply{.claim = outcome.holder.claim, .number = extra.pending, .asked = extra.asked,
                         .mastership = resource.mastership, .resource = resource.id, .lock = outcome.lock,
                         .mode = outcome.mode, .notes = {}, .token = outcome.token, .value_state = value.state,
                         .write_number = value.write_number, .value = {}};
  if (outcome.demoted) reply.notes.set(wire::GrantNote::demoted);
  if (outcome.altmode) reply.notes.set(wire::GrantNote::altmode);
  if (outcome.doubtful) reply.notes.set(wire::GrantNote::doubtful);
  if (outcome.value_move == ValueMove::read) {
    reply.notes.set(wire::GrantNote::value);
    reply.value = value.bytes;
  }
  send_when_copied(resource, outcome.holder.node, reply);
}

void Master::deliver_queued(const Resource& resource, const lock::Outcome& outcome) {
  const Extra& extra = this->extra(outcome.lock);
  send_when_copied(resource, outcome.holder.node,
             wire::QueueReply{.claim = outcome.holder.claim, .number = extra.pending, .asked = extra.asked,
                              .mastership = resource.mastership, .resource = resource.id, .lock = outcome.lock,
                              .stamp = outcome.stamp, .blockers = blockers(outcome.lock)});
}

void Master::deliver_refusal(const Resource& resource, const lock::Outcome& outcome) {
  const Extra& extra = this->extra(outcome.lock);
  send_when_copied(resource, outcome.holder.node,
             wire::RefuseReply{.claim = outcome.holder.claim, .number = extra.pending, .asked = extra.asked,
                               .mastership = resource.mastership, .resource = resource.id, .lock = outcome.lock,
                               .status = outcome.status, .blockers = std::exchange(explanation_, {}),
                               .demoted = is_demoted(outcome.lock)});
}

// Has a conversion under way given up the mode that its holder believes in? What is held in NL anyway counts
// too: it changes nothing.
std::uint8_t Master::is_demoted(LockId lock) const {
  return engine_.exists(lock) && engine_.state(lock).granted == Mode::NL ? 1 : 0;
}

// The requester asked again because a view change might have swallowed the answer, or took no notice of it, and its
// request had been applied: it gets the answer of then, from what is so now.
void Master::repeat_answer(Resource& resource, LockId lock, const wire::Operation& operation) {
  core_.reached("an operation came twice");
  if (operation.answer == wire::Answer::unwanted) return;
  const lock::LockState state = engine_.state(lock);
  if (state.standing == lock::Standing::granted) {
    const Value& value = engine_.value(resource.id);
    wire::GrantReply reply{.claim = operation.claim, .number = operation.number, .asked = operation.asked,
                           .mastership = resource.mastership, .resource = resource.id, .lock = lock,
                           .mode = state.granted, .notes = {}, .token = state.token, .value_state = value.state,
                           .write_number = value.write_number, .value = {}};
    const bool is_request = operation.kind == wire::OperationKind::request;
    const bool reads = is_request && operation.flags.has(Flag::valblk) &&
                       value_move(Mode::NL, state.granted) == ValueMove::read;
    if (is_request && state.granted != operation.mode) reply.notes.set(wire::GrantNote::altmode);
    if (reads) {
      reply.notes.set(wire::GrantNote::value);
      reply.value = value.bytes;
      if (value.state == ValueState::doubtful && value.has_bytes()) reply.notes.set(wire::GrantNote::doubtful);
    }
    post_.send(state.holder.node, reply);
    if (!engine_.exists(lock)) return;  // it was given back at once
    lock::Outcomes notices;
    engine_.tell_again(lock, notices);
    deliver(resource, notices, wire::Answer::wanted);
    return;
  }
  extra(lock).asked = operation.asked;
  post_.send(state.holder.node,
             wire::QueueReply{.claim = operation.claim, .number = operation.number, .asked = operation.asked,
                              .mastership = resource.mastership, .resource = resource.id, .lock = lock,
                              .stamp = state.stamp, .blockers = blockers(lock)});
}

namespace {

wire::BlockerRow to_row(const lock::Blocker& blocker) {
  return {.node = blocker.holder.node, .claim = blocker.holder.claim, .owner = blocker.holder.owner,
          .mode = blocker.mode, .ahead = static_cast<std::uint8_t>(blocker.ahead ? 1 : 0)};
}

}  // namespace

std::vector<wire::BlockerRow> Master::blockers(LockId lock) const {
  std::vector<wire::BlockerRow> rows;
  for (const lock::Blocker& blocker : engine_.blockers(lock)) rows.push_back(to_row(blocker));
  return rows;
}

// A refusal names who was in the way; nobody is in its own way.
void Master::explain(const Resource& resource, const lock::Outcomes& outcomes, const wire::Operation& operation) {
  explanation_.clear();
  if (outcomes.empty() || outcomes.front().kind != lock::OutcomeKind::refused) return;
  for (const lock::Blocker& blocker : engine_.blockers(resource.id, operation.mode))
    if (blocker.holder != outcomes.front().holder) explanation_.push_back(to_row(blocker));
}

wire::ResourceReport Master::report(std::string_view key) const {
  const Resource& resource = at(*by_key_.find(key));
  const Value& value = engine_.value(resource.id);
  return {.key = std::string(key), .master = core_.self(), .home = core_.home(slot_of(key)),
          .mastership = resource.mastership, .value_state = value.state, .write_number = value.write_number,
          .value = value.bytes, .recovering = 0};
}

std::vector<wire::LockReport> Master::report_locks(std::string_view key) const {
  std::vector<wire::LockReport> rows;
  for (const LockId lock : engine_.locks(*by_key_.find(key))) {
    const lock::LockState state = engine_.state(lock);
    rows.push_back({.node = state.holder.node, .claim = state.holder.claim, .owner = state.holder.owner,
                    .standing = static_cast<wire::LockStanding>(state.standing), .granted = state.granted,
                    .wanted = state.wanted, .flags = state.flags, .token = state.token,
                    .age = core_.now - extra(lock).since, .orphan = 0});
  }
  return rows;
}
static_assert(static_cast<int>(lock::Standing::waiting) == static_cast<int>(wire::LockStanding::waiting) &&
              static_cast<int>(lock::Standing::converting) == static_cast<int>(wire::LockStanding::converting));

std::vector<Node::Served> Master::served() const {
  std::vector<Node::Served> served;
  for (const std::string& key : keys([](const std::string&) { return true; })) {
    const Resource& resource = at(*by_key_.find(key));
    if (resource.phase != Phase::serving) continue;
    Node::Served& one = served.emplace_back(Node::Served{.key = key, .mastership = resource.mastership, .locks = {}});
    for (const LockId id : engine_.locks(resource.id)) {
      const lock::LockState state = engine_.state(id);
      one.locks.push_back({.holder = state.holder.node, .incarnation = extra(id).incarnation,
                           .claim = state.holder.claim, .number = extra(id).pending, .standing = state.standing,
                           .granted = state.granted, .wanted = state.wanted, .flags = state.flags});
    }
  }
  return served;
}

void Master::check() const {
  by_key_.for_each([this](const std::string&, ResourceId id) {
    if (at(id).phase != Phase::arriving) engine_.check(id);  // what arrives is not resumed yet
  });
}

}  // namespace holdfast::node
