// SPDX-License-Identifier: Apache-2.0
// Probe: a steady, light load on a few names: one request at fixed moments, whatever the one before took. What came
// due while an earlier one was not answered counts from when it was due, so a stall is not one slow request but as
// many as it held up.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/samples.hpp"

namespace holdfast::bench {

class Probe {
 public:
  static constexpr Nanoseconds every = std::chrono::microseconds(250);

  // A program at `socket`, on this processor. Returns when the names have a master: the first node that asks.
  Probe(std::string socket, std::string prefix, int processor);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // Ends it.
  void stop();
  // REQUIRES: stop() was called. Latencies of what came due between these moments.
  [[nodiscard]] Samples between(Nanoseconds from, Nanoseconds to) const;

 private:
  void run(const std::string& socket, const std::string& prefix, int processor);

  struct Trip {
    Nanoseconds due;
    Nanoseconds took;
  };
  std::vector<Trip> trips_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace holdfast::bench
