// SPDX-License-Identifier: Apache-2.0
// IdleList: what nobody uses right now, longest unused first. Coming back takes it out again. So that
// keeping a thing for a while costs no timer of its own.
#pragma once

#include <boost/intrusive/list.hpp>

#include "base/instant.hpp"

namespace holdfast::node {

struct IdleHook : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>> {
  Instant idle_since;
};

template <class T>
class IdleList {
 public:
  void add(T& thing, Instant now) {
    thing.idle_since = now;
    if (!thing.is_linked()) list_.push_back(thing);
  }
  void remove(T& thing) {
    if (thing.is_linked()) list_.erase(list_.iterator_to(thing));
  }
  // The one unused for the longest time, if it has been for `keep` at least.
  [[nodiscard]] T* due(Instant now, Duration keep) {
    return !list_.empty() && now - list_.front().idle_since >= keep ? &list_.front() : nullptr;
  }
  // When due() has something to give.
  [[nodiscard]] Instant next(Duration keep) const {
    return list_.empty() ? Instant::never() : list_.front().idle_since + keep;
  }

 private:
  boost::intrusive::list<T, boost::intrusive::base_hook<IdleHook>, boost::intrusive::constant_time_size<false>> list_;
};

}  // namespace holdfast::node
