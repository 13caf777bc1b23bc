// SPDX-License-Identifier: Apache-2.0
// Pace: when the pieces of a long work are done, so that programs do not notice it. Some follow each other with only a
// look at what has arrived in between; then there is a gap. A node that takes all the time it can get is one that a
// scheduler makes wait when somebody wants an answer.
//
// A turn that served programs does no piece: its answers leave first, and whoever got one may need this processor
// now. That puts the work off by one gap at most. What peers sent is a piece of work, too, and takes turns with it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/assert.hpp"
#include "base/instant.hpp"

namespace holdfast::node {

class Pace {
 public:
  // gap: between the end of a burst and the next. burst: pieces.
  Pace(Duration gap, std::uint32_t burst) : gap_(gap), burst_(burst) {}

  enum class Turn : std::uint8_t { idle, heard_peers, served_programs };
  [[nodiscard]] bool is_due(Instant now) const { return now >= next_; }
  // How many pieces are to be done in this turn, which is over at `now`.
  [[nodiscard]] std::uint32_t pieces(Instant now, Turn turn) {
    if (std::exchange(took_long_, false)) next_ = now + gap_;
    if (!is_due(now)) return 0;
    if (next_ == Instant{}) turn = Turn::idle;  // a work begins: how much it is shows with its first piece
    if (left_ == 0) left_ = burst_ * (1 + missed(now));
    switch (turn) {
      case Turn::idle: return 1;
      case Turn::heard_peers: return std::exchange(after_peers_, true) ? 1 : 0;
      case Turn::served_programs:
        if (std::exchange(after_programs_, true)) return left_;
        next_ = now + gap_;
        return 0;
    }
    HF_ASSERT(false);
  }
  enum class Work : std::uint8_t { over, more };
  void did(std::uint32_t pieces, Instant now, Work work) {
    after_peers_ = after_programs_ = false;
    left_ = work == Work::more ? left_ - std::min(left_, pieces) : 0;
    next_ = work == Work::over ? Instant{} : left_ == 0 ? now + gap_ : now;
    took_long_ = work == Work::more && pieces > 1;
  }
  // When the next piece may be done.
  [[nodiscard]] Instant next() const { return next_; }

 private:
  // Where others keep the processor busy we are called late, and make up for that, within limits.
  [[nodiscard]] std::uint32_t missed(Instant now) const {
    constexpr Duration::rep missed_max = 15;
    if (next_ == Instant{} || gap_ == Duration{0}) return 0;
    return static_cast<std::uint32_t>(std::min((now - next_) / gap_, missed_max));
  }

  Duration gap_;
  std::uint32_t burst_;
  Instant next_;  // 0: no work was left
  std::uint32_t left_ = 0;  // of this burst
  // Many pieces were done at once. `now` is when they began, and a gap that began with them would be over with them: what
  // they took would count as missed, and the next burst would be longer still. So it begins with the next turn.
  bool took_long_ = false;
  bool after_peers_ = false, after_programs_ = false;  // the next piece was put off once already
};

}  // namespace holdfast::node
