// SPDX-License-Identifier: Apache-2.0
// A stream of arbitrary bytes, cut into frames and decoded as each side of each protocol would do it. The
// first byte picks the side.
#include "base/limits.hpp"
#include "fuzz/fuzz.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::fuzz {
namespace {

template <class List>
void read_stream(List list, std::span<const std::byte> stream, std::size_t frame_bytes_max) {
  wire::Frame frame;
  while (wire::cut_frame(stream, frame_bytes_max, frame) == wire::Cut::frame) {
    HF_ASSERT(frame.whole.size() == frame.body.size() + wire::frame_header_bytes);
    HF_ASSERT(frame.whole.size() <= stream.size());
    std::string_view what;
    const auto visit = [](const auto& message) { check_round_trip(message); };
    const wire::Dispatch result = wire::dispatch(list, frame.type, frame.body, visit, what);
    HF_ASSERT((result == wire::Dispatch::unknown_type) == wire::message_name(list, frame.type).empty());
    if (result != wire::Dispatch::done) {
      HF_ASSERT(!what.empty());
      HF_ASSERT(!wire::explain(list, frame.type, frame.body).empty());
    }
    stream = stream.subspan(frame.whole.size());
  }
}

}  // namespace
}  // namespace holdfast::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  fuzz::Input input(data, size);
  const unsigned side = input.byte() % 4;
  const auto stream = input.rest();
  if (side == 0) fuzz::read_stream(wire::ToDaemon{}, stream, limits::client_frame_bytes_max);
  if (side == 1) fuzz::read_stream(wire::ToClient{}, stream, limits::client_frame_bytes_max);
  if (side == 2) fuzz::read_stream(wire::LinkFrames{}, stream, limits::peer_frame_bytes_max);
  if (side == 3) fuzz::read_stream(wire::BetweenPeers{}, stream, limits::peer_frame_bytes_max);
  return 0;
}
