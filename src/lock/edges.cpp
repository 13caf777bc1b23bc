// SPDX-License-Identifier: Apache-2.0
// What a lock that waits has to wait for, one resource's part of the deadlock search. An edge is told only if
// the wait cannot end while it stands: a false edge would cost somebody his lock for nothing.
#include "base/limits.hpp"
#include "lock/grant.hpp"
#include "lock/state.hpp"

#include <array>

namespace holdfast::lock {
namespace {

bool can_block(const Lock& lock) { return !lock.flags.has(Flag::nodlckblk); }
bool can_wait(const Lock& lock) {
  return lock.standing != Standing::granted && !lock.flags.has(Flag::nodlckwt);
}

class Edges {
 public:
  explicit Edges(const Lock& waiter) : waiter_(waiter), alternative_(alternative_of(waiter)) {}

  // Whoever could be granted its alternative waits only for those who are in the way of both.
  void add_holders(const LockList& locks) {
    for (const Lock& lock : locks) {
      if (&lock == &waiter_ || !can_block(lock)) continue;
      if (compatible(lock.granted, waiter_.wanted)) continue;
      if (alternative_ && compatible(lock.granted, *alternative_)) continue;
      edges_.push_back({.blocker = lock.id, .mode = lock.granted, .ahead = false});
    }
  }
  // From the head of the queue up to the waiter. Who waits for nobody as far as the search can know, needs none.
  void add_ahead(const LockList& locks) {
    for (const Lock& lock : locks) {
      if (&lock == &waiter_) return;
      if (!can_block(lock) || !can_wait(lock)) continue;
      if (ahead_[index_of(lock.wanted)]++ >= limits::edges_ahead_max) continue;
      edges_.push_back({.blocker = lock.id, .mode = lock.wanted, .ahead = true});
    }
  }
  [[nodiscard]] std::vector<Edge> take() { return std::move(edges_); }

 private:
  const Lock& waiter_;
  std::optional<Mode> alternative_;
  std::array<std::uint32_t, mode_count> ahead_{};
  std::vector<Edge> edges_;
};

}  // namespace

std::vector<Edge> Engine::edges(LockId id) const {
  const Lock& lock = state_->locks[id];
  if (!can_wait(lock)) return {};
  const Resource& resource = state_->resources[lock.resource];
  Edges edges(lock);
  edges.add_holders(resource.granted);
  edges.add_holders(resource.converting.locks);
  // Who may be granted past the queues has nobody ahead.
  if (lock.flags.has(Flag::noorder)) return edges.take();
  edges.add_ahead(resource.converting.locks);
  if (lock.standing == Standing::waiting) edges.add_ahead(resource.waiting.locks);
  return edges.take();
}

}  // namespace holdfast::lock
