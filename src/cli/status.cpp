// SPDX-License-Identifier: Apache-2.0
// `holdfast status`: what one node is doing.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

std::string peers_text(const NodeInfo& node) {
  std::string text;
  for (const NodeId peer : node.peers_connected)
    text += (text.empty() ? "" : " ") + node_text(peer);
  return text.empty() ? "none" : text;
}

std::string validity_text(const NodeInfo& node) {
  if (!is_valid(node)) return coloured(Colour::yellow, "not valid: its programs hold nothing");
  if (node.deadline_left > std::chrono::hours(24 * 365)) return "valid without end";
  return "valid for another " + time_text(node.deadline_left);
}

// What decides who goes on when nodes are lost.
std::string votes_text(const View& view) {
  std::uint64_t votes = 0;
  for (const Member& member : view.members) votes += member.votes;
  std::string text = fmt::format("{} of {} with the members", votes, view.configured_votes);
  if (view.tie_breaker) text += fmt::format(", n{} breaks ties", view.tie_breaker.value());
  if (view.device_votes != 0) text += fmt::format(", {} with a quorum device", view.device_votes);
  return text;
}

// Why a lock that a lost node had is not granted yet.
std::string waits_text(const NodeInfo& node) {
  std::string text;
  for (const LeaseWait& wait : node.lease_waits)
    text += fmt::format("waits        {} for the lease of lost node {} (or: holdfast node fence-ack {})\n",
                        time_text(wait.left), wait.node.value(), wait.node.value());
  return text;
}

std::string phase_text(const NodeInfo& node) {
  return coloured(node.phase == NodePhase::open ? Colour::green : Colour::yellow,
                  name_of(node.phase));
}

std::string text_of(const NodeInfo& node) {
  return fmt::format(
      "node         {} of cluster '{}', version {}, up {}\n"
      "member       {}\n"
      "phase        {}\n"
      "view         epoch {}, {} members, {}\n"
      "votes        {}\n"
      "lease        {}, {}\n"
      "connected    {}\n"
      "sessions     {}\n"
      "locks        {} of this node's programs\n"
      "masters      {} resources, {} given away, {} of them because others use them more\n"
      "directory    {} entries\n"
      "{}",
      node.node.value(), node.cluster, node.version, time_text(node.uptime),
      member_text(
          {.node = node.node, .incarnation = node.incarnation, .address = node.peer_address}),
      phase_text(node), node.view.epoch.value(), node.view.members.size(),
      node.view.quorate ? "quorate" : coloured(Colour::red, "without quorum"),
      votes_text(node.view), time_text(node.lease), validity_text(node),
      peers_text(node), node.sessions, node.claims, node.resources_mastered,
      node.moved, node.moved_by_use, node.directory_entries, waits_text(node));
}

int status(const Common& common) {
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto node = client->status();
  if (!node) return failed(node.error());
  return print(common.json ? to_json(*node).dump(2) + "\n" : text_of(*node)) ? exit_ok
                                                                             : exit_failed;
}

}  // namespace

Run declare_status(CLI::App&) { return status; }

}  // namespace holdfast::cli
