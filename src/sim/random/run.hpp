// SPDX-License-Identifier: Apache-2.0
// A run: a seeded workload and seeded faults over a simulated cluster, judged on global state.
// First safety under faults for a number of steps; then everything heals and every request must
// come to its end.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast::sim {

// What may go wrong in a run.
struct Faults {
  bool crash = true;      // machines and daemons die and come back
  bool partition = true;  // groups of nodes cannot reach each other for a while
  bool cut = true;        // single connections break, single messages are lost or come twice
  bool client = true;     // programs die and pause
  bool clock = true;      // clocks drift, and jump over a lease
};

// Do programs take sub-locks, too? Apart, so that older replay lines mean what they meant.
enum class Trees : std::uint8_t { none, some };

struct RunSettings {
  std::uint64_t seed = 1;
  std::uint32_t nodes = 3;
  std::uint32_t steps = 2000;
  Faults faults;
  Trees trees = Trees::none;
  std::string history;          // file to write the run's history to; empty: none
  std::uint64_t hash_salt = 0;  // of the nodes' hash maps: must not change anything
};

struct RunResult {
  std::string failure;  // empty: nothing was broken
  std::uint64_t hash = 0;
  std::uint64_t grants = 0;
  std::uint64_t refusals = 0;
  std::uint64_t crashes = 0;
  std::uint64_t valid_reads = 0;
  std::uint64_t doubtful_reads = 0;
};

[[nodiscard]] RunResult run_seed(const RunSettings& settings,
                                 std::function<void(const std::string&)> tracer);

// "sim:seed=17,nodes=3,steps=2000,faults=crash+cut,trees=1": everything that a run depends on.
[[nodiscard]] std::string replay_line(const RunSettings& settings);
[[nodiscard]] Result<RunSettings> parse_replay_line(std::string_view line);
// "crash,partition,cut,client,clock", "none" or "all"; also with + instead of a comma.
[[nodiscard]] Result<Faults> parse_faults(std::string_view text);

}  // namespace holdfast::sim
