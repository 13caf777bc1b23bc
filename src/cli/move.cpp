// SPDX-License-Identifier: Apache-2.0
// `holdfast move NAME --to N`: another node becomes the master of a name, with its queue and its value.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace holdfast::cli {
namespace {

struct Options {
  std::string name;
  std::string lockspace{default_lockspace};
  std::uint32_t to = 0;
};

std::string text_of(const Common& common, const Options& options, const std::string& name) {
  if (!common.json)
    return fmt::format("{} is mastered by {}\n", escaped(name), node_text(NodeId{options.to}));
  const nlohmann::ordered_json json{
      {"lockspace", escaped(options.lockspace)}, {"name", escaped(name)}, {"master", options.to}};
  return json.dump(2) + "\n";
}

int move(const Common& common, const Options& options) {
  const auto name = name_argument(common, options.name);
  if (!name) return refused_argument("move", name.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  Lockspace lockspace;
  if (options.lockspace != default_lockspace) {
    const auto opened = client->open_lockspace(options.lockspace);
    if (!opened) return failed(opened.error());
    lockspace = *opened;
  }
  if (const auto moved = client->move(*name, NodeId{options.to}, lockspace); !moved)
    return failed(moved.error());
  return print(text_of(common, options, *name)) ? exit_ok : exit_failed;
}

}  // namespace

Run declare_move(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "any bytes")->required();
  app.add_option("--to", options->to, "node that is to be its master, such as 2 or n2")
      ->required()
      ->type_name("N")
      ->transform(node_number());
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  return [options](const Common& common) { return move(common, *options); };
}

}  // namespace holdfast::cli
