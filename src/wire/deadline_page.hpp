// SPDX-License-Identifier: Apache-2.0
// DeadlinePage: one page that a daemon shares with its clients, who map it read-only. It holds until when
// the locks of this life of the node are valid, so that a client whose daemon stands still sees it too.
//
// The daemon writes, any number of clients read, without a lock: only the functions below touch the words
// that change. Another incarnation in the same process takes the page over by announcing itself before it
// stamps, and a reader loads in the opposite order, so a deadline is never taken for another life's.
#pragma once

#include <cstdint>

#include "model/ids.hpp"

namespace holdfast::wire {

inline constexpr std::uint64_t deadline_page_magic = 0x686f6c6466617374ULL;  // "holdfast"
inline constexpr std::uint32_t deadline_page_version = 1;

struct DeadlinePage {
  std::uint64_t magic = deadline_page_magic;
  std::uint32_t version = deadline_page_version;
  std::uint32_t node = 0;
  alignas(8) std::uint64_t incarnation = 0;
  alignas(8) std::int64_t deadline_ns = 0;  // CLOCK_BOOTTIME; 0: not valid yet
};
static_assert(sizeof(DeadlinePage) == 32, "two programs of different age share it");

// A new life of the node begins: nothing is valid until the first stamp.
inline void announce(DeadlinePage& page, Incarnation incarnation) {
  __atomic_store_n(&page.deadline_ns, std::int64_t{0}, __ATOMIC_RELEASE);
  __atomic_store_n(&page.incarnation, incarnation.value(), __ATOMIC_RELEASE);
}
inline void stamp(DeadlinePage& page, std::int64_t deadline_ns) {
  __atomic_store_n(&page.deadline_ns, deadline_ns, __ATOMIC_RELEASE);
}
// Until when the locks of this life of the node are valid; 0: they are not.
[[nodiscard]] inline std::int64_t deadline_of(const DeadlinePage& page, Incarnation incarnation) {
  const std::int64_t deadline = __atomic_load_n(&page.deadline_ns, __ATOMIC_ACQUIRE);
  return __atomic_load_n(&page.incarnation, __ATOMIC_ACQUIRE) == incarnation.value() ? deadline : 0;
}

}  // namespace holdfast::wire
