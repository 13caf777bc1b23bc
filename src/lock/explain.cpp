// SPDX-License-Identifier: Apache-2.0
// What the engine tells about its locks: state, order, and who stands in whose way.
#include "base/limits.hpp"
#include "lock/grant.hpp"
#include "lock/state.hpp"

namespace holdfast::lock {
namespace {

// Collects blockers up to the limit.
class Answers {
 public:
  explicit Answers(const Lock* asker) : asker_(asker) {}

  void add_conflicts(const LockList& locks, Mode wanted) {
    for (const Lock& lock : locks)
      if (&lock != asker_ && !compatible(lock.granted, wanted)) add(lock, lock.granted, Way::holds);
  }
  // Everybody from the head of the queue up to the asker, but for those that were named already.
  void add_ahead(const LockList& locks, Mode wanted) {
    for (const Lock& lock : locks) {
      if (&lock == asker_) return;
      const bool named = lock.standing == Standing::converting && !compatible(lock.granted, wanted);
      if (!named) add(lock, lock.wanted, Way::is_ahead);
    }
  }
  [[nodiscard]] std::vector<Blocker> take() { return std::move(blockers_); }

 private:
  enum class Way : std::uint8_t { holds, is_ahead };
  void add(const Lock& lock, Mode mode, Way way) {
    if (blockers_.size() == limits::blockers_told_max) return;
    blockers_.push_back({.holder = lock.holder, .mode = mode, .ahead = way == Way::is_ahead});
  }
  const Lock* asker_;
  std::vector<Blocker> blockers_;
};

}  // namespace

bool Engine::empty(ResourceId resource) const { return state_->resources[resource].empty(); }
bool Engine::exists(LockId lock) const { return state_->locks.find(lock) != nullptr; }

const Holder* Engine::holder(LockId id) const {
  const Lock* lock = state_->locks.find(id);
  return lock == nullptr ? nullptr : &lock->holder;
}

const Value& Engine::value(ResourceId resource) const { return state_->resources[resource].value; }

LockId Engine::writer(ResourceId id) const {
  const Resource& resource = state_->resources[id];
  if (!resource.held.present().meets(ModeSet{}.add(Mode::PW).add(Mode::EX))) return {};
  for (const LockList* queue : {&resource.granted, &resource.converting.locks})
    for (const Lock& lock : *queue)
      if (writes_value(lock.granted)) return lock.id;
  HF_ASSERT(false);
}

ResourceId Engine::resource_of(LockId lock) const { return state_->locks[lock].resource; }

LockState Engine::state(LockId id) const {
  const Lock& lock = state_->locks[id];
  return LockState{.holder = lock.holder,
                   .standing = lock.standing,
                   .granted = lock.granted,
                   .wanted = lock.wanted,
                   .flags = lock.flags,
                   .token = lock.token,
                   .stamp = lock.stamp};
}

std::vector<LockId> Engine::locks(ResourceId id) const {
  const Resource& resource = state_->resources[id];
  std::vector<LockId> ids;
  for (const LockList* queue :
       {&resource.granted, &resource.converting.locks, &resource.waiting.locks})
    for (const Lock& lock : *queue) ids.push_back(lock.id);
  return ids;
}

std::vector<Blocker> Engine::blockers(LockId id) const {
  const Lock& lock = state_->locks[id];
  if (lock.standing == Standing::granted) return {};
  const Resource& resource = state_->resources[lock.resource];
  Answers answers(&lock);
  answers.add_conflicts(resource.granted, lock.wanted);
  answers.add_conflicts(resource.converting.locks, lock.wanted);
  // Who may be granted past the queues has nobody ahead.
  if (lock.flags.has(Flag::noorder)) return answers.take();
  answers.add_ahead(resource.converting.locks, lock.wanted);
  if (lock.standing == Standing::waiting) answers.add_ahead(resource.waiting.locks, lock.wanted);
  return answers.take();
}

std::vector<Blocker> Engine::blockers(ResourceId id, Mode wanted) const {
  const Resource& resource = state_->resources[id];
  Answers answers(nullptr);
  answers.add_conflicts(resource.granted, wanted);
  answers.add_conflicts(resource.converting.locks, wanted);
  answers.add_ahead(resource.converting.locks, wanted);
  answers.add_ahead(resource.waiting.locks, wanted);
  return answers.take();
}

}  // namespace holdfast::lock
