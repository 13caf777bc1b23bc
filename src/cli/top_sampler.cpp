// SPDX-License-Identifier: Apache-2.0
#include "cli/top_sampler.hpp"

#include "cli/arguments.hpp"
#include "cli/report_text.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::cli {
namespace {

// How long a node may take to say what it is doing, and a daemon to greet.
constexpr std::chrono::milliseconds answer_max{1000};
constexpr std::chrono::milliseconds other_answer_max{300};
constexpr std::uint32_t page_rows = 1000;

}  // namespace

Result<void> TopSampler::connect_if_needed() {
  if (client_ && client_->ended() == nullptr) return {};
  client_.reset();
  sweeping_ = false;
  HF_TRY(Client client, connect(common_, {.label = "top", .connect_max = answer_max}));
  client_.emplace(std::move(client));
  return {};
}

std::optional<NodeInfo> TopSampler::ask(NodeId node) {
  if (common_.dir.empty()) return std::nullopt;
  auto found = others_.find(node);
  if (found == others_.end()) {
    auto client = Client::connect({.socket = socket_in(common_.dir, node.value()), .label = "top", .connect_max = other_answer_max});
    if (!client) return std::nullopt;
    found = others_.emplace(node, *std::move(client)).first;
  }
  auto info = found->second.status(other_answer_max);
  if (info) return *std::move(info);
  others_.erase(found);
  return std::nullopt;
}

Result<void> TopSampler::look_at_nodes(TopModel& model) {
  HF_TRY(const NodeInfo own, client_->status(answer_max));
  title_ = fmt::format("{} of cluster {}", node_text(own.node), escaped(own.cluster));
  std::vector<NodeSight> nodes;
  for (std::size_t i = 0; i < own.view.members.size(); ++i) {
    const NodeId node = own.view.members[i].node;
    NodeSight sight{.node = node, .connected = node == own.node || std::ranges::count(own.peers_connected, node) > 0};
    if (i < own.member_ages.size()) sight.member_age = own.member_ages[i];
    if (node == own.node) sight.info = own;
    else if (sight.connected) sight.info = ask(node);
    nodes.push_back(std::move(sight));
  }
  // Before its first view it stands alone.
  if (!own.view.has(own.node)) nodes.push_back({.node = own.node, .connected = true, .info = own});
  model.set_nodes(std::move(nodes));
  return {};
}

Result<Sweep> TopSampler::look(TopModel& model, Duration budget) {
  if (const auto connected = connect_if_needed(); !connected) return connected.error();
  if (const auto looked = look_at_nodes(model); !looked) return looked.error();
  const Instant until = boottime() + budget;
  if (!std::exchange(sweeping_, true)) {
    model.begin_sweep();
    after_.clear();
    complete_ = true;
  }
  do {
    HF_TRY(QueryPage page, client_->query({.after = after_, .rows_max = page_rows}));
    const Instant now = boottime();
    for (const ResourceInfo& resource : page.resources) model.add(resource, now);
    complete_ = complete_ && page.complete;
    // A page that does not come further would be asked for without end.
    if (page.next.empty() || page.next <= after_) {
      model.end_sweep(complete_);
      sweeping_ = false;
      return Sweep::whole;
    }
    after_ = std::move(page.next);
  } while (boottime() < until);
  return Sweep::goes_on;
}

}  // namespace holdfast::cli
