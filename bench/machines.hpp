// SPDX-License-Identifier: Apache-2.0
// The pure parts alone, without a socket: what the engine, the codec and a whole node cost per operation.
// Run it under callgrind for instructions instead of time (docs/performance.md).
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "bench/samples.hpp"

namespace holdfast::bench {

struct MachineRow {
  const char* name;
  const char* operation;
  // Sets the stage and gives back what runs the operation `count` times on it.
  std::function<void(std::size_t count)> (*make)();
};

[[nodiscard]] std::span<const MachineRow> machine_rows();

// Nanoseconds per operation, one sample per round.
[[nodiscard]] Samples measure_machine(const MachineRow& row, std::size_t rounds, std::size_t count);

}  // namespace holdfast::bench
