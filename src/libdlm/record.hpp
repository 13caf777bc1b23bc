// SPDX-License-Identifier: Apache-2.0
// Record: what libdlm has to know of one lock: its 32-bit id, what is under way, and whom to call. And
// Callback: one call of a program's function that is due.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "holdfast/client.hpp"
#include <libdlm.h>

namespace holdfast::libdlm {

using Function = void (*)(void*);
using LockNumber = std::uint32_t;  // an sb_lkid

// A synchronous call that waits for an operation; lives on its stack.
struct Waiter {
  bool done = false;
  int status = 0;
  dlm_lksb* lksb = nullptr;  // of the call; learns the status whichever call's lksb the completion is for
  Waiter* next = nullptr;    // of the same Waiters
};

// All that wait for one operation. Several threads may, each with a call of its own.
class Waiters {
 public:
  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  void add(Waiter* waiter) {
    if (waiter == nullptr) return;
    waiter->next = first_;
    first_ = waiter;
  }
  void add_all(Waiters others) {
    while (Waiter* waiter = others.take()) add(waiter);
  }
  void finish(int status) {
    while (Waiter* waiter = take()) {
      if (waiter->lksb != nullptr) waiter->lksb->sb_status = status;
      waiter->status = status;
      waiter->done = true;
    }
  }

 private:
  Waiter* take() {
    Waiter* const waiter = first_;
    if (waiter != nullptr) first_ = waiter->next;
    return waiter;
  }
  Waiter* first_ = nullptr;
};

// Where the completion of an operation goes, as the latest call on the lock said.
struct Answer {
  dlm_lksb* lksb = nullptr;
  Function ast = nullptr;
  void* argument = nullptr;
};

enum class UnderWay : std::uint8_t { nothing, request, conversion, unlock };
// Why a request or conversion is taken back.
enum class Ending : std::uint8_t { none, cancel, deadlock_cancel, unlock };

struct Record;

// A call that was made while a down-conversion was under way.
struct Next {
  std::function<int(Record&)> begin;  // 0 or an errno
  Answer answer;                      // if it is not begun
  Waiter* waiter = nullptr;
  bool unlocks = false;
  int ended = 0;  // the status, if it was taken back
};

struct Record {
  LockNumber number = 0;
  Lock lock;  // empty until it is granted
  Mode granted = Mode::NL;
  UnderWay under_way = UnderWay::nothing;
  Mode wanted = Mode::NL;   // of the conversion under way
  bool gives_way = false;   // that is a down-conversion: nothing can refuse it
  std::unique_ptr<Next> next;
  Ending ending = Ending::none;
  RequestId request;  // of what is under way
  LockNumber parent = 0;     // of this handle; 0: it is no sub-lock
  unsigned children = 0;     // its sub-locks
  bool purged = false;       // its program hears of it no more
  bool moves_value = false;  // the operation under way has VALBLK
  Answer answer;
  Waiters waiters;
  // Of an unlock that takes a request back: what it does if the grant is faster.
  Answer unlock_answer;
  std::uint32_t unlock_flags = 0;
  std::string unlock_value;
  Waiters unlock_waiters;
  Function bast = nullptr;
  void* bast_argument = nullptr;

  [[nodiscard]] Waiters take_waiters() {
    Waiters all = std::exchange(waiters, {});
    all.add_all(std::exchange(unlock_waiters, {}));
    return all;
  }
};

// What a completion writes into the lksb when it is told, or a notice.
struct Callback {
  Answer answer;
  Waiters waiters;
  int status = 0;
  char flags = 0;
  LockNumber number = 0;
  std::optional<std::string> value;  // for the caller's value block
  Function notice = nullptr;         // if this is one: nothing of the lksb is touched
  void* notice_argument = nullptr;
};

}  // namespace holdfast::libdlm
