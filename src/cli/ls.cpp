// SPDX-License-Identifier: Apache-2.0
// `holdfast ls`: one line for each lock that is held or waited for, in the whole cluster.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/leftovers.hpp"
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

// The process that holds it: its owner, or what is left of the owner's command.
std::string pid_text(const LockInfo& lock, const std::vector<ProcessFacts>& left) {
  if (left.empty()) return fmt::format("{}", lock.owner.pid);
  std::string text;
  for (const ProcessFacts& process : left)
    text += fmt::format("{}{}", text.empty() ? "" : ",", process.pid);
  return text;
}

std::string command_text(const LockInfo& lock, const std::vector<ProcessFacts>& left) {
  const std::string command = escaped(lock.owner.command);
  return left.empty() ? command
                      : fmt::format("{}, left by {}: {}", escaped(left.front().name),
                                    lock.owner.pid, command);
}

std::string table_of(const std::vector<ResourceInfo>& resources) {
  const Leftovers leftovers = find_leftovers(resources);
  // Most clusters use one lockspace; the column is there where it says something.
  const bool several = std::ranges::any_of(
      resources, [](const ResourceInfo& r) { return r.lockspace != default_lockspace; });
  std::vector<std::string> heads{"NAME", "STANDING", "MODE",  "NODE",   "PID",
                                 "USER", "SINCE",    "LABEL", "COMMAND"};
  if (several) heads.insert(heads.begin(), "LOCKSPACE");
  Table table(heads);
  for (const ResourceInfo& resource : resources)
    for (const LockInfo& lock : resource.locks) {
      const auto& left = of(leftovers, lock);
      std::vector<Cell> row{
          {path_text(resource)},     {standing_text(lock), colour_of(lock.standing)},
          {mode_text(lock)},         {node_text(lock.node)},
          {pid_text(lock, left)},    {escaped(lock.owner.user)},
          {since_text(lock.age)},    {lock.owner.label.empty() ? "-" : escaped(lock.owner.label)},
          {command_text(lock, left)}};
      if (several) row.insert(row.begin(), Cell{escaped(resource.lockspace)});
      table.add(row);
    }
  return table.empty() ? "" : table.text();
}

std::string json_of(const std::vector<ResourceInfo>& resources, bool complete) {
  const Leftovers leftovers = find_leftovers(resources);
  auto rows = nlohmann::ordered_json::array();
  for (const ResourceInfo& resource : resources) {
    auto row = to_json(resource);
    for (std::size_t k = 0; k < resource.locks.size(); ++k)
      for (const ProcessFacts& process : of(leftovers, resource.locks[k]))
        row["locks"][k]["left_running"].push_back(
            {{"pid", process.pid}, {"name", escaped(process.name)}});
    rows.push_back(std::move(row));
  }
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
  complain(incomplete_text);
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
