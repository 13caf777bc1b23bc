// SPDX-License-Identifier: Apache-2.0
// Link: what makes messages between two incarnations reliable. Frames are numbered, kept until they are
// acknowledged (cumulatively, by any frame of the other direction), sent again after a reconnect, and
// applied once. A link lives as long as both incarnations are members; connections come and go under it.
// A frame carries what one turn produced, or a part of that if it is more than about a kilobyte. One message is never
// cut: it fits limits::peer_frame_bytes_max.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/limits.hpp"
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
    const std::size_t before = turn_.size();
    wire::append_frame(turn_, message);
    cut(before);
  }
  void append_frame(std::string_view frame) {
    const std::size_t before = turn_.size();
    turn_.append(std::as_bytes(std::span(frame)));
    cut(before);
  }
  [[nodiscard]] std::size_t unsealed_bytes() const { return turn_.size(); }
  // Makes the messages of this turn one frame (more, if they are more than a frame may have), keeps it, and
  // appends it to `out` if that is not null (that is: if a connection stands).
  void seal(const Token& clock, wire::Buffer* out);

  // The peer has applied our frames up to this one: they are forgotten.
  // False if it names a frame that was never sent: the peer lies or is another incarnation.
  [[nodiscard]] bool acknowledge(std::uint64_t received);
  // Everything that is not acknowledged, once more. For a fresh connection.
  void resend(wire::Buffer& out) const;

  enum class Arrival : std::uint8_t { apply, duplicate, gap };
  // A frame of the peer came. `gap` cannot happen in a stream and means that the connection is unusable.
  [[nodiscard]] Arrival arrive(std::uint64_t sequence);
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // Applied frames that no frame of ours has acknowledged yet.
  [[nodiscard]] std::uint64_t acknowledgement_owed() const { return received_ - told_; }
  void told() { told_ = received_; }

  // Number of the frame in which what is appended now leaves: acknowledged() reaches it when all of that
  // was applied.
  [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_ + cuts_.size(); }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::size_t kept_bytes() const { return kept_.size(); }

 private:
  static constexpr std::size_t messages_bytes_max = limits::peer_frame_bytes_max - 2 - wire::link_data_bytes;
  // What stands longest in a message: a key and a value, or a row per node.
  static_assert(messages_bytes_max >= limits::client_frame_bytes_max);
  // A frame is stepped as a whole at the other end.
  static constexpr std::size_t messages_bytes_usual = 1024;
  void cut(std::size_t before) {
    const std::size_t begin = cuts_.empty() ? 0 : cuts_.back();
    if (turn_.size() - begin > messages_bytes_usual && before > begin) cuts_.push_back(before);
  }
  void keep(std::span<const std::byte> messages, const Token& clock);

  wire::Buffer turn_;              // message frames of this turn
  std::vector<std::size_t> cuts_;  // where in turn_ the second, third, ... link frame begins
  wire::Buffer kept_;  // sealed frames, not acknowledged
  std::deque<std::size_t> kept_sizes_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t told_ = 0;
};

}  // namespace holdfast::cluster
