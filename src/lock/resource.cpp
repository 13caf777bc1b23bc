// SPDX-License-Identifier: Apache-2.0
#include "lock/resource.hpp"

namespace holdfast::lock {

void Resource::hold(Lock& lock) {
  HF_ASSERT(!lock.hook.is_linked());
  lock.standing = Standing::granted;
  held.add(lock.granted);
  granted.push_front(lock);
  told = ModeSet{};
}

void Resource::enqueue(Lock& lock, Standing standing) {
  if (!lock.flags.has(Flag::headque)) {
    lock.stamp = ++back;
    append(lock, standing);
    return;
  }
  append(lock, standing);
  lock.stamp = --front;
  LockList& locks = queue_of(lock).locks;
  locks.splice(locks.begin(), locks, LockList::s_iterator_to(lock));
}

void Resource::append(Lock& lock, Standing standing) {
  HF_ASSERT(!lock.hook.is_linked());
  lock.standing = standing;
  Queue& queue = queue_of(lock);
  queue.locks.push_back(lock);
  queue.wanted.add(lock.wanted);
  if (lock.irregular()) ++queue.irregular;
  if (standing == Standing::converting) held.add(lock.granted);
}

void Resource::take_off(Lock& lock) {
  HF_ASSERT(lock.hook.is_linked());
  if (lock.standing == Standing::granted) {
    granted.erase(LockList::s_iterator_to(lock));
    held.remove(lock.granted);
    return;
  }
  Queue& queue = queue_of(lock);
  queue.locks.erase(LockList::s_iterator_to(lock));
  queue.wanted.remove(lock.wanted);
  if (lock.irregular()) --queue.irregular;
  if (lock.standing == Standing::converting) held.remove(lock.granted);
}

void Resource::demote(Lock& lock) {
  HF_ASSERT(lock.standing != Standing::waiting);
  const bool was_irregular = lock.irregular();
  held.remove(lock.granted);
  lock.granted = Mode::NL;
  held.add(lock.granted);
  lock.demoted = true;
  if (lock.standing == Standing::converting && was_irregular && !lock.irregular())
    --converting.irregular;
}

}  // namespace holdfast::lock
