// SPDX-License-Identifier: Apache-2.0
#include "cli/seen_deadline.hpp"

#include "cli/process.hpp"

#include <algorithm>
#include <atomic>
#include <sys/mman.h>

namespace holdfast::cli {

void SeenDeadline::Unmap::operator()(std::int64_t* word) const { ::munmap(word, sizeof *word); }

Result<SeenDeadline> SeenDeadline::make() {
  // The kernel fills it with zeroes.
  void* page = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return last_error(Errc::cannot_start, "no page that remembers the deadline");
  return SeenDeadline(static_cast<std::int64_t*>(page));
}

Instant SeenDeadline::see(Instant stamped) {
  const std::atomic_ref<std::int64_t> latest(*latest_ns_);
  const std::int64_t fresh = stamped.since_boot().count();
  std::int64_t known = latest.load();
  while (known < fresh && !latest.compare_exchange_weak(known, fresh)) {
  }
  return Instant(std::chrono::nanoseconds(std::max(known, fresh)));
}

}  // namespace holdfast::cli
