// SPDX-License-Identifier: Apache-2.0
// What planted bugs (base/planted.hpp) do to frames that are sent again. Nothing at all outside the
// simulator.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "base/limits.hpp"
#include "base/planted.hpp"
#include "wire/framing.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::cluster {

#ifdef HOLDFAST_PLANTED_BUGS

// An operation under mastership 0 means nothing to anybody.
inline void lose_releases(std::byte* at, std::size_t size) {
  wire::Frame inner;
  while (wire::cut_frame({at, size}, limits::peer_frame_bytes_max, inner) == wire::Cut::frame) {
    wire::Operation operation;
    const bool is_release = inner.type == static_cast<std::uint16_t>(wire::Operation::type) &&
                            wire::decode(inner.body, operation) &&
                            operation.kind == wire::OperationKind::unlock &&
                            operation.answer == wire::Answer::unwanted;
    if (is_release) {
      operation.mastership = {};
      wire::put(at + (inner.whole.size() - inner.body.size()), operation);
    }
    at += inner.whole.size();
    size -= inner.whole.size();
  }
}

inline void resend_wrongly(std::byte* at, std::size_t size) {
  constexpr std::size_t clock_bytes = 16;
  wire::Frame frame;
  while (wire::cut_frame({at, size}, limits::peer_frame_bytes_max, frame) == wire::Cut::frame) {
    const std::size_t head = frame.whole.size() - frame.body.size() + wire::link_data_bytes;
    if (planted(Bug::lose_clock_on_message)) std::memset(at + head - clock_bytes, 0, clock_bytes);
    if (planted(Bug::drop_release_at_reconnect)) lose_releases(at + head, frame.whole.size() - head);
    at += frame.whole.size();
    size -= frame.whole.size();
  }
}

#else

inline void resend_wrongly(std::byte*, std::size_t) {}

#endif

}  // namespace holdfast::cluster
