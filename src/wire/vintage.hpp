// SPDX-License-Identifier: Apache-2.0
// Which release's messages this program speaks: ours, a constant, in everything that is built for use. A test wants
// to see several releases in one cluster, and has a daemon of its own for that (tests/live/releases), where
// HOLDFAST_TEST_RELEASES is defined and a variable of the environment chooses.
#pragma once

#include <cstdint>

namespace holdfast::wire {

enum class Vintage : std::uint8_t {
  previous,      // knows no field that may be missing in a message: neither sends nor reads it
  current,
  next,          // sends one field more in every message
  incompatible,  // says of itself that it speaks another version of each protocol between daemons
};
inline constexpr std::uint64_t field_of_next_vintage = 0x7e57'7e57'7e57'7e57;

#ifdef HOLDFAST_TEST_RELEASES
inline struct Spoken { Vintage chosen; constexpr operator Vintage() const { return chosen; } } spoken_vintage;
#else
inline constexpr Vintage spoken_vintage = Vintage::current;
#endif

// The version of a protocol that this program says it speaks.
[[nodiscard]] constexpr std::uint32_t spoken(std::uint32_t version) {
  return spoken_vintage == Vintage::incompatible ? version + 1 : version;
}

}  // namespace holdfast::wire
