// SPDX-License-Identifier: Apache-2.0
// The six lock modes and the tables that say what they mean to each other. Facts: the compatibility table
// and conversion tables of VMS and the Linux DLM. Laws are proved at the end of the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast {

// Wire value: never renumber. More severe = larger, as in libdlm.
enum class Mode : std::uint8_t { NL = 0, CR = 1, CW = 2, PR = 3, PW = 4, EX = 5 };

inline constexpr std::size_t mode_count = 6;
inline constexpr std::array<Mode, mode_count> all_modes{Mode::NL, Mode::CR, Mode::CW,
                                                        Mode::PR, Mode::PW, Mode::EX};
using ModeRow = std::array<bool, mode_count>;
using ModeTable = std::array<ModeRow, mode_count>;

// May both be granted at once?
inline constexpr ModeTable compatible_table{{
    //        NL CR CW PR PW EX      held is the row, wanted the column
    /* NL */ {1, 1, 1, 1, 1, 1},
    /* CR */ {1, 1, 1, 1, 1, 0},
    /* CW */ {1, 1, 1, 0, 0, 0},
    /* PR */ {1, 1, 0, 1, 0, 0},
    /* PW */ {1, 1, 0, 0, 0, 0},
    /* EX */ {1, 0, 0, 0, 0, 0},
}};

// May a conversion say QUECVT (always go to the back of the queue)? Only where it asks for more; PR and CW
// count as more than each other.
inline constexpr ModeTable queued_conversion_table{{
    //        NL CR CW PR PW EX      held is the row, wanted the column
    /* NL */ {0, 1, 1, 1, 1, 1},
    /* CR */ {0, 0, 1, 1, 1, 1},
    /* CW */ {0, 0, 0, 1, 1, 1},
    /* PR */ {0, 0, 1, 0, 1, 1},
    /* PW */ {0, 0, 0, 0, 0, 1},
    /* EX */ {0, 0, 0, 0, 0, 0},
}};

// What a conversion with a value does: R the resource's value goes to the caller, W the caller's value goes
// to the resource, - nothing. A new request reads, like one from NL.
enum class ValueMove : std::uint8_t { none, read, write };
inline constexpr std::array<std::string_view, mode_count> value_move_table{{
    // NL CR CW PR PW EX      held is the row, wanted the column
    /* NL */ "RRRRRR",
    /* CR */ "-RRRRR",
    /* CW */ "--RRRR",
    /* PR */ "---RRR",
    /* PW */ "WWWWWR",
    /* EX */ "WWWWWW",
}};

[[nodiscard]] constexpr std::size_t index_of(Mode mode) { return static_cast<std::size_t>(mode); }
[[nodiscard]] constexpr bool compatible(Mode held, Mode wanted) {
  return compatible_table[index_of(held)][index_of(wanted)];
}
[[nodiscard]] constexpr bool queued_conversion_allowed(Mode held, Mode wanted) {
  return queued_conversion_table[index_of(held)][index_of(wanted)];
}
[[nodiscard]] constexpr ValueMove value_move(Mode held, Mode wanted) {
  const char cell = value_move_table[index_of(held)][index_of(wanted)];
  return cell == 'R' ? ValueMove::read : cell == 'W' ? ValueMove::write : ValueMove::none;
}

// PR and CW exclude each other without one being the stronger.
[[nodiscard]] constexpr bool is_middle_conversion(Mode held, Mode wanted) {
  return (held == Mode::PR && wanted == Mode::CW) || (held == Mode::CW && wanted == Mode::PR);
}
// A down-conversion can never conflict with anybody, so its completion does not wait for the master.
[[nodiscard]] constexpr bool is_down_conversion(Mode held, Mode wanted) {
  return wanted < held && !is_middle_conversion(held, wanted);
}
// Every mode that conflicts with `weaker` conflicts with `stronger` as well.
[[nodiscard]] constexpr bool excludes_at_least(Mode stronger, Mode weaker) {
  for (const Mode other : all_modes)
    if (!compatible(weaker, other) && compatible(stronger, other)) return false;
  return true;
}
// May the holder of this mode change the resource's value when it gives it up?
[[nodiscard]] constexpr bool writes_value(Mode mode) { return mode >= Mode::PW; }

inline constexpr std::array<std::string_view, mode_count> mode_names{"NL", "CR", "CW", "PR", "PW", "EX"};
[[nodiscard]] constexpr std::string_view name_of(Mode mode) { return mode_names[index_of(mode)]; }
// Any case; nothing for an unknown name.
[[nodiscard]] constexpr std::optional<Mode> parse_mode(std::string_view text) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  for (const Mode mode : all_modes) {
    const std::string_view name = name_of(mode);
    if (text.size() == 2 && upper(text[0]) == name[0] && upper(text[1]) == name[1]) return mode;
  }
  return std::nullopt;
}
[[nodiscard]] constexpr bool is_mode(std::uint32_t number) { return number < mode_count; }

// The laws.
namespace laws {
consteval bool symmetric() {
  for (const Mode a : all_modes)
    for (const Mode b : all_modes)
      if (compatible(a, b) != compatible(b, a)) return false;
  return true;
}
consteval bool stronger_excludes_more() {
  for (const Mode a : all_modes)
    for (const Mode b : all_modes)
      if (a < b && !(a == Mode::CW && b == Mode::PR) && !excludes_at_least(b, a)) return false;
  return true;
}
consteval bool down_conversions_never_wait() {
  for (const Mode held : all_modes)
    for (const Mode wanted : all_modes)
      for (const Mode other : all_modes)
        if (is_down_conversion(held, wanted) && compatible(held, other) && !compatible(wanted, other)) return false;
  return true;
}
consteval bool only_rising_conversions_queue() {
  for (const Mode held : all_modes)
    for (const Mode wanted : all_modes)
      if (queued_conversion_allowed(held, wanted) !=
          (wanted > held || (held == Mode::PR && wanted == Mode::CW)))
        return false;
  return true;
}
consteval bool only_writers_write() {
  for (const Mode held : all_modes)
    for (const Mode wanted : all_modes)
      if (value_move(held, wanted) == ValueMove::write && !writes_value(held)) return false;
  return true;
}
static_assert(symmetric(), "A waits for B exactly when B conflicts with A");
static_assert(stronger_excludes_more(), "a more severe mode conflicts with at least as much (PR and CW aside)");
static_assert(down_conversions_never_wait(), "giving up rights conflicts with nobody");
static_assert(only_rising_conversions_queue(), "QUECVT is for conversions that ask for more");
static_assert(only_writers_write(), "only PW and EX may change the value");
}  // namespace laws

}  // namespace holdfast
