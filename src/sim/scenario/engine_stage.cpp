// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/engine_stage.hpp"

#include "lock/engine.hpp"
#include "model/name.hpp"
#include "model/token.hpp"
#include "sim/scenario/picture.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <map>

namespace holdfast::sim {
namespace {

constexpr NodeId only_node{1};

// What an owner knows of one lock of its own. Its place in `claims_` is its claim id.
struct Claim {
  std::string who;  // "a.2"; empty: its owner is dead
  std::string owner;
  std::string name;
  LockId lock;  // none: the claim has ended
  Mode mode = Mode::NL;
  bool held = false;
  bool persistent = false;
  bool open = false;    // a request or conversion waits
  bool silent = false;  // given up by `release`: no answer
  Instant timeout = Instant::never();
};

class EngineStage final : public Stage {
 public:
  Result<void> carry_out(const Command& command) override;
  Result<void> settle() override { return {}; }
  Result<void> check() override {
    for (const auto& [name, resource] : resources_) engine_.check(resource);
    return {};
  }

 private:
  Result<void> request(const Request& request);
  Result<void> lock(const Request& request);
  void adopt(const Request& request);
  void convert(const Request& request, Claim& claim);
  void unlock(const Request& request, Claim& claim);
  void purge(const Request& request);
  void advance(Duration by);
  void kill(const std::string& owner);
  Result<void> look(const Look& look);
  void draw(const std::string& name);

  Claim* find(const Request& request);
  ResourceId resource(const std::string& name);
  lock::Holder holder(const Claim& claim) const;
  ClaimId id_of(const Claim& claim) const;
  Claim& claim_of(const lock::Outcome& outcome) {
    return claims_[outcome.holder.claim.value() - 1];
  }
  void vanish(Claim& claim);
  // Tells what an operation caused, and forgets resources that nobody uses.
  void tell();
  void tell(const lock::Outcome& outcome);
  void tell_grant(const lock::Outcome& outcome, Claim& claim);
  void tell_blockers(const lock::Outcome& outcome, Claim& claim);
  std::vector<Claim*> orphans();

