// SPDX-License-Identifier: Apache-2.0
// Token: the fencing token of a grant, {epoch, counter}, ordered by both in this order. Whoever gets a
// resource after another has a larger token: through hand-over, re-mastering, node death and full restart.
// Give it to whatever you protect, and let that refuse a token smaller than the largest one it has seen.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "holdfast/ids.hpp"

namespace holdfast {

struct Token {
  Epoch epoch;
  std::uint64_t counter = 0;
  friend constexpr auto operator<=>(const Token&, const Token&) = default;
  constexpr explicit operator bool() const { return static_cast<bool>(epoch); }
};

// 32 hexadecimal digits, fixed width: string order is token order.
[[nodiscard]] inline std::string to_text(const Token& token) {
  std::string text(32, '0');
  const auto put = [&text](std::size_t end, std::uint64_t word) {
    for (; word != 0; word >>= 4) text[--end] = "0123456789abcdef"[word & 15];
  };
  put(16, token.epoch.value());
  put(32, token.counter);
  return text;
}

}  // namespace holdfast
