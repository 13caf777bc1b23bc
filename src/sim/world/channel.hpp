// SPDX-License-Identifier: Apache-2.0
// Channel: one direction of a connection, between two nodes or between a program and its node.
// Things arrive in the order in which they were put in. What sets them moving are arrivals on the
// agenda: an arrival finds the front of the channel or, if it was lost meanwhile, nothing.
#pragma once

#include "base/id.hpp"
#include "base/instant.hpp"
#include "model/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace holdfast::sim {

using ChannelId = Id<struct ChannelTag, std::uint32_t>;

struct Parcel {
  enum class Kind : std::uint8_t { connected, frame, died, closed };
  Kind kind = Kind::frame;
  std::vector<std::byte> bytes;  // of a frame
};

// What a channel ends at.
struct ToMachine {
  std::size_t machine = 0;
  std::uint32_t conn = 0;  // its number for this connection
  NodeId dialed;           // with Parcel::connected between nodes
};
enum class ChannelKind : std::uint8_t { between_nodes, from_client, to_client };

struct Channel {
  ChannelKind kind{};
  NodeId from, to;         // between nodes
  ToMachine target;        // but to_client
  std::size_t client = 0;  // from_client and to_client
  std::deque<Parcel> parcels;
  std::size_t bytes = 0;       // in `parcels`
  std::size_t largest_send = 0;  // all that was sent in one go
  Duration last_arrival{};     // nothing overtakes what was put in before
  bool receiver_gone = false;  // whoever was there has closed this side or died: the rest is lost

  void put(Parcel parcel) {
    bytes += parcel.bytes.size();
    parcels.push_back(std::move(parcel));
  }
  Parcel take() {
    Parcel parcel = std::move(parcels.front());
    parcels.pop_front();
    bytes -= parcel.bytes.size();
    return parcel;
  }
  void lose_all() {
    parcels.clear();
    bytes = 0;
  }
};

// Held traffic of one direction: everything from the first frame on that has such a message in it.
struct Hold {
  NodeId from, to;
  std::string message;  // empty: everything
  bool caught = false;  // the first one is there, all behind it stays too
};

// Is this link frame one, or does it carry a message of this name? An empty name is any.
[[nodiscard]] bool carries(std::span<const std::byte> frame, std::string_view message);
// The names of the messages in a link frame, "LinkAck" and the like for those without.
[[nodiscard]] std::vector<std::string> messages_in(std::span<const std::byte> frame);
// All fields of all messages in it, for the trace.
[[nodiscard]] std::string printed_link_frame(std::span<const std::byte> frame);

}  // namespace holdfast::sim
