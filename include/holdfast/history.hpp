// SPDX-License-Identifier: Apache-2.0
// What a node's flight recorder remembers: what happened last to the names that it is, or was, master of.
// Plain values, copied out of the answer.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/error.hpp"
#include "holdfast/ids.hpp"
#include "holdfast/mode.hpp"

namespace holdfast {

// What can happen to a name or a lock on it.
// Wire value: never renumber.
enum class Happening : std::uint8_t {
  mastered = 0,    // the node became its master
  arrived = 1,     // it came from another master with queue and value
  rebuilt = 2,     // it was put together again after its master was lost
  moved_away = 3,  // another node is its master
  given_up = 4,    // nobody used it any more
  granted = 5,     // a request or a conversion; mode: what is held
  queued = 6,      // a request or a conversion waits
  refused = 7,     // status says why
  cancelled = 8,   // what waited was taken back; status says why
  told = 9,        // a holder was told that somebody waits; mode: what is wanted
  released = 10,
  dropped = 11,    // its node was lost
};
inline constexpr std::array<std::string_view, 12> happening_names = {
    "mastered", "arrived", "rebuilt", "moved away", "given up", "granted",
    "queued",   "refused", "cancelled", "told",     "released", "dropped"};
[[nodiscard]] constexpr std::string_view name_of(Happening what) {
  return happening_names[static_cast<std::size_t>(what)];
}

struct HistoryEvent {
  NodeId at;                       // whose recorder this is from
  std::chrono::nanoseconds age{};  // since then; ages of several nodes compare as well as messages are fast
  Happening what = Happening::mastered;
  Mode mode = Mode::NL;    // meaningful for granted and told
  Errc status = Errc::ok;  // meaningful for refused and cancelled
  NodeId node;             // of the lock that this is about, or with which the name was exchanged; none: neither
  ClaimId lock;
  OwnerId owner;
  std::string lockspace;
  std::string name;       // the path, for sub-locks; if it is long, only its start
  bool is_cut = false;
};

struct HistoryOptions {
  std::string lockspace = "default";
  std::string name;              // exactly this one; empty: all names of all lockspaces
  std::uint32_t events_max = 0;  // of each node, the latest; 0: all that they remember
};

// Oldest first.
struct History {
  std::vector<HistoryEvent> events;
  bool complete = true;  // false: some node did not answer in time
};

}  // namespace holdfast
