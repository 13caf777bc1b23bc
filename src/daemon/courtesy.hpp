// SPDX-License-Identifier: Apache-2.0
// Courtesy: how peers wait for programs while a long work goes on. In a turn that served programs nothing is read from
// peers, nor for a moment after it: whoever got an answer may need this processor now. But not for ever: the clock says
// when it has been enough, and the longer they have waited the more is read at once. Turns can be of any length, and
// who counts them instead may always look in one in which the peers are not even listened to.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/instant.hpp"

namespace holdfast::daemon {

class Courtesy {
 public:
  static constexpr Duration moment = std::chrono::microseconds(50);

  enum class Turn : std::uint8_t { quiet, served_programs };
  // Of what peers sent, which waits to be read: how many little pieces are read in this turn. 0: they wait a moment.
  [[nodiscard]] std::uint32_t pieces(Instant now, Turn turn) {
    constexpr Duration::rep moments_max = 3, pieces_max = 16;
    if (since_ == Instant::never()) since_ = now;
    const Duration::rep moments = (now - since_) / moment;
    if (turn == Turn::served_programs && moments < moments_max) return 0;
    since_ = Instant::never();
    return static_cast<std::uint32_t>(std::clamp(moments, Duration::rep{1}, pieces_max));
  }

 private:
  Instant since_ = Instant::never();  // they wait; never: they do not
};

}  // namespace holdfast::daemon
