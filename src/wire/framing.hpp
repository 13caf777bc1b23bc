// SPDX-License-Identifier: Apache-2.0
// Framing: how messages stand in a stream. One frame = 32-bit length of what follows, 16-bit type, body.
// The same frames are used between client and daemon, between peers, and inside a peer's data frame.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "wire/buffer.hpp"
#include "wire/codec.hpp"

namespace holdfast::wire {

inline constexpr std::size_t frame_header_bytes = 6;

struct Frame {
  std::uint16_t type = 0;
  std::span<const std::byte> body;
  std::span<const std::byte> whole;  // with its header
};

// How many bytes a release adds to the end of a message, or leaves out there.
template <Described M>
std::ptrdiff_t bytes_of_vintage(const M& message) {
  if (spoken_vintage == Vintage::next) return sizeof field_of_next_vintage;
  std::ptrdiff_t bytes = 0;
  if (spoken_vintage == Vintage::previous) {
    std::size_t index = 0;
    const auto leave_out = [&](const auto& f) {
      if (index++ >= required_fields<M>()) bytes -= static_cast<std::ptrdiff_t>(encoded_size(message.*(f.member)));
    };
    std::apply([&](const auto&... f) { (leave_out(f), ...); }, M::fields);
  }
  return bytes;
}

// Appends one message as a frame.
template <Described M>
void append_frame(Buffer& out, const M& message) {
  const std::size_t known = encoded_size(message);
  const std::size_t body = known + static_cast<std::size_t>(bytes_of_vintage(message));
  std::byte* at = out.extend(frame_header_bytes + std::max(known, body));
  at = put(at, static_cast<std::uint32_t>(2 + body));
  at = put(at, static_cast<std::uint16_t>(M::type));
  at = put(at, message);
  if (body > known) at = put(at, field_of_next_vintage);
  HF_ASSERT(at == out.data() + out.size());
  if (body < known) out.truncate(out.size() - (known - body));
}

enum class Cut : std::uint8_t { frame, incomplete, too_long, too_short };

// The first frame of `bytes`, if it is all there.
inline Cut cut_frame(std::span<const std::byte> bytes, std::size_t frame_bytes_max, Frame& out) {
  if (bytes.size() < 4) return Cut::incomplete;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data(), 4);
  if (length < 2) return Cut::too_short;
  if (length > frame_bytes_max) return Cut::too_long;
  if (bytes.size() < 4 + std::size_t{length}) return Cut::incomplete;
  std::memcpy(&out.type, bytes.data() + 4, 2);
  out.body = bytes.subspan(frame_header_bytes, length - 2);
  out.whole = bytes.first(4 + std::size_t{length});
  return Cut::frame;
}

}  // namespace holdfast::wire
