// SPDX-License-Identifier: Apache-2.0
// Where a lock stands and what a node is doing, as reports say it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

// What a node is doing.
// Wire value: never renumber.
enum class NodePhase : std::uint8_t {
  open = 0,        // serves everything
  collecting = 1,  // after a view change: waits for the others' reports (untouched resources go on)
  no_view = 2,     // has not been told a view with itself in it
  expired = 3,     // its lease ran out or a view left it out: finished as this incarnation
  no_quorum = 4,   // too few of the others have agreed that it is there: grants nothing
};
[[nodiscard]] constexpr std::string_view name_of(NodePhase phase) {
  constexpr std::string_view names[] = {"open", "collecting", "no view", "expired", "no quorum"};
  return names[static_cast<std::size_t>(phase)];
}

// Where a lock stands, in reports.
// Wire value: never renumber.
enum class LockStanding : std::uint8_t { granted = 0, converting = 1, waiting = 2 };
[[nodiscard]] constexpr std::string_view name_of(LockStanding standing) {
  constexpr std::string_view names[] = {"granted", "converting", "waiting"};
  return names[static_cast<std::size_t>(standing)];
}

}  // namespace holdfast
