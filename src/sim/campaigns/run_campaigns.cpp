// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/run_campaigns.hpp"

#include "sim/campaigns/crew.hpp"
#include "sim/campaigns/report.hpp"
#include "sim/campaigns/shrink.hpp"
#include "sim/scenario/words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <unistd.h>

namespace holdfast::sim {
namespace {

// One in so many seeds is played twice.
constexpr std::uint64_t hash_check_every = 10;
// Whoever has seen so many failures of one campaign has enough to do.
constexpr std::size_t failures_max = 10;
constexpr std::size_t shrunk_max = 3;

int complain(const Error& error) {
  fmt::print(stderr, "holdfast-sim: {}\n", error.detail.empty() ? error.text() : error.detail);
  return 2;
}

class CampaignRun {
 public:
  CampaignRun(const CampaignFlags& flags, const Campaign& campaign)
      : flags_(flags), campaign_(campaign) {
    report_.campaign = campaign.name;
    report_.first_seed = flags.first_seed;
  }

  Report go() {
    const auto began = std::chrono::steady_clock::now();
    play_all(flags_.crew == 0 ? usual_crew() : flags_.crew, [this] { return next(); },
             [this](const Job& job, const Outcome& outcome) { take(job, outcome); });
    shrink_failures();
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
    return std::move(report_);
  }

 private:
  std::optional<Job> next() {
    if (handed_out_ == flags_.seeds || failed_.size() >= failures_max) return std::nullopt;
    const std::uint64_t seed = flags_.first_seed + handed_out_++;
    return Job{.plan = make_plan(campaign_, seed),
               .hash_check = seed % hash_check_every == 0 ? HashCheck::twice : HashCheck::once};
  }
  void take(const Job& job, const Outcome& outcome) {
    report_.add(job, outcome);
    if (!outcome.failure.empty()) failed_.push_back({job.plan, outcome.failure});
    if (isatty(STDERR_FILENO) != 0)
      fmt::print(stderr, "\r{}: {} of {} seeds, {} failed\033[K", campaign_.name, report_.seeds,
                 flags_.seeds, failed_.size());
  }
  void shrink_failures() {
    std::ranges::sort(failed_, {}, [](const auto& one) { return one.first.seed; });
    for (const auto& [plan, what] : failed_) {
      Failure& failure = report_.failures.emplace_back(
          Failure{.replay = line_of(plan), .what = what, .shrunk_replay = {}, .shrunk_what = {}});
      if (report_.failures.size() > shrunk_max || flags_.shrink_tries == 0) continue;
      const Shrunk shrunk = shrink(plan, what, flags_.shrink_tries);
      if (!shrunk.plan.shrunk) continue;
      failure.shrunk_replay = line_of(shrunk.plan);
      failure.shrunk_what = shrunk.failure;
    }
  }
  [[nodiscard]] std::string line_of(const Plan& plan) const {
    return replay_line(plan) + (flags_.commit.empty() ? "" : "@" + flags_.commit);
  }

  const CampaignFlags& flags_;
  const Campaign& campaign_;
  Report report_;
  std::uint64_t handed_out_ = 0;
  std::vector<std::pair<Plan, std::string>> failed_;
};

// A line is a mark that stays unreached; one that begins with "rare: " may be reached or not; # begins a remark.
Result<std::vector<std::string>> read_marks(const std::string& path) {
  std::ifstream file(path);
  if (!file) return wrong("cannot read " + path);
  std::vector<std::string> marks;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line.front() != '#') marks.push_back(line);
  return marks;
}

// What nobody has reached though it is not in the list, and what is in the list though somebody has.
Result<bool> marks_are_as_allowed(const std::vector<Report>& reports, const std::string& path) {
  HF_TRY(const std::vector<std::string> allowed, read_marks(path));
  const std::vector<std::string> never = unreached_marks(reports);
  bool fine = true;
  constexpr std::string_view rare = "rare: ";
  const auto is_listed = [&](const std::string& line) { return std::ranges::find(allowed, line) != allowed.end(); };
  for (const std::string& mark : never)
    if (!is_listed(mark) && !is_listed(std::string(rare) + mark)) {
      fmt::print("FAILED no seed reached the mark '{}'\n  make a campaign reach it, or list it in {} with a reason above it\n",
                 mark, path);
      fine = false;
    }
  for (const std::string& line : allowed) {
    const bool either = line.starts_with(rare);
    const std::string mark = line.substr(either ? rare.size() : 0);
    if (either ? !is_mark(mark) : std::ranges::find(never, mark) == never.end()) {
      fmt::print("FAILED {} lists '{}', which is {}\n  take the line and its reason out\n", path, mark,
                 is_mark(mark) ? "reached now" : "no mark of the sources (any more)");
      fine = false;
    }
  }
  return fine;
}

}  // namespace

int run_campaigns(const CampaignFlags& flags) {
  std::vector<std::string> names{flags.name};
  if (flags.name == "all") {
    auto listed = list_campaigns(flags.folder);
    if (!listed) return complain(listed.error());
    names = *listed;
  }
  std::vector<Campaign> campaigns;
  for (const std::string& name : names) {
    auto campaign = read_campaign(flags.folder, name);
    if (!campaign) return complain(campaign.error());
    if (flags.name == "all" && !campaign->pending.empty())
      fmt::print(stderr, "not played: {} ({})\n", name, campaign->pending);
    else
      campaigns.push_back(std::move(*campaign));
  }
  std::vector<Report> reports;
  for (const Campaign& campaign : campaigns) reports.push_back(CampaignRun(flags, campaign).go());
  flags.format == Format::json ? print_json(reports) : print_text(reports);
  bool fine = std::ranges::all_of(reports, [](const Report& r) { return r.failures.empty(); });
  if (!flags.unreached_allowed.empty()) {
    const auto marks = marks_are_as_allowed(reports, flags.unreached_allowed);
    if (!marks) return complain(marks.error());
    fine = fine && *marks;
  }
  return fine ? 0 : 1;
}

int replay(const ReplayFlags& flags) {
  const auto line = parse_replay_line(flags.line);
  if (!line) return complain(line.error());
  const auto campaign = read_campaign(flags.folder, line->campaign);
  if (!campaign) return complain(campaign.error());
  auto plan = plan_of(*line, *campaign);
  if (!plan) return complain(plan.error());
  plan->history = flags.history;
  std::function<void(const std::string&)> tracer;
  if (flags.trace) tracer = [](const std::string& text) { fmt::print("{}\n", text); };
  // With a trace nothing stands between an assertion and whoever looks for it.
  const Outcome outcome = flags.trace ? play(*plan, tracer)
                                      : play_apart({.plan = *plan, .hash_check = HashCheck::twice});
  if (!outcome.failure.empty()) {
    fmt::print("FAILED {}\n", outcome.failure);
    return 1;
  }
  fmt::print("{}: {} grants, {} refusals, {} views, {} valid and {} doubtful values, hash {:016x}\n",
             replay_line(*plan), outcome.grants, outcome.refusals, outcome.views,
             outcome.valid_reads, outcome.doubtful_reads, outcome.hash);
  return 0;
}

}  // namespace holdfast::sim
