// SPDX-License-Identifier: Apache-2.0
// Bench: an engine with one resource whose locks are known by letters, so that tests read as
// stories. Outcomes come as text: "b granted PR", "a told EX is wanted".
#pragma once

#include "lock/engine.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::lock {

class Bench {
 public:
  using Lines = std::vector<std::string>;

  Bench() : engine(clock), resource(engine.create()) {}

  Lines request(char who, Mode mode, FlagSet flags = {}) {
    Outcomes out;
    ids[who] =
        engine.request(resource, holder_of(who), {.mode = mode, .flags = flags, .value = {}}, out);
    return lines(out);
  }
  Lines convert(char who, Mode mode, FlagSet flags = {}, std::string_view value = {}) {
    Outcomes out;
    error = engine.convert(ids[who], {.mode = mode, .flags = flags, .value = value}, out);
    return lines(out);
  }
  Lines unlock(char who, FlagSet flags = {}, std::string_view value = {}) {
    Outcomes out;
    error = engine.unlock(ids[who], {.flags = flags, .value = value}, out);
    return lines(out);
  }
  Lines cancel(char who, Errc reason = Errc::cancelled) {
    Outcomes out;
    error = engine.cancel(ids[who], reason, out);
    return lines(out);
  }
  Lines tell_again(char who) {
    Outcomes out;
    engine.tell_again(ids[who], out);
    return lines(out);
  }
  Lines vanish(char who, ValueAfter value = ValueAfter::doubt_if_writer) {
    Outcomes out;
    engine.vanish(ids[who], value, out);
    return lines(out);
  }
  void restore(char who, LockState state) {
    state.holder = holder_of(who);
    ids[who] = engine.restore(resource, state);
  }
  Lines resume() {
    Outcomes out;
    engine.resume(resource, out);
    return lines(out);
  }
  // "ab|c|d": granted, converting, waiting.
  [[nodiscard]] std::string queues() const {
    std::string parts[3];
    for (const LockId id : engine.locks(resource)) {
      const LockState state = engine.state(id);
      parts[static_cast<std::size_t>(state.standing)] += letter(state.holder);
    }
    return parts[0] + "|" + parts[1] + "|" + parts[2];
  }
  // "b holds PR", "c is ahead for EX"
  [[nodiscard]] static Lines show(const std::vector<Blocker>& blockers) {
    Lines text;
    for (const Blocker& blocker : blockers)
      text.push_back(letter(blocker.holder) + (blocker.ahead ? " is ahead for " : " holds ") +
                     std::string(name_of(blocker.mode)));
    return text;
  }
  [[nodiscard]] Token token(char who) { return engine.state(ids[who]).token; }

  Clock clock;
  Engine engine;
  ResourceId resource;
  std::map<char, LockId> ids;
  Errc error = Errc::ok;

 private:
  static Holder holder_of(char who) {
    return {
        .node = NodeId{1}, .claim = ClaimId{static_cast<std::uint64_t>(who)}, .owner = OwnerId{1}};
  }
  static std::string letter(const Holder& holder) {
    return std::string(1, static_cast<char>(holder.claim.value()));
  }
  static std::string text_of(const Outcome& outcome) {
    const std::string mode(name_of(outcome.mode));
    switch (outcome.kind) {
      case OutcomeKind::granted:
        return "granted " + mode + (outcome.demoted ? " demoted" : "") +
               (outcome.altmode ? " altmode" : "") + (outcome.doubtful ? " doubtful" : "");
      case OutcomeKind::queued:
        return "queued";
      case OutcomeKind::refused:
        return "refused " + std::string(name_of(outcome.status));
      case OutcomeKind::unlocked:
        return "unlocked";
      case OutcomeKind::cancelled:
        return "cancelled " + std::string(name_of(outcome.status)) + " keeps " + mode;
      case OutcomeKind::notice:
        return "told " + mode + " is wanted";
    }
    return "?";
  }
  Lines lines(const Outcomes& out) {
    engine.check(resource);
    Lines text;
    for (const Outcome& outcome : out)
      text.push_back(letter(outcome.holder) + " " + text_of(outcome));
    return text;
  }
};

}  // namespace holdfast::lock
