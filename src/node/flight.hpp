// SPDX-License-Identifier: Apache-2.0
// Flight: the flight recorder of a node. It remembers what happened last to the names that the node is master of, in
// a ring that is always on: one record is written per grant, release and so on, nothing is allocated or looked up. Names
// are known by their hash, and by as much of their key as fits, for whoever reads the ring when the node is no more.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/instant.hpp"
#include "model/history.hpp"

namespace holdfast::node {

struct FlightEvent {
  static constexpr std::size_t key_bytes_max = 39;

  Instant at;
  std::uint64_t key_hash = 0;
  ClaimId lock;
  OwnerId owner;
  NodeId node;
  Happening what = Happening::mastered;
  Mode mode = Mode::NL;
  Errc status = Errc::ok;
  std::uint8_t key_length = 0;  // of the whole key
  std::array<char, key_bytes_max> key_start{};

  void set_key(std::uint64_t hash, std::string_view key) {
    key_hash = hash;
    key_length = static_cast<std::uint8_t>(std::min<std::size_t>(key.size(), UINT8_MAX));
    std::memcpy(key_start.data(), key.data(), std::min(key.size(), key_bytes_max));
  }
  [[nodiscard]] bool is_cut() const { return key_length > key_bytes_max; }
  [[nodiscard]] std::string_view key() const {
    return {key_start.data(), std::min<std::size_t>(key_length, key_bytes_max)};
  }
};

class Flight {
 public:
  // Remembers `events`, at least one.
  explicit Flight(std::uint32_t events) : ring_(std::max(events, 1U)) {}

  // The record of the next event, to be filled; the oldest one is forgotten.
  [[nodiscard]] FlightEvent& next() {
    FlightEvent& event = ring_[count_ % ring_.size()];
    ++count_;
    return event;
  }
  // Oldest first.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t i = count_ - size(); i < count_; ++i) visit(ring_[i % ring_.size()]);
  }
  [[nodiscard]] std::uint64_t size() const { return std::min<std::uint64_t>(count_, ring_.size()); }

 private:
  std::vector<FlightEvent> ring_;
  std::uint64_t count_ = 0;
};

}  // namespace holdfast::node
