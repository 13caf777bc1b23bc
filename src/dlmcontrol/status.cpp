// SPDX-License-Identifier: Apache-2.0
// What dlm_tool status, dump and dump_config print: what one node knows of the cluster, in the shapes of the
// Linux DLM's daemon. Times are seconds: monotonic ones, or of the wall clock where the shape has them so.
#include <ctime>
#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <string>

#include "dlmcontrol/control.hpp"

namespace holdfast::dlmcontrol {
namespace {

using Seconds = std::chrono::seconds;

std::int64_t now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec;
}

std::int64_t seconds(std::chrono::nanoseconds time) { return std::chrono::duration_cast<Seconds>(time).count(); }

// A node is waited for from its loss until its lease, and a margin, have run out.
std::int64_t lost_for(const NodeInfo& node, const LeaseWait& wait) {
  return std::max<std::int64_t>(0, seconds(node.lease + node.lease / 100 - wait.left));
}

std::string member_line(const NodeInfo& node, std::size_t at, bool verbose) {
  const std::uint32_t id = node.view.members[at].node.value();
  const std::int64_t added = now(CLOCK_MONOTONIC) - seconds(node.member_ages[at]);
  if (!verbose) return fmt::format("node {} M add {} rem 0 fail 0 fence 0 at 0 0\n", id, added);
  return fmt::format("nodeid {}\n    member=1\n    incarnation={}\n    address={}\n    weight={}\n    votes={}\n"
                     "    add_time={}\n",
                     id, node.view.members[at].incarnation.value(), node.view.members[at].address,
                     node.view.members[at].weight, node.view.members[at].votes, added);
}

// What the Linux DLM does by fencing, time does here, or fence_ack.
std::string fence_line(const NodeInfo& node, const LeaseWait& wait) {
  const std::int64_t wall = now(CLOCK_REALTIME);
  return fmt::format("fence {} nodedown delay actor 0 fail {} fence 0 now {}\n", wait.node.value(),
                     wall - lost_for(node, wait), wall);
}

std::string lost_line(const NodeInfo& node, const LeaseWait& wait) {
  const std::int64_t failed = now(CLOCK_MONOTONIC) - lost_for(node, wait);
  return fmt::format("node {} X add 0 rem {} fail {} fence 0 at 0 0\n", wait.node.value(), failed, failed);
}

std::string status_text(const NodeInfo& node, bool verbose) {
  std::string text = fmt::format("cluster nodeid {} quorate {} ring seq {} {}\n", node.node.value(),
                                 node.view.quorate ? 1 : 0, node.view.epoch.value(), node.view.epoch.value());
  text += fmt::format("daemon now {} fence_pid 0 \n", now(CLOCK_MONOTONIC));
  if (verbose) text += fmt::format("our_nodeid {}\n", node.node.value());
  for (const LeaseWait& wait : node.lease_waits) text += fence_line(node, wait);
  for (std::size_t at = 0; at < node.view.members.size(); ++at) text += member_line(node, at, verbose);
  for (const LeaseWait& wait : node.lease_waits)
    if (!node.view.has(wait.node)) text += lost_line(node, wait);
  return text;
}

std::string config_text(const NodeInfo& node) {
  return fmt::format("cluster_name={}\nnodeid={}\npeer_address={}\nlease_ms={}\nversion={}\n", node.cluster,
                     node.node.value(), node.peer_address,
                     std::chrono::duration_cast<std::chrono::milliseconds>(node.lease).count(), node.version);
}

std::string debug_text(const NodeInfo& node) {
  return fmt::format("{}sessions {} locks {} mastered {} directory {} phase {} uptime {}\n", status_text(node, true),
                     node.sessions, node.claims, node.resources_mastered, node.directory_entries, name_of(node.phase),
                     seconds(node.uptime));
}

int dump(char* buffer, std::string (*text_of)(const NodeInfo&)) {
  auto client = connect();
  if (!client) return fail(client.error());
  const auto node = client->status();
  if (!node) return fail(node.error());
  put_text(buffer, text_of(*node));
  return 0;
}

}  // namespace
}  // namespace holdfast::dlmcontrol

using namespace holdfast::dlmcontrol;

extern "C" {

int dlmc_print_status(uint32_t flags) {
  auto client = connect();
  auto node = client ? client->status() : holdfast::Result<holdfast::NodeInfo>(client.error());
  if (!node) {
    std::fprintf(stderr, "%s\n", node.error().text().c_str());
    return fail(node.error());
  }
  std::fputs(status_text(*node, (flags & DLMC_STATUS_VERBOSE) != 0).c_str(), stdout);
  return 0;
}

int dlmc_dump_debug(char* buf) { return dump(buf, debug_text); }
int dlmc_dump_config(char* buf) { return dump(buf, config_text); }

}  // extern "C"
