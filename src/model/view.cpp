// SPDX-License-Identifier: Apache-2.0
#include "model/view.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/limits.hpp"

namespace holdfast {
namespace {

Result<void> check_member(const Member& member) {
  const std::string who = "node " + std::to_string(member.node.value());
  if (!member.node) return Error{Errc::bad_view, "node ids start at 1"};
  if (!member.incarnation) return Error{Errc::bad_view, who + " has no incarnation"};
  if (member.weight > limits::weight_max)
    return Error{Errc::bad_view, who + " has weight " + std::to_string(member.weight) + ", at most " +
                                     std::to_string(limits::weight_max) + " is allowed"};
  if (member.address.size() > limits::address_bytes_max)
    return Error{Errc::bad_view, "the address of " + who + " is longer than " +
                                     std::to_string(limits::address_bytes_max) + " bytes"};
  return {};
}

}  // namespace

const Member* View::find(NodeId node) const {
  const auto at = std::ranges::lower_bound(members, node, {}, &Member::node);
  return at != members.end() && at->node == node ? &*at : nullptr;
}

bool View::has(NodeId node, Incarnation incarnation) const {
  const Member* member = find(node);
  return member != nullptr && member->incarnation == incarnation;
}

std::uint64_t View::digest() const {
  std::uint64_t digest = mix64(epoch.value() + 1, 0x9e3779b97f4a7c15ULL);
  digest = mix64(digest ^ configured_votes, 0xe7037ed1a0b428dbULL + (quorate ? 1 : 0));
  if (tie_breaker || device_votes != 0)
    digest = mix64(digest ^ tie_breaker.value(), mix64(device_votes, static_cast<std::uint64_t>(device_timeout.count())));
  for (const Member& member : members) {
    digest = mix64(digest ^ member.node.value(), member.incarnation.value() ^ 0xa0761d6478bd642fULL);
    digest = mix64(digest ^ member.weight, 0x8ebc6af09c88c6e3ULL ^ member.votes);
    digest = hash_bytes(member.address, digest);
  }
  return digest;
}

Result<View> checked(View view) {
  if (!view.epoch) return Error{Errc::bad_view, "epoch 0 is never announced"};
  if (view.members.empty()) return Error{Errc::bad_view, "a view has at least one member"};
  if (view.members.size() > limits::nodes_max)
    return Error{Errc::bad_view, "a view has at most " + std::to_string(limits::nodes_max) + " members"};
  std::ranges::sort(view.members, {}, &Member::node);
  for (const Member& member : view.members)
    if (Result<void> fine = check_member(member); !fine) return fine.error();
  const auto twin = std::ranges::adjacent_find(view.members, {}, &Member::node);
  if (twin != view.members.end())
    return Error{Errc::bad_view, "node " + std::to_string(twin->node.value()) + " is named twice"};
  return view;
}

}  // namespace holdfast
