// SPDX-License-Identifier: Apache-2.0
#include "holdfast/monitor.hpp"

#include <algorithm>
#include <set>

#include "client/evidence.hpp"

namespace holdfast {

ClassicState classic_state(const ResourceInfo& resource, const LockInfo& lock) {
  if (resource.recovering) return ClassicState::pending;
  return lock.standing == LockStanding::waiting ? ClassicState::waiting : ClassicState::held;
}

ClassicState classic_state(Errc ended) {
  struct Row {
    Errc code;
    ClassicState state;
  };
  constexpr Row rows[] = {
      {Errc::deadlock, ClassicState::aborted},      {Errc::cancelled, ClassicState::aborted},
      {Errc::forced_out, ClassicState::aborted},    {Errc::timed_out, ClassicState::expired},
      {Errc::lease_expired, ClassicState::expired}, {Errc::no_such_lock, ClassicState::notexist},
      {Errc::no_such_resource, ClassicState::free},
  };
  const auto* const found = std::ranges::find(rows, ended, &Row::code);
  return found == std::end(rows) ? ClassicState::error : found->state;
}

std::vector<WaitCondition> conditions_of(const WaitGraph& graph) {
  std::vector<WaitCondition> conditions;
  for (const WaitGraph::Edge& edge : graph.blockers(graph.waiting())) {
    // Whoever is only ahead in the queue waits for the same holders himself.
    if (edge.kind != BlockKind::holds) continue;
    const ResourceInfo& resource = graph.resource(edge.waiter);
    const LockInfo& waiter = graph.lock(edge.waiter);
    const LockInfo& holder = graph.lock(edge.blocker);
    const std::size_t cycle = graph.cycle_of(wait_owner(waiter));
    const bool is_circle = cycle != 0 && cycle == graph.cycle_of(wait_owner(holder));
    conditions.push_back({.lockspace = resource.lockspace,
                          .above = resource.above,
                          .name = resource.name,
                          .waiter = waiter,
                          .holder = holder,
                          .trouble = is_circle ? Trouble::deadlock : Trouble::lock_up});
  }
  return conditions;
}

std::vector<GrantId> holders_of(std::span<const WaitCondition> conditions) {
  std::vector<GrantId> holders;
  std::set<GrantId> known;
  for (const WaitCondition& condition : conditions)
    if (const GrantId holder = grant_id(condition.holder); known.insert(holder).second) holders.push_back(holder);
  return holders;
}

Result<Look> Monitor::poll() {
  HF_TRY(WaitGraph graph, client_.waits());
  Look look{.graph = std::move(graph), .conditions = {}, .complete = true};
  look.complete = look.graph.page().complete;
  look.conditions = conditions_of(look.graph);
  return look;
}

Result<Look> Monitor::monitor(const Persistence& persistence) {
  HF_TRY(Look look, poll());
  std::map<Identity, unsigned> seen;
  for (WaitCondition& condition : look.conditions) {
    const Identity identity{.waiter = grant_id(condition.waiter), .holder = grant_id(condition.holder)};
    const auto before = seen_.find(identity);
    condition.looks = before == seen_.end() ? 1 : before->second + 1;
    seen[identity] = condition.looks;
  }
  seen_ = std::move(seen);
  std::erase_if(look.conditions, [&](const WaitCondition& condition) {
    return condition.looks < persistence.looks || condition.waiter.age < persistence.longer_than;
  });
  return look;
}

// ---- properties and release -----------------------------------------------------------------------------

namespace {

LockProperties properties_of(const QueryPage& page, const GrantId& id) {
  for (const ResourceInfo& resource : page.resources)
    for (const LockInfo& lock : resource.locks)
      if (grant_id(lock) == id)
        return {.id = id, .status = classic_state(resource, lock), .lockspace = resource.lockspace,
                .above = resource.above, .name = resource.name, .lock = lock};
  return {.id = id, .status = ClassicState::notexist, .lockspace = {}, .above = {}, .name = {}, .lock = {}};
}

Error gone() { return Error{Errc::no_such_lock, "no lock has this id and token (any more)"}; }

}  // namespace

Result<std::vector<LockProperties>> Monitor::properties(std::span<const GrantId> ids) {
  HF_TRY(const QueryPage page, client_.query_all());
  std::vector<LockProperties> found;
  for (const GrantId& id : ids) found.push_back(properties_of(page, id));
  return found;
}

Result<ReleaseReport> Monitor::release(std::span<const GrantId> ids, const ForcedRelease& how) {
  const bool really = how.really == Really::yes;
  if (really && how.reason.empty())
    return Error{Errc::bad_argument, "a forced release needs a reason: it is told to the owner and written down"};
  if (really && how.evidence_dir.empty())
    return Error{Errc::bad_argument, "a forced release needs a directory for the evidence: what was seen before it"};
  HF_TRY(const Look look, poll());
  HF_TRY(const NodeInfo node, client_.status());
  HF_TRY(std::vector<LockProperties> before, properties(ids));
  ReleaseReport report;
  std::vector<EvictOptions> wanted;
  for (const LockProperties& lock : before) {
    const auto owner = std::ranges::find(node.view.members, lock.id.node, &Member::node);
    wanted.push_back({.node = lock.id.node,
                      .incarnation = owner == node.view.members.end() ? Incarnation{} : owner->incarnation,
                      .lock = lock.id.lock,
                      .token = lock.id.token,
                      .grace = how.grace,
                      .reason = how.reason});
  }
  if (really) {
    HF_TRY(std::string path, client::write_evidence(how.evidence_dir, to_json(look, how.reason)));
    report.evidence = std::move(path);
    // What was not there when it was written down is not touched.
    std::vector<EvictOptions> there;
    for (std::size_t i = 0; i < before.size(); ++i)
      if (before[i].lock) there.push_back(wanted[i]);
    std::vector<Result<EvictOutcome>> outcomes = client_.evict(there);
    auto next = outcomes.begin();
    for (LockProperties& lock : before) {
      const bool was_there = lock.lock.has_value();
      report.released.push_back({.before = std::move(lock), .outcome = was_there ? std::move(*next++) : gone()});
    }
    return report;
  }
  for (LockProperties& lock : before) {
    const bool waits = lock.status == ClassicState::waiting;
    Result<EvictOutcome> outcome = gone();
    if (lock.lock) outcome = waits ? EvictOutcome::cancelled : EvictOutcome::forced;
    report.released.push_back({.before = std::move(lock), .outcome = std::move(outcome)});
  }
  return report;
}

// ---- self -----------------------------------------------------------------------------------------------

Result<SelfReport> Monitor::self(std::span<const std::uint32_t> pids) {
  HF_TRY(QueryPage page, client_.query_all());
  const auto is_ours = [&](const LockInfo& lock) {
    return lock.node == client_.node() && std::ranges::find(pids, lock.owner.pid) != pids.end();
  };
  std::erase_if(page.resources,
                [&](const ResourceInfo& resource) { return std::ranges::none_of(resource.locks, is_ours); });
  SelfReport report;
  report.complete = page.complete;
  report.graph = WaitGraph(std::move(page));
  for (const ResourceInfo& resource : report.graph.page().resources)
    for (const WaitGraph::Place& place : report.graph.places(resource))
      if (is_ours(report.graph.lock(place))) report.locks.push_back(place);
  for (WaitCondition& condition : conditions_of(report.graph)) {
    if (is_ours(condition.holder)) report.blocks.push_back(condition);
    if (is_ours(condition.waiter)) report.waits.push_back(std::move(condition));
  }
  return report;
}

}  // namespace holdfast
