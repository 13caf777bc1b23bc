// SPDX-License-Identifier: Apache-2.0
// Script: a scenario file as data. The grammar is that of docs/testing.md; parser.cpp reads it, a
// Stage (stage.hpp) carries the commands out at one of three depths, runner.cpp compares.
#pragma once

#include "base/instant.hpp"
#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::sim {

// An owner's lock: "a" is its first lock on a resource, "a.2" the second one.
struct Who {
  std::string name;
  std::uint32_t index = 1;
  NodeId node;  // where the owner lives; none: said before, or there is no cluster
  [[nodiscard]] std::string text() const {
    return index == 1 ? name : name + "." + std::to_string(index);
  }
};

enum class Verb : std::uint8_t { lock, convert, unlock, release, cancel, adopt, purge };
enum class ValueUse : std::uint8_t { none, ask, write, invalidate };

struct Options {
  FlagSet flags;  // the value's flags included
  ValueUse value_use = ValueUse::none;
  std::string value;
  std::optional<Duration> wait_max;
  std::uint64_t transaction = 0;
  std::uint32_t priority = 100;  // when a deadlock needs a victim
  std::string parent;  // of a sub-lock: what its owner holds; the request names "PARENT::NAME"
};

struct Request {
  Who who;
  Verb verb = Verb::lock;
  Mode mode = Mode::NL;  // lock, convert, adopt
  std::string name;      // of the resource; empty for purge
  Options options;
  // Below its parent.
  [[nodiscard]] std::string_view own_name() const {
    return std::string_view(name).substr(options.parent.empty() ? 0 : options.parent.size() + 2);
  }
};

struct ClusterLine {
  std::uint32_t nodes = 1;
  std::uint64_t seed = 1;
  std::vector<std::pair<std::string, std::string>> settings;
};

struct Advance {
  Duration by{};
};
struct Run {};
struct Heal {};

enum class TrafficAction : std::uint8_t { hold, release, drop, duplicate };
struct Traffic {
  TrafficAction action{};
  NodeId from, to;
  std::string message;  // empty: whatever comes
};

struct Partition {
  std::vector<std::vector<NodeId>> groups;
};

enum class NodeAction : std::uint8_t { step, crash, restart, join, leave, fence_ack, kill_daemon, poll };
struct NodeCommand {
  NodeAction action{};
  NodeId node;
};

struct ClockChange {
  NodeId node;
  Duration by{};
};

enum class ClientAction : std::uint8_t { pause, resume, kill };
struct ClientCommand {
  ClientAction action{};
  std::string name;
};

struct ViewCommand {
  Epoch epoch;
  std::vector<NodeId> nodes;
  bool quorate = true;
};

struct Move {
  std::string name;
  NodeId to;
};

enum class LookAt : std::uint8_t { resource, members, deadlocks, tokens, messages };
struct Look {
  LookAt at{};
  std::string name;
};

using Action = std::variant<ClusterLine, Request, Advance, Run, Heal, Traffic, Partition,
                            NodeCommand, ClockChange, ClientCommand, ViewCommand, Move, Look>;

struct Command {
  std::size_t line = 0;  // of the file, from 1
  std::string text;
  Action action;
};

enum class Order : std::uint8_t { as_written, any };

struct Block {
  Order order = Order::as_written;
  std::vector<Command> commands;
  std::size_t rule_line = 0;  // where "----" stands, from 1
  std::vector<std::string> expected;
  // A block with a `step` is not run to its end.
  [[nodiscard]] bool steps() const;
};

struct Script {
  std::string path;
  std::vector<std::string> lines;  // as read, for --rewrite
  std::vector<Block> blocks;
  [[nodiscard]] const ClusterLine* cluster() const;
};

// "n2". A node is named by its number.
[[nodiscard]] inline std::string name_of(NodeId node) { return "n" + std::to_string(node.value()); }
[[nodiscard]] std::string_view name_of(NodeAction action);
[[nodiscard]] std::string_view name_of(LookAt at);

}  // namespace holdfast::sim
