// SPDX-License-Identifier: Apache-2.0
// What comes of the calls: completions and notices, in the order in which the program is to hear of them.
#include <cerrno>
#include <utility>

#include "libdlm/checks.hpp"
#include "libdlm/handle.hpp"

namespace holdfast::libdlm {
namespace {

char flags_of(const Grant& grant) {
  int flags = 0;
  if (grant.demoted) flags |= DLM_SBF_DEMOTED;
  if (grant.alternative) flags |= DLM_SBF_ALTMODE;
  if (grant.doubtful) flags |= DLM_SBF_VALNOTVALID;
  return static_cast<char>(flags);
}

}  // namespace

void Handle::read() {
  if (const auto read = client_.dispatch(); !read) end_all(read.error());
  while (client_.next_event()) {  // nothing that a caller of libdlm can hear of
  }
}

std::optional<Callback> Handle::take() {
  if (due_.empty()) return std::nullopt;
  Callback first = std::move(due_.front());
  due_.pop_front();
  return first;
}

int Handle::status_of(const Record& record, const Error& why) {
  if (why.code != Errc::cancelled) return to_status(why.code);
  switch (record.ending) {
    case Ending::unlock: return EUNLOCK;
    case Ending::deadlock_cancel: return EDEADLK;
    case Ending::none:
    case Ending::cancel: return ECANCEL;
  }
  return ECANCEL;
}

void Handle::complete(Record& record, int status, const Grant* grant, ValueMove move) {
  Callback callback{.answer = record.answer, .status = status, .number = record.number};
  if (grant != nullptr) {
    callback.flags = flags_of(*grant);
    // What nobody has written reads as zeros with a request, and leaves the caller's block alone with a
    // conversion, as in the Linux DLM.
    const bool reads = record.moves_value && move == ValueMove::read;
    if (reads && (record.under_way == UnderWay::request || !grant->value.empty())) callback.value = grant->value;
  }
  callback.waiters = std::exchange(record.waiters, {});
  // The lksb of a synchronous call is not ours any more when that has returned.
  if (!callback.waiters.empty()) record.answer.lksb = nullptr;
  record.under_way = UnderWay::nothing;
  record.gives_way = false;
  if (record.purged) callback.answer.ast = nullptr;
  if (!record.purged || !callback.waiters.empty()) due_.push_back(std::move(callback));
}

void Handle::on_adopted(LockNumber number, Result<Lock, Refusal> result) {
  Record* record = find(number);
  if (record == nullptr) return;
  Callback callback{.number = number};
  callback.waiters = std::exchange(record->waiters, {});
  if (!result) {
    callback.status = to_errno(result.error().code);
    due_.push_back(std::move(callback));
    return erase(number);
  }
  record->lock = std::move(*result);
  record->granted = record->lock.mode();
  record->under_way = UnderWay::nothing;
  callback.answer.lksb = std::exchange(record->answer.lksb, nullptr);
  due_.push_back(std::move(callback));
  if (record->ending != Ending::none || record->purged) purge_record(*record);
}

void Handle::on_granted(LockNumber number, Result<Lock, Refusal> result) {
  Record* record = find(number);
  if (record == nullptr) return;
  const bool unlock_it = record->ending == Ending::unlock;
  const Answer unlock = record->unlock_answer;
  if (!result) {
    if (unlock.lksb != nullptr) record->answer.lksb = unlock.lksb;
    if (unlock.argument != nullptr) record->answer.argument = unlock.argument;
    record->waiters = record->take_waiters();
    complete(*record, status_of(*record, result.error()));
    return erase(number);
  }
  record->lock = std::move(*result);
  record->granted = record->lock.mode();
  complete(*record, 0, &record->lock.grant(), ValueMove::read);
  if (!unlock_it) return;
  // The grant was faster than the unlock that took the request back.
  const UnlockCall call{.number = number, .flags = record->unlock_flags | LKF_FORCEUNLOCK, .lksb = unlock.lksb,
                        .argument = unlock.argument};
  const int wrong = begin_release(*record, call, record->unlock_value);
  record->waiters = record->take_waiters();
  if (wrong != 0) complete(*record, wrong);
}

void Handle::on_converted(LockNumber number, Result<Grant, Refusal> result) {
  Record* record = find(number);
  if (record == nullptr || record->under_way != UnderWay::conversion) return;  // an unlock ended it
  if (result) {
    const Mode before = std::exchange(record->granted, result->mode);
    complete(*record, 0, &*result, value_move(before, result->mode));
  } else {
    complete(*record, status_of(*record, result.error()));
  }
  begin_next(*record);
}

// One that was refused leaves the lock as it is.
void Handle::on_unlocked(LockNumber number, ClaimId id, const Result<void>& result) {
  Record* record = find(number);
  if (record == nullptr) return;
  complete(*record, result ? EUNLOCK : to_status(result.error().code));
  record->lock = client_.attach(id);
  if (!record->lock) erase(number);
}

void Handle::on_notice(LockNumber number) {
  const Record* record = find(number);
  if (record == nullptr || record->bast == nullptr || record->purged) return;
  Callback notice{.notice = record->bast, .notice_argument = record->bast_argument};
  due_.push_back(std::move(notice));
}

// An operator has taken the lock away; a conversion was refused before. Whatever the program does with its id from
// now on finds nothing (ENOENT).
void Handle::on_lost(LockNumber number, const Error& why) {
  const Record* record = find(number);
  if (record == nullptr || why.code != Errc::forced_out || record->under_way == UnderWay::unlock) return;
  erase(number);
}

// The daemon is gone, and what was under way will never be answered.
void Handle::end_all(const Error& why) {
  for (auto& [number, record] : records_) {
    if (record.under_way != UnderWay::nothing) complete(record, to_status(why.code));
    begin_next(record);
  }
}

}  // namespace holdfast::libdlm
