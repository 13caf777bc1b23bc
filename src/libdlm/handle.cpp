// SPDX-License-Identifier: Apache-2.0
#include "libdlm/handle.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "libdlm/checks.hpp"

namespace holdfast::libdlm {
namespace {

constexpr std::size_t value_bytes = DLM_LVB_LEN;

std::unordered_map<LockNumber, Handle*>& owners() {
  static std::unordered_map<LockNumber, Handle*> all;
  return all;
}

LockNumber fresh_number() {
  static LockNumber last = 0;
  do {
    ++last;
  } while (last == 0 || owners().contains(last));
  return last;
}

// Who adopts an orphan often gives 1 for its functions, knowing that they are not called.
Function callable(Function function) {
  return reinterpret_cast<std::uintptr_t>(function) == 1 ? nullptr : function;
}

char flags_of(const Grant& grant) {
  int flags = 0;
  if (grant.demoted) flags |= DLM_SBF_DEMOTED;
  if (grant.alternative) flags |= DLM_SBF_ALTMODE;
  if (grant.doubtful) flags |= DLM_SBF_VALNOTVALID;
  return static_cast<char>(flags);
}

}  // namespace

Result<std::unique_ptr<Handle>> Handle::open(std::string lockspace, const LockspaceOptions& options) {
  // A fork may keep the socket on purpose, and the locks with it.
  HF_TRY(Client client, Client::connect({.socket = {}, .label = "libdlm", .life = SessionLife::socket}));
  HF_TRY(const Lockspace opened, client.open_lockspace(lockspace, options));
  return std::unique_ptr<Handle>(new Handle(std::move(client), std::move(lockspace), opened));
}

Handle::Handle(Client client, std::string lockspace, Lockspace opened)
    : client_(std::move(client)), lockspace_(std::move(lockspace)), opened_(opened) {}

// The session takes its locks along: one by one would only be slower.
Handle::~Handle() {
  for (auto& [number, record] : records_) {
    (void)record.lock.detach();
    owners().erase(number);
  }
}

Handle* Handle::of(LockNumber number) {
  const auto at = owners().find(number);
  return at == owners().end() ? nullptr : at->second;
}

Record* Handle::find(LockNumber number) {
  const auto at = records_.find(number);
  return at == records_.end() ? nullptr : &at->second;
}

Record& Handle::add() {
  const LockNumber number = fresh_number();
  owners()[number] = this;
  Record& record = records_[number];
  record.number = number;
  return record;
}

void Handle::erase(LockNumber number) {
  owners().erase(number);
  const auto at = records_.find(number);
  if (at == records_.end()) return;
  set_parent(at->second, 0);
  (void)at->second.lock.detach();
  records_.erase(at);
}

// ---- calls ----------------------------------------------------------------------------------------------

int Handle::lock(const LockCall& call) {
  if (const int wrong = check_lock(call.mode, *call.lksb, call.flags, call.name, call.length); wrong != 0) return wrong;
  if (is_over()) return ENOTCONN;
  if ((call.flags & LKF_CONVERT) != 0) return convert(call);
  return (call.flags & LKF_ORPHAN) != 0 ? adopt(call) : request(call);
}

void Handle::begin(Record& record, UnderWay what, const LockCall& call) {
  record.under_way = what;
  record.ending = Ending::none;
  record.moves_value = (call.flags & LKF_VALBLK) != 0;
  record.answer = {.lksb = call.lksb, .ast = call.ast, .argument = call.argument, .waiter = call.waiter};
  record.bast = call.bast;
  record.bast_argument = call.argument;
  call.lksb->sb_status = EINPROG;
  call.lksb->sb_lkid = record.number;
  call.lksb->sb_flags = 0;
}

LockOptions Handle::options_of(const LockCall& call, LockNumber number) {
  LockOptions options{.wait_max = (call.flags & LKF_TIMEOUT) != 0 ? call.wait_max : for_ever, .lockspace = opened_,
                      .tag = number};
  options.flags = to_flags(call.flags);
  options.on_notice = [this, number](Mode) { on_notice(number); };
  return options;
}

// 0 or an errno. A parent is a lock of the same handle, and it must be held.
int Handle::find_parent(const LockCall& call, ClaimId& parent) {
  if (call.parent == 0) return 0;
  const Record* above = find(call.parent);
  if (above == nullptr) return ENOENT;
  if (above->under_way == UnderWay::request || above->under_way == UnderWay::unlock) return EBUSY;
  parent = above->lock.id();
  return 0;
}

void Handle::set_parent(Record& record, LockNumber parent) {
  if (Record* former = find(record.parent); former != nullptr) --former->children;
  record.parent = parent;
  if (Record* above = find(parent); above != nullptr) ++above->children;
}

int Handle::request(const LockCall& call) {
  ClaimId parent;
  if (const int wrong = find_parent(call, parent); wrong != 0) return wrong;
  Record& record = add();
  const LockNumber number = record.number;
  set_parent(record, call.parent);
  LockOptions options = options_of(call, number);
  options.parent = parent;
  const auto asked = client_.lock_async(to_name(call.name, call.length), static_cast<Mode>(call.mode),
                                        options,
                                        [this, number](Result<Lock, Refusal> r) { on_granted(number, std::move(r)); });
  if (!asked) {
    erase(number);
    return to_errno(asked.error().code);
  }
  record.request = *asked;
  begin(record, UnderWay::request, call);
  return 0;
}

// Never calls anybody, as the original.
int Handle::adopt(const LockCall& call) {
  ClaimId parent;
  if (const int wrong = find_parent(call, parent); wrong != 0) return wrong;
  Record& record = add();
  const LockNumber number = record.number;
  set_parent(record, call.parent);
  LockOptions options = options_of(call, number);
  options.parent = parent;
  const auto asked = client_.lock_async(to_name(call.name, call.length), static_cast<Mode>(call.mode),
                                        options,
                                        [this, number](Result<Lock, Refusal> r) { on_adopted(number, std::move(r)); });
  if (!asked) {
    erase(number);
    return to_errno(asked.error().code);
  }
  record.request = *asked;
  record.under_way = UnderWay::request;
  record.answer = {.lksb = call.lksb, .ast = callable(call.ast), .argument = call.argument, .waiter = call.waiter};
  record.bast = callable(call.bast);
  record.bast_argument = call.argument;
  return 0;
}

int Handle::convert(const LockCall& call) {
  Record* record = find(call.lksb->sb_lkid);
  if (record == nullptr) return ENOENT;
  if (record->under_way != UnderWay::nothing && !record->gives_way) return EBUSY;
  const Mode from = record->gives_way ? record->wanted : record->granted;
  if (const int wrong = check_conversion(from, static_cast<Mode>(call.mode), call.flags); wrong != 0) return wrong;
  const bool writes = (call.flags & LKF_VALBLK) != 0;
  const std::string_view value = writes ? std::string_view(call.lksb->sb_lvbptr, value_bytes) : std::string_view();
  if (!record->gives_way) return begin_conversion(*record, call, value);
  return do_next(*record, {.lksb = call.lksb, .ast = call.ast, .argument = call.argument, .waiter = call.waiter},
                 [this, call, value = std::string(value)](Record& later) {
                   return begin_conversion(later, call, value);
                 });
}

// In the Linux DLM a down-conversion is done when its call returns. Here it takes its time, and what is asked
// for meanwhile is begun behind it.
int Handle::do_next(Record& record, const Answer& answer, std::function<int(Record&)> call) {
  if (record.next) return EBUSY;
  record.next = [this, number = record.number, answer, call = std::move(call)] {
    Record* later = find(number);
    if (const int wrong = later == nullptr ? ENOENT : call(*later); wrong != 0)
      due_.push_back({.answer = answer, .status = wrong, .number = number});
  };
  return 0;
}

int Handle::begin_conversion(Record& record, const LockCall& call, std::string_view value) {
  const Mode wanted = static_cast<Mode>(call.mode);
  ConvertOptions options{.wait_max = (call.flags & LKF_TIMEOUT) != 0 ? call.wait_max : for_ever,
                         .flags = to_flags(call.flags)};
  options.flags.clear(Flag::convert).clear(Flag::orphan);
  if ((call.flags & LKF_VALBLK) != 0) options.write_value = value;
  const LockNumber number = record.number;
  const auto asked = record.lock.convert_async(
      wanted, options, [this, number](Result<Grant, Refusal> r) { on_converted(number, std::move(r)); });
  if (!asked) return to_errno(asked.error().code);
  record.request = *asked;
  begin(record, UnderWay::conversion, call);
  record.wanted = wanted;
  record.gives_way = is_down_conversion(record.granted, wanted);
  return 0;
}

int Handle::unlock(const UnlockCall& call) {
  if (const int wrong = check_unlock(call.flags); wrong != 0) return wrong;
  Record* record = find(call.number);
  if (record == nullptr) return ENOENT;
  if (is_over()) return ENOTCONN;
  if ((call.flags & LKF_CANCEL) != 0) return take_back(*record, call);
  return release(*record, call);
}

// Nothing to take back is success, and no completion: a synchronous caller must not wait for one.
int Handle::take_back(Record& record, const UnlockCall& call) {
  const bool waits = record.under_way == UnderWay::request || record.under_way == UnderWay::conversion;
  if (!waits) {
    if (call.waiter != nullptr) call.waiter->done = true;
    return 0;
  }
  if (record.next) {  // that is what is to be cancelled
    const Answer answer{.lksb = call.lksb, .argument = call.argument, .waiter = call.waiter};
    return do_next(record, answer, [this, call, first = std::exchange(record.next, {})](Record& later) {
      first();
      return take_back(later, call);
    });
  }
  if (record.ending == Ending::none) record.ending = call.ending;
  if (call.lksb != nullptr) record.answer.lksb = call.lksb;
  if (call.argument != nullptr) record.answer.argument = call.argument;
  if (call.waiter != nullptr) record.answer.waiter = call.waiter;
  const auto asked = client_.cancel_async(record.request, [](const Result<void>&) {});
  return asked ? 0 : to_errno(asked.error().code);
}

int Handle::release(Record& record, const UnlockCall& call) {
  if (record.under_way == UnderWay::unlock) return call.waiter == nullptr ? 0 : EBUSY;
  if (record.children > 0) return ENOTEMPTY;
  if (record.under_way == UnderWay::request) return take_back(record, call);
  if (record.gives_way)
    return do_next(record, {.lksb = call.lksb, .argument = call.argument, .waiter = call.waiter},
                   [this, call](Record& later) { return release(later, call); });
  const dlm_lksb* lksb = call.lksb != nullptr ? call.lksb : record.answer.lksb;
  const bool writes = (call.flags & LKF_VALBLK) != 0 && lksb != nullptr && lksb->sb_lvbptr != nullptr;
  if ((call.flags & LKF_VALBLK) != 0 && !writes) return EINVAL;
  ReleaseOptions options{.flags = to_flags(call.flags)};
  options.flags.clear(Flag::valblk);
  if (writes) options.write_value = std::string_view(lksb->sb_lvbptr, value_bytes);
  if (record.under_way == UnderWay::conversion) options.flags.set(Flag::forceunlock);
  const LockNumber number = record.number;
  const auto asked =
      record.lock.release_async(options, [this, number](const Result<void>& r) { on_unlocked(number, r); });
  if (!asked) return to_errno(asked.error().code);
  record.under_way = UnderWay::unlock;
  record.moves_value = false;
  if (call.lksb != nullptr) record.answer.lksb = call.lksb;
  if (call.argument != nullptr) record.answer.argument = call.argument;
  record.answer.waiter = call.waiter;
  return 0;
}

// With its own process and node a program gives up all of this handle, and hears nothing of it.
void Handle::purge_own() {
  std::vector<LockNumber> all;
  for (const auto& [number, record] : records_) all.push_back(number);
  for (const LockNumber number : all) {
    Record& record = records_[number];
    record.purged = true;
    if (record.children == 0) {
      (void)release(record, {.number = number, .flags = LKF_FORCEUNLOCK});
    } else {  // it goes with the last of its sub-locks
      (void)record.lock.release_unanswered({.flags = {Flag::forceunlock}});
      erase(number);
    }
  }
  // Threads that wait for something must not do so for ever.
  std::erase_if(due_, [](const Callback& callback) { return callback.answer.waiter == nullptr; });
}

int Handle::purge(int node, int pid, Waiter& waiter) {
  if (pid == ::getpid() && (node == 0 || NodeId{static_cast<std::uint32_t>(node)} == client_.node())) {
    purge_own();
    waiter.done = true;
    return 0;
  }
  const auto asked = client_.purge_async({.lockspace = opened_,
                                          .node = NodeId{static_cast<std::uint32_t>(std::max(node, 0))},
                                          .pid = static_cast<std::uint32_t>(std::max(pid, 0))},
                                         [this, &waiter](const Result<void>& done) {
                                           due_.push_back({.answer = {.waiter = &waiter},
                                                           .status = done ? 0 : to_errno(done.error().code)});
                                         });
  return asked ? 0 : to_errno(asked.error().code);
}

// ---- what comes of them ---------------------------------------------------------------------------------

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
  record.under_way = UnderWay::nothing;
  record.gives_way = false;
  record.answer.waiter = nullptr;
  if (record.purged) callback.answer = {.waiter = callback.answer.waiter};
  if (!record.purged || callback.answer.waiter != nullptr) due_.push_back(std::move(callback));
}

