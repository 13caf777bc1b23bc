// SPDX-License-Identifier: Apache-2.0
#include "cluster/link.hpp"

#include "base/planted.hpp"
#include "cluster/resend_wrongly.hpp"

namespace holdfast::cluster {

void Link::seal(const Token& clock, wire::Buffer* out) {
  if (turn_.empty()) return;
  const std::size_t before = kept_.size();
  std::size_t begin = 0;
  for (const std::size_t cut : cuts_) {
    keep(turn_.bytes().subspan(begin, cut - begin), clock);
    begin = cut;
  }
  keep(turn_.bytes().subspan(begin), clock);
  told_ = received_;
  turn_.clear();
  cuts_.clear();
  if (out != nullptr) out->append(kept_.bytes().subspan(before));
}

void Link::keep(std::span<const std::byte> messages, const Token& clock) {
  HF_ASSERT(!messages.empty() && messages.size() <= messages_bytes_max);
  const wire::LinkData head{.sequence = next_sequence_++, .received = received_, .clock = clock};
  const std::size_t length = 2 + wire::link_data_bytes + messages.size();
  std::byte* at = kept_.extend(4 + length);
  at = wire::put(at, static_cast<std::uint32_t>(length));
  at = wire::put(at, static_cast<std::uint16_t>(wire::LinkData::type));
  at = wire::put(at, head);
  std::memcpy(at, messages.data(), messages.size());
  HF_ASSERT(at + messages.size() == kept_.data() + kept_.size());
  kept_sizes_.push_back(4 + length);
}

void Link::resend(wire::Buffer& out) const {
  const std::size_t before = out.size();
  out.append(kept_.bytes());
  resend_wrongly(out.data() + before, kept_.size());
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
  if (sequence <= received_) return planted(Bug::apply_twice) ? Arrival::apply : Arrival::duplicate;
  if (sequence != received_ + 1) return Arrival::gap;
  ++received_;
  return Arrival::apply;
}

}  // namespace holdfast::cluster
