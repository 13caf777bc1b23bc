// SPDX-License-Identifier: Apache-2.0
// Checkers: one function for each invariant, pure functions over the model of a history. They may miss
// what the history does not show, but what they find is broken whatever the order of things was that
// nobody saw. I11 (deadlock) is looked at on the state of all nodes (deadlock_watch.hpp). I12 to I14 (sub-locks, ranges, semaphores)
// come with what they are about.
#pragma once

#include "sim/history/model.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sim::checkers {

using history::Index;
using history::Model;
using history::Time;

// How long "in time" is.
struct Bounds {
  Time wait = 10'000'000'000;    // I5: longest stay in front of a free resource
  Time notice = 5'000'000'000;   // I9: until the holder must have heard
  Time forget = 10'000'000'000;  // I7: how long a dead program's request may still stand in a queue
};

struct Finding {
  std::string what;
  std::vector<Index> events;  // that show it
};

struct Verdict {
  std::string_view name;   // "I1"
  std::string_view title;
  std::string_view unit;     // what was counted
  std::uint64_t checked = 0;
  std::uint64_t broken = 0;
  std::uint64_t spurious = 0;      // allowed, but worth knowing
  std::vector<Finding> findings;  // the first ones

  void found(std::string what, std::vector<Index> events);
};

using Check = void (*)(const Model&, const Bounds&, Verdict&);

void compatibility(const Model&, const Bounds&, Verdict&);       // I1
void fenced_exclusion(const Model&, const Bounds&, Verdict&);    // I2
void token_order(const Model&, const Bounds&, Verdict&);         // I3
void no_phantom_grant(const Model&, const Bounds&, Verdict&);    // I4
void no_lost_grant(const Model&, const Bounds&, Verdict&);       // I5
void queue_discipline(const Model&, const Bounds&, Verdict&);    // I6
void noqueue_is_true(const Model&, const Bounds&, Verdict&);     // I7
void value_freshness(const Model&, const Bounds&, Verdict&);     // I8
void notices(const Model&, const Bounds&, Verdict&);             // I9
void conversion(const Model&, const Bounds&, Verdict&);          // I10
void orphans(const Model&, const Bounds&, Verdict&);             // I15
void epochs(const Model&, const Bounds&, Verdict&);              // I16
void lost_means_told(const Model&, const Bounds&, Verdict&);     // I17

// All of them, in their order.
[[nodiscard]] std::vector<Verdict> check_all(const Model& model, const Bounds& bounds = {});

}  // namespace holdfast::sim::checkers
