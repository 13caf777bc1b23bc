// SPDX-License-Identifier: Apache-2.0
// Trace: what a node did, for the log, the simulator's record and the dashboard. A kind and up to three
// numbers; text only where an operator needs it. Pure layers do not log, they append these (R14).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/ids.hpp"

namespace holdfast::node {

enum class TraceKind : std::uint8_t {
  session_opened,    // a: owner, b: pid
  session_closed,    // a: owner, b: pid
  session_refused,   // text: why
  peer_up,           // peer
  peer_down,         // peer
  peer_refused,      // peer (0: not known yet), text: why
  view_taken,        // a: epoch, b: members
  view_refused,      // a: epoch, text: why
  collecting,        // a: epoch
  opened,            // a: epoch, b: resources rebuilt
  node_lost,         // peer
  node_left,         // peer: it had said that it would, and leaves nothing behind
  locks_dropped,     // peer, a: how many locks of the lost node were dropped
  lease_wait,        // peer, a: milliseconds
  moving,            // peer: to whom, text: key
  moved,             // peer, text: key
  follows_use,       // peer: to whom, a: its uses, b: those of all others, text: lockspace and name
  flight,            // text: an event that the flight recorder remembers
  lease_begun,       // a: epoch
  lease_expired,     //
  deadlock_check,    // a: search; text: its cycle, a line for each member (search_cycle.cpp)
  deadlock_victim,   // peer: whose search, a: its number, b: the victim's claim, which is taken back
  deadlock,          // a: members, text: the whole cycle, the victim first
  lock_forced,       // peer: the node of the lock, or of who asked; a: lock, b: pid of who asked; text: all of it
  reached,           // text: a rare situation (HF_REACHED)
};
enum class TraceLevel : std::uint8_t { debug, info, warning };

struct TraceKindRow {
  TraceKind kind;
  TraceLevel level;
  std::string_view name;
};
inline constexpr TraceKindRow trace_table[] = {
    {TraceKind::session_opened, TraceLevel::debug, "session opened"},
    {TraceKind::session_closed, TraceLevel::debug, "session closed"},
    {TraceKind::session_refused, TraceLevel::warning, "session ended"},
    {TraceKind::peer_up, TraceLevel::info, "peer connected"},
    {TraceKind::peer_down, TraceLevel::info, "peer disconnected"},
    {TraceKind::peer_refused, TraceLevel::warning, "peer refused"},
    {TraceKind::view_taken, TraceLevel::info, "view taken"},
    {TraceKind::view_refused, TraceLevel::warning, "view refused"},
    {TraceKind::collecting, TraceLevel::info, "collecting reports"},
    {TraceKind::opened, TraceLevel::info, "open"},
    {TraceKind::node_lost, TraceLevel::warning, "node lost"},
    {TraceKind::node_left, TraceLevel::info, "node has left"},
    {TraceKind::locks_dropped, TraceLevel::info, "locks of a lost node dropped"},
    {TraceKind::lease_wait, TraceLevel::info, "waiting for the lease of a lost node"},
    {TraceKind::moving, TraceLevel::debug, "a resource is given away"},
    {TraceKind::moved, TraceLevel::debug, "a resource was given away"},
    {TraceKind::follows_use, TraceLevel::info, "a resource goes to where it is used"},
    {TraceKind::flight, TraceLevel::warning, "flight recorder"},
    {TraceKind::lease_begun, TraceLevel::info, "enough others agree: programs may hold locks"},
    {TraceKind::lease_expired, TraceLevel::warning, "the lease of this node ran out"},
    {TraceKind::deadlock_check, TraceLevel::debug, "a deadlock is looked at again"},
    {TraceKind::deadlock_victim, TraceLevel::debug, "the wait of a victim is taken back"},
    {TraceKind::deadlock, TraceLevel::warning, "a deadlock was broken"},
    {TraceKind::lock_forced, TraceLevel::warning, "forced release"},
    {TraceKind::reached, TraceLevel::debug, "reached"},
};
[[nodiscard]] constexpr const TraceKindRow& row_of(TraceKind kind) { return trace_table[static_cast<std::size_t>(kind)]; }

struct Trace {
  TraceKind kind{};
  NodeId peer;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::string text;
};

}  // namespace holdfast::node