void Handle::on_adopted(LockNumber number, Result<Lock, Refusal> result) {
  Record* record = find(number);
  if (record == nullptr) return;
  if (!result) {
    due_.push_back({.answer = {.waiter = record->answer.waiter}, .status = to_errno(result.error().code)});
    return erase(number);
  }
  record->lock = std::move(*result);
  record->granted = record->lock.mode();
  record->under_way = UnderWay::nothing;
  due_.push_back({.answer = {.lksb = record->answer.lksb, .waiter = std::exchange(record->answer.waiter, nullptr)},
                  .number = number});
}

void Handle::on_granted(LockNumber number, Result<Lock, Refusal> result) {
  Record* record = find(number);
  if (record == nullptr) return;
  if (!result) {
    complete(*record, status_of(*record, result.error()));
    erase(number);
    return;
  }
  record->lock = std::move(*result);
  record->granted = record->lock.mode();
  const bool unlock_it = record->ending == Ending::unlock;
  complete(*record, 0, &record->lock.grant(), ValueMove::read);
  // The grant was faster than the unlock that took the request back.
  if (unlock_it) (void)release(*record, {.number = number, .flags = LKF_FORCEUNLOCK});
}

void Handle::on_converted(LockNumber number, Result<Grant, Refusal> result) {
  Record* record = find(number);
  if (record == nullptr || record->under_way != UnderWay::conversion) return;  // an unlock ended it
  if (!result) {
    complete(*record, status_of(*record, result.error()));
    if (const auto next = std::exchange(record->next, {})) next();
    return;
  }
  const Mode before = std::exchange(record->granted, result->mode);
  complete(*record, 0, &*result, value_move(before, result->mode));
  if (const auto next = std::exchange(record->next, {})) next();
}

void Handle::on_unlocked(LockNumber number, const Result<void>& result) {
  Record* record = find(number);
  if (record == nullptr) return;
  complete(*record, result ? EUNLOCK : to_status(result.error().code));
  erase(number);
}

void Handle::on_notice(LockNumber number) {
  const Record* record = find(number);
  if (record == nullptr || record->bast == nullptr || record->purged) return;
  due_.push_back({.notice = record->bast, .notice_argument = record->bast_argument});
}

// The daemon is gone, and what was under way will never be answered.
void Handle::end_all(const Error& why) {
  for (auto& [number, record] : records_)
    if (record.under_way != UnderWay::nothing) complete(record, to_status(why.code));
}

}  // namespace holdfast::libdlm
