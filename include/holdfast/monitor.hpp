// SPDX-License-Identifier: Apache-2.0
// Monitor: waits that do not end, who stands in their way, and a way to end that. A wait condition is a pair: a lock
// that waits and a lock in conflict that is held. Both are named by node, id and token, so a lock that was given up and
// taken again is another condition.
//
//   Monitor monitor(client);
//   auto look = monitor.poll();                  // all conditions; changes nothing
//   auto stuck = monitor.monitor({.looks = 2});  // those that the look before showed, too
//   auto done = monitor.release(holders_of(*stuck), {.reason = "stands still since noon"});   // says what it would do
//
// A forced release takes something from a program that relies on it. What the lock protects may be damaged, unless that
// refuses the old token (fencing). So release() does nothing unless told so, and writes down first what it saw.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/client.hpp"

namespace holdfast {

// One grant of one lock; without a token a request that was never granted.
struct GrantId {
  NodeId node;
  ClaimId lock;
  Token token;
  friend auto operator<=>(const GrantId&, const GrantId&) = default;
};
[[nodiscard]] inline GrantId grant_id(const LockInfo& lock) { return {.node = lock.node, .lock = lock.id, .token = lock.token}; }

// The states that earlier lock monitors speak of.
enum class ClassicState : std::uint8_t { aborted, error, expired, free, held, notexist, pending, waiting };
struct ClassicStateRow {
  ClassicState state;
  std::string_view name;
  std::string_view ours;  // what it is called here
};
inline constexpr ClassicStateRow classic_states[] = {
    {ClassicState::aborted, "ABORTED", "refused: deadlock, cancelled or forced_out"},
    {ClassicState::error, "ERROR", "refused for any other reason"},
    {ClassicState::expired, "EXPIRED", "refused: timed_out; or lost: lease_expired"},
    {ClassicState::free, "FREE", "nobody has a lock of this name"},
    {ClassicState::held, "HELD", "granted, or converting: held in its old mode"},
    {ClassicState::notexist, "NOTEXIST", "no_such_lock: no lock has this id and generation (any more)"},
    {ClassicState::pending, "PENDING", "its resource is being recovered: it counts again when that is done"},
    {ClassicState::waiting, "WAITING", "waiting"},
};
[[nodiscard]] constexpr std::string_view name_of(ClassicState state) {
  return classic_states[static_cast<std::size_t>(state)].name;
}
[[nodiscard]] ClassicState classic_state(const ResourceInfo& resource, const LockInfo& lock);
// How a request has ended. REQUIRES: it is none of those that are granted.
[[nodiscard]] ClassicState classic_state(Errc ended);

// What a condition is part of.
enum class Trouble : std::uint8_t {
  lock_up,   // somebody waits for somebody who does not wait for him
  deadlock,  // both are in one circle of waits
};
[[nodiscard]] constexpr std::string_view name_of(Trouble trouble) {
  return trouble == Trouble::lock_up ? "lock-up" : "deadlock";
}

struct WaitCondition {
  std::string lockspace;
  std::vector<std::string> above;  // of sub-locks: the names above this one
  std::string name;
  LockInfo waiter;
  LockInfo holder;
  Trouble trouble = Trouble::lock_up;
  unsigned looks = 1;  // of this monitor in a row that have seen it
};

struct Look {
  WaitGraph graph;
  std::vector<WaitCondition> conditions;
  bool complete = true;  // as QueryPage::complete
};

// When does a condition count as persistent? When it is both.
struct Persistence {
  unsigned looks = 2;                         // seen in so many looks in a row, this one among them
  std::chrono::nanoseconds longer_than{0};  // and the wait is older than this
};

struct LockProperties {
  GrantId id;
  ClassicState status = ClassicState::notexist;
  std::string lockspace;
  std::vector<std::string> above;
  std::string name;
  std::optional<LockInfo> lock;  // none: notexist
};

enum class Really : std::uint8_t { no, yes };
struct ForcedRelease {
  Really really = Really::no;
  std::chrono::nanoseconds grace{0};  // the owners are told so long before
  std::string reason;                 // needed, if really
  std::string evidence_dir;           // where the whole wait graph is written first; needed, if really
};

struct Released {
  LockProperties before;
  Result<EvictOutcome> outcome;  // without `really`: whether it could be done, as far as can be seen
};
struct ReleaseReport {
  std::vector<Released> released;  // in the order that was asked for
  std::string evidence;            // path of the file; empty: none was written
};

// What a process has at this node.
struct SelfReport {
  WaitGraph graph;
  std::vector<WaitGraph::Place> locks;
  std::vector<WaitCondition> blocks;  // it is the holder
  std::vector<WaitCondition> waits;   // it is the waiter
  bool complete = true;
};

class Monitor {
 public:
  // REQUIRES: the client outlives the monitor.
  explicit Monitor(Client& client) : client_(client) {}

  // All conditions. Changes nothing, also not what monitor() knows.
  Result<Look> poll();
  // Those that persist. The first look finds none that was seen before.
  Result<Look> monitor(const Persistence& persistence = {});
  Result<std::vector<LockProperties>> properties(std::span<const GrantId> ids);
  // Ends exactly these grants, all at the same time. A grant that is none any more is answered no_such_lock.
  Result<ReleaseReport> release(std::span<const GrantId> ids, const ForcedRelease& how);
  // Of these processes of our node.
  Result<SelfReport> self(std::span<const std::uint32_t> pids);

 private:
  struct Identity {
    GrantId waiter;
    GrantId holder;
    friend auto operator<=>(const Identity&, const Identity&) = default;
  };
  Client& client_;
  std::map<Identity, unsigned> seen_;  // by the last look; how often in a row
};

// Each holder once, in the order of the conditions.
[[nodiscard]] std::vector<GrantId> holders_of(std::span<const WaitCondition> conditions);
// The conditions of a wait graph.
[[nodiscard]] std::vector<WaitCondition> conditions_of(const WaitGraph& graph);
// A look as JSON, with all that is known of every lock on the names that somebody waits for.
[[nodiscard]] std::string to_json(const Look& look, std::string_view reason);

}  // namespace holdfast
