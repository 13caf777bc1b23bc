// SPDX-License-Identifier: Apache-2.0
// What the command line of holdfast-bench says.
#pragma once

#include <cstddef>

#include "bench/samples.hpp"

namespace holdfast::bench {

enum class Form { table, json };
enum class Part { all, machines, cluster, pipeline, recovery, deadlock };

struct Options {
  Form form = Form::table;
  Part part = Part::all;
  bool check = false;  // a missed bound is an exit code
  std::size_t rounds = 10;
  std::size_t trips_per_round = 3000;
  Nanoseconds pipeline_per_round = std::chrono::milliseconds(300);
  std::size_t machine_operations = 1'000'000;
  std::size_t locks = 1'000'000;  // held when a node dies
};

// Ends the program with a sentence if it cannot be understood, or with the help.
[[nodiscard]] Options parse(int argc, char** argv);

}  // namespace holdfast::bench
