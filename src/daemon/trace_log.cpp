// SPDX-License-Identifier: Apache-2.0
#include "daemon/trace_log.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace holdfast::daemon {
namespace {

using node::TraceKind;
using node::TraceLevel;

io::LogLevel level_of(TraceLevel level) {
  switch (level) {
    case TraceLevel::debug: return io::LogLevel::debug;
    case TraceLevel::info: return io::LogLevel::info;
    case TraceLevel::warning: return io::LogLevel::warning;
  }
  return io::LogLevel::warning;
}

// What the two numbers of a kind are called (node/trace.hpp); empty: it has none.
struct Names {
  std::string_view a, b;
};
Names names_of(TraceKind kind) {
  switch (kind) {
    case TraceKind::session_opened:
    case TraceKind::session_closed: return {"owner", "pid"};
    case TraceKind::view_taken: return {"epoch", "members"};
    case TraceKind::view_refused:
    case TraceKind::lease_begun:
    case TraceKind::collecting: return {"epoch", {}};
    case TraceKind::opened: return {"epoch", "rebuilt"};
    case TraceKind::locks_dropped: return {"locks", {}};
    case TraceKind::follows_use: return {"uses", "others"};
    case TraceKind::lock_forced: return {"lock", "asked_by_pid"};
    case TraceKind::lease_wait: return {"wait_ms", {}};
    case TraceKind::deadlock_check: return {"search", {}};
    case TraceKind::deadlock_victim: return {"search", "claim"};
    case TraceKind::deadlock: return {"members", {}};
    case TraceKind::session_refused:
    case TraceKind::moving:
    case TraceKind::moved:
    case TraceKind::peer_up:
    case TraceKind::peer_down:
    case TraceKind::peer_refused:
    case TraceKind::node_lost:
    case TraceKind::node_left:
    case TraceKind::lease_expired:
    case TraceKind::flight:
    case TraceKind::reached: return {};
  }
  return {};
}

}  // namespace

void print(io::Log& log, const node::Trace& trace) {
  const node::TraceKindRow& row = row_of(trace.kind);
  const io::LogLevel level = level_of(row.level);
  if (!log.writes(level)) return;
  const Names names = names_of(trace.kind);
  std::vector<io::LogField> fields;
  if (trace.peer) fields.emplace_back("peer", trace.peer.value());
  if (!names.a.empty()) fields.emplace_back(names.a, trace.a);
  if (!names.b.empty()) fields.emplace_back(names.b, trace.b);
  if (!trace.text.empty()) fields.emplace_back("text", trace.text);
  log.write(level, row.name, std::span<const io::LogField>(fields));
}

}  // namespace holdfast::daemon
