// SPDX-License-Identifier: Apache-2.0
#include "cluster/link.hpp"

#include "base/limits.hpp"

namespace holdfast::cluster {
namespace {

// How many bytes of these messages fit into one frame without cutting one.
std::size_t whole_messages(std::span<const std::byte> messages, std::size_t bytes_max) {
  if (messages.size() <= bytes_max) return messages.size();
  std::size_t taken = 0;
  wire::Frame frame;
  while (wire::cut_frame(messages.subspan(taken), bytes_max, frame) == wire::Cut::frame &&
         taken + frame.whole.size() <= bytes_max)
    taken += frame.whole.size();
  HF_ASSERT(taken > 0);
  return taken;
}

}  // namespace

void Link::seal(const Token& clock, wire::Buffer* out) {
  const std::size_t before = kept_.size();
  while (!turn_.empty()) {
    const std::size_t bytes = whole_messages(turn_.bytes(), limits::peer_frame_bytes_max - wire::link_data_bytes - 2);
    const wire::LinkData head{.sequence = next_sequence_++, .received = received_, .clock = clock};
    const std::size_t length = 2 + wire::link_data_bytes + bytes;
    std::byte* at = kept_.extend(4 + length);
    at = wire::put(at, static_cast<std::uint32_t>(length));
    at = wire::put(at, static_cast<std::uint16_t>(wire::LinkData::type));
    at = wire::put(at, head);
    std::memcpy(at, turn_.data(), bytes);
    HF_ASSERT(at + bytes == kept_.data() + kept_.size());
    kept_sizes_.push_back(4 + length);
    turn_.consume(bytes);
  }
  if (kept_.size() == before) return;
  told_ = received_;
  if (out != nullptr) out->append(kept_.bytes().subspan(before));
}

bool Link::acknowledge(std::uint64_t received) {
  if (received >= next_sequence_) return false;
  for (; acknowledged_ < received; ++acknowledged_) {
    kept_.consume(kept_sizes_.front());
    kept_sizes_.pop_front();
  }
  return true;
}

Link::Arrival Link::arrive(std::uint64_t sequence) {
  if (sequence <= received_) return Arrival::duplicate;
  if (sequence != received_ + 1) return Arrival::gap;
  ++received_;
  return Arrival::apply;
}

}  // namespace holdfast::cluster
