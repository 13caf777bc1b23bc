// SPDX-License-Identifier: Apache-2.0
#include "sim/world/channel.hpp"

#include "base/limits.hpp"
#include "wire/framing.hpp"
#include "wire/peer_messages.hpp"
#include "wire/print.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr auto link_data_type = static_cast<std::uint16_t>(wire::LinkMessage::data);

// Visits the frames in `bytes`.
template <class Visit>
void for_each_frame(std::span<const std::byte> bytes, Visit&& visit) {
  wire::Frame frame;
  while (wire::cut_frame(bytes, limits::peer_frame_bytes_max, frame) == wire::Cut::frame) {
    visit(frame);
    bytes = bytes.subspan(frame.whole.size());
  }
}

// Visits the messages of one link frame, or the frame itself if it is not data.
template <class Visit>
void for_each_message(std::span<const std::byte> bytes, Visit&& visit) {
  for_each_frame(bytes, [&](const wire::Frame& link) {
    if (link.type != link_data_type) return visit(wire::LinkFrames{}, link);
    for_each_frame(link.body.subspan(std::min(wire::link_data_bytes, link.body.size())),
                   [&](const wire::Frame& inner) { visit(wire::BetweenPeers{}, inner); });
  });
}

}  // namespace

std::vector<std::string> messages_in(std::span<const std::byte> frame) {
  std::vector<std::string> names;
  for_each_message(frame, [&](auto protocol, const wire::Frame& inner) {
    names.emplace_back(wire::message_name(protocol, inner.type));
  });
  return names;
}

bool carries(std::span<const std::byte> frame, std::string_view message) {
  if (message.empty()) return true;
  if (message == wire::LinkData::name)
    return !frame.empty() && messages_in(frame).front().find("Link") != 0;
  return std::ranges::any_of(messages_in(frame),
                             [&](const std::string& name) { return name == message; });
}

std::string printed_link_frame(std::span<const std::byte> frame) {
  std::string out;
  for_each_message(frame, [&](auto protocol, const wire::Frame& inner) {
    std::string_view what;
    if (!out.empty()) out += ' ';
    const auto known = wire::dispatch(
        protocol, inner.type, inner.body,
        [&](const auto& message) { out += wire::to_text(message); }, what);
    if (known != wire::Dispatch::done) out += "?" + std::to_string(inner.type);
  });
  return out;
}

}  // namespace holdfast::sim
