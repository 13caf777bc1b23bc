// SPDX-License-Identifier: Apache-2.0
// `holdfast ls`: one line for each lock that is held or waited for, in the whole cluster.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace holdfast::cli {
namespace {

struct Options {
  std::string pattern = "*";
  std::string lockspace = "*";
};

Colour colour_of(LockStanding standing) {
  return standing == LockStanding::granted ? Colour::green : Colour::yellow;
}

std::string standing_text(const LockInfo& lock) {
  if (lock.orphan) return "orphan";
  return lock.standing == LockStanding::granted ? "held" : std::string(name_of(lock.standing));
}

std::string table_of(const std::vector<ResourceInfo>& resources) {
  // Most clusters use one lockspace; the column is there where it says something.
  const bool several = std::ranges::any_of(
      resources, [](const ResourceInfo& r) { return r.lockspace != default_lockspace; });
  std::vector<std::string> heads{"NAME", "STANDING", "MODE",  "NODE",   "PID",
                                 "USER", "SINCE",    "LABEL", "COMMAND"};
  if (several) heads.insert(heads.begin(), "LOCKSPACE");
  Table table(heads);
  for (const ResourceInfo& resource : resources)
    for (const LockInfo& lock : resource.locks) {
      std::vector<Cell> row{{path_text(resource)},
                            {standing_text(lock), colour_of(lock.standing)},
                            {mode_text(lock)},
                            {node_text(lock.node)},
                            {fmt::format("{}", lock.owner.pid)},
                            {escaped(lock.owner.user)},
                            {since_text(lock.age)},
                            {lock.owner.label.empty() ? "-" : escaped(lock.owner.label)},
                            {escaped(lock.owner.command)}};
      if (several) row.insert(row.begin(), Cell{escaped(resource.lockspace)});
      table.add(row);
    }
  return table.empty() ? "" : table.text();
}

std::string json_of(const std::vector<ResourceInfo>& resources, bool complete) {
  auto rows = nlohmann::ordered_json::array();
  for (const ResourceInfo& resource : resources) rows.push_back(to_json(resource));
  return nlohmann::ordered_json{{"complete", complete}, {"resources", std::move(rows)}}.dump(2) +
         "\n";
}

int ls(const Common& common, const Options& options) {
  const auto pattern = bytes_argument(common, options.pattern);
  if (!pattern) return refused_argument("ls", pattern.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto page = client->query_all({.lockspace = options.lockspace, .name = *pattern});
  if (!page) return failed(page.error());
  const std::string text =
      common.json ? json_of(page->resources, page->complete) : table_of(page->resources);
  if (!print(text)) return exit_failed;
  if (page->complete) return exit_ok;
  complain("some node did not answer in time: its locks are missing");
  return exit_failed;
}

}  // namespace

Run declare_ls(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("PATTERN", options->pattern, "only names that match; * and ? stand for any bytes");
  app.add_option("--lockspace", options->lockspace, "only lockspaces that match")
      ->type_name("PATTERN");
  return [options](const Common& common) { return ls(common, *options); };
}

}  // namespace holdfast::cli
