// SPDX-License-Identifier: Apache-2.0
// Framing: how messages stand in a stream. One frame = 32-bit length of what follows, 16-bit type, body.
// The same frames are used between client and daemon, between peers, and inside a peer's data frame.
#pragma once

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

// Appends one message as a frame.
template <Described M>
void append_frame(Buffer& out, const M& message) {
  const std::size_t body = encoded_size(message);
  std::byte* at = out.extend(frame_header_bytes + body);
  at = put(at, static_cast<std::uint32_t>(2 + body));
  at = put(at, static_cast<std::uint16_t>(M::type));
  at = put(at, message);
  HF_ASSERT(at == out.data() + out.size());
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
