// SPDX-License-Identifier: Apache-2.0
// Resources that go by themselves to whoever uses them (docs/decisions/0008): what is counted in the way of every use,
// and what is thought about at the end of a turn.
#include "node/master.hpp"

namespace holdfast::node {

// Whoever else uses it enough makes it something to think about. Of a tree the root counts: nothing else can move.
void Master::note_use(Resource& resource, NodeId node) {
  Resource* const root = resource.root ? find(resource.root) : nullptr;
  Resource& counted = root == nullptr ? resource : *root;
  if (node == core_.self())
    counted.uses.note_own(use_period_);
  else if (counted.uses.note(node, use_period_, uses_enough_) && !counted.is_candidate)
    make_candidate(counted);
}

void Master::make_candidate(Resource& resource) {
  if (candidates_.size() >= candidates_max) return;  // its next use brings it here again
  resource.is_candidate = true;
  candidates_.push_back(resource.id);
  think_at_ = std::min(think_at_, core_.now);
}

void Master::follow_uses() {
  const NodeConfig::Migration& rules = core_.config.migration;
  if (core_.now >= use_period_ends_) {
    use_period_ = static_cast<std::uint32_t>(core_.now.since_boot() / rules.period);
    use_period_ends_ = Instant((use_period_ + Duration::rep{1}) * rules.period);
  }
  if (core_.now < think_at_) return;
  think_at_ = Instant::never();
  std::swap(candidates_, thinking_);
  for (const ResourceId id : thinking_) {
    Resource* const resource = find(id);
    if (resource == nullptr || !resource->is_candidate) continue;
    resource->is_candidate = false;
    const Instant again = follow_use(*resource);
    if (again == Instant::never()) continue;
    resource->is_candidate = true;
    candidates_.push_back(id);
    think_at_ = std::min(think_at_, again);
  }
  thinking_.clear();
}

// Moves it, if that is right by now. When to think about it again; never: not before its next use.
Instant Master::follow_use(Resource& resource) {
  constexpr Duration soon = std::chrono::milliseconds(1);
  const NodeConfig::Migration& rules = core_.config.migration;
  resource.uses.age(use_period_);
  if (!resource.uses.is_rivals(rules.uses, rules.times)) return Instant::never();
  const NodeId to = resource.uses.rival();
  if (!may_follow_use(resource, to)) {
    resource.uses = {};
    resource.root = root_of(resource);  // which may be served here since
    return Instant::never();
  }
  if (core_.now < resource.stays_until) return resource.stays_until;
  if (resource.phase == Phase::copying) return core_.now + soon;
  if (resource.phase != Phase::serving || !core_.may_grant()) return Instant::never();
  if (!budget_.take(core_.now)) {
    core_.reached("the budget for moves is used up");
    return budget_.next();
  }
  core_.reached("a resource goes to where it is used");
  const KeyParts parts = *split_key(resource.key);
  core_.trace({.kind = TraceKind::follows_use, .peer = to, .a = resource.uses.of_rival(),
               .b = resource.uses.of_others(), .text = escaped(parts.lockspace) + ": " + escaped(joined(parts))});
  begin_move(resource, to, {}, MoveCause::use);
  return Instant::never();
}

// Of a tree, the root alone. Only where the first asker became master it was by chance; and a node that is to have no
// share gets none.
bool Master::may_follow_use(const Resource& resource, NodeId to) const {
  return !is_path_key(resource.key) && core_.policy_of_key(resource.key).mastering == Mastering::first && core_.may_become_master(to) &&
         core_.view.find(to)->weight > 0 && !core_.is_leaving(core_.self());
}

// None: it has another master, or none.
ResourceId Master::root_of(const Resource& resource) const {
  const ResourceId* const root = is_path_key(resource.key) ? by_key_.find(root_key_of(resource.key)) : nullptr;
  return root == nullptr ? ResourceId{} : *root;
}

}  // namespace holdfast::node
