// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/report.hpp"

#include "generated/marks.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::sim {
namespace {

using Counts = std::map<std::string, std::uint64_t>;

Counts sum_of(const std::vector<Report>& reports, Counts Outcome::*member) {
  Counts sum;
  for (const Report& report : reports)
    for (const auto& [name, count] : report.sum.*member) sum[name] += count;
  return sum;
}

std::map<std::uint64_t, std::uint64_t> seeds_by_nodes(const std::vector<Report>& reports) {
  std::map<std::uint64_t, std::uint64_t> sum;
  for (const Report& report : reports)
    for (const auto& [nodes, seeds] : report.seeds_by_nodes) sum[nodes] += seeds;
  return sum;
}

// An object of JSON has texts for names.
Counts named(const std::map<std::uint64_t, std::uint64_t>& numbered) {
  Counts counts;
  for (const auto& [number, count] : numbered) counts[std::to_string(number)] = count;
  return counts;
}

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void print_failure(const Failure& failure) {
  fmt::print("FAILED {}\n  again: ./dev replay '{}'\n", failure.what, failure.replay);
  if (!failure.shrunk_replay.empty())
    fmt::print("  smaller: ./dev replay '{}'\n           {}\n", failure.shrunk_replay,
               failure.shrunk_what);
}

nlohmann::json json_of(const Report& report) {
  nlohmann::json failures = nlohmann::json::array();
  for (const Failure& failure : report.failures)
    failures.push_back({{"what", failure.what},
                        {"replay", failure.replay},
                        {"smaller", failure.shrunk_replay}});
  return {{"campaign", report.campaign},
          {"first_seed", report.first_seed},
          {"seeds", report.seeds},
          {"seeds_by_nodes", named(report.seeds_by_nodes)},
          {"hash_checked", report.hash_checked},
          {"seconds", report.seconds},
          {"simulated_s", seconds_of(report.sum.simulated)},
          {"events", report.sum.events},
          {"grants", report.sum.grants},
          {"refusals", report.sum.refusals},
          {"views", report.sum.views},
          {"valid_reads", report.sum.valid_reads},
          {"doubtful_reads", report.sum.doubtful_reads},
          {"faults", report.sum.faults},
          {"marks", report.sum.marks},
          {"failures", std::move(failures)}};
}

}  // namespace

void Report::add(const Job& job, const Outcome& outcome) {
  ++seeds;
  ++seeds_by_nodes[job.plan.nodes];
  if (job.hash_check == HashCheck::twice) ++hash_checked;
  sum.simulated += outcome.simulated;
  sum.events += outcome.events;
  sum.grants += outcome.grants;
  sum.refusals += outcome.refusals;
  sum.views += outcome.views;
  sum.valid_reads += outcome.valid_reads;
  sum.doubtful_reads += outcome.doubtful_reads;
  for (const auto& [name, count] : outcome.faults) sum.faults[name] += count;
  for (const auto& [name, count] : outcome.marks) sum.marks[name] += count;
}

bool is_mark(std::string_view mark) { return std::ranges::find(all_marks, mark) != all_marks.end(); }

std::vector<std::string> unreached_marks(const std::vector<Report>& reports) {
  const Counts reached = sum_of(reports, &Outcome::marks);
  std::vector<std::string> never;
  for (const std::string_view mark : all_marks)
    if (!reached.contains(std::string(mark))) never.emplace_back(mark);
  return never;
}

void print_text(const std::vector<Report>& reports) {
  for (const Report& report : reports)
    for (const Failure& failure : report.failures) print_failure(failure);
  fmt::print("\n{:14} {:>7} {:>6} {:>10} {:>9} {:>9} {:>7} {:>9} {:>8} {:>8}\n", "campaign", "seeds",
             "failed", "simulated", "events", "grants", "views", "valid", "doubtful", "seconds");
  for (const Report& r : reports)
    fmt::print("{:14} {:>7} {:>6} {:>8.0f} s {:>9} {:>9} {:>7} {:>9} {:>8} {:>8.1f}\n", r.campaign,
               r.seeds, r.failures.size(), seconds_of(r.sum.simulated), r.sum.events, r.sum.grants,
               r.sum.views, r.sum.valid_reads, r.sum.doubtful_reads, r.seconds);
  fmt::print("\nseeds by nodes of the cluster:");
  for (const auto& [nodes, seeds] : seeds_by_nodes(reports)) fmt::print("  {}: {}", nodes, seeds);
  fmt::print("\nfaults:");
  for (const auto& [name, count] : sum_of(reports, &Outcome::faults))
    fmt::print("  {} {}", name, count);
  fmt::print("\n\nmarks reached:\n");
  for (const auto& [name, count] : sum_of(reports, &Outcome::marks))
    fmt::print("  {:>9}  {}\n", count, name);
  const std::vector<std::string> never = unreached_marks(reports);
  if (never.empty()) return;
  fmt::print("marks never reached:\n");
  for (const std::string& mark : never) fmt::print("             {}\n", mark);
}

void print_json(const std::vector<Report>& reports) {
  nlohmann::json out{{"campaigns", nlohmann::json::array()},
                     {"seeds_by_nodes", named(seeds_by_nodes(reports))},
                     {"marks_never_reached", unreached_marks(reports)}};
  for (const Report& report : reports) out["campaigns"].push_back(json_of(report));
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace holdfast::sim
