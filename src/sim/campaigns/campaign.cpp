// SPDX-License-Identifier: Apache-2.0
// The table `keys` is the language of campaign files.
#include "sim/campaigns/campaign.hpp"

#include "sim/scenario/parser.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace holdfast::sim {
namespace {

constexpr std::string_view suffix = ".toml";

Result<std::string_view> text_of(const toml::node& node, std::string_view key) {
  if (const auto* text = node.as_string()) return std::string_view(text->get());
  return wrong("'" + std::string(key) + "' must be a text");
}

Result<std::uint64_t> number_in(std::string_view text) {
  if (const auto number = parse_number(text)) return *number;
  return wrong("'" + std::string(text) + "' is no number");
}

// "3..5", or "5" alone.
template <class T>
Result<Range<T>> range_in(std::string_view text, Result<T> (*read)(std::string_view)) {
  const std::size_t dots = text.find("..");
  HF_TRY(const T least, read(text.substr(0, std::min(dots, text.size()))));
  if (dots == std::string_view::npos) return Range<T>{least, least};
  HF_TRY(const T most, read(text.substr(dots + 2)));
  if (most < least) return wrong("'" + std::string(text) + "' ends below its beginning");
  return Range<T>{least, most};
}

template <class Rows>
std::string names_in(const Rows& rows) {
  std::string names;
  for (const auto& row : rows) names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

Result<void> take_name(const toml::node& node, Campaign& campaign) {
  HF_TRY(campaign.name, text_of(node, "name"));
  return {};
}
Result<void> take_about(const toml::node& node, Campaign& campaign) {
  HF_TRY(campaign.about, text_of(node, "about"));
  return {};
}
Result<void> take_pending(const toml::node& node, Campaign& campaign) {
  HF_TRY(campaign.pending, text_of(node, "pending"));
  return {};
}
Result<void> take_nodes(const toml::node& node, Campaign& campaign) {
  HF_TRY(const std::string_view text, text_of(node, "nodes"));
  HF_TRY(campaign.nodes, range_in<std::uint64_t>(text, number_in));
  if (campaign.nodes.least < 1 || campaign.nodes.most > 16) return wrong("nodes are 1 to 16");
  return {};
}
Result<void> take_steps(const toml::node& node, Campaign& campaign) {
  HF_TRY(const std::string_view text, text_of(node, "steps"));
  HF_TRY(campaign.steps, range_in<std::uint64_t>(text, number_in));
  if (campaign.steps.most > 1'000'000) return wrong("steps are at most 1000000");
  return {};
}

Result<void> take_network(const toml::node& node, Campaign& campaign) {
  HF_TRY(const std::string_view text, text_of(node, "network"));
  if (text != "random" && text != "steady") return wrong("a network is random or steady");
  campaign.latency = text == "steady" ? Latency::steady : Latency::random;
  return {};
}

Result<void> take_migration(const toml::node& node, Campaign& campaign) {
  HF_TRY(const std::string_view text, text_of(node, "migration"));
  HF_TRY(campaign.migration, parse_migration(text));
  return {};
}

Result<void> take_workloads(const toml::node& node, Campaign& campaign) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return wrong("'workloads' is a list, such as [\"random\", \"counter\"]");
  for (const toml::node& entry : *list) {
    HF_TRY(const std::string_view name, text_of(entry, "workloads"));
    const HabitRow* row = find_habit(name);
    if (row == nullptr)
      return wrong("there is no workload '" + std::string(name) + "'; there are " +
                   names_in(habit_table()));
    campaign.workloads.push_back(row);
  }
  return {};
}

Result<FaultUse> read_fault(const toml::table& table) {
  FaultUse use;
  for (const auto& [key, value] : table) {
    HF_TRY(const std::string_view text, text_of(value, key.str()));
    if (key.str() == "kind") {
      use.fault = find_fault(text);
      if (use.fault == nullptr)
        return wrong("there is no fault '" + std::string(text) + "'; there are " +
                     names_in(fault_table()));
    } else if (key.str() == "every") {
      HF_TRY(use.every, range_in<Duration>(text, parse_time));
    } else if (key.str() == "lasts") {
      HF_TRY(use.lasts, range_in<Duration>(text, parse_time));
    } else {
      return wrong("a fault has kind, every and lasts, not '" + std::string(key.str()) + "'");
    }
  }
  if (use.fault == nullptr || use.every.most <= Duration{0})
    return wrong("a fault needs a kind and says how often it comes: every = \"200ms..2s\"");
  return use;
}

Result<void> take_faults(const toml::node& node, Campaign& campaign) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return wrong("'faults' is a list of { kind = ..., every = ..., lasts = ... }");
  for (const toml::node& entry : *list) {
    const toml::table* table = entry.as_table();
    if (table == nullptr) return wrong("a fault is { kind = ..., every = ..., lasts = ... }");
    HF_TRY(const FaultUse use, read_fault(*table));
    campaign.faults.push_back(use);
  }
  return {};
}

struct Key {
  std::string_view name;
  Result<void> (*take)(const toml::node&, Campaign&);
};
constexpr Key keys[] = {{"name", take_name},     {"about", take_about},
                        {"nodes", take_nodes},   {"steps", take_steps},
                        {"faults", take_faults}, {"workloads", take_workloads},
                        {"network", take_network}, {"pending", take_pending},
                        {"migration", take_migration}};

}  // namespace

Result<Migration> parse_migration(std::string_view name) {
  if (name == migration_names[0]) return Migration::as_shipped;
  if (name == migration_names[1]) return Migration::eager;
  return wrong("migration is as_shipped or eager, not '" + std::string(name) + "'");
}

Result<Campaign> parse_campaign(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed)
    return wrong("line " + std::to_string(parsed.error().source().begin.line) + ": " +
                 std::string(parsed.error().description()));
  Campaign campaign;
  for (const auto& [key, value] : parsed.table()) {
    const auto row = std::ranges::find(keys, key.str(), &Key::name);
    if (row == std::ranges::end(keys))
      return wrong("'" + std::string(key.str()) + "' means nothing here; allowed are " +
                   names_in(keys));
    if (auto taken = row->take(value, campaign); !taken) return taken.error();
  }
  if (campaign.workloads.empty()) return wrong("a campaign needs workloads");
  return campaign;
}

Result<Campaign> read_campaign(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name + std::string(suffix);
  std::ifstream file(path);
  if (!file) return wrong("there is no campaign file " + path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto campaign = parse_campaign(text);
  if (!campaign) return wrong(path + ": " + campaign.error().detail);
  if (campaign->name != name) return wrong(path + " calls itself '" + campaign->name + "'");
  return campaign;
}

Result<std::vector<std::string>> list_campaigns(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (entry.path().extension() == suffix) names.push_back(entry.path().stem().string());
  if (failed) return wrong("cannot read " + folder + ": " + failed.message());
  std::ranges::sort(names);
  return names;
}

}  // namespace holdfast::sim
