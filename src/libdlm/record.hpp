// SPDX-License-Identifier: Apache-2.0
// Record: what libdlm has to know of one lock: its 32-bit id, what is under way, and whom to call. And
// Callback: one call of a program's function that is due.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "holdfast/client.hpp"
#include <libdlm.h>

namespace holdfast::libdlm {

using Function = void (*)(void*);
using LockNumber = std::uint32_t;  // an sb_lkid

// A synchronous call that waits for its operation; lives on its stack.
struct Waiter {
  bool done = false;
  int status = 0;
};

// Where the completion of an operation goes, as the latest call on the lock said.
struct Answer {
  dlm_lksb* lksb = nullptr;
  Function ast = nullptr;
  void* argument = nullptr;
  Waiter* waiter = nullptr;  // of a synchronous call
};

enum class UnderWay : std::uint8_t { nothing, request, conversion, unlock };
// Why a request or conversion is taken back.
enum class Ending : std::uint8_t { none, cancel, deadlock_cancel, unlock };

struct Record {
  LockNumber number = 0;
  Lock lock;  // empty until it is granted
  Mode granted = Mode::NL;
  UnderWay under_way = UnderWay::nothing;
  Mode wanted = Mode::NL;   // of the conversion under way
  bool gives_way = false;   // that is a down-conversion: nothing can refuse it
  std::function<void()> next;  // a call that was made meanwhile, to be begun when it is done
  Ending ending = Ending::none;
  RequestId request;  // of what is under way
  LockNumber parent = 0;     // of this handle; 0: it is no sub-lock
  unsigned children = 0;     // its sub-locks
  bool purged = false;       // its program hears of it no more
  bool moves_value = false;  // the operation under way has VALBLK
  Answer answer;
  Function bast = nullptr;
  void* bast_argument = nullptr;
};

// What a completion writes into the lksb when it is told, or a notice.
struct Callback {
  Answer answer;
  int status = 0;
  char flags = 0;
  LockNumber number = 0;
  std::optional<std::string> value;  // for the caller's value block
  Function notice = nullptr;         // if this is one: nothing of the lksb is touched
  void* notice_argument = nullptr;
};

}  // namespace holdfast::libdlm
