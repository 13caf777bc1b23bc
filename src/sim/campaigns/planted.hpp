// SPDX-License-Identifier: Apache-2.0
// The verb `planted`: switches on one mistake after the other and looks how many seeds of a campaign
// it takes to find it. Without faults no mistake may be found: a control run shows it.
#pragma once

#include "sim/campaigns/run_campaigns.hpp"

#include <vector>

namespace holdfast::sim {

struct PlantedFlags {
  std::string folder = campaign_folder;
  std::string bug;  // empty: all
  std::vector<std::string> left_out;
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1000;
  std::uint64_t control_seeds = 50;
  unsigned crew = 0;  // 0: as many as there are processors
  Format format = Format::text;
};
// The exit code: 0 if all were found and no control run failed.
[[nodiscard]] int hunt_planted(const PlantedFlags& flags);

}  // namespace holdfast::sim
