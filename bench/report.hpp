// SPDX-License-Identifier: Apache-2.0
// Report: the rows of one run, as a table for people and as JSON for machines, and the verdict on the
// bounds that the project promises to keep.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/samples.hpp"

namespace holdfast::bench {

enum class Unit { microseconds, per_second, nanoseconds, milliseconds };

// How a row must stand to its floor.
struct Bound {
  enum class Kind { at_most, at_least } kind;
  double ratio;
};

struct Row {
  std::string section;
  std::string name;
  Unit unit = Unit::microseconds;
  Samples samples;               // nanoseconds, or a rate per round
  std::string floor{};           // what it is compared with; empty: it is a floor itself
  Samples ratios{};              // to the floor, one per round: both were measured within the same second
  std::optional<Bound> bound{};  // that the median ratio has to keep
};

[[nodiscard]] bool keeps_bound(const Row& row);

// Where and with what this was measured.
struct Setting {
  std::string processors;  // on which everything ran
  std::string machine;
  std::string kernel;
  std::string compiler;
  std::string commit;
};
[[nodiscard]] Setting read_setting(std::string processors);

[[nodiscard]] std::string as_table(const Setting& setting, const std::vector<Row>& rows);
[[nodiscard]] std::string as_json(const Setting& setting, const std::vector<Row>& rows);

}  // namespace holdfast::bench
