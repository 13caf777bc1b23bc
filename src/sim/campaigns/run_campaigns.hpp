// SPDX-License-Identifier: Apache-2.0
// The verbs `campaign` and `replay`.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::sim {

inline constexpr const char* campaign_folder = "tests/sim/campaigns";

enum class Format : std::uint8_t { text, json };

struct CampaignFlags {
  std::string folder = campaign_folder;
  std::string name = "all";
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 100;  // of each campaign
  unsigned crew = 0;          // 0: as many as there are processors
  std::string commit;         // what replay lines are to name
  std::string unreached_allowed;  // a file: marks that may stay unreached; empty: all may
  std::uint64_t shrink_tries = 60;
  Format format = Format::text;
};
// The exit code: 0 if nothing was broken.
[[nodiscard]] int run_campaigns(const CampaignFlags& flags);

struct ReplayFlags {
  std::string folder = campaign_folder;
  std::string line;
  std::string history;
  bool trace = false;
};
[[nodiscard]] int replay(const ReplayFlags& flags);

}  // namespace holdfast::sim
