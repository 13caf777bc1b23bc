// SPDX-License-Identifier: Apache-2.0
// `holdfast purge`: ends orphans, that is persistent locks whose session is gone.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"

#include <memory>

namespace holdfast::cli {
namespace {

struct Options {
  std::uint32_t node = 0;
  std::uint32_t pid = 0;
  std::string lockspace;
};

int purge(const Common& common, const Options& options) {
  auto client = connect(common);
  if (!client) return failed(client.error());
  PurgeOptions what{.node = NodeId{options.node}, .pid = options.pid};
  if (!options.lockspace.empty()) {
    const auto opened = client->open_lockspace(options.lockspace);
    if (!opened) return failed(opened.error());
    what.lockspace = *opened;
  }
  const auto done = client->purge(what);
  return done ? exit_ok : failed(done.error());
}

}  // namespace

Run declare_purge(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("--node", options->node, "whose orphans (default: those of this node)")
      ->check(CLI::Range(1U, UINT32_MAX));
  app.add_option("--pid", options->pid, "only those that this process left");
  app.add_option("--lockspace", options->lockspace, "of which lockspace (default: default)");
  return [options](const Common& common) { return purge(common, *options); };
}

}  // namespace holdfast::cli
