// SPDX-License-Identifier: Apache-2.0
// Token: the fencing token of a grant, {epoch, counter}, ordered by both in this order. Clock: where tokens
// come from. It is a Lamport clock over such pairs: every message carries the sender's clock and the
// receiver never mints a token that is not larger. So whoever gets a resource after another, by whatever
// chain of messages, has a larger token (invariant I3); the epoch makes that true over full restarts too.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "model/ids.hpp"

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

class Clock {
 public:
  // A view came into force: what is minted from now on is larger than anything of an earlier epoch.
  constexpr void enter(Epoch epoch) { merge(Token{epoch, 0}); }
  // A message that carried `seen` arrived.
  constexpr void merge(const Token& seen) { now_ = std::max(now_, seen); }
  constexpr Token tick() {
    ++now_.counter;
    return now_;
  }
  [[nodiscard]] constexpr Token now() const { return now_; }

 private:
  Token now_{Epoch{1}, 0};
};

}  // namespace holdfast
