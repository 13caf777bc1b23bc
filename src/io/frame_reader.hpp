// SPDX-License-Identifier: Apache-2.0
// FrameReader: cuts what one connection sends into frames. Bytes are read into a buffer that all
// connections share; only the start of a frame that is not all there yet is kept here.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "wire/buffer.hpp"
#include "wire/framing.hpp"

namespace holdfast::io {

class FrameReader {
 public:
  explicit FrameReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  // Calls visit(frame) for each frame that is complete now, until it returns false. Gives the reason if
  // these bytes are no frames; nothing of this connection can be understood from there on.
  template <class Visit>
  [[nodiscard]] std::optional<Errc> take(std::span<const std::byte> bytes, Visit&& visit) {
    const bool kept_some = !kept_.empty();
    if (kept_some) {
      kept_.append(bytes);
      bytes = kept_.bytes();
    }
    wire::Frame frame;
    wire::Cut cut = wire::Cut::frame;
    std::size_t used = 0;
    bool wanted = true;
    while (wanted) {
      cut = wire::cut_frame(bytes.subspan(used), frame_bytes_max_, frame);
      if (cut != wire::Cut::frame) break;
      used += frame.whole.size();
      wanted = visit(frame);
    }
    if (kept_some)
      kept_.consume(used);
    else
      kept_.append(bytes.subspan(used));
    return reason(cut);
  }

 private:
  static std::optional<Errc> reason(wire::Cut cut) {
    switch (cut) {
      case wire::Cut::frame:
      case wire::Cut::incomplete: return std::nullopt;
      case wire::Cut::too_long: return Errc::frame_too_long;
      case wire::Cut::too_short: return Errc::bad_message;
    }
    return Errc::bad_message;
  }

  std::size_t frame_bytes_max_;
  wire::Buffer kept_;
};

}  // namespace holdfast::io
