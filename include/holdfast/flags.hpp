// SPDX-License-Identifier: Apache-2.0
// The options of a request, by the names of the Linux DLM. One row per flag: its name in scripts and on
// the command line, and the bit libdlm gives it (which is also the bit on our wire). A FlagSet is a typed
// set, so that one cannot be mistaken for a number or for another word of flags.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace holdfast {

// Wire value: never renumber.
enum class Flag : std::uint32_t {
  noqueue = 0x1,          // refuse instead of waiting
  cancel = 0x2,           // unlock: only cancel what is under way
  convert = 0x4,          // (libdlm) change the mode of a lock that is held
  valblk = 0x8,           // move the value block along (see value_move_table)
  quecvt = 0x10,          // conversion: always behind the queued conversions
  ivvalblk = 0x20,        // giving up PW or EX: mark the value doubtful instead of writing
  convdeadlk = 0x40,      // conversion deadlock: give up the granted mode (demoted) instead of EDEADLK
  persistent = 0x80,      // the lock outlives its owner, as an orphan
  nodlckwt = 0x100,       // this waiter takes no part in deadlock detection
  nodlckblk = 0x200,      // waits for this holder are no deadlock
  expedite = 0x400,       // NL only: grant at once, past all queues
  noqueuebast = 0x800,    // with noqueue: tell the holders although we do not wait
  headque = 0x1000,       // queue at the head
  noorder = 0x2000,       // may be granted past the queues
  orphan = 0x4000,        // adopt an orphan of this name and mode
  altpr = 0x8000,         // not grantable: try PR instead
  altcw = 0x10000,        // not grantable: try CW instead
  forceunlock = 0x20000,  // unlock: also while waiting or converting
};

struct FlagRow {
  Flag flag;
  std::string_view name;
};
inline constexpr std::array flag_table{
    FlagRow{Flag::noqueue, "noqueue"},         FlagRow{Flag::cancel, "cancel"},
    FlagRow{Flag::convert, "convert"},         FlagRow{Flag::valblk, "valblk"},
    FlagRow{Flag::quecvt, "quecvt"},           FlagRow{Flag::ivvalblk, "ivvalblk"},
    FlagRow{Flag::convdeadlk, "convdeadlk"},   FlagRow{Flag::persistent, "persistent"},
    FlagRow{Flag::nodlckwt, "nodlckwt"},       FlagRow{Flag::nodlckblk, "nodlckblk"},
    FlagRow{Flag::expedite, "expedite"},       FlagRow{Flag::noqueuebast, "noqueuebast"},
    FlagRow{Flag::headque, "headque"},         FlagRow{Flag::noorder, "noorder"},
    FlagRow{Flag::orphan, "orphan"},           FlagRow{Flag::altpr, "altpr"},
    FlagRow{Flag::altcw, "altcw"},             FlagRow{Flag::forceunlock, "forceunlock"},
};

inline constexpr std::uint32_t all_flag_bits = [] {
  std::uint32_t bits = 0;
  for (const FlagRow& row : flag_table) bits |= static_cast<std::uint32_t>(row.flag);
  return bits;
}();

class FlagSet {
 public:
  constexpr FlagSet() = default;
  constexpr FlagSet(std::initializer_list<Flag> flags) {
    for (const Flag flag : flags) set(flag);
  }
  // From the wire or libdlm; bits that are no flag of ours are kept and can be asked for with unknown().
  static constexpr FlagSet from_bits(std::uint32_t bits) {
    FlagSet set;
    set.bits_ = bits;
    return set;
  }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool has(Flag flag) const { return (bits_ & static_cast<std::uint32_t>(flag)) != 0; }
  constexpr FlagSet& set(Flag flag) {
    bits_ |= static_cast<std::uint32_t>(flag);
    return *this;
  }
  constexpr FlagSet& clear(Flag flag) {
    bits_ &= ~static_cast<std::uint32_t>(flag);
    return *this;
  }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  // True if there is no flag here but those of `allowed`.
  [[nodiscard]] constexpr bool within(FlagSet allowed) const { return (bits_ & ~allowed.bits_) == 0; }
  [[nodiscard]] constexpr std::uint32_t unknown() const { return bits_ & ~all_flag_bits; }
  friend constexpr bool operator==(FlagSet, FlagSet) = default;

 private:
  std::uint32_t bits_ = 0;
};

[[nodiscard]] constexpr std::optional<Flag> parse_flag(std::string_view name) {
  for (const FlagRow& row : flag_table)
    if (row.name == name) return row.flag;
  return std::nullopt;
}

}  // namespace holdfast
