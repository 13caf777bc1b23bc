// SPDX-License-Identifier: Apache-2.0
// holdfast-sim: plays scenario scripts, runs the cluster simulator on seeds, replays a failing run.
// `holdfast sim` starts this program.
#include "sim/campaign.hpp"
#include "sim/scenario/cluster_stage.hpp"
#include "sim/scenario/engine_stage.hpp"
#include "sim/scenario/files.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace holdfast::sim {
namespace {

struct ScenarioFlags {
  std::vector<std::string> paths;
  std::string depth = "all";
  bool rewrite = false;
  bool permute = false;
  bool trace = false;
};

struct RunFlags {
  RunSettings settings;
  std::uint64_t seeds = 1;
  std::string faults = "all";
  std::string line;
  bool trace = false;
};

CLI::App* add_scenario(CLI::App& app, ScenarioFlags& flags) {
  CLI::App* verb = app.add_subcommand("scenario", "play scenario scripts and compare what happens");
  verb->add_option("PATH", flags.paths, "files, or directories with *.scenario below")->required();
  verb->add_option("--depth", flags.depth,
                   "engine (scripts without a cluster), sim (simulated cluster), or all")
      ->check(CLI::IsMember({"engine", "sim", "all"}));
  verb->add_flag("--rewrite", flags.rewrite,
                 "write what came into the files; say why in the commit");
  verb->add_flag("--permute", flags.permute,
                 "play every order of the lines of blocks marked 'together'");
  verb->add_flag("--trace", flags.trace, "print everything that happens in the simulated cluster");
  verb->footer("Example: holdfast-sim scenario tests/scenarios/recovery --depth sim --trace");
  return verb;
}

CLI::App* add_run(CLI::App& app, RunFlags& flags) {
  CLI::App* verb =
      app.add_subcommand("run", "run a random workload with faults and look for what must not be");
  verb->add_option("--seed", flags.settings.seed, "the first seed; it decides everything");
  verb->add_option("--seeds", flags.seeds,
                   "how many seeds, one after the other; all but one run are silent");
  verb->add_option("--steps", flags.settings.steps,
                   "random steps of a run before it has to come to its end");
  verb->add_option("--nodes", flags.settings.nodes, "nodes of the cluster")
      ->check(CLI::Range(1, 16));
  verb->add_option("--faults", flags.faults, "crash,partition,cut,client,clock, or all, or none");
  verb->add_flag_callback("--trees", [&flags] { flags.settings.trees = Trees::some; },
                          "programs take sub-locks, too");
  verb->add_flag("--trace", flags.trace, "print everything that happens");
  verb->add_option("--history", flags.settings.history, "write what the programs saw, for `holdfast check`")
      ->type_name("FILE");
  verb->footer(
      "Examples:\n  holdfast-sim run --seed 17 --trace\n"
      "  holdfast-sim run --seed 1 --seeds 300 --nodes 3 --faults crash,cut");
  return verb;
}

CLI::App* add_replay(CLI::App& app, RunFlags& flags) {
  CLI::App* verb = app.add_subcommand("replay", "run exactly what a failure printed");
  verb->add_option("LINE", flags.line, "such as 'sim:seed=17,nodes=3,steps=2000,faults=all'")
      ->required();
  verb->add_flag("--trace", flags.trace, "print everything that happens");
  verb->footer(
      "Example: holdfast-sim replay 'sim:seed=17,nodes=3,steps=2000,faults=crash+cut' --trace");
  return verb;
}

int play(const ScenarioFlags& flags) {
  FilesJob job{.paths = flags.paths, .depths = {}, .again = "holdfast-sim scenario"};
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

int complain(const Error& error) {
  fmt::print(stderr, "holdfast-sim: {}\n", error.text());
  return 2;
}

int run(RunFlags flags) {
  const auto faults = parse_faults(flags.faults);
  if (!faults) return complain(faults.error());
  flags.settings.faults = *faults;
  return run_campaign({.first = flags.settings,
                       .seeds = flags.seeds,
                       .trace = flags.trace,
                       .check_hash = !flags.trace});
}

int replay(const RunFlags& flags) {
  const auto settings = parse_replay_line(flags.line);
  if (!settings) return complain(settings.error());
  return run_campaign({.first = *settings, .trace = flags.trace, .check_hash = !flags.trace});
}

int run_program(int argc, char** argv) {
  CLI::App app{"holdfast-sim: scenario scripts and the cluster simulator"};
  app.require_subcommand(1);
  ScenarioFlags scenario_flags;
  RunFlags run_flags;
  const CLI::App* scenario_verb = add_scenario(app, scenario_flags);
  const CLI::App* run_verb = add_run(app, run_flags);
  add_replay(app, run_flags);
  CLI11_PARSE(app, argc, argv);
  if (scenario_verb->parsed()) return play(scenario_flags);
  return run_verb->parsed() ? run(run_flags) : replay(run_flags);
}

}  // namespace
}  // namespace holdfast::sim

int main(int argc, char** argv) { return holdfast::sim::run_program(argc, argv); }
