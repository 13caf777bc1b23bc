// SPDX-License-Identifier: Apache-2.0
// IdleList: what nobody uses right now, so that keeping a thing for a while costs no timer of its own. Using
// a listed thing and leaving it again are two stores: it stays in the list, and only when its turn comes is
// it looked whether it was used meanwhile; then it goes to the back. So a thing is due when it has been
// unused for `keep` at least, and for less than twice that.
#pragma once

#include <boost/intrusive/list.hpp>

#include "base/instant.hpp"

namespace holdfast::node {

struct IdleHook : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>> {
  Instant idle_since = Instant::never();  // never: it is used
  Instant listed;                         // at the back of the list since then
};

template <class T>
class IdleList {
 public:
  void leave(T& thing, Instant now) {
    thing.idle_since = now;
    if (!thing.is_linked()) list(thing, now);
  }
  void use(T& thing) { thing.idle_since = Instant::never(); }
  // Before the thing goes away.
  void remove(T& thing) {
    use(thing);
    if (thing.is_linked()) list_.erase(list_.iterator_to(thing));
  }
  // One that has been unused for `keep` at least, taken out of the list; null if there is none.
  [[nodiscard]] T* take_due(Instant now, Duration keep) {
    while (!list_.empty() && now - list_.front().listed >= keep) {
      T& first = list_.front();
      list_.pop_front();
      if (first.idle_since == Instant::never()) continue;
      if (now - first.idle_since >= keep) return &first;
      list(first, now);
    }
    return nullptr;
  }
  // When to look again.
  [[nodiscard]] Instant next(Duration keep) const {
    return list_.empty() ? Instant::never() : list_.front().listed + keep;
  }

 private:
  void list(T& thing, Instant now) {
    thing.listed = now;
    list_.push_back(thing);
  }
  boost::intrusive::list<T, boost::intrusive::base_hook<IdleHook>, boost::intrusive::constant_time_size<false>> list_;
};

}  // namespace holdfast::node
