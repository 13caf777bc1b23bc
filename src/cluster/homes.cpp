// SPDX-License-Identifier: Apache-2.0
#include "cluster/homes.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/hash.hpp"

namespace holdfast::cluster {
namespace {

__extension__ using Wide = unsigned __int128;

// -log2(hash / 2^64) with 32 binary digits behind the point, at least 1.
std::uint64_t negative_log2(std::uint64_t hash) {
  hash |= 1;
  const int zeros = std::countl_zero(hash);
  std::uint64_t mantissa = hash << zeros;  // in [2^63, 2^64): a number in [1, 2)
  std::uint64_t fraction = 0;
  for (int digit = 0; digit < 32; ++digit) {
    const Wide square = static_cast<Wide>(mantissa) * mantissa;
    const bool overflow = (square >> 127) != 0;
    mantissa = static_cast<std::uint64_t>(square >> (overflow ? 64 : 63));
    fraction = fraction * 2 + (overflow ? 1 : 0);
  }
  // log2(hash / 2^64) = -zeros - 1 + fraction
  return (static_cast<std::uint64_t>(zeros + 1) << 32) - fraction;
}

// A node's chance of a slot: weight / -log2(hash), the larger the better. Without a node it beats nobody.
struct Score {
  NodeId node;
  std::uint64_t weight = 0;
  std::uint64_t log = 1;

  Score() = default;
  Score(Slot slot, NodeId n, std::uint64_t w) : node(n), weight(w) {
    const std::uint64_t hash = mix64(slot.value() + 0x9e3779b97f4a7c15ULL, n.value() * 0xd6e8feb86659fd93ULL + 1);
    log = negative_log2(mix64(hash, 0xa0761d6478bd642fULL));
  }
  [[nodiscard]] bool beats(const Score& other) const {
    return static_cast<Wide>(weight) * other.log > static_cast<Wide>(other.weight) * log;
  }
};

struct Podium {
  Score first;
  Score second;
  void add(const Score& score) {
    if (score.beats(first))
      second = std::exchange(first, score);
    else if (score.beats(second))
      second = score;
  }
};

}  // namespace

NodeId rendezvous(Slot slot, std::span<const WeightedNode> nodes) { return rank(slot, nodes).first; }

Ranked rank(Slot slot, std::span<const WeightedNode> nodes) {
  HF_ASSERT(!nodes.empty());
  Podium weighted;
  for (const WeightedNode& node : nodes)
    if (node.weight != 0) weighted.add(Score(slot, node.node, node.weight));
  if (weighted.second.node) return {.first = weighted.first.node, .second = weighted.second.node};
  // Among those without a weight all have the same.
  Podium others;
  for (const WeightedNode& node : nodes)
    if (node.weight == 0) others.add(Score(slot, node.node, 1));
  if (weighted.first.node) return {.first = weighted.first.node, .second = others.first.node};
  return {.first = others.first.node, .second = others.second.node};
}

Homes::Homes(const View& view) {
  std::vector<WeightedNode> nodes;
  for (const Member& member : view.members) nodes.push_back({.node = member.node, .weight = member.weight});
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    const Ranked ranked = rank(Slot{slot}, nodes);
    homes_[slot] = {.node = ranked.first, .incarnation = view.find(ranked.first)->incarnation, .next = ranked.second};
  }
}

}  // namespace holdfast::cluster
