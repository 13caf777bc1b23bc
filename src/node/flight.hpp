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
#include "model/ids.hpp"

namespace holdfast::node {

struct FlightEvent {
  static constexpr std::size_t key_bytes_max = 31;

  Instant at;
  std::uint64_t key_hash = 0;
  ResourceId resource;
  ClaimId lock;
  OwnerId owner;
  NodeId node;
  Happening what = Happening::mastered;
  Mode mode = Mode::NL;
  Errc status = Errc::ok;
  std::uint8_t key_length = 0;  // of the whole key; 0: the resource knows it, if it is still there
  std::array<char, key_bytes_max> key_start;  // NOLINT: what is behind key_length is never read

  void set_key(std::string_view key) {
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
    FlightEvent& event = ring_[next_];
    if (++next_ == ring_.size()) {
      next_ = 0;
      is_full_ = true;
    }
    return event;
  }
  // Oldest first.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (is_full_) std::for_each(ring_.begin() + static_cast<std::ptrdiff_t>(next_), ring_.end(), visit);
    std::for_each(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(next_), visit);
  }

 private:
  std::vector<FlightEvent> ring_;
  std::size_t next_ = 0;
  bool is_full_ = false;
};

}  // namespace holdfast::node
