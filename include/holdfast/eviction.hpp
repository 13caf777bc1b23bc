// SPDX-License-Identifier: Apache-2.0
// How a forced release of somebody else's lock ended (Client::evict).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

// Wire value: never renumber.
enum class EvictOutcome : std::uint8_t {
  forced = 0,     // it was taken from its holder
  given_up = 1,   // its owner gave it up before that was needed
  cancelled = 2,  // it only waited, and waits no more
};
[[nodiscard]] constexpr std::string_view name_of(EvictOutcome outcome) {
  constexpr std::string_view names[] = {"forced", "given up", "cancelled"};
  return names[static_cast<std::size_t>(outcome)];
}

}  // namespace holdfast
