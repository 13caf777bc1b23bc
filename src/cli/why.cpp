// SPDX-License-Identifier: Apache-2.0
// `holdfast why`: who waits for whom, as a tree with the root blockers first.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/lock_id.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/wait_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace holdfast::cli {
namespace {

using Json = nlohmann::ordered_json;
using Place = WaitGraph::Place;

struct Options {
  std::string what;
  std::string lockspace = "*";
};

// ---- which waits ----------------------------------------------------------------------------------------

// All on names that match; of a lock that is held, those that wait for it.
WaitGraph::Places waiters_on(const WaitGraph& graph, const std::string& pattern, const std::string& lockspace) {
  WaitGraph::Places found;
  for (const Place& place : graph.waiting()) {
    const ResourceInfo& resource = graph.resource(place);
    if (matches(lockspace, resource.lockspace) && matches(pattern, path_of(resource))) found.push_back(place);
  }
  return found;
}

WaitGraph::Places waiters_at(const WaitGraph& graph, const LockId& id) {
  const auto place = graph.find(id.node, id.lock);
  if (!place) return {};
  if (graph.lock(*place).standing != LockStanding::granted) return {*place};
  WaitGraph::Places found;
  for (const WaitGraph::Edge& edge : graph.blocked(*place)) found.push_back(edge.waiter);
  return found;
}

// ---- as text --------------------------------------------------------------------------------------------

std::string text_of(const WaitGraph& graph, const WaitTree& tree) {
  std::string text;
  for (const WaitTree::Node& node : tree.nodes) {
    const std::string indent(4 * node.depth, ' ');
    std::string owner = owner_text(graph, node.owner);
    if (node.cycle != 0) owner += coloured(Colour::red, fmt::format("  in cycle {}", node.cycle));
    text += indent + (node.depth == 0 ? coloured(Colour::bold, owner) : owner);
    text.append(line_text(node.line)).append("\n");
    if (node.waits) text += indent + "  " + wait_text(graph, node) + "\n";
  }
  return text;
}

// ---- as JSON --------------------------------------------------------------------------------------------

std::string_view name_of(WaitTree::Line line) {
  constexpr std::string_view names[] = {"full", "again", "closes_cycle"};
  return names[static_cast<std::size_t>(line)];
}

Json place_json(const WaitGraph& graph, Place place) {
  const ResourceInfo& resource = graph.resource(place);
  Json above = Json::array();
  for (const std::string& name : resource.above) above.push_back(escaped(name));
  Json json{{"lockspace", escaped(resource.lockspace)}, {"above", std::move(above)}, {"name", escaped(resource.name)}};
  json["lock"] = to_json(graph.lock(place));
  return json;
}

Json node_json(const WaitGraph& graph, const WaitTree::Node& node) {
  Json json{{"owner", to_json(facts_of(graph, node.owner))}, {"line", name_of(node.line)}};
  if (node.cycle != 0) json["cycle"] = node.cycle;
  if (node.waits) json["waits"] = place_json(graph, *node.waits);
  if (node.behind) {
    json["for"] = to_json(graph.lock(*node.behind));
    json["kind"] = node.kind == BlockKind::holds ? "holds" : "ahead";
    json["others"] = node.others;
  }
  json["blocks"] = Json::array();
  return json;
}

Json json_of(const WaitGraph& graph, const WaitTree& tree) {
  Json roots = Json::array();
  std::vector<Json*> way;  // the node of each depth above the next one
  for (const WaitTree::Node& node : tree.nodes) {
    way.resize(node.depth);
    Json& siblings = node.depth == 0 ? roots : (*way.back())["blocks"];
    siblings.push_back(node_json(graph, node));
    way.push_back(&siblings.back());
  }
  Json cycles = Json::array();
  for (const auto& cycle : graph.cycles()) {
    Json owners = Json::array();
    for (const WaitOwner& owner : cycle) owners.push_back({{"node", owner.node.value()}, {"owner", owner.owner.value()}});
    cycles.push_back(std::move(owners));
  }
  return {{"complete", graph.page().complete}, {"cycles", std::move(cycles)}, {"roots", std::move(roots)}};
}

// ---- the verb -------------------------------------------------------------------------------------------

int say_nobody_waits(const Options& options) {
  return print(options.what.empty() ? "nobody waits for anybody\n" : fmt::format("nobody waits for {}\n", escaped(options.what)))
             ? exit_ok : exit_failed;
}

int why(const Common& common, const Options& options) {
  const auto pattern = bytes_argument(common, options.what.empty() ? "*" : options.what);
  if (!pattern) return refused_argument("why", pattern.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto graph = client->waits();
  if (!graph) return failed(graph.error());
  const auto id = parse_lock_id(options.what);
  const WaitGraph::Places waiters = id ? waiters_at(*graph, *id) : waiters_on(*graph, *pattern, options.lockspace);
  const WaitTree tree = wait_tree(*graph, waiters);
  const int code = common.json           ? print(json_of(*graph, tree).dump(2) + "\n") ? exit_ok : exit_failed
                   : tree.nodes.empty() ? say_nobody_waits(options)
                   : print(text_of(*graph, tree)) ? exit_ok : exit_failed;
  if (graph->page().complete) return code;
  complain(incomplete_text);
  return exit_failed;
}

}  // namespace

Run declare_why(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME|LOCKID", options->what, "a name (* and ? stand for any bytes) or a lock id (n2#17); none: all that wait");
  app.add_option("--lockspace", options->lockspace, "only lockspaces that match")->type_name("PATTERN");
  return [options](const Common& common) { return why(common, *options); };
}

}  // namespace holdfast::cli
