// SPDX-License-Identifier: Apache-2.0
// Node: one node of the cluster as a pure machine. It introduces the lock engine, the cluster machines and
// the sessions to each other; it has no socket, clock, thread, random source or log. The daemon and the
// simulator are two worlds around this one class.
//
//   Node node(config);
//   node.step(now, event, effects);   // as often as there are events
//   node.finish_turn(now, effects);   // once per turn, before the effects are carried out
//
// Not thread-safe. `now` never goes backwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "cluster/victim.hpp"
#include "lock/engine.hpp"
#include "model/ids.hpp"
#include "model/view.hpp"
#include "node/effects.hpp"
#include "node/events.hpp"

namespace holdfast::node {

// Who becomes master of a resource?
enum class Mastering : std::uint8_t {
  first,   // the node that asks first
  home,    // the resource's home: no directory entries
  pinned,  // one of the named nodes, by rendezvous hashing with their weights; if none is there, as `home`
};

struct PinnedNode {
  NodeId node;
  std::uint32_t weight = 1;
};

class Flight;

// Who may open a lockspace at this node, as with a file that is opened for reading and writing.
struct LockspaceAccess {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0600;
};

struct LockspacePolicy {
  std::string lockspace;
  Mastering mastering = Mastering::first;
  std::vector<PinnedNode> pinned;
  std::uint32_t value_bytes_max = limits::value_bytes_default;
  std::optional<LockspaceAccess> access{};  // none: whoever joins it first says it
  Duration wait_max{-1};  // of requests that do not say how long they wait; below 0: for ever
};

struct NodeConfig {
  NodeId node{1};
  Incarnation incarnation{1};  // larger than that of every earlier life of this node
  std::string cluster = "holdfast";
  std::string version;
  std::string peer_address;  // where our peer port listens; goes into views
  Duration lease = limits::lease_default;
  Duration idle_keep = limits::idle_keep;  // a place that nobody uses is forgotten after one or two of these, a
                                           // resource is given up after two to four
  Epoch saved_epoch;            // from the state file: views must be newer
  // How long clients of an earlier life of this node may still believe in their locks: a lease, unless that
  // life ended cleanly or the machine has been started again since. Nothing it may have granted is granted
  // before.
  Duration former_lease{0};
  // From the state file: who of these is no member of the first view may still believe in locks, by what that
  // life answered.
  std::vector<FormerPeer> former_peers;
  std::uint32_t operator_uid = 0;  // besides root
  LockspacePolicy default_policy;  // for lockspaces without a row in `policies` (its name is ignored)
  std::vector<LockspacePolicy> policies;
  std::uint32_t flight_events = 4096;  // how many the flight recorder remembers
  // How large a piece of a recovery is (allowance.hpp), and when pieces are done (pace.hpp).
  std::uint32_t turn_allowance = 450;
  std::uint32_t turn_burst = 12;
  Duration turn_gap = std::chrono::microseconds(150);
  // When a resource goes by itself to another node, which uses it more. Where the first asker becomes master only.
  struct Migration {
    std::uint32_t uses = 64;   // of that node at least, the older ones halved in each period,
    std::uint32_t times = 4;   // and more than so many times those of all others
    Duration period = std::chrono::seconds(1);
    Duration stay = std::chrono::seconds(5);  // of whatever has arrived from another master, at least
    std::uint32_t per_second = 50;            // of this node; 0: nothing moves by itself
  };
  Migration migration;
  // The search for deadlocks over several resources (deadlocks.hpp).
  struct DeadlockSearch {
    bool on = false;
    Duration delay = limits::deadlock_delay_default;  // waits that are younger are no business of it
    cluster::VictimPolicy policy = cluster::VictimPolicy::youngest;
    std::uint64_t seed = 0;  // of the policy `random`
  };
  DeadlockSearch deadlocks;
  std::uint64_t hash_salt = 0;  // of the hash maps; no behaviour may depend on it
};

class Node {
 public:
  explicit Node(NodeConfig config);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void step(Instant now, const Event& event, Effects& out);
  // The same for the one event that there are millions of.
  void step(Instant now, const ClientFrame& event, Effects& out);
  // Closes the turn: what was produced for peers becomes one link frame each. `now` must have been read
  // after the last input: if the lease ran out meanwhile, nothing that was granted leaves.
  void finish_turn(Instant now, Effects& out);

  // For the simulator's checkers and for tests.
  struct HeldLock {
    std::string key;
    NodeId holder;
    ClaimId claim;
    Mode mode = Mode::NL;
    Token token;
  };
  [[nodiscard]] const View& view() const;
  // Locks that this node, as master, regards as granted.
  [[nodiscard]] std::vector<HeldLock> mastered() const;
  // Locks that sessions of this node were told they hold.
  [[nodiscard]] std::vector<HeldLock> held() const;
  // A resource that this node serves as master: its locks, granted ones first, then in queue order.
  struct ServedLock {
    NodeId holder;
    Incarnation incarnation;  // of the holder
    ClaimId claim;
    std::uint32_t number = 0;  // of its latest request or conversion
    lock::Standing standing{};
    Mode granted = Mode::NL;  // meaningless while waiting
    Mode wanted = Mode::NL;
    FlagSet flags;
  };
  struct Served {
    std::string key;
    Mastership mastership;
    std::vector<ServedLock> locks;
  };
  [[nodiscard]] std::vector<Served> served() const;
  // What happened here last. Lives as long as the node; may be read while it is in the middle of a step.
  [[nodiscard]] const Flight& flight() const;
  // Requests of this node's programs whose place in a queue is known here: claim, number.
  [[nodiscard]] std::vector<std::pair<ClaimId, std::uint32_t>> stamped() const;
  // Who is stuck while this claim of a program of this node waits: a transaction, or else an owner. None: it is over.
  [[nodiscard]] std::optional<std::pair<std::uint64_t, OwnerId>> party(ClaimId claim) const;
  // Aborts if an invariant within this node is broken. Linear in everything: for tests and the simulator.
  void check() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::node
