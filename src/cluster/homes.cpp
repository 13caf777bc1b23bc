// SPDX-License-Identifier: Apache-2.0
#include "cluster/homes.hpp"

#include <algorithm>
#include <bit>

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

}  // namespace

NodeId rendezvous(Slot slot, std::span<const WeightedNode> nodes) {
  HF_ASSERT(!nodes.empty());
  const bool all_zero = std::ranges::all_of(nodes, [](const WeightedNode& n) { return n.weight == 0; });
  const WeightedNode* best = nullptr;
  std::uint64_t best_log = 1;
  std::uint64_t best_weight = 0;
  for (const WeightedNode& candidate : nodes) {
    const std::uint64_t weight = all_zero ? 1 : candidate.weight;
    if (weight == 0) continue;
    const std::uint64_t hash =
        mix64(slot.value() + 0x9e3779b97f4a7c15ULL, candidate.node.value() * 0xd6e8feb86659fd93ULL + 1);
    const std::uint64_t log = negative_log2(mix64(hash, 0xa0761d6478bd642fULL));
    // weight / log > best_weight / best_log
    if (best == nullptr || static_cast<Wide>(weight) * best_log > static_cast<Wide>(best_weight) * log) {
      best = &candidate;
      best_log = log;
      best_weight = weight;
    }
  }
  return best->node;
}

Homes::Homes(const View& view) {
  std::vector<WeightedNode> nodes;
  for (const Member& member : view.members) nodes.push_back({.node = member.node, .weight = member.weight});
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    const NodeId winner = rendezvous(Slot{slot}, nodes);
    homes_[slot] = {.node = winner, .incarnation = view.find(winner)->incarnation};
  }
}

}  // namespace holdfast::cluster
