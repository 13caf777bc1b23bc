// SPDX-License-Identifier: Apache-2.0
// holdfast-sim: plays scenario scripts, runs the cluster simulator on seeds, replays a failing run.
// `holdfast sim` starts this program.
#include "sim/campaigns/planted.hpp"
#include "sim/campaigns/run_campaigns.hpp"
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

CLI::App* add_campaign(CLI::App& app, CampaignFlags& flags) {
  CLI::App* verb = app.add_subcommand(
      "campaign", "run seeds of simulated clusters with faults and look for what must not be");
  verb->add_option("--campaign", flags.name, "one of tests/sim/campaigns, or all");
  verb->add_option("--seed", flags.first_seed, "the first seed; it decides everything");
  verb->add_option("--seeds", flags.seeds, "how many seeds of each campaign");
  verb->add_option("--jobs", flags.crew, "how many runs at a time (0: one per processor)");
  verb->add_option("--campaigns", flags.folder, "where the campaign files are");
  verb->add_option("--commit", flags.commit, "what replay lines name behind the @");
  verb->add_option("--shrink", flags.shrink_tries, "runs to make a failure smaller (0: do not)");
  verb->add_option("--unreached", flags.unreached_allowed,
                   "a file with the marks that may stay unreached; any other is a failure");
  verb->add_flag_callback("--json", [&flags] { flags.format = Format::json; }, "report as JSON");
  verb->footer(
      "Examples:\n  holdfast-sim campaign --campaign attrition --seeds 200\n"
      "  holdfast-sim campaign --seeds 1000 --json > report.json");
  return verb;
}

CLI::App* add_replay(CLI::App& app, ReplayFlags& flags) {
  CLI::App* verb = app.add_subcommand("replay", "run exactly what a failure printed");
  verb->add_option("LINE", flags.line, "such as 'sim:campaign=attrition,seed=8123'")->required();
  verb->add_option("--campaigns", flags.folder, "where the campaign files are");
  verb->add_option("--history", flags.history, "write what the programs saw, for `holdfast check`")
      ->type_name("FILE");
  verb->add_flag("--trace", flags.trace, "print everything that happens");
  verb->footer("Example: holdfast-sim replay 'sim:campaign=attrition,seed=8123' --trace");
  return verb;
}

CLI::App* add_planted(CLI::App& app, PlantedFlags& flags) {
  CLI::App* verb = app.add_subcommand(
      "planted", "switch mistakes on and look how many seeds it takes to find them");
  verb->add_option("--bug", flags.bug, "this one alone (see src/base/planted.hpp)");
  verb->add_option("--except", flags.left_out, "all but these, with commas between")->delimiter(',');
  verb->add_option("--seed", flags.first_seed, "the first seed");
  verb->add_option("--seeds", flags.seeds, "how many seeds each has to be found in");
  verb->add_option("--control", flags.control_seeds, "seeds without faults that must not find it");
  verb->add_option("--jobs", flags.crew, "how many runs at a time (0: one per processor)");
  verb->add_option("--campaigns", flags.folder, "where the campaign files are");
  verb->add_flag_callback("--json", [&flags] { flags.format = Format::json; }, "report as JSON");
  verb->footer("Example: holdfast-sim planted --bug forget_waiter");
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

int run_program(int argc, char** argv) {
  CLI::App app{"holdfast-sim: scenario scripts and the cluster simulator"};
  app.require_subcommand(1);
  ScenarioFlags scenario_flags;
  CampaignFlags campaign_flags;
  ReplayFlags replay_flags;
  const CLI::App* scenario_verb = add_scenario(app, scenario_flags);
  const CLI::App* campaign_verb = add_campaign(app, campaign_flags);
  PlantedFlags planted_flags;
  const CLI::App* planted_verb = add_planted(app, planted_flags);
  add_replay(app, replay_flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    constexpr int exit_usage = 2;
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  if (scenario_verb->parsed()) return play(scenario_flags);
  if (planted_verb->parsed()) return hunt_planted(planted_flags);
  return campaign_verb->parsed() ? run_campaigns(campaign_flags) : replay(replay_flags);
}

}  // namespace
}  // namespace holdfast::sim

int main(int argc, char** argv) { return holdfast::sim::run_program(argc, argv); }
