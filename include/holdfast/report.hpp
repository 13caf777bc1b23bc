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
  OwnerInfo owner;
};

struct ResourceInfo {
  std::string lockspace;
  std::string name;  // any bytes
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
  bool complete = true;  // false: some node did not answer in time, its rows are missing
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
};

}  // namespace holdfast
