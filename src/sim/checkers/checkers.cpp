// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/checkers.hpp"

namespace holdfast::sim::checkers {
namespace {

constexpr std::size_t findings_max = 5;

struct Row {
  std::string_view name, title, unit;
  Check check;
};
constexpr Row table[] = {
    {"I1", "compatibility", "spans", compatibility},
    {"I2", "fenced exclusion", "writes", fenced_exclusion},
    {"I3", "token order", "grants", token_order},
    {"I4", "no phantom grant", "answers", no_phantom_grant},
    {"I5", "no lost grant", "waits", no_lost_grant},
    {"I6", "queue discipline", "grants", queue_discipline},
    {"I7", "NOQUEUE is true", "refusals", noqueue_is_true},
    {"I8", "value-block freshness", "reads", value_freshness},
    {"I9", "notices", "notices and waits", notices},
    {"I10", "conversion", "conversions", conversion},
    {"I15", "persistence and orphans", "orphans", orphans},
    {"I16", "epochs", "grants", epochs},
    {"I17", "lost means told", "losses", lost_means_told},
};

}  // namespace

void Verdict::found(std::string what, std::vector<Index> events) {
  ++broken;
  if (findings.size() < findings_max) findings.push_back({std::move(what), std::move(events)});
}

std::vector<Verdict> check_all(const Model& model, const Bounds& bounds) {
  std::vector<Verdict> verdicts;
  for (const Row& row : table) {
    verdicts.push_back({.name = row.name, .title = row.title, .unit = row.unit, .findings = {}});
    row.check(model, bounds, verdicts.back());
  }
  return verdicts;
}

}  // namespace holdfast::sim::checkers
