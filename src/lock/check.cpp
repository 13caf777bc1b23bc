// SPDX-License-Identifier: Apache-2.0
// Engine::check: everything that must hold for a resource between two operations, found again from
// the locks alone.
#include "lock/grant.hpp"
#include "lock/state.hpp"

namespace holdfast::lock {
namespace {

struct Recount {
  ModeCounts held;
  ModeCounts wanted;
  std::uint32_t irregular = 0;
};

// I1  No two locks hold modes that conflict.
void check_no_conflict(const Resource& resource) {
  ModeSet before;
  for (const LockList* locks : {&resource.granted, &resource.converting.locks})
    for (const Lock& lock : *locks) {
      HF_ASSERT(!before.meets(conflicts_of(lock.granted)));
      before.add(lock.granted);
    }
}

Recount recount(const Tables& tables, const LockList& locks, Standing standing) {
  Recount counts;
  for (const Lock& lock : locks) {
    HF_ASSERT(tables.locks.find(lock.id) == &lock);
    HF_ASSERT(lock.standing == standing);
    if (standing != Standing::waiting) counts.held.add(lock.granted);
    if (standing != Standing::granted) counts.wanted.add(lock.wanted);
    if (standing != Standing::granted && lock.irregular()) ++counts.irregular;
  }
  return counts;
}

void check_counts(const Tables& tables, const Resource& resource) {
  const Recount granted = recount(tables, resource.granted, Standing::granted);
  const Recount converting = recount(tables, resource.converting.locks, Standing::converting);
  const Recount waiting = recount(tables, resource.waiting.locks, Standing::waiting);
  HF_ASSERT(converting.wanted == resource.converting.wanted);
  HF_ASSERT(waiting.wanted == resource.waiting.wanted);
  HF_ASSERT(converting.irregular == resource.converting.irregular);
  HF_ASSERT(waiting.irregular == resource.waiting.irregular);
  ModeCounts held = granted.held;
  for (const Lock& lock : resource.converting.locks) held.add(lock.granted);
  HF_ASSERT(held == resource.held);
}

void check_order(const Resource& resource, const Queue& queue) {
  const Lock* before = nullptr;
  for (const Lock& lock : queue.locks) {
    HF_ASSERT(lock.stamp >= resource.front && lock.stamp <= resource.back);
    HF_ASSERT(before == nullptr || before->stamp < lock.stamp);
    before = &lock;
  }
}

// I5  Nobody waits who could be granted. Two arrive without being tried at the place they get:
// HEADQUE goes to the head of a queue in use, and QUECVT goes to the back although NOORDER would
// let it pass. Both are looked at with the next change, as in the Linux DLM.
void check_nobody_forgotten(const Resource& resource, const Queue& queue) {
  for (const Lock& lock : queue.locks) {
    if (lock.flags.has(Flag::headque) || lock.flags.has(Flag::quecvt)) continue;
    const Place place = &lock == &queue.locks.front() ? Place::at_head : Place::behind;
    const Answer answer = consider(resource, lock, place);
    HF_ASSERT(answer == Answer::no || answer == Answer::deadlock);
  }
}

// I9  Who is said to have been told was told.
void check_told(const Resource& resource) {
  for (const Mode mode : all_modes)
    for (const Lock& lock : resource.granted)
      HF_ASSERT(!resource.told.has(mode) || compatible(lock.granted, mode) || lock.told >= mode);
}

}  // namespace

void Engine::check(ResourceId id) const {
  const Resource& resource = state_->resources[id];
  HF_ASSERT(resource.id == id);
  check_no_conflict(resource);
  check_counts(*state_, resource);
  check_order(resource, resource.converting);
  check_order(resource, resource.waiting);
  check_nobody_forgotten(resource, resource.converting);
  check_nobody_forgotten(resource, resource.waiting);
  check_told(resource);
}

}  // namespace holdfast::lock
