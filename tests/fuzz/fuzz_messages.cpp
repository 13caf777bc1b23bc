// SPDX-License-Identifier: Apache-2.0
// The decoder of every message by itself: the first byte picks the message, the rest is its body.
#include "fuzz/fuzz.hpp"
#include "wire/client_messages.hpp"
#include "wire/group_messages.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::fuzz {
namespace {

template <wire::Described M>
void try_message(std::span<const std::byte> body) {
  M message;
  wire::Reader reader(body);
  const bool decoded = reader.take(message);
  HF_ASSERT(decoded != reader.failed());
  if (decoded)
    check_round_trip(message);
  else
    HF_ASSERT(!reader.what().empty() && !reader.field().empty());
}

// Tries the message with this number; returns how many there are.
template <class... Messages>
std::size_t try_one_of(wire::MessageList<Messages...>, std::size_t number, std::span<const std::byte> body) {
  std::size_t at = 0;
  ((at++ == number ? try_message<Messages>(body) : void()), ...);
  return sizeof...(Messages);
}

}  // namespace
}  // namespace holdfast::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  fuzz::Input input(data, size);
  std::size_t number = input.byte();
  const auto body = input.rest();
  // Unsigned wrap-around makes a number that was already used match nothing.
  number -= fuzz::try_one_of(wire::ToDaemon{}, number, body);
  number -= fuzz::try_one_of(wire::ToClient{}, number, body);
  number -= fuzz::try_one_of(wire::LinkFrames{}, number, body);
  number -= fuzz::try_one_of(wire::BetweenPeers{}, number, body);
  fuzz::try_one_of(wire::BetweenGroupMembers{}, number, body);
  return 0;
}
