// SPDX-License-Identifier: Apache-2.0
#include "twin.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <sstream>

namespace holdfast::properties {
namespace {

int number_of(Mode mode) { return static_cast<int>(mode); }
int slot_of(const lock::Holder& holder) { return static_cast<int>(holder.claim.value()) - 1; }
lock::Holder holder_of(int slot) {
  return {.node = NodeId{1},
          .claim = ClaimId{static_cast<std::uint64_t>(slot) + 1},
          .owner = OwnerId{1}};
}

What what_of(const lock::Outcome& outcome) {
  switch (outcome.kind) {
    case lock::OutcomeKind::granted:
      return What::granted;
    case lock::OutcomeKind::queued:
      return What::queued;
    case lock::OutcomeKind::refused:
      return outcome.status == Errc::deadlock ? What::deadlock : What::blocked;
    case lock::OutcomeKind::unlocked:
      return What::unlocked;
    case lock::OutcomeKind::cancelled:
      return What::cancelled;
    case lock::OutcomeKind::notice:
      return What::notice;
  }
  return What::notice;
}

char letter_of(ValueMove move) {
  return move == ValueMove::read ? 'R' : move == ValueMove::write ? 'W' : '-';
}

Event event_of(const lock::Outcome& outcome) {
  Event event{.what = what_of(outcome), .who = slot_of(outcome.holder)};
  const bool tells_mode = event.what != What::queued && event.what != What::unlocked;
  if (tells_mode) event.mode = number_of(outcome.mode);
  event.token = outcome.token.counter;
  event.move = letter_of(outcome.value_move);
  event.demoted = outcome.demoted;
  event.alternative = outcome.altmode;
  event.doubtful = outcome.doubtful;
  return event;
}

char letter_of(lock::Standing standing) {
  switch (standing) {
    case lock::Standing::granted:
      return 'g';
    case lock::Standing::converting:
      return 'c';
    case lock::Standing::waiting:
      return 'w';
  }
  return '?';
}

constexpr std::string_view verb_names[] = {"get", "unlock", "cancel", "vanish", "rebuild"};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Op& op) {
  out << verb_names[static_cast<std::size_t>(op.verb)] << " slot " << op.slot;
  if (op.verb == Verb::get) out << ' ' << name_of(op.mode);
  for (const FlagRow& row : flag_table)
    if (op.flags.has(row.flag)) out << ' ' << row.name;
  return out;
}

void Twin::restart() {
  lock::Outcomes ignored;
  for (LockId& id : locks_) {
    if (engine_.exists(id)) engine_.vanish(id, lock::ValueAfter::keep, ignored);
    id = LockId{};
  }
  clock_ = Clock{};
}

bool Twin::is_allowed(const Op& op) const {
  const LockId id = locks_[static_cast<std::size_t>(op.slot)];
  const bool exists = engine_.exists(id);
  if (op.verb == Verb::rebuild) return true;
  if (op.verb != Verb::get) return exists;
  if (!exists) return lock::check_request(op.mode, op.flags) == Errc::ok;
  const lock::LockState state = engine_.state(id);
  return state.standing == lock::Standing::granted &&
         lock::check_conversion(state.granted, op.mode, op.flags) == Errc::ok;
}

std::optional<std::string> Twin::apply(const Op& op) {
  oracle_.events.clear();
  outcomes_.clear();
  if (!is_allowed(op)) return std::nullopt;
  apply_to_oracle(op);
  apply_to_engine(op);
  return compare();
}

void Twin::apply_to_engine(const Op& op) {
  outcomes_.clear();
  if (!is_allowed(op)) return;
  LockId& id = locks_[static_cast<std::size_t>(op.slot)];
  const lock::Ask ask{.mode = op.mode, .flags = op.flags, .value = op.value};
  Errc error = Errc::ok;
  switch (op.verb) {
    case Verb::get:
      if (engine_.exists(id)) {
        error = engine_.convert(id, ask, outcomes_);
      } else {
        id = engine_.request(resource_, holder_of(op.slot), ask, outcomes_);
      }
      break;
    case Verb::unlock:
      error = engine_.unlock(id, {.flags = op.flags, .value = op.value}, outcomes_);
      break;
    case Verb::cancel:
      error = engine_.cancel(id, Errc::cancelled, outcomes_);
      break;
    case Verb::vanish:
      engine_.vanish(id, lock::ValueAfter::doubt_if_writer, outcomes_);
      break;
    case Verb::rebuild:
      rebuild_engine();
      break;
  }
  HF_ASSERT(error == Errc::ok);
}

// Brings all locks back on a new resource, in an order that has nothing to do with that of the
// queues.
void Twin::rebuild_engine() {
  const ResourceId fresh = engine_.create();
  engine_.restore_value(fresh, engine_.value(resource_));
  std::array<std::optional<lock::LockState>, slots_max> states;
  for (std::size_t slot = 0; slot < slots_max; ++slot)
    if (engine_.exists(locks_[slot])) states[slot] = engine_.state(locks_[slot]);
  lock::Outcomes ignored;
  const Clock before = clock_;
  for (const LockId id : locks_)
    if (engine_.exists(id)) engine_.vanish(id, lock::ValueAfter::keep, ignored);
  clock_ = before;
  engine_.destroy(resource_);
  resource_ = fresh;
  for (std::size_t slot = 0; slot < slots_max; ++slot)
    if (states[slot]) locks_[slot] = engine_.restore(resource_, *states[slot]);
  engine_.resume(resource_, outcomes_);
}

void Twin::apply_to_oracle(const Op& op) {
  One* one = oracle_.find(op.slot);
  switch (op.verb) {
    case Verb::get:
      if (one == nullptr) {
        oracle_.request(op.slot, number_of(op.mode), op.flags.bits());
      } else {
        oracle_.convert(*one, number_of(op.mode), op.flags.bits(), op.value);
      }
      break;
    case Verb::unlock:
      oracle_.events.push_back({.what = What::unlocked, .who = op.slot});
      oracle_.end(op.slot, op.flags.has(Flag::valblk), op.flags.has(Flag::ivvalblk), op.value);
      break;
    case Verb::cancel:
      oracle_.cancel(*one);
      break;
    case Verb::vanish:
      oracle_.end(op.slot, false, true, "");
      break;
    case Verb::rebuild:
      oracle_.rebuild();
      break;
  }
}

std::optional<std::string> Twin::compare() {
  engine_.check(resource_);
  if (same_events() && same_state()) return std::nullopt;
  return describe();
}

bool Twin::same_events() const {
  return std::ranges::equal(outcomes_, oracle_.events, {}, event_of);
}

bool Twin::same_state() {
  const Value& value = engine_.value(resource_);
  if (value.has_bytes() != oracle_.written || (oracle_.written && value.bytes != oracle_.value))
    return false;
  if ((value.state == ValueState::doubtful) != oracle_.doubtful) return false;
  std::vector<LockId> ids = engine_.locks(resource_);
  std::size_t next = 0;
  for (const char where : {'g', 'c', 'w'}) {
    for (const One* one : oracle_.sorted(where)) {
      if (next == ids.size()) return false;
      const lock::LockState state = engine_.state(ids[next++]);
      if (letter_of(state.standing) != where || slot_of(state.holder) != one->who) return false;
      if (where != 'w' &&
          (number_of(state.granted) != one->held || state.token.counter != one->token))
        return false;
      if (where != 'g' && number_of(state.wanted) != one->want) return false;
    }
  }
  return next == ids.size();
}

std::string Twin::describe() {
  std::ostringstream out;
  out << "engine:";
  for (const lock::Outcome& outcome : outcomes_) out << " [" << event_of(outcome) << ']';
  out << "\noracle:";
  for (const Event& event : oracle_.events) out << " [" << event << ']';
  out << "\nengine:";
  for (const LockId id : engine_.locks(resource_)) {
    const lock::LockState state = engine_.state(id);
    out << ' ' << letter_of(state.standing) << slot_of(state.holder) << ':'
        << name_of(state.granted) << '>' << name_of(state.wanted);
  }
  out << "\noracle:";
  for (const char where : {'g', 'c', 'w'})
    for (const One* one : oracle_.sorted(where))
      out << ' ' << where << one->who << ':' << one->held << '>' << one->want;
  const Value& value = engine_.value(resource_);
  out << "\nvalue: engine " << value.bytes << ' ' << static_cast<int>(value.state) << ", oracle "
      << oracle_.value << (oracle_.written ? " written" : " never written")
      << (oracle_.doubtful ? " doubtful" : "");
  return out.str();
}

}  // namespace holdfast::properties
