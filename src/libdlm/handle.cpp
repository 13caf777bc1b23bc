// SPDX-License-Identifier: Apache-2.0
#include "libdlm/handle.hpp"

#include <sys/random.h>
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

// They begin somewhere, so that an id of another process is hardly ever one of ours.
LockNumber first_number() {
  LockNumber number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) number = 0;
  return number;
}

LockNumber fresh_number() {
  static LockNumber last = first_number();
  do {
    ++last;
  } while (last == 0 || owners().contains(last));
  return last;
}

// Who adopts an orphan often gives 1 for its functions, knowing that they are not called.
Function callable(Function function) {
  return reinterpret_cast<std::uintptr_t>(function) == 1 ? nullptr : function;
}

Answer answer_of(const LockCall& call) { return {.lksb = call.lksb, .ast = call.ast, .argument = call.argument}; }

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
  record.answer = answer_of(call);
  record.waiters.add(call.waiter);
  record.bast = call.bast;
  record.bast_argument = call.argument;
  call.lksb->sb_status = EINPROG;
  call.lksb->sb_lkid = record.number;
  call.lksb->sb_flags = 0;
}

LockOptions Handle::options_of(const LockCall& call, LockNumber number) {
  LockOptions options{.wait_max = (call.flags & LKF_TIMEOUT) != 0 ? call.wait_max : for_ever, .lockspace = opened_,
                      .tag = number, .transaction = call.transaction};
  options.flags = to_flags(call.flags);
  options.on_notice = [this, number](Mode) { on_notice(number); };
  // The only thing that can ask a program of libdlm to give a lock up.
  options.on_evicting = [this, number](const Eviction&) { on_notice(number); };
  options.on_lost = [this, number](const Error& why) { on_lost(number, why); };
  return options;
}

// 0 or an errno. A parent is a lock of the same handle, and it must be held.
int Handle::find_parent(const LockCall& call, ClaimId& parent) {
  if (call.parent == 0) return 0;
  const Record* above = find(call.parent);
  if (above == nullptr) return ENOENT;
  const bool ends = above->under_way == UnderWay::unlock || (above->next && above->next->unlocks);
  if (above->under_way == UnderWay::request || ends) return EBUSY;
  parent = above->lock.id();
  if (!parent) return ENOENT;
  return 0;
}

void Handle::set_parent(Record& record, LockNumber parent) {
  if (Record* former = find(record.parent); former != nullptr) --former->children;
  record.parent = parent;
  if (Record* above = find(parent); above != nullptr) ++above->children;
}

// The record of a new lock that was asked for, or an errno.
int Handle::ask(const LockCall& call, OnAnswer answered, Record*& asked) {
  ClaimId parent;
  if (const int wrong = find_parent(call, parent); wrong != 0) return wrong;
  Record& record = add();
  const LockNumber number = record.number;
  set_parent(record, call.parent);
  LockOptions options = options_of(call, number);
  options.parent = parent;
  const auto request = client_.lock_async(
      to_name(call.name, call.length), static_cast<Mode>(call.mode), options,
      [this, number, answered](Result<Lock, Refusal> r) { (this->*answered)(number, std::move(r)); });
  if (!request) {
    erase(number);
    return to_errno(request.error().code);
  }
  record.request = *request;
  asked = &record;
  return 0;
}

int Handle::request(const LockCall& call) {
  Record* record = nullptr;
  if (const int wrong = ask(call, &Handle::on_granted, record); wrong != 0) return wrong;
  begin(*record, UnderWay::request, call);
  return 0;
}

// Never calls anybody, as the original.
int Handle::adopt(const LockCall& call) {
  Record* record = nullptr;
  if (const int wrong = ask(call, &Handle::on_adopted, record); wrong != 0) return wrong;
  record->under_way = UnderWay::request;
  record->answer = {.lksb = call.lksb, .ast = callable(call.ast), .argument = call.argument};
  record->waiters.add(call.waiter);
  record->bast = callable(call.bast);
  record->bast_argument = call.argument;
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
  return do_next(*record, answer_of(call), call.waiter, [this, call, value = std::string(value)](Record& later) {
    return begin_conversion(later, call, value);
  });
}

// In the Linux DLM a down-conversion is done when its call returns. Here it takes its time, and what is asked
// for meanwhile is begun behind it.
int Handle::do_next(Record& record, const Answer& answer, Waiter* waiter, std::function<int(Record&)> begin) {
  if (record.next) return EBUSY;
  record.next = std::make_unique<Next>(Next{.begin = std::move(begin), .answer = answer, .waiter = waiter});
  return 0;
}

void Handle::begin_next(Record& record) {
  const std::unique_ptr<Next> next = std::move(record.next);
  if (!next) return;
  const int status = next->ended != 0 ? next->ended : next->begin(record);
  if (status == 0) return;
  Callback refused{.answer = next->answer, .status = status, .number = record.number};
  refused.waiters.add(next->waiter);
  due_.push_back(std::move(refused));
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

}  // namespace holdfast::libdlm
