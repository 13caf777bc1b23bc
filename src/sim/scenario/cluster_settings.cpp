// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/cluster_settings.hpp"

#include "base/limits.hpp"
#include "sim/scenario/words.hpp"

namespace holdfast::sim {
namespace {

constexpr std::string_view allowed_keys =
    "nodes seed membership (auto, manual) lease_ms idle_keep_ms value_bytes_max wait_max_ms mastering (first, "
    "home, pinned) "
    "pinned (n1:WEIGHT,n2) move_uses votes tie_breaker (n1) device_votes device_timeout_ms";

Result<std::uint64_t> number_within(const std::string& key, const std::string& text,
                                    std::uint64_t low, std::uint64_t high) {
  const auto number = parse_number(text);
  if (number && *number >= low && *number <= high) return *number;
  return wrong(key + "=" + text + ": allowed are " + std::to_string(low) + " to " +
               std::to_string(high));
}

Result<node::Mastering> parse_mastering(const std::string& text) {
  if (text == "first") return node::Mastering::first;
  if (text == "home") return node::Mastering::home;
  if (text == "pinned") return node::Mastering::pinned;
  return wrong("mastering=" + text + ": allowed are first, home, pinned");
}

// "n1:2,n3": nodes with weights, 1 where none is said.
Result<std::vector<node::PinnedNode>> parse_pinned(std::string_view text) {
  std::vector<node::PinnedNode> pinned;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, comma);
    const std::size_t colon = std::min(one.find(':'), one.size());
    const auto node = one.starts_with('n') ? parse_number(one.substr(1, colon - 1)) : std::nullopt;
    const auto weight =
        colon == one.size() ? std::optional<std::uint64_t>{1} : parse_number(one.substr(colon + 1));
    if (!node || !weight || *weight > limits::weight_max)
      return wrong("pinned=" + std::string(one) + ": write nodes with weights, such as n1:2,n3");
    pinned.push_back(
        {NodeId{static_cast<std::uint32_t>(*node)}, static_cast<std::uint32_t>(*weight)});
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return pinned;
}

Result<void> read_key(const std::string& key, const std::string& value, ClusterSettings& settings) {
  node::LockspacePolicy& policy = settings.node.default_policy;
  if (key == "membership") {
    if (value != "auto" && value != "manual")
      return wrong("membership=" + value + ": allowed are auto, manual");
    settings.manual_membership = value == "manual";
  } else if (key == "lease_ms") {
    HF_TRY(const std::uint64_t ms, number_within(key, value, 100, 600'000));
    settings.node.lease = std::chrono::milliseconds(ms);
  } else if (key == "idle_keep_ms") {
    HF_TRY(const std::uint64_t ms, number_within(key, value, 0, 600'000));
    settings.node.idle_keep = std::chrono::milliseconds(ms);
  } else if (key == "value_bytes_max") {
    HF_TRY(const std::uint64_t bytes, number_within(key, value, 1, limits::value_bytes_max));
    policy.value_bytes_max = static_cast<std::uint32_t>(bytes);
  } else if (key == "wait_max_ms") {
    HF_TRY(const std::uint64_t ms, number_within(key, value, 0, 600'000));
    policy.wait_max = std::chrono::milliseconds(ms);
  } else if (key == "move_uses") {
    HF_TRY(const std::uint64_t uses, number_within(key, value, 1, 1'000));
    settings.node.migration.uses = static_cast<std::uint32_t>(uses);
  } else if (key == "votes") {
    HF_TRY(const std::uint64_t votes, number_within(key, value, 1, 1'000));
    settings.votes.configured = static_cast<std::uint32_t>(votes);
  } else if (key == "device_votes") {
    HF_TRY(const std::uint64_t votes, number_within(key, value, 1, 1'000));
    settings.votes.device = static_cast<std::uint32_t>(votes);
  } else if (key == "device_timeout_ms") {
    HF_TRY(const std::uint64_t ms, number_within(key, value, 0, 600'000));
    settings.votes.device_timeout = std::chrono::milliseconds(ms);
  } else if (key == "tie_breaker") {
    const auto node = value.starts_with('n') ? parse_number(value.substr(1)) : std::nullopt;
    if (!node) return wrong("tie_breaker=" + value + ": write a node, such as n1");
    settings.votes.tie_breaker = NodeId{static_cast<std::uint32_t>(*node)};
  } else if (key == "mastering") {
    HF_TRY(policy.mastering, parse_mastering(value));
  } else if (key == "pinned") {
    HF_TRY(policy.pinned, parse_pinned(value));
  } else {
    return wrong("'" + key + "' is no key of 'cluster'; allowed are " + std::string(allowed_keys));
  }
  return {};
}

}  // namespace

Result<ClusterSettings> read_cluster(const Script& script) {
  ClusterSettings settings;
  settings.node.deadlocks.on = true;
  const ClusterLine* line = script.cluster();
  if (line == nullptr) return settings;
  settings.nodes = line->nodes;
  settings.seed = line->seed;
  for (const auto& [key, value] : line->settings)
    if (auto done = read_key(key, value, settings); !done) return done.error();
  return settings;
}

}  // namespace holdfast::sim
