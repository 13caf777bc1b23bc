// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/deadlock_watch.hpp"

#include "model/name.hpp"
#include "sim/scenario/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

namespace holdfast::sim {
namespace {

using node::Node;
using Wait = DeadlockWatch::Wait;
using Party = std::pair<NodeId, std::pair<std::uint64_t, OwnerId>>;  // node none: a transaction

struct LockAt {
  const Node::Served* resource = nullptr;
  std::size_t place = 0;
  [[nodiscard]] const Node::ServedLock& lock() const { return resource->locks[place]; }
};

// Everything that is served anywhere, at one moment.
class Picture {
 public:
  explicit Picture(World& world) : world_(world) {
    for (const Machine& machine : world.machines())
      if (machine.up())
        for (Node::Served& one : machine.node->served()) served_.push_back(std::move(one));
    for (const Node::Served& one : served_) {
      keys_.insert(one.key);
      for (std::size_t i = 0; i < one.locks.size(); ++i)
        locks_[{one.locks[i].holder, one.locks[i].incarnation, one.locks[i].claim}] = {.resource = &one, .place = i};
    }
  }
  [[nodiscard]] const std::vector<Node::Served>& served() const { return served_; }
  [[nodiscard]] bool is_served(const std::string& key) const { return keys_.contains(key); }
  [[nodiscard]] std::optional<LockAt> find(NodeId node, ClaimId claim) const {
    const Machine* machine = world_.machine(node);
    if (machine == nullptr || !machine->up()) return std::nullopt;
    const auto at = locks_.find({node, machine->incarnation, claim});
    return at == locks_.end() ? std::nullopt : std::optional(at->second);
  }
  [[nodiscard]] std::optional<Party> party(const Node::ServedLock& lock) const {
    const Machine* machine = world_.machine(lock.holder);
    if (machine == nullptr || !machine->up() || machine->incarnation != lock.incarnation) return std::nullopt;
    const auto party = machine->node->party(lock.claim);
    if (!party) return std::nullopt;
    return Party{party->first != 0 ? NodeId{} : lock.holder, *party};
  }

 private:
  World& world_;
  std::vector<Node::Served> served_;
  std::set<std::string> keys_;
  std::map<std::tuple<NodeId, Incarnation, ClaimId>, LockAt> locks_;
};

bool waits(const Node::ServedLock& lock) {
  return lock.standing != lock::Standing::granted && !lock.flags.has(Flag::nodlckwt);
}

std::optional<Mode> alternative_of(const Node::ServedLock& lock) {
  if (lock.flags.has(Flag::altpr) && lock.wanted != Mode::PR) return Mode::PR;
  if (lock.flags.has(Flag::altcw) && lock.wanted != Mode::CW) return Mode::CW;
  return std::nullopt;
}

bool holds_against(const Node::ServedLock& blocker, const Node::ServedLock& waiter) {
  if (blocker.standing == lock::Standing::waiting || blocker.flags.has(Flag::nodlckblk)) return false;
  const auto alternative = alternative_of(waiter);
  return !compatible(blocker.granted, waiter.wanted) && (!alternative || !compatible(blocker.granted, *alternative));
}

// Locks come with those that hold first, then in the order of the queues.
bool is_ahead(const Node::Served& resource, std::size_t blocker, std::size_t waiter) {
  const Node::ServedLock& lock = resource.locks[blocker];
  return blocker < waiter && waits(lock) && !lock.flags.has(Flag::nodlckblk) &&
         !resource.locks[waiter].flags.has(Flag::noorder);
}

Wait wait_of(const Node::ServedLock& lock) { return {lock.holder, lock.incarnation, lock.claim, lock.number}; }

std::string text_of(const Wait& wait) {
  return fmt::format("{}'s lock {} (operation {})", name_of(std::get<NodeId>(wait)), std::get<ClaimId>(wait).value(),
                     std::get<std::uint32_t>(wait));
}

struct Member {
  NodeId node;
  ClaimId claim;
  std::uint32_t number = 0;
  NodeId blocker_node;
  ClaimId blocker;
  bool ahead = false;
  std::string key;
};

std::vector<Member> parse(const std::string& text) {
  std::vector<Member> members;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t claim = 0, blocker = 0;
    std::uint32_t node = 0, blocker_node = 0;
    std::string how;
    Member member;
    words >> node >> claim >> member.number >> blocker_node >> blocker >> how;
    words.get();
    std::getline(words, member.key);
    member.node = NodeId{node};
    member.claim = ClaimId{claim};
    member.blocker_node = NodeId{blocker_node};
    member.blocker = ClaimId{blocker};
    member.ahead = how == "ahead";
    members.push_back(std::move(member));
  }
  return members;
}

// What is wrong with the edge from `waiter` to the next member; empty: nothing.
std::string wrong_with(const Picture& picture, const LockAt& waiter, const Member& member, const Member& next) {
  const auto blocker = picture.find(member.blocker_node, member.blocker);
  if (!blocker || blocker->resource != waiter.resource) return "the blocker is not there";
  if (member.ahead) {
    if (member.blocker_node != next.node || member.blocker != next.claim) return "who is ahead is not the next member";
    return is_ahead(*waiter.resource, blocker->place, waiter.place) ? "" : "the blocker is not ahead";
  }
  if (!holds_against(blocker->lock(), waiter.lock())) return "the blocker holds nothing in the way";
  const auto next_lock = picture.find(next.node, next.claim);
  if (!next_lock) return "";  // told of the next member
  if (!picture.party(blocker->lock())) return "";  // its program has given it up, and its master will hear of that
  if (picture.party(blocker->lock()) != picture.party(next_lock->lock())) return "the blocker is not of the next member's party";
  if (picture.party(blocker->lock()) == picture.party(waiter.lock())) return "the blocker is of the same party";
  return "";
}

}  // namespace

