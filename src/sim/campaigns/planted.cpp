// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/planted.hpp"

#include "sim/campaigns/crew.hpp"
#include "sim/scenario/words.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr const char* control_campaign = "calm";

// Where each mistake is looked for.
struct Hunt {
  Bug bug;
  const char* campaign;
};
constexpr std::array hunts{
    Hunt{Bug::skip_lease_wait, "attrition"},
    Hunt{Bug::forget_waiter, "attrition"},
    Hunt{Bug::grant_before_barrier, "attrition"},
    Hunt{Bug::apply_twice, "network"},
    Hunt{Bug::lose_clock_on_message, "handover"},
    Hunt{Bug::lose_clock_on_removal, "uneven"},
    Hunt{Bug::lose_clock_on_migration, "uneven"},
    Hunt{Bug::keep_stale_value, "values"},
    Hunt{Bug::home_stays_unmoved, "attrition"},
    Hunt{Bug::drop_release_at_view, "attrition"},
    Hunt{Bug::drop_release_at_reconnect, "network"},
    Hunt{Bug::regrant_dead_daemon, "attrition"},
    Hunt{Bug::answer_outsider, "membership"},
    Hunt{Bug::forget_leases, "restarts"},
    Hunt{Bug::rebuild_half_told, "moves"},
    Hunt{Bug::apply_out_of_order, "uneven"},
    Hunt{Bug::remove_forwarded, "handover"},
    Hunt{Bug::lose_queue_order, "attrition"},
    Hunt{Bug::accept_two_digests, "membership"},
    Hunt{Bug::grant_after_pause, "pauses"},
    Hunt{Bug::tell_lost_late, "partitions"},
    Hunt{Bug::doom_unchecked, "deadlocks"},
    Hunt{Bug::doom_unreserved, "deadlocks"},
};
static_assert(hunts.size() == bug_table.size());

struct Found {
  std::uint64_t seed = 0;  // 0: none
  std::string what;
};

// Not what the planted mistake did.
bool fails_without_it(Plan plan) {
  plan.bug = Bug::none;
  return !play_apart({.plan = std::move(plan)}).failure.empty();
}

// The first seed, in their order, that fails with it and not without it; with several at a time some
// more are played.
Found first_failure(const Campaign& campaign, Bug bug, std::uint64_t first, std::uint64_t seeds,
                    unsigned crew) {
  Found found;
  std::uint64_t next = 0;
  play_all(
      crew,
      [&]() -> std::optional<Job> {
        if (next == seeds || found.seed != 0) return std::nullopt;
        Job job{.plan = make_plan(campaign, first + next++)};
        job.plan.bug = bug;
        return job;
      },
      [&](const Job& job, const Outcome& outcome) {
        if (outcome.failure.empty() || fails_without_it(job.plan)) return;
        if (found.seed == 0 || job.plan.seed < found.seed)
          found = {.seed = job.plan.seed, .what = outcome.failure};
      });
  return found;
}

struct Row {
  Hunt hunt;
  Found caught, control;
  [[nodiscard]] bool fine() const { return caught.seed != 0 && control.seed == 0; }
};

void print(const Row& row, const PlantedFlags& flags) {
  const std::string seed = row.caught.seed == 0 ? "not in " + std::to_string(flags.seeds)
                                                : std::to_string(row.caught.seed);
  fmt::print("{:26} {:11} {:>12}  {}\n", name_of(row.hunt.bug), row.hunt.campaign, seed,
             row.caught.what);
  if (row.control.seed != 0)
    fmt::print("  FAILED it was found without faults, too: {} seed {}: {}\n", control_campaign,
               row.control.seed, row.control.what);
  std::fflush(stdout);
}

nlohmann::json json_of(const Row& row) {
  return {{"bug", name_of(row.hunt.bug)},
          {"campaign", row.hunt.campaign},
          {"seed", row.caught.seed},
          {"what", row.caught.what},
          {"control_failed", row.control.what}};
}

Result<Row> hunt_one(const Hunt& hunt, const PlantedFlags& flags) {
  const unsigned crew = flags.crew == 0 ? usual_crew() : flags.crew;
  HF_TRY(const Campaign campaign, read_campaign(flags.folder, hunt.campaign));
  HF_TRY(const Campaign control, read_campaign(flags.folder, control_campaign));
  return Row{.hunt = hunt,
             .caught = first_failure(campaign, hunt.bug, flags.first_seed, flags.seeds, crew),
             .control = first_failure(control, hunt.bug, flags.first_seed, flags.control_seeds, crew)};
}

int complain(const Error& error) {
  fmt::print(stderr, "holdfast-sim: {}\n", error.detail.empty() ? error.text() : error.detail);
  return 2;
}

}  // namespace

int hunt_planted(const PlantedFlags& flags) {
  Bug only = Bug::none;
  if (!flags.bug.empty()) {
    const auto bug = parse_bug(flags.bug);
    if (!bug) return complain(bug.error());
    only = *bug;
  }
  bool fine = true;
  nlohmann::json rows = nlohmann::json::array();
  for (const Hunt& hunt : hunts) {
    if (only != Bug::none && hunt.bug != only) continue;
    if (std::ranges::find(flags.left_out, name_of(hunt.bug)) != flags.left_out.end()) continue;
    const auto row = hunt_one(hunt, flags);
    if (!row) return complain(row.error());
    fine = fine && row->fine();
    flags.format == Format::json ? rows.push_back(json_of(*row)) : print(*row, flags);
  }
  if (flags.format == Format::json) fmt::print("{}\n", rows.dump(2));
  return fine ? 0 : 1;
}

}  // namespace holdfast::sim
