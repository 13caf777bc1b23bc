// SPDX-License-Identifier: Apache-2.0
// holdfast-sim: plays scenario scripts, runs the cluster simulator on a seed, replays a failing run.
// `holdfast sim` starts this program.
#include <CLI/CLI.hpp>

#include <fmt/core.h>

#include "sim/scenario/cluster_stage.hpp"
#include "sim/scenario/engine_stage.hpp"
#include "sim/scenario/files.hpp"

namespace holdfast::sim {
namespace {

struct ScenarioFlags {
  std::vector<std::string> paths;
  std::string depth = "all";
  bool rewrite = false;
  bool permute = false;
  bool trace = false;
};

void add_scenario(CLI::App& app, ScenarioFlags& flags) {
  CLI::App* verb = app.add_subcommand("scenario", "play scenario scripts and compare what happens");
  verb->add_option("PATH", flags.paths, "files, or directories with *.scenario below")->required();
  verb->add_option("--depth", flags.depth, "engine (without a cluster), sim (simulated cluster), or all")
      ->check(CLI::IsMember({"engine", "sim", "all"}));
  verb->add_flag("--rewrite", flags.rewrite, "write what came into the files; say why in the commit");
  verb->add_flag("--permute", flags.permute, "play every order of the lines of blocks marked 'together'");
  verb->add_flag("--trace", flags.trace, "print every event of the simulated cluster");
  verb->footer("Example: holdfast-sim scenario tests/scenarios/grant --depth engine");
}

int play(const ScenarioFlags& flags) {
  FilesJob job{.paths = flags.paths, .again = "holdfast-sim scenario"};
  if (flags.depth != "sim") job.depths.push_back(engine_depth());
  if (flags.depth != "engine") {
    std::function<void(const std::string&)> tracer;
    if (flags.trace) tracer = [](const std::string& line) { fmt::print("{}\n", line); };
    job.depths.push_back(cluster_depth(std::move(tracer)));
  }
  if (flags.rewrite) job.expectations = Expectations::rewrite;
  if (flags.permute) job.trial = Trial::every_order;
  return play_files(job);
}

int run_program(int argc, char** argv) {
  CLI::App app{"holdfast-sim: scenario scripts and the cluster simulator"};
  app.require_subcommand(1);
  ScenarioFlags scenario;
  add_scenario(app, scenario);
  CLI11_PARSE(app, argc, argv);
  return play(scenario);
}

}  // namespace
}  // namespace holdfast::sim

int main(int argc, char** argv) { return holdfast::sim::run_program(argc, argv); }
