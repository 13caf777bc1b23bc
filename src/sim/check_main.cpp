// SPDX-License-Identifier: Apache-2.0
// holdfast-check: checks recorded histories (docs/history.md) against the invariants. `holdfast check`
// starts this program. It says what it says with its exit code too: 0 clean, 1 broken, 2 not readable.
#include "sim/checkers/report.hpp"
#include "sim/history/reader.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace holdfast::sim {
namespace {

constexpr int exit_clean = 0;
constexpr int exit_broken = 1;
constexpr int exit_unreadable = 2;

struct Flags {
  std::vector<std::string> files;
  bool json = false;
  double wait = 10;
  double notice = 5;
};

int complain(const Error& error) {
  fmt::print(stderr, "holdfast-check: {}\n", error.text());
  return exit_unreadable;
}

void declare(CLI::App& app, Flags& flags) {
  app.add_option("FILE", flags.files, "all files of one history: of its programs, its storage, its faults")
      ->required();
  app.add_flag("--json", flags.json, "output for programs");
  app.add_option("--wait-max", flags.wait,
                 "seconds that somebody may wait for a free resource once faults are over (I5, I10; default 10)")
      ->check(CLI::PositiveNumber);
  app.add_option("--notice-max", flags.notice, "seconds until a holder must have heard of a waiter (I9; default 5)")
      ->check(CLI::PositiveNumber);
  app.footer(
      "Examples:\n"
      "  holdfast check run/*.jsonl\n"
      "  holdfast check --json run/*.jsonl | jq .clean\n"
      "\n"
      "Exit code: 0 nothing is broken, 1 something is, 2 a file cannot be read or understood.");
}

int check(const Flags& flags) {
  const auto history = history::read_files(flags.files);
  if (!history) return complain(history.error());
  const auto model = history::build(*history);
  if (!model) return complain(model.error());
  checkers::Bounds bounds;
  bounds.wait = static_cast<history::Time>(flags.wait * 1e9);
  bounds.notice = static_cast<history::Time>(flags.notice * 1e9);
  const auto verdicts = checkers::check_all(*model, bounds);
  fmt::print("{}", flags.json ? checkers::json_report(*model, verdicts) : checkers::text_report(*model, verdicts));
  return checkers::clean(verdicts) ? exit_clean : exit_broken;
}

int run_program(int argc, char** argv) {
  CLI::App app{"holdfast-check: checks recorded histories against the invariants", "holdfast check"};
  Flags flags;
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_clean : exit_unreadable;
  }
  return check(flags);
}

}  // namespace
}  // namespace holdfast::sim

int main(int argc, char** argv) { return holdfast::sim::run_program(argc, argv); }
