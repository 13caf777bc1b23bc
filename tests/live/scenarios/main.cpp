// SPDX-License-Identifier: Apache-2.0
// Plays scenario scripts on real daemons: scenarios_live PATH... [--bin DIR]
#include "live_stage.hpp"
#include "sim/scenario/files.hpp"
#include "sim/scenario/words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr const char* usage =
    "usage: scenarios_live PATH... [--bin DIR] [--jobs N]\n"
    "  PATH      a script, or a directory with *.scenario below\n"
    "  --bin DIR where holdfastd is (default: $HOLDFAST_BIN, or build/release/bin)\n"
    "  --jobs N  processes that share the files (default: 8, since playing is mostly waiting)\n"
    "Example: scenarios_live tests/scenarios/recovery --bin build/release/bin\n";

std::size_t jobs_from(const char* text) {
  return std::clamp<std::size_t>(holdfast::sim::parse_number(text).value_or(1), 1, 64);
}

}  // namespace

int main(int argc, char** argv) {
  const char* told = std::getenv("HOLDFAST_BIN");
  std::string bin = told != nullptr ? told : "build/release/bin";
  holdfast::sim::FilesJob job{
      .paths = {}, .depths = {}, .processes = 8, .again = std::string(argv[0])};
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--bin") == 0 && i + 1 < argc)
      bin = argv[++i];
    else if (std::strcmp(argv[i], "--jobs") == 0 && i + 1 < argc)
      job.processes = jobs_from(argv[++i]);
    else if (std::strcmp(argv[i], "--depth") == 0 && i + 1 < argc)
      ++i;  // there is one depth here
    else if (argv[i][0] == '-')
      return fmt::print("{}", usage), std::strcmp(argv[i], "--help") == 0 ? 0 : 2;
    else
      job.paths.emplace_back(argv[i]);
  }
  if (job.paths.empty()) return fmt::print(stderr, "{}", usage), 2;
  job.depths.push_back(holdfast::live::live_depth(bin));
  return holdfast::sim::play_files(job);
}
