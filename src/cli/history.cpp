// SPDX-License-Identifier: Apache-2.0
// `holdfast history`: what happened last to a name, as the nodes' flight recorders remember it.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

struct Options {
  std::string name;
  std::string lockspace{default_lockspace};
  std::uint32_t last = 0;
};

bool has_mode(const HistoryEvent& event) { return event.what == Happening::granted || event.what == Happening::told; }

std::string name_text(const HistoryEvent& event) {
  const std::string name = escaped(event.name) + (event.is_cut ? "..." : "");
  return event.lockspace == default_lockspace ? name : escaped(event.lockspace) + ": " + name;
}

std::string what_text(const HistoryEvent& event) {
  std::string text(name_of(event.what));
  if (event.what == Happening::told) text += fmt::format(" {} is wanted", name_of(event.mode));
  if (event.what == Happening::granted) text += fmt::format(" {}", name_of(event.mode));
  if (event.what == Happening::moved_away) text += fmt::format(" to {}", node_text(event.node));
  if (event.what == Happening::arrived) text += fmt::format(" from {}", node_text(event.node));
  if (event.status != Errc::ok) text += fmt::format(", {}", name_of(event.status));
  return text;
}

std::string table_of(const std::vector<HistoryEvent>& events) {
  Table table({"AGO", "AT", "NAME", "WHAT", "LOCK", "OWNER"});
  for (const HistoryEvent& event : events) {
    const bool has_lock = static_cast<bool>(event.lock);
    table.add({{since_text(event.age)},
               {node_text(event.at)},
               {name_text(event)},
               {what_text(event)},
               {has_lock ? fmt::format("{}:{}", node_text(event.node), event.lock.value()) : "-"},
               {has_lock ? fmt::format("{}", event.owner.value()) : "-"}});
  }
  return table.empty() ? "" : table.text();
}

nlohmann::ordered_json to_json(const HistoryEvent& event) {
  nlohmann::ordered_json row{{"age_ms", std::chrono::duration<double, std::milli>(event.age).count()},
                             {"at", event.at.value()},
                             {"lockspace", escaped(event.lockspace)},
                             {"name", escaped(event.name)},
                             {"name_is_cut", event.is_cut},
                             {"what", name_of(event.what)}};
  if (has_mode(event)) row["mode"] = name_of(event.mode);
  if (event.status != Errc::ok) row["status"] = name_of(event.status);
  if (event.node) row["node"] = event.node.value();
  if (event.lock) {
    row["lock"] = event.lock.value();
    row["owner"] = event.owner.value();
  }
  return row;
}

std::string json_of(const History& history) {
  auto rows = nlohmann::ordered_json::array();
  for (const HistoryEvent& event : history.events) rows.push_back(to_json(event));
  return nlohmann::ordered_json{{"complete", history.complete}, {"events", std::move(rows)}}.dump(2) + "\n";
}

int history(const Common& common, const Options& options) {
  const auto name = name_argument(common, options.name);
  if (!options.name.empty() && !name) return refused_argument("history", name.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto found = client->history({.lockspace = options.lockspace,
                                      .name = options.name.empty() ? "" : *name,
                                      .events_max = options.last});
  if (!found) return failed(found.error());
  if (!print(common.json ? json_of(*found) : table_of(found->events))) return exit_failed;
  if (found->complete) return exit_ok;
  complain("not all is known: a node did not answer in time");
  return exit_failed;
}

}  // namespace

Run declare_history(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "any bytes; without it: all names");
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  app.add_option("--last", options->last, "of each node, only so many (default: all that it remembers)")->type_name("N");
  return [options](const Common& common) { return history(common, *options); };
}

}  // namespace holdfast::cli
