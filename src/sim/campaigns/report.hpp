// SPDX-License-Identifier: Apache-2.0
// Report: what came of all runs of a campaign, for people and as JSON.
#pragma once

#include "sim/campaigns/crew.hpp"

#include <string>
#include <vector>

namespace holdfast::sim {

struct Failure {
  std::string replay;
  std::string what;
  std::string shrunk_replay;  // empty: it did not get smaller
  std::string shrunk_what;
};

struct Report {
  std::string campaign;
  std::uint64_t first_seed = 0;
  std::uint64_t seeds = 0;
  std::uint64_t hash_checked = 0;
  std::map<std::uint64_t, std::uint64_t> seeds_by_nodes;  // how many clusters had how many nodes
  double seconds = 0;
  Outcome sum;
  std::vector<Failure> failures;

  void add(const Job& job, const Outcome& outcome);
};

[[nodiscard]] bool is_mark(std::string_view mark);
// The marks of the sources that none of these reached, sorted.
[[nodiscard]] std::vector<std::string> unreached_marks(const std::vector<Report>& reports);
void print_text(const std::vector<Report>& reports);
void print_json(const std::vector<Report>& reports);

}  // namespace holdfast::sim
