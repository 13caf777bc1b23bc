// SPDX-License-Identifier: Apache-2.0
// What the demo and its workers share: a page of memory with one cell for each worker, which
// survives the worker's death, and the pipes by which a worker in the middle of its section says so
// and waits.
#pragma once

#include "base/assert.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <sys/mman.h>

namespace holdfast::cli {

inline constexpr unsigned demo_workers = 8;

enum class WorkerState : std::uint32_t { running, finished, lost, failed };

struct WorkerCell {
  std::atomic<WorkerState> state{WorkerState::running};
  std::atomic<std::uint32_t> overlaps{0};
  std::atomic<std::uint32_t> interrupted{0};  // sections of others that it found unfinished
  // CLOCK_BOOTTIME, of a worker that lost its daemon.
  std::atomic<std::int64_t> noticed_ns{0};
  std::atomic<std::int64_t> deadline_ns{0};
};

// Which worker shall stop in the middle of its section, and where there.
enum class StopPoint : std::uint32_t { before_write, after_write };
inline constexpr std::uint32_t nobody = UINT32_MAX;

struct DemoBoard {
  std::array<WorkerCell, demo_workers> workers;
  // The worker that finds the number at least this large says so and waits for leave; then it is
  // `nobody`.
  std::atomic<std::uint32_t> report_at{nobody};
  // The workers (bit set) the first of which in its section shall stop there; 0: none.
  std::atomic<std::uint32_t> stop_one_of{0};
  std::atomic<StopPoint> stop_point{StopPoint::before_write};
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "it works between processes");

// Shared with every child.
inline DemoBoard& make_board() {
  void* page =
      ::mmap(nullptr, sizeof(DemoBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  HF_ASSERT(page != MAP_FAILED);
  return *new (page) DemoBoard();
}

}  // namespace holdfast::cli
