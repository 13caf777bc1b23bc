// SPDX-License-Identifier: Apache-2.0
// `holdfast show`: one resource with everything on it.
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

namespace holdfast::cli {
namespace {

struct Options {
  std::string name;
  std::string lockspace{default_lockspace};
};

std::string lock_line(const LockInfo& lock) {
  const OwnerInfo& owner = lock.owner;
  std::string line =
      fmt::format("  {:<11}{:<8}{:<5}pid {:<8}{}  since {} ({})", name_of(lock.standing),
                  mode_text(lock), node_text(lock.node), owner.pid, escaped(owner.user),
                  since_text(lock.age), time_text(lock.age));
  if (lock.token) line += "  token " + to_text(lock.token);
  if (lock.orphan) line += "  orphan";
  if (!owner.label.empty()) line += "  label " + escaped(owner.label);
  return line + "\n" + std::string(32, ' ') + escaped(owner.command) + "\n";
}

std::string text_of(const ResourceInfo& resource) {
  std::string text = fmt::format(
      "{}\n  master {}  home {}  value {}{}\n", coloured(Colour::bold, escaped(resource.name)),
      node_text(resource.master), node_text(resource.home), value_text(resource),
      resource.recovering ? coloured(Colour::yellow, "  recovering") : "");
  if (resource.write_number != 0)
    text += fmt::format("  written {} times\n", resource.write_number);
  for (const LockInfo& lock : resource.locks) text += lock_line(lock);
  return text;
}

int show(const Common& common, const Options& options) {
  const auto name = name_argument(common, options.name);
  if (!name) return refused_argument("show", name.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  // * and ? in the name would match others too, so the exact one is picked below.
  const auto page = client->query_all({.lockspace = options.lockspace, .name = *name});
  if (!page) return failed(page.error());
  const auto found = std::ranges::find_if(page->resources, [&](const ResourceInfo& resource) {
    return resource.name == *name && resource.lockspace == options.lockspace;
  });
  if (found == page->resources.end()) {
    complain(page->complete ? fmt::format("nobody holds or waits for '{}'", escaped(*name))
                            : fmt::format("of '{}' nothing is known now: {}", escaped(*name), incomplete_text));
    return exit_failed;
  }
  return print(common.json ? to_json(*found).dump(2) + "\n" : text_of(*found)) ? exit_ok
                                                                               : exit_failed;
}

}  // namespace

Run declare_show(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "any bytes")->required();
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  return [options](const Common& common) { return show(common, *options); };
}

}  // namespace holdfast::cli
