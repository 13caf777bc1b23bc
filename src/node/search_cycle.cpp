// SPDX-License-Identifier: Apache-2.0
// What a search does with the cycle that it found: reserve, check, choose.
#include <algorithm>

#include "base/planted.hpp"
#include "node/search.hpp"

namespace holdfast::node {

using cluster::WaitId;

namespace {

// "NODE CLAIM NUMBER BLOCKER'S-NODE BLOCKER'S-CLAIM holds|ahead KEY", and a line end.
std::string line_of(const cluster::CycleMember& member, const std::string& key) {
  return std::to_string(member.wait.node.value()) + " " + std::to_string(member.wait.claim.value()) + " " +
         std::to_string(member.wait.number) + " " + std::to_string(member.edge.node.value()) + " " +
         std::to_string(member.edge.claim.value()) + (member.edge.ahead ? " ahead " : " holds ") + key + "\n";
}

}  // namespace

void Search::reserve_next() {
  const WaitId wait = order_[reserved_];
  if (!core_.view.has(wait.node)) {
    gone_ = true;
    return;
  }
  missing_.emplace(wait.node, Question::reserve);
  post_.send(wait.node, wire::Reserve{.epoch = core_.view.epoch, .search = number_, .claim = wait.claim,
                                      .number = wait.number});
}

void Search::on(NodeId from, const wire::Reserved& reply) {
  if (stage_ != Stage::reserving || !missing_.contains({from, Question::reserve})) return;
  const WaitId wait{.node = from, .claim = reply.claim, .number = reply.number};
  if (wait != order_[reserved_]) return;
  missing_.erase({from, Question::reserve});
  if (reply.gone != 0) {
    gone_ = true;
    return;
  }
  ++reserved_;
  members_[wait] = {.candidate = {.wait = wait, .priority = reply.member.priority, .born = reply.party.born,
                                  .locks = reply.party.locks, .writes = reply.party.writes},
                    .report = reply.member,
                    .transaction = reply.party.transaction};
}

// The same questions to the masters, about the members alone; and what of the transactions is on all nodes.
void Search::check() {
  stage_ = Stage::checking;
  ++round_;
  std::string lines;
  for (const cluster::CycleMember& member : cycle_) lines += line_of(member, members_.at(member.wait).report.key);
  core_.trace({.kind = TraceKind::deadlock_check, .peer = {}, .a = number_, .text = std::move(lines)});
  std::vector<std::uint64_t> transactions;
  for (const auto& [wait, member] : members_)
    if (member.transaction != 0) transactions.push_back(member.transaction);
  ask_parties({}, transactions, 1);
  ask_waits(order_);
}

bool Search::is_confirmed() const {
  if (planted(Bug::doom_unchecked)) return true;
  return std::ranges::all_of(cycle_, [&](const cluster::CycleMember& member) {
    const auto edges = confirmed_.find(member.wait);
    return edges != confirmed_.end() && std::ranges::find(edges->second, member.edge) != edges->second.end();
  });
}

void Search::count_transactions() {
  for (auto& [wait, member] : members_)
    if (const auto count = counts_.find(member.transaction); member.transaction != 0 && count != counts_.end()) {
      member.candidate.born = count->second.born;
      member.candidate.locks = count->second.locks;
      member.candidate.writes = count->second.writes;
    }
}

Search::Outcome Search::conclude() {
  if (!is_confirmed()) {
    core_.reached("a deadlock was none, or is none any more");
    return Outcome::vanished;
  }
  count_transactions();
  std::vector<cluster::Candidate> candidates;
  for (const cluster::CycleMember& member : cycle_) candidates.push_back(members_.at(member.wait).candidate);
  const std::size_t victim = cluster::victim_of(candidates, core_.config.deadlocks.policy, core_.config.deadlocks.seed);
  const WaitId wait = cycle_[victim].wait;
  std::erase(order_, wait);  // its own node gives it back when it has begun to end it
  --reserved_;
  post_.send(wait.node, wire::Doom{.epoch = core_.view.epoch, .search = number_, .claim = wait.claim,
                                   .number = wait.number, .report = report(victim)});
  return Outcome::broken;
}

wire::DeadlockReport Search::report(std::size_t victim) const {
  wire::DeadlockReport report{.policy = std::string(cluster::name_of(core_.config.deadlocks.policy)),
                              .length = static_cast<std::uint32_t>(cycle_.size()), .members = {}};
  const std::size_t told = std::min<std::size_t>(cycle_.size(), limits::deadlock_members_told_max);
  for (std::size_t i = 0; i < told; ++i) {
    const cluster::CycleMember& member = cycle_[(victim + i) % cycle_.size()];
    wire::DeadlockMember& row = report.members.emplace_back(members_.at(member.wait).report);
    row.blocked_by = member.edge.mode;
    row.ahead = static_cast<std::uint8_t>(member.edge.ahead ? 1 : 0);
  }
  return report;
}

void Search::end() {
  for (std::size_t i = 0; i < reserved_; ++i)
    post_.send(order_[i].node, wire::Unreserve{.epoch = core_.view.epoch, .search = number_, .claim = order_[i].claim,
                                               .number = order_[i].number});
  reserved_ = 0;
}

}  // namespace holdfast::node
