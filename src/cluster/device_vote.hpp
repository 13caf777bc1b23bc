// SPDX-License-Identifier: Apache-2.0
// DeviceVote: what the vote of a quorum device is worth that the local quorum service says it has.
//
// The device gives its votes to one side at a time, but a node hears of that by its own quorum service, which goes
// on with an old answer for a while: as long as it waits for the device's word on a new ring, and until it has
// noticed that the device cannot be reached. Nobody but the clock tells an old answer from a new one. And the device
// remembers nothing: it may well choose the side that was left behind an hour ago. So its vote counts
//
//   for the lease, if it was never seen missing since it stood, for the settling time, with a ring in which all
//   daemons of the newest view were together. Whoever has been without it is behind, and stays so until all are
//   together again; a node that is behind can make no view alone, whomever the device chooses.
//
//   for a view, if besides it has stood with the present ring for the settling time. Take two parts of a broken
//   ring, both with votes that were never seen missing. Each must have had the device's word on its new ring before
//   its quorum service gave up (sync_timeout after the ring broke, which they do not notice at one moment:
//   `ring_break`), so the two words were given within sync + ring_break; and the first one was held for true for
//   at most `blind` after the second was given. The settling time is longer than all of that together, so one of
//   the two has seen its vote missing before either is settled.
//
// A pause of this process makes every answer an old one. Whoever polls regularly notices it by its clock; gaps
// shorter than `gap_max` are part of the settling time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/instant.hpp"
#include "cluster/ring.hpp"

namespace holdfast::cluster {

// What the quorum service says of the device when it is asked.
enum class DeviceSays : std::uint8_t {
  no,       // no vote for us, or nothing at all
  waiting,  // the last answer was a vote for us, but it was about an earlier ring
  stands,   // a vote for us in this ring
};

struct DeviceTimes {
  Duration timeout{};       // of the device: so long an answer counts that is not repeated
  Duration sync_timeout{};  // so long the quorum service waits for the device's word on a new ring
  Duration ring_break{};    // between the first and the last node that notices that a ring has broken
  Duration gap_max{};       // a pause between two polls that is not noted
  // Until a node has noticed that the device cannot be reached: two heartbeats, of a second at least.
  [[nodiscard]] Duration blind() const { return 2 * std::max<Duration>(timeout, std::chrono::seconds(1)); }
  [[nodiscard]] Duration settling() const { return sync_timeout + blind() + ring_break + gap_max; }
  friend bool operator==(const DeviceTimes&, const DeviceTimes&) = default;
};

struct DevicePoll {
  DeviceSays says = DeviceSays::no;
  Ring ring;
  bool whole = false;  // all daemons of the newest view are together in this ring
};

class DeviceVote {
 public:
  void set(const DeviceTimes& times) { times_ = times; }
  void on_poll(Instant now, const DevicePoll& poll);
  // Nothing is known any more.
  void forget();

  // Does the poll that was just made count for the lease?
  [[nodiscard]] bool counts() const { return never_missed_; }
  // Does the vote count for a view of this ring? The last poll may be about an earlier one, or be an old one.
  [[nodiscard]] bool is_settled(Instant now, const Ring& ring) const {
    return never_missed_ && ring_ == ring && stood(times_.settling()) && now - *polled_ <= times_.gap_max;
  }

 private:
  [[nodiscard]] bool stood(Duration time) const { return since_ && *polled_ - *since_ >= time; }

  DeviceTimes times_;
  std::optional<Instant> polled_;     // last
  std::optional<Instant> confirmed_;  // when it stood with us last
  std::optional<Instant> since_;      // when it stands with this ring
  Ring ring_;
  bool never_missed_ = false;
};

}  // namespace holdfast::cluster