std::string DeadlockWatch::on_trace(World& world, NodeId node, const node::Trace& trace) {
  if (trace.kind == node::TraceKind::deadlock_check) look(world, node, trace);
  return trace.kind == node::TraceKind::deadlock_victim ? judge(world, node, trace) : std::string();
}

void DeadlockWatch::look(World& world, NodeId node, const node::Trace& trace) {
  const Picture picture(world);
  Looked& looked = searches_[{node, world.machine(node)->incarnation, trace.a}];
  looked = {.at = world.now(), .members = {}, .gone = {}, .broken = {}};
  const std::vector<Member> members = parse(trace.text);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    const Machine* machine = world.machine(member.node);
    const Wait wait{member.node, machine->incarnation, member.claim, member.number};
    looked.members.push_back(wait);
    if (!picture.is_served(member.key)) continue;  // on its way to another master: nobody can tell
    const auto lock = picture.find(member.node, member.claim);
    if (!lock || !waits(lock->lock()) || lock->lock().number != member.number) {
      looked.gone.push_back(wait);
      continue;
    }
    const std::string wrong = wrong_with(picture, *lock, member, members[(i + 1) % members.size()]);
    if (!wrong.empty() && looked.broken.empty()) looked.broken = text_of(wait) + ": " + wrong;
  }
}

// What a node does within one step is seen behind it. If it looked again and made its victim in the same step, without
// anybody else, the victim's wait is over there, and so may be those that were behind it: nothing is left to compare.
std::string DeadlockWatch::judge(World& world, NodeId node, const node::Trace& trace) {
  ++victims;
  const Machine* searcher = world.machine(trace.peer);
  auto at = searches_.find({trace.peer, searcher->incarnation, trace.a});
  // The searcher's life may be over while its word is still under way: then it was one of those before.
  for (auto other = searches_.begin(); at == searches_.end() && other != searches_.end(); ++other)
    if (std::get<NodeId>(other->first) == trace.peer && std::get<std::uint64_t>(other->first) == trace.a) at = other;
  if (at == searches_.end()) return fmt::format("I11 is broken: {} makes a victim without a cycle", name_of(node));
  const Looked& looked = at->second;
  const auto victim = std::ranges::find_if(looked.members, [&](const Wait& wait) {
    return std::get<NodeId>(wait) == node && std::get<ClaimId>(wait).value() == trace.b;
  });
  if (victim == looked.members.end())
    return fmt::format("I11 is broken: the victim at {} is no member of the cycle", name_of(node));
  const bool was_seen_before = world.now() != looked.at;
  if (was_seen_before && !looked.gone.empty())
    return "I11 is broken: " + text_of(*victim) + " is the victim of a cycle in which " + text_of(looked.gone.front()) +
           " waited no more";
  if (was_seen_before && !looked.broken.empty())
    return "I11 is broken: " + text_of(*victim) + " is the victim of a cycle that was none: " + looked.broken;
  for (const Wait& wait : looked.members)
    if (victims_.contains(wait))
      return "I11 is broken: " + text_of(*victim) + " is the victim of a cycle that lost " + text_of(wait) + " already";
  victims_.insert(*victim);
  return {};
}

std::set<Wait> waits_in_cycles(World& world) {
  const Picture picture(world);
  std::map<Party, std::vector<Wait>> by_party;
  for (const Node::Served& resource : picture.served())
    for (const Node::ServedLock& lock : resource.locks)
      if (const auto party = picture.party(lock); party && waits(lock)) by_party[*party].push_back(wait_of(lock));
  std::map<Wait, std::set<Wait>> leads_to;
  for (const Node::Served& resource : picture.served())
    for (std::size_t i = 0; i < resource.locks.size(); ++i) {
      const Node::ServedLock& waiter = resource.locks[i];
      const auto own = picture.party(waiter);
      if (!own || !waits(waiter)) continue;
      std::set<Wait>& next = leads_to[wait_of(waiter)];
      for (std::size_t j = 0; j < resource.locks.size(); ++j) {
        const Node::ServedLock& blocker = resource.locks[j];
        const auto party = picture.party(blocker);
        if (j == i || !party || *party == *own) continue;
        if (holds_against(blocker, waiter)) next.insert(by_party[*party].begin(), by_party[*party].end());
        const bool same_queue = waiter.standing == lock::Standing::waiting || blocker.standing == lock::Standing::converting;
        if (same_queue && is_ahead(resource, j, i)) next.insert(wait_of(blocker));
      }
    }
  std::set<Wait> in_cycles;
  for (const auto& [start, first] : leads_to) {
    std::set<Wait> seen;
    std::vector<Wait> open(first.begin(), first.end());
    while (!open.empty() && !in_cycles.contains(start)) {
      const Wait wait = open.back();
      open.pop_back();
      if (wait == start) in_cycles.insert(start);
      if (!seen.insert(wait).second) continue;
      const std::set<Wait>& more = leads_to[wait];
      open.insert(open.end(), more.begin(), more.end());
    }
  }
  return in_cycles;
}

}  // namespace holdfast::sim
