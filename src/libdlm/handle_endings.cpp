// SPDX-License-Identifier: Apache-2.0
// How locks end: unlocks, cancels, purges.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "libdlm/checks.hpp"
#include "libdlm/handle.hpp"

namespace holdfast::libdlm {

int Handle::unlock(const UnlockCall& call) {
  if (const int wrong = check_unlock(call.flags); wrong != 0) return wrong;
  Record* record = find(call.number);
  if (record == nullptr) return ENOENT;
  if (is_over()) return ENOTCONN;
  return (call.flags & LKF_CANCEL) != 0 ? cancel(*record, call) : release(*record, call);
}

// ---- cancels --------------------------------------------------------------------------------------------

// Nothing to take back is success, and no completion: a synchronous caller must not wait for one.
int Handle::cancel(Record& record, const UnlockCall& call) {
  if (record.next) return cancel_next(*record.next, call);
  const bool waits = record.under_way == UnderWay::request || record.under_way == UnderWay::conversion;
  if (!waits) {
    if (call.waiter != nullptr) call.waiter->done = true;
    return 0;
  }
  if (record.ending == Ending::none) record.ending = call.ending;
  if (call.lksb != nullptr) record.answer.lksb = call.lksb;
  if (call.argument != nullptr) record.answer.argument = call.argument;
  record.waiters.add(call.waiter);
  return take_back(record);
}

// A conversion that is not begun yet. An unlock is nothing that can be taken back.
int Handle::cancel_next(Next& next, const UnlockCall& call) {
  if (call.waiter != nullptr) call.waiter->done = true;
  if (next.unlocks) return 0;
  next.ended = call.ending == Ending::deadlock_cancel ? EDEADLK : ECANCEL;
  if (call.lksb != nullptr) next.answer.lksb = call.lksb;
  if (call.argument != nullptr) next.answer.argument = call.argument;
  return 0;
}

int Handle::take_back(const Record& record) {
  const auto asked = client_.cancel_async(record.request, [](const Result<void>&) {});
  return asked ? 0 : to_errno(asked.error().code);
}

// ---- unlocks --------------------------------------------------------------------------------------------

int Handle::release(Record& record, const UnlockCall& call) {
  if (record.under_way == UnderWay::unlock) {  // there will be one completion
    record.waiters.add(call.waiter);
    return call.waiter != nullptr ? 0 : EBUSY;
  }
  if (record.children > 0) return ENOTEMPTY;
  const dlm_lksb* lksb = call.lksb != nullptr ? call.lksb : record.answer.lksb;
  const bool writes = (call.flags & LKF_VALBLK) != 0;
  if (writes && (lksb == nullptr || lksb->sb_lvbptr == nullptr)) return EINVAL;
  if (writes && is_wild(lksb->sb_lvbptr)) return EFAULT;
  const std::string_view value = writes ? std::string_view(lksb->sb_lvbptr, DLM_LVB_LEN) : std::string_view();
  if (record.under_way == UnderWay::request) return release_request(record, call, value);
  if (!record.gives_way) return begin_release(record, call, value);
  const Answer answer{.lksb = call.lksb, .ast = record.answer.ast, .argument = call.argument};
  const int wrong = do_next(record, answer, call.waiter, [this, call, value = std::string(value)](Record& later) {
    return begin_release(later, call, value);
  });
  if (wrong == 0) record.next->unlocks = true;
  return wrong;
}

// It is taken back. If the grant is faster, the lock is unlocked then.
int Handle::release_request(Record& record, const UnlockCall& call, std::string_view value) {
  if (record.ending == Ending::unlock && call.waiter == nullptr) return EBUSY;
  record.unlock_waiters.add(call.waiter);
  if (record.ending == Ending::unlock) return 0;
  record.ending = Ending::unlock;
  record.unlock_answer = {.lksb = call.lksb, .argument = call.argument};
  record.unlock_flags = call.flags;
  record.unlock_value = value;
  return take_back(record);
}

int Handle::begin_release(Record& record, const UnlockCall& call, std::string_view value) {
  ReleaseOptions options{.flags = to_flags(call.flags)};
  options.flags.clear(Flag::valblk);
  if ((call.flags & LKF_VALBLK) != 0) options.write_value = value;
  if (record.under_way == UnderWay::conversion) options.flags.set(Flag::forceunlock);
  const ClaimId id = record.lock.id();
  const auto asked = record.lock.release_async(
      options, [this, id, number = record.number](const Result<void>& r) { on_unlocked(number, id, r); });
  if (!asked) return to_errno(asked.error().code);
  record.under_way = UnderWay::unlock;
  record.moves_value = false;
  if (call.lksb != nullptr) record.answer.lksb = call.lksb;
  if (call.argument != nullptr) record.answer.argument = call.argument;
  // Who waits for a conversion that this ends hears that the lock is gone.
  record.waiters.add(call.waiter);
  return 0;
}

// ---- purges ---------------------------------------------------------------------------------------------

// Nothing of the program is called any more; but threads that wait must not do so for ever.
void Handle::purge_record(Record& record) {
  record.purged = true;
  if (record.next) {
    Callback dropped{.status = record.next->unlocks ? EUNLOCK : ECANCEL, .number = record.number};
    dropped.waiters.add(record.next->waiter);
    due_.push_back(std::move(dropped));
  }
  record.next.reset();
  if (record.children > 0) {  // it goes with the last of its sub-locks
    (void)record.lock.release_unanswered({.flags = {Flag::forceunlock}});
    Callback ended{.status = EUNLOCK, .number = record.number};
    ended.waiters = record.take_waiters();
    due_.push_back(std::move(ended));
    return erase(record.number);
  }
  (void)release(record, {.number = record.number, .flags = LKF_FORCEUNLOCK});
}

void Handle::purge_own() {
  std::vector<LockNumber> all;
  for (const auto& [number, record] : records_) all.push_back(number);
  for (const LockNumber number : all)
    if (Record* record = find(number); record != nullptr) purge_record(*record);
  for (Callback& callback : due_) callback.answer.ast = nullptr;
  std::erase_if(due_, [](const Callback& callback) { return callback.waiters.empty(); });
}

int Handle::purge(int node, int pid, Waiter& waiter) {
  if (pid == ::getpid() && (node == 0 || NodeId{static_cast<std::uint32_t>(node)} == client_.node())) {
    purge_own();
    waiter.done = true;
    return 0;
  }
  const auto done = [this, &waiter](const Result<void>& result) {
    Callback callback{.status = result ? 0 : to_errno(result.error().code)};
    callback.waiters.add(&waiter);
    due_.push_back(std::move(callback));
  };
  const auto asked = client_.purge_async({.lockspace = opened_,
                                          .node = NodeId{static_cast<std::uint32_t>(std::max(node, 0))},
                                          .pid = static_cast<std::uint32_t>(std::max(pid, 0))},
                                         done);
  return asked ? 0 : to_errno(asked.error().code);
}

}  // namespace holdfast::libdlm
