// SPDX-License-Identifier: Apache-2.0
// Planted bugs (base/planted.hpp) that overlook the clock of a frame for what it carries. Nothing at all outside
// the simulator.
#pragma once

#include <cstddef>
#include <span>

#include "base/limits.hpp"
#include "base/planted.hpp"
#include "wire/framing.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::cluster {

#ifdef HOLDFAST_PLANTED_BUGS

inline bool carries(std::span<const std::byte> messages, wire::PeerMessage type) {
  wire::Frame inner;
  while (wire::cut_frame(messages, limits::peer_frame_bytes_max, inner) == wire::Cut::frame) {
    if (inner.type == static_cast<std::uint16_t>(type)) return true;
    messages = messages.subspan(inner.whole.size());
  }
  return false;
}

[[nodiscard]] inline bool overlooks_clock(std::span<const std::byte> messages) {
  return (planted(Bug::lose_clock_on_removal) && carries(messages, wire::Remove::type)) ||
         (planted(Bug::lose_clock_on_migration) && carries(messages, wire::Install::type));
}

#else

[[nodiscard]] constexpr bool overlooks_clock(std::span<const std::byte>) { return false; }

#endif

}  // namespace holdfast::cluster
