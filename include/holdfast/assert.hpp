// SPDX-License-Identifier: Apache-2.0
// HF_ASSERT: a broken invariant ends the process, in every build. A lock manager that goes on after it
// lost track of who holds what is worse than one that stops: its node's locks are then recovered by the
// others. Outside input is never asserted, it is refused with an Error.
#pragma once

namespace holdfast {

// Prints the condition and where it stands to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace holdfast

#define HF_ASSERT(condition) \
  (static_cast<bool>(condition) ? void(0) : ::holdfast::assertion_failed(#condition, __FILE__, __LINE__))
