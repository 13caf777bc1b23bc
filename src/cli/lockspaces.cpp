// SPDX-License-Identifier: Apache-2.0
// `holdfast lockspaces`: which lockspaces were joined, and by which nodes.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

std::string members_text(const LockspaceInfo& info) {
  std::string text;
  for (const NodeId node : info.members) text += (text.empty() ? "" : " ") + node_text(node);
  return text;
}

std::string table_of(const std::vector<LockspaceInfo>& all) {
  Table table({"LOCKSPACE", "NODES", "JOINS", "MODE", "UID", "GID"});
  for (const LockspaceInfo& info : all) {
    const bool here = info.joins > 0;
    table.add({{escaped(info.name)},
               {members_text(info)},
               {fmt::format("{}", info.joins)},
               {here ? fmt::format("{:04o}", info.mode) : "-"},
               {here ? fmt::format("{}", info.uid) : "-"},
               {here ? fmt::format("{}", info.gid) : "-"}});
  }
  return table.empty() ? "" : table.text();
}

std::string json_of(const std::vector<LockspaceInfo>& all) {
  auto rows = nlohmann::ordered_json::array();
  for (const LockspaceInfo& info : all) rows.push_back(to_json(info));
  return nlohmann::ordered_json{{"lockspaces", std::move(rows)}}.dump(2) + "\n";
}

int lockspaces(const Common& common) {
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto all = client->lockspaces();
  if (!all) return failed(all.error());
  return print(common.json ? json_of(*all) : table_of(*all)) ? exit_ok : exit_failed;
}

}  // namespace

Run declare_lockspaces(CLI::App&) { return lockspaces; }

}  // namespace holdfast::cli
