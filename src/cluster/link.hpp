// SPDX-License-Identifier: Apache-2.0
// Link: what makes messages between two incarnations reliable. Frames are numbered, kept until they are
// acknowledged (cumulatively, by any frame of the other direction), sent again after a reconnect, and
// applied once. A link lives as long as both incarnations are members; connections come and go under it.
#pragma once

#include <cstdint>
#include <deque>

#include "model/token.hpp"
#include "wire/buffer.hpp"
#include "wire/framing.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::cluster {

class Link {
 public:
  // Puts a message into the frame of this turn.
  template <wire::Described M>
  void append(const M& message) {
    wire::append_frame(turn_, message);
  }
  [[nodiscard]] bool has_unsealed() const { return !turn_.empty(); }
  // Makes the messages of this turn one frame, keeps it, and appends it to `out` if that is not null (that
  // is: if a connection stands).
  void seal(const Token& clock, wire::Buffer* out);

  // The peer has applied our frames up to this one: they are forgotten.
  // False if it names a frame that was never sent: the peer lies or is another incarnation.
  [[nodiscard]] bool acknowledge(std::uint64_t received);
  // Everything that is not acknowledged, once more. For a fresh connection.
  void resend(wire::Buffer& out) const { out.append(kept_.bytes()); }

  enum class Arrival : std::uint8_t { apply, duplicate, gap };
  // A frame of the peer came. `gap` cannot happen in a stream and means that the connection is unusable.
  [[nodiscard]] Arrival arrive(std::uint64_t sequence);
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // Applied frames that no frame of ours has acknowledged yet.
  [[nodiscard]] std::uint64_t acknowledgement_owed() const { return received_ - told_; }
  void told() { told_ = received_; }

  // Number that the next sealed frame gets; what is in the current turn is on its way with it.
  [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::size_t kept_bytes() const { return kept_.size(); }

 private:
  wire::Buffer turn_;  // message frames of this turn
  wire::Buffer kept_;  // sealed frames, not acknowledged
  std::deque<std::size_t> kept_sizes_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t told_ = 0;
};

}  // namespace holdfast::cluster
