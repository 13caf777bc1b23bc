// SPDX-License-Identifier: Apache-2.0
// Clock: where fencing tokens (holdfast/token.hpp) come from. It is a Lamport clock over tokens: every
// message carries the sender's clock and the receiver never mints a token that is not larger. So whoever
// gets a resource after another, by whatever chain of messages, has a larger token (invariant I3); the epoch
// makes that true over full restarts too.
#pragma once

#include <algorithm>

#include "holdfast/token.hpp"  // IWYU pragma: export
#include "model/ids.hpp"

namespace holdfast {

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
