// SPDX-License-Identifier: Apache-2.0
// Suspects: when which party is to be looked at for deadlocks. News of a party count when they are `delay` old, in the
// order in which they came: one list for all, no timer per wait. Whoever still waits then is looked at again, less
// and less often.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "base/limits.hpp"
#include "node/parties.hpp"

namespace holdfast::node {

class Suspects {
 public:
  explicit Suspects(Duration delay) : delay_(delay) {}

  void note(const Party& party, Instant now) { young_.push_back({.due = now + delay_, .party = party}); }
  // It still waits. Its next turn comes by itself, if it has not been given one already.
  void put_off(const Party& party, Instant now) {
    Later& its = later_[party];
    if (its.is_listed) return;
    its.is_listed = true;
    by_time_.emplace(now + its.after, party);
    its.after = std::min<Duration>(2 * its.after, limits::search_again_max);
  }
  void forget(const Party& party) {
    if (const auto at = later_.find(party); at != later_.end() && !at->second.is_listed) later_.erase(at);
  }
  [[nodiscard]] std::optional<Party> take_due(Instant now) {
    if (!young_.empty() && young_.front().due <= now) {
      const Party party = young_.front().party;
      young_.pop_front();
      return party;
    }
    if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
    const Party party = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    later_[party].is_listed = false;
    return party;
  }
  [[nodiscard]] Instant next() const {
    return std::min(young_.empty() ? Instant::never() : young_.front().due,
                    by_time_.empty() ? Instant::never() : by_time_.begin()->first);
  }

 private:
  struct Young {
    Instant due;
    Party party;
  };
  struct Later {
    Duration after = limits::search_again_min;
    bool is_listed = false;
  };
  Duration delay_;
  std::deque<Young> young_;
  std::map<Party, Later> later_;
  std::multimap<Instant, Party> by_time_;
};

}  // namespace holdfast::node
