// SPDX-License-Identifier: Apache-2.0
#include "bench/options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace holdfast::bench {
namespace {

constexpr const char* help =
    "usage: holdfast-bench [--quick] [--json] [--check] [--only machines|cluster|pipeline]\n"
    "       holdfast-bench recovery [--locks N] [--json] [--no-check]\n"
    "       holdfast-bench deadlock [--quick] [--json] [--no-check]\n"
    "\n"
    "Measures a real cluster of two daemons on one processor beside a bare echo server that moves messages\n"
    "of the same size over the same sockets, in the same run, and the pure parts alone.\n"
    "\n"
    "  --quick          fewer and shorter rounds: a look, not a measurement\n"
    "  --json           for machines\n"
    "  --check          exit with 1 if a bound is missed\n"
    "  --only PART      machines: engine and codec without sockets; cluster: daemons and echo;\n"
    "                   pipeline: of these, only the pipelined part\n"
    "\n"
    "recovery: three daemons hold locks, one of them is killed, and no time goes into noticing it or into its lease.\n"
    "Measures how long resources stall that it was master of, and what requests for others wait meanwhile, beside the\n"
    "same requests next to busy threads. Exits with 1 if the bound on that is missed, or if a lock was lost.\n"
    "\n"
    "deadlock: how long a cycle over three resources on three nodes stands until its victim is told, and what 100000\n"
    "waits without a cycle cost three daemons. Exits with 1 if a bound is missed.\n"
    "\n"
    "  --locks N        held in all (1000000); a third of them on resources whose master is killed\n"
    "  --no-check       a missed bound is only shown\n";

[[noreturn]] void refuse(std::string_view word) {
  std::fprintf(stderr, "holdfast-bench: what is '%.*s'?\n%s", static_cast<int>(word.size()), word.data(), help);
  std::exit(2);
}

Part part_of(std::string_view word) {
  if (word == "machines") return Part::machines;
  if (word == "cluster") return Part::cluster;
  if (word == "pipeline") return Part::pipeline;
  refuse(word);
}

std::size_t locks_of(std::string_view word) {
  std::size_t locks = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), locks);
  if (parsed.ec == std::errc{} && parsed.ptr == word.data() + word.size() && locks >= 900 && locks <= 10'000'000)
    return locks;
  std::fprintf(stderr, "holdfast-bench: --locks takes a number from 900 to 10000000, not '%.*s'\n",
               static_cast<int>(word.size()), word.data());
  std::exit(2);
}

}  // namespace

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "recovery" && i == 1) {
      options.part = Part::recovery;
      options.check = true;
    } else if (word == "deadlock" && i == 1) {
      options.part = Part::deadlock;
      options.check = true;
    } else if (word == "--locks" && i + 1 < argc) {
      options.locks = locks_of(argv[++i]);
    } else if (word == "--quick") {
      options.rounds = 3;
      options.trips_per_round = 1000;
      options.pipeline_per_round = std::chrono::milliseconds(100);
      options.machine_operations = 100'000;
    } else if (word == "--json") {
      options.form = Form::json;
    } else if (word == "--check") {
      options.check = true;
    } else if (word == "--no-check") {
      options.check = false;
    } else if (word == "--only" && i + 1 < argc) {
      options.part = part_of(argv[++i]);
    } else if (word == "--help" || word == "-h") {
      std::fputs(help, stdout);
      std::exit(0);
    } else {
      refuse(word);
    }
  }
  return options;
}

}  // namespace holdfast::bench
