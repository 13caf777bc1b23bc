// SPDX-License-Identifier: Apache-2.0
// What queries tell: resources with the locks on them and who stands behind each lock, and what a node
// is doing. Plain values, copied out of the answer: they live as long as you keep them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/flags.hpp"
#include "holdfast/ids.hpp"
#include "holdfast/mode.hpp"
#include "holdfast/standing.hpp"
#include "holdfast/token.hpp"
#include "holdfast/value_state.hpp"
#include "holdfast/view.hpp"

namespace holdfast {

struct OwnerInfo {
  NodeId node;
  OwnerId owner;
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat: tells a reused pid from this one
  std::uint32_t uid = 0;
  std::string user;
  std::string command;
  std::string label;
};

struct LockInfo {
  NodeId node;    // of the holder or waiter
  ClaimId id;     // its lock id there
  LockStanding standing = LockStanding::granted;
  Mode granted = Mode::NL;  // meaningless while waiting
  Mode wanted = Mode::NL;   // meaningful while converting or waiting
  FlagSet flags;            // of its latest request
  Token token;              // of its latest grant
  std::chrono::nanoseconds age{};  // since it was granted or, while it waits, since it waits
  bool orphan = false;             // persistent, and its session is gone
  ClaimId parent;                  // the lock that this is a sub-lock of, at the same node; none: of none
  std::uint32_t tag = 0;           // LockOptions::tag of its program; of libdlm's locks: their sb_lkid
  OwnerInfo owner;
};

struct ResourceInfo {
  std::string lockspace;
  std::vector<std::string> above;  // of sub-locks: the names above this one, from the root of the tree down
  std::string name;                // any bytes
  NodeId master;
  NodeId home;
  Mastership mastership;
  ValueState value_state = ValueState::never_written;
  std::uint64_t write_number = 0;
  std::string value;
  bool recovering = false;  // being rebuilt after a node was lost: nothing is granted yet
  std::vector<LockInfo> locks;  // granted, then converting, then waiting in the order of the queue
};

// Patterns are shell patterns over bytes: * and ? are special, nothing else is.
struct QueryOptions {
  std::string lockspace = "*";
  std::string name = "*";
  std::string after;            // QueryPage::next of the page before; empty: from the start
  std::uint32_t rows_max = 0;   // 0: as many as the daemon allows
};

struct QueryPage {
  std::vector<ResourceInfo> resources;
  std::string next;      // not empty: there is more; give it as QueryOptions::after. Opaque bytes.
  bool complete = true;  // false: rows may be missing: some node did not answer in time, or recovers what a lost one had
};

// A lockspace that some node is in, as the node that was asked knows it.
struct LockspaceInfo {
  std::string name;
  // Joins of this node that were not taken back. 0: this node is not in it, and uid, gid, mode and change say
  // nothing.
  std::uint32_t joins = 0;
  std::uint32_t uid = 0;  // who joined first
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;  // permission bits: who may open it here
  std::uint32_t change = 0;  // how often nodes came or went since this node joined, and what the latest did:
  std::uint32_t joined = 0;
  std::uint32_t left = 0;
  std::uint32_t failed = 0;  // of those that left: lost with their nodes
  std::vector<NodeId> members;
  std::vector<std::uint32_t> since;  // the change with which each of them came
};

// One who waited in a deadlock, and for what.
struct DeadlockWait {
  OwnerInfo owner;
  ClaimId lock;  // that waited, at the owner's node
  std::uint64_t transaction = 0;  // 0: none
  std::uint32_t priority = 0;
  std::string lockspace;
  std::vector<std::string> above;  // of sub-locks, see ResourceInfo
  std::string name;
  Mode wanted = Mode::NL;
  Mode blocked_by = Mode::NL;  // what the next one in the cycle held there or, ahead in the queue, wanted
  bool ahead = false;          // it was only ahead in the queue
};

// A cycle of waits that was broken: each waited for the next one, the last one for the first, which was the victim.
struct DeadlockInfo {
  std::string policy;             // that chose among those of the lowest priority
  std::uint32_t length = 0;       // how many waited in the cycle; of a long one not all are told
  std::vector<DeadlockWait> waits;
  std::chrono::nanoseconds age{};  // since then
};

struct DeadlockList {
  std::vector<DeadlockInfo> deadlocks;
  bool complete = true;  // false: some node did not answer in time
};

// Nothing that a lost node's programs may hold is granted again before its lease has run out.
struct LeaseWait {
  NodeId node;
  Incarnation incarnation;
  std::chrono::nanoseconds left{};
};

struct NodeInfo {
  NodeId node;
  Incarnation incarnation;
  std::string version;
  std::string cluster;
  std::string peer_address;  // where the peer port really listens
  View view;
  NodePhase phase = NodePhase::open;
  std::chrono::nanoseconds lease{};
  std::chrono::nanoseconds deadline_left{};  // how long its locks are still valid without a renewal
  std::uint32_t sessions = 0;
  std::uint32_t claims = 0;
  std::uint32_t resources_mastered = 0;
  std::uint32_t directory_entries = 0;
  std::chrono::nanoseconds uptime{};
  std::vector<NodeId> peers_connected;
  std::vector<std::chrono::nanoseconds> member_ages;  // of view.members, as this node saw them come
  std::vector<LeaseWait> lease_waits;
  std::uint64_t moved = 0;         // resources that it has given to another master,
  std::uint64_t moved_by_use = 0;  // and how many of them because they were used there
};

}  // namespace holdfast
