// SPDX-License-Identifier: Apache-2.0
// What daemons say to each other inside a process group, to agree on views (src/cluster/gathering.hpp). The
// group delivers every message to all of its members in one order; it also says which node sent it.
//
// Each message names the configuration of the group that its sender was in. In another one it means nothing.
#pragma once

#include <cstdint>
#include <string>

#include "wire/codec.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

inline constexpr std::uint32_t group_protocol = 1;

// Wire value: never renumber.
enum class GroupMessage : std::uint16_t { announce = 1, promise = 2, alive = 3 };

// Which members the group has, and in which ring of nodes.
struct GroupConfiguration {
  NodeId ring_node;
  std::uint64_t ring_sequence = 0;
  std::uint64_t members_digest = 0;
  static constexpr std::tuple fields{field("ring_node", &GroupConfiguration::ring_node),
                                     field("ring_sequence", &GroupConfiguration::ring_sequence),
                                     field("members_digest", &GroupConfiguration::members_digest)};
  friend bool operator==(const GroupConfiguration&, const GroupConfiguration&) = default;
};

// A view with all that belongs to it.
struct GroupView {
  WireView view;  // epoch none: no view
  NodeId tie_breaker;
  std::uint32_t device_votes = 0;
  Duration device_timeout{};
  static constexpr std::tuple fields{
      field("view", &GroupView::view), field("tie_breaker", &GroupView::tie_breaker),
      field("device_votes", &GroupView::device_votes), field("device_timeout", &GroupView::device_timeout)};
};
[[nodiscard]] GroupView to_group(const View& view);
[[nodiscard]] View from_group(const GroupView& view);

// Here I am, this is what a view needs to know of me, and what I know of earlier views.
struct GroupAnnounce {
  static constexpr auto type = GroupMessage::announce;
  static constexpr std::string_view name = "GroupAnnounce";
  std::uint32_t protocol = spoken(group_protocol);
  GroupConfiguration configuration;
  Incarnation incarnation;
  std::string address;
  std::uint32_t weight = 1;
  std::uint32_t votes = 1;
  std::uint32_t configured_votes = 0;
  NodeId tie_breaker;
  std::uint8_t quorate = 0;
  Epoch epoch;              // the largest that the sender's node has promised, acted on, or may have used
  std::uint8_t acting = 0;  // does this life act on `promised`?
  GroupView promised;       // the newest view that the sender's node has promised
  std::uint32_t device_votes = 0;
  Duration device_timeout{};
  std::uint8_t device_settled = 0;  // do they count for a view where the sender is?
  static constexpr std::size_t required = 12;
  static constexpr std::tuple fields{
      field("protocol", &GroupAnnounce::protocol),       field("configuration", &GroupAnnounce::configuration),
      field("incarnation", &GroupAnnounce::incarnation), field("address", &GroupAnnounce::address),
      field("weight", &GroupAnnounce::weight),           field("votes", &GroupAnnounce::votes),
      field("configured_votes", &GroupAnnounce::configured_votes),
      field("tie_breaker", &GroupAnnounce::tie_breaker), field("quorate", &GroupAnnounce::quorate),
      field("epoch", &GroupAnnounce::epoch),             field("acting", &GroupAnnounce::acting),
      field("promised", &GroupAnnounce::promised),       field("device_votes", &GroupAnnounce::device_votes),
      field("device_timeout", &GroupAnnounce::device_timeout),
      field("device_settled", &GroupAnnounce::device_settled)};
};

// My node will never promise another view of this epoch.
struct GroupPromise {
  static constexpr auto type = GroupMessage::promise;
  static constexpr std::string_view name = "GroupPromise";
  GroupConfiguration configuration;
  Epoch epoch;
  std::uint64_t view_digest = 0;
  static constexpr std::tuple fields{field("configuration", &GroupPromise::configuration),
                                     field("epoch", &GroupPromise::epoch),
                                     field("view_digest", &GroupPromise::view_digest)};
};

// This daemon runs. Sent at regular times.
struct GroupAlive {
  static constexpr auto type = GroupMessage::alive;
  static constexpr std::string_view name = "GroupAlive";
  GroupConfiguration configuration;
  static constexpr std::tuple fields{field("configuration", &GroupAlive::configuration)};
};

using BetweenGroupMembers = MessageList<GroupAnnounce, GroupPromise, GroupAlive>;

}  // namespace holdfast::wire
