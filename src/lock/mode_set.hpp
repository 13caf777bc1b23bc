// SPDX-License-Identifier: Apache-2.0
// ModeSet: a set of lock modes in one byte, and the conflict table as such sets, so that "does
// anybody hold something that stands in the way" is one AND. ModeCounts counts locks by mode and
// keeps the set of modes that occur.
#pragma once

#include "base/assert.hpp"
#include "model/mode.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace holdfast::lock {

class ModeSet {
 public:
  constexpr ModeSet() = default;
  constexpr ModeSet& add(Mode mode) {
    bits_ = static_cast<std::uint8_t>(bits_ | bit(mode));
    return *this;
  }
  constexpr ModeSet& remove(Mode mode) {
    bits_ = static_cast<std::uint8_t>(bits_ & ~bit(mode));
    return *this;
  }
  [[nodiscard]] constexpr bool has(Mode mode) const { return (bits_ & bit(mode)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool meets(ModeSet other) const { return (bits_ & other.bits_) != 0; }
  // REQUIRES: not empty.
  [[nodiscard]] constexpr Mode highest() const {
    HF_ASSERT(!empty());
    return static_cast<Mode>(std::bit_width(bits_) - 1);
  }
  [[nodiscard]] constexpr ModeSet with(ModeSet other) const {
    ModeSet both;
    both.bits_ = static_cast<std::uint8_t>(bits_ | other.bits_);
    return both;
  }
  friend constexpr bool operator==(ModeSet, ModeSet) = default;

 private:
  static constexpr unsigned bit(Mode mode) { return 1U << index_of(mode); }
  std::uint8_t bits_ = 0;
};

namespace tables {
consteval ModeSet conflicts(Mode wanted) {
  ModeSet set;
  for (const Mode held : all_modes)
    if (!compatible(held, wanted)) set.add(held);
  return set;
}
inline constexpr std::array<ModeSet, mode_count> conflict_sets{
    conflicts(Mode::NL), conflicts(Mode::CR), conflicts(Mode::CW),
    conflicts(Mode::PR), conflicts(Mode::PW), conflicts(Mode::EX)};
}  // namespace tables

// The modes that stand in the way of `mode`; symmetric, as compatibility is.
[[nodiscard]] constexpr ModeSet conflicts_of(Mode mode) {
  return tables::conflict_sets[index_of(mode)];
}

static_assert(conflicts_of(Mode::NL).empty(), "NL waits for nobody");
static_assert(conflicts_of(Mode::CR) == ModeSet{}.add(Mode::EX), "CR waits for EX alone");
static_assert(conflicts_of(Mode::EX).highest() == Mode::EX &&
              !conflicts_of(Mode::EX).has(Mode::NL));
// A holder that conflicts with any blocked mode conflicts with the highest blocked one too, PR and
// CW aside: so one notice with the highest mode tells every holder that stands in anybody's way.
consteval bool highest_blocked_tells_all() {
  for (const Mode high : all_modes)
    for (const Mode low : all_modes)
      for (const Mode held : all_modes)
        if (low < high && !is_middle_conversion(low, high) && conflicts_of(low).has(held) &&
            !conflicts_of(high).has(held))
          return false;
  return true;
}
static_assert(highest_blocked_tells_all());

class ModeCounts {
 public:
  constexpr void add(Mode mode) {
    ++counts_[index_of(mode)];
    present_.add(mode);
  }
  constexpr void remove(Mode mode) {
    HF_ASSERT(counts_[index_of(mode)] > 0);
    if (--counts_[index_of(mode)] == 0) present_.remove(mode);
  }
  [[nodiscard]] constexpr ModeSet present() const { return present_; }
  // The modes that occur when one lock of this mode is left out.
  [[nodiscard]] constexpr ModeSet without_one(Mode mode) const {
    ModeSet rest = present_;
    if (counts_[index_of(mode)] == 1) rest.remove(mode);
    return rest;
  }
  friend constexpr bool operator==(const ModeCounts&, const ModeCounts&) = default;

 private:
  std::array<std::uint32_t, mode_count> counts_{};
  ModeSet present_;
};

}  // namespace holdfast::lock
