// SPDX-License-Identifier: Apache-2.0
#include "cluster/link.hpp"

namespace holdfast::cluster {

void Link::seal(const Token& clock, wire::Buffer* out) {
  if (turn_.empty()) return;
  const wire::LinkData head{.sequence = next_sequence_++, .received = received_, .clock = clock};
  told_ = received_;
  const std::size_t length = 2 + wire::link_data_bytes + turn_.size();
  const std::size_t before = kept_.size();
  std::byte* at = kept_.extend(4 + length);
  at = wire::put(at, static_cast<std::uint32_t>(length));
  at = wire::put(at, static_cast<std::uint16_t>(wire::LinkData::type));
  at = wire::put(at, head);
  std::memcpy(at, turn_.data(), turn_.size());
  HF_ASSERT(at + turn_.size() == kept_.data() + kept_.size());
  kept_sizes_.push_back(4 + length);
  turn_.clear();
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