  Clock clock_;
  lock::Engine engine_{clock_};
  lock::Outcomes outcomes_;
  std::map<std::string, ResourceId> resources_;
  std::vector<Claim> claims_;
  std::vector<std::string> owners_;
  Instant now_;
  std::string asking_;  // whose command is being carried out
};

Result<void> EngineStage::carry_out(const Command& command) {
  asking_.clear();
  if (const auto* asked = std::get_if<Request>(&command.action)) return request(*asked);
  if (const auto* time = std::get_if<Advance>(&command.action))
    return advance(time->by), Result<void>{};
  if (const auto* client = std::get_if<ClientCommand>(&command.action))
    return kill(client->name), Result<void>{};
  if (const auto* seen = std::get_if<Look>(&command.action)) return look(*seen);
  return {};
}

Result<void> EngineStage::request(const Request& request) {
  if (request.who.node) return wrong("'@' needs a cluster line in the first block");
  asking_ = request.who.text();
  if (std::ranges::find(owners_, request.who.name) == owners_.end())
    owners_.push_back(request.who.name);
  Claim* claim = find(request);
  switch (request.verb) {
    case Verb::lock:
      if (claim != nullptr)
        return wrong("'" + asking_ + "' has a lock on this name; write " + asking_ + ".2");
      return lock(request);
    case Verb::adopt:
      return adopt(request), Result<void>{};
    case Verb::purge:
      return purge(request), Result<void>{};
    case Verb::convert:
    case Verb::unlock:
    case Verb::release:
    case Verb::cancel:
      break;
  }
  if (claim == nullptr) {
    if (request.verb != Verb::release) record().refused(asking_, Errc::no_such_lock, Place::answer);
    return {};
  }
  if (request.verb == Verb::convert) convert(request, *claim);
  if (request.verb == Verb::unlock || request.verb == Verb::release) unlock(request, *claim);
  if (request.verb == Verb::cancel)
    HF_ASSERT(engine_.cancel(claim->lock, Errc::cancelled, outcomes_) == Errc::ok);
  tell();
  return {};
}

Result<void> EngineStage::lock(const Request& request) {
  if (request.options.flags.has(Flag::orphan)) return adopt(request), Result<void>{};
  if (const Errc wrong_flags = lock::check_request(request.mode, request.options.flags);
      wrong_flags != Errc::ok) {
    record().refused(asking_, wrong_flags, Place::answer);
    return {};
  }
  claims_.push_back({.who = asking_, .owner = request.who.name, .name = request.name});
  Claim& claim = claims_.back();
  claim.persistent = request.options.flags.has(Flag::persistent);
  if (request.options.wait_max) claim.timeout = now_ + *request.options.wait_max;
  const lock::Ask ask{
      .mode = request.mode, .flags = request.options.flags, .value = request.options.value};
  claim.lock = engine_.request(resource(request.name), holder(claim), ask, outcomes_);
  tell();
  return {};
}

void EngineStage::adopt(const Request& request) {
  Errc status = Errc::no_orphan;
  for (Claim* orphan : orphans()) {
    if (orphan->name != request.name) continue;
    status = Errc::orphan_in_other_mode;
    if (orphan->mode != request.mode) continue;
    orphan->who = asking_;
    orphan->owner = request.who.name;
    engine_.reassign(orphan->lock, holder(*orphan));
    record().granted(
        {.who = asking_, .name = request.name, .mode = request.mode, .kept_token = true},
        Place::answer);
    return;
  }
  record().refused(asking_, status, Place::answer);
}

void EngineStage::convert(const Request& request, Claim& claim) {
  Errc status = claim.held ? lock::check_conversion(claim.mode, request.mode, request.options.flags)
                           : Errc::busy;
  const lock::Ask ask{
      .mode = request.mode, .flags = request.options.flags, .value = request.options.value};
  if (status == Errc::ok) status = engine_.convert(claim.lock, ask, outcomes_);
  if (status != Errc::ok) return record().refused(asking_, status, Place::answer);
  claim.persistent = request.options.flags.has(Flag::persistent);
  claim.timeout = request.options.wait_max ? now_ + *request.options.wait_max : Instant::never();
}

void EngineStage::unlock(const Request& request, Claim& claim) {
  const Errc status = lock::check_ending(request.options.flags);
  if (status != Errc::ok) return record().refused(asking_, status, Place::answer);
  claim.silent = request.verb == Verb::release;
  const lock::Ending ending{.flags = request.options.flags, .value = request.options.value};
  HF_ASSERT(engine_.unlock(claim.lock, ending, outcomes_) == Errc::ok);
}

void EngineStage::purge(const Request&) {
  record().done(asking_, Place::answer);
  for (Claim* orphan : orphans()) vanish(*orphan);
  tell();
}

void EngineStage::advance(Duration by) {
  const Instant end = now_ + by;
  while (true) {
    const auto next = std::ranges::min_element(claims_, {}, &Claim::timeout);
    if (next == claims_.end() || next->timeout > end) break;
    now_ = next->timeout;
    next->timeout = Instant::never();
    if (next->lock) HF_ASSERT(engine_.cancel(next->lock, Errc::timed_out, outcomes_) == Errc::ok);
    tell();
  }
  now_ = end;
}

// Persistent locks stay as orphans, with what was pending on them cancelled; all others go like
// those of a crashed process.
void EngineStage::kill(const std::string& owner) {
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    Claim& claim = claims_[i];
    if (claim.owner != owner || !claim.lock) continue;
    claim.who.clear();
    claim.owner.clear();
    const bool waits = engine_.state(claim.lock).standing == lock::Standing::waiting;
    if (!claim.persistent || waits) {
      vanish(claim);
    } else {
      HF_ASSERT(engine_.cancel(claim.lock, Errc::cancelled, outcomes_) == Errc::ok);
      claim.held = true;
    }
    tell();
  }
}

Result<void> EngineStage::look(const Look& look) {
  if (look.at == LookAt::tokens) {
    record().look(escaped(look.name) + "  " + record().tokens(look.name));
    return {};
  }
  draw(look.name);
  return {};
}

void EngineStage::draw(const std::string& name) {
  const auto known = resources_.find(name);
  if (known == resources_.end()) return record().look(escaped(name) + "  not in use");
  ResourcePicture picture{.name = name};
  const Value& value = engine_.value(known->second);
  picture.value_state = value.state;
  picture.value = value.bytes;
  for (const LockId id : engine_.locks(known->second)) {
    const lock::LockState state = engine_.state(id);
    const Claim& claim = claims_[state.holder.claim.value() - 1];
    picture.locks.push_back({.standing = static_cast<wire::LockStanding>(state.standing),
                             .who = claim.who,
                             .granted = state.granted,
                             .wanted = state.wanted});
  }
  for (std::string& line : drawn(std::move(picture))) record().look(std::move(line));
}

Claim* EngineStage::find(const Request& request) {
  const std::string who = request.who.text();
  const auto found = std::ranges::find_if(claims_, [&](const Claim& claim) {
    return claim.lock && claim.who == who && claim.name == request.name;
  });
  return found == claims_.end() ? nullptr : &*found;
}

ResourceId EngineStage::resource(const std::string& name) {
  ResourceId& id = resources_[name];
  if (!id) id = engine_.create();
  return id;
}

ClaimId EngineStage::id_of(const Claim& claim) const {
  return ClaimId{static_cast<std::uint64_t>(&claim - claims_.data()) + 1};
}

lock::Holder EngineStage::holder(const Claim& claim) const {
  const auto owner = std::ranges::find(owners_, claim.owner) - owners_.begin();
  return {.node = only_node,
          .claim = id_of(claim),
          .owner = OwnerId{static_cast<std::uint64_t>(owner) + 1}};
}

void EngineStage::vanish(Claim& claim) {
  engine_.vanish(std::exchange(claim.lock, LockId{}), lock::ValueAfter::doubt_if_writer, outcomes_);
}

std::vector<Claim*> EngineStage::orphans() {
  std::vector<Claim*> found;
  for (Claim& claim : claims_)
    if (claim.lock && claim.owner.empty()) found.push_back(&claim);
  return found;
}

void EngineStage::tell() {
  for (const lock::Outcome& outcome : outcomes_) tell(outcome);
  outcomes_.clear();
  std::erase_if(resources_, [this](const auto& entry) {
    if (!engine_.empty(entry.second)) return false;
    engine_.destroy(entry.second);
    return true;
  });
}

void EngineStage::tell(const lock::Outcome& outcome) {
  Claim& claim = claim_of(outcome);
  const std::string who = claim.who;
  const Place place = who == asking_ ? Place::answer : Place::consequence;
  if (who.empty()) return;  // an orphan hears nothing
  switch (outcome.kind) {
    case lock::OutcomeKind::granted:
      return tell_grant(outcome, claim);
    case lock::OutcomeKind::queued:
      return tell_blockers(outcome, claim);
    case lock::OutcomeKind::notice:
      return record().told(who, outcome.mode);
    case lock::OutcomeKind::unlocked:
      claim.lock = LockId{};
      claim.timeout = Instant::never();
      if (!claim.silent) record().done(who, place);
      if (claim.open) record().cancelled(who, Place::consequence);
      return;
    case lock::OutcomeKind::refused:
    case lock::OutcomeKind::cancelled:
      claim.timeout = Instant::never();
      claim.open = false;
      if (!claim.held) claim.lock = LockId{};
      return record().refused(who, outcome.status, place);
  }
}

void EngineStage::tell_grant(const lock::Outcome& outcome, Claim& claim) {
  GrantSeen grant{
      .who = claim.who, .name = claim.name, .mode = outcome.mode, .token = outcome.token};
  grant.kept_token = claim.held && outcome.mode <= claim.mode;
  claim.mode = outcome.mode;
  claim.held = true;
  claim.open = false;
  claim.timeout = Instant::never();
  const Value& value = engine_.value(resources_[claim.name]);
  if (outcome.value_move == ValueMove::read && value.state == ValueState::valid) {
    grant.value_seen = ValueSeen::valid;
    grant.value = value.bytes;
  }
  if (outcome.doubtful) grant.value_seen = ValueSeen::doubtful;
  record().granted(grant, claim.who == asking_ ? Place::answer : Place::consequence);
}

void EngineStage::tell_blockers(const lock::Outcome& outcome, Claim& claim) {
  claim.open = true;
  std::vector<std::string> holders;
  std::vector<std::string> ahead;
  for (const lock::Blocker& blocker : engine_.blockers(outcome.lock)) {
    const std::string& who = claims_[blocker.holder.claim.value() - 1].who;
    (blocker.ahead ? ahead : holders).push_back(who.empty() ? "orphan" : who);
  }
  record().waits_for(claim.who, std::move(holders), Place::answer);
  record().waits_behind(claim.who, std::move(ahead), Place::answer);
}

std::string why_not(const Script& script) {
  if (script.cluster() != nullptr) return "it needs a cluster";
  for (const Block& block : script.blocks)
    for (const Command& command : block.commands) {
      const auto* client = std::get_if<ClientCommand>(&command.action);
      const auto* look = std::get_if<Look>(&command.action);
      const bool can =
          std::holds_alternative<Request>(command.action) ||
          std::holds_alternative<Advance>(command.action) ||
          std::holds_alternative<Run>(command.action) ||
          (client != nullptr && client->action == ClientAction::kill) ||
          (look != nullptr && (look->at == LookAt::resource || look->at == LookAt::tokens));
      if (!can) return "'" + command.text + "' needs a cluster line in the first block";
    }
  return {};
}

}  // namespace

Depth engine_depth() {
  return {.name = "engine",
          .line_order = [](const Script&) { return LineOrder::exact; },
          .why_not = why_not,
          .make = [](const Script&) -> Result<std::unique_ptr<Stage>> {
            return std::unique_ptr<Stage>(std::make_unique<EngineStage>());
          }};
}

}  // namespace holdfast::sim
