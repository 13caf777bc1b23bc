// SPDX-License-Identifier: Apache-2.0
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

WireView to_wire(const View& view) {
  WireView wire{.epoch = view.epoch, .members = {}, .configured_votes = view.configured_votes,
                .quorate = static_cast<std::uint8_t>(view.quorate ? 1 : 0)};
  for (const Member& member : view.members)
    wire.members.push_back({.node = member.node, .incarnation = member.incarnation, .address = member.address,
                            .weight = member.weight, .votes = member.votes});
  return wire;
}

View from_wire(const WireView& wire) {
  View view{.epoch = wire.epoch, .members = {}, .configured_votes = wire.configured_votes,
            .quorate = wire.quorate != 0};
  for (const WireMember& member : wire.members)
    view.members.push_back({.node = member.node, .incarnation = member.incarnation, .address = member.address,
                            .weight = member.weight, .votes = member.votes});
  return view;
}

}  // namespace holdfast::wire
