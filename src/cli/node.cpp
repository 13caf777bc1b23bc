// SPDX-License-Identifier: Apache-2.0
// `holdfast node fence-ack N`: the operator's word that a lost node and its programs are dead.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"

#include <memory>

namespace holdfast::cli {
namespace {

struct Options {
  std::uint32_t node = 0;
  std::uint64_t incarnation = 0;
};

int fence_ack(const Common& common, const Options& options) {
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto done = client->fence_ack(NodeId{options.node}, Incarnation{options.incarnation});
  return done ? exit_ok : failed(done.error());
}

}  // namespace

Run declare_node(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* ack = app.add_subcommand(
      "fence-ack", "that node is surely dead, and every program that held its locks");
  ack->fallthrough();
  ack->add_option("N", options->node, "number of the node")
      ->required()
      ->transform(node_number());
  ack->add_option("--incarnation", options->incarnation,
                  "which life of it (default: the one that was lost last)");
  app.require_subcommand(1, 1);
  return [options](const Common& common) { return fence_ack(common, *options); };
}

}  // namespace holdfast::cli
