// SPDX-License-Identifier: Apache-2.0
#include "bench/probe.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include "bench/frame_session.hpp"
#include "bench/process.hpp"

namespace holdfast::bench {
namespace {

constexpr std::size_t names_count = 64;

}  // namespace

Probe::Probe(std::string socket, std::string prefix, int processor)
    : thread_([this, socket = std::move(socket), prefix = std::move(prefix), processor] {
        run(socket, prefix, processor);
      }) {
  ready_.wait(false);
}

Probe::~Probe() { stop(); }

void Probe::stop() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
}

Samples Probe::between(Nanoseconds from, Nanoseconds to) const {
  Samples samples;
  for (const Trip& trip : trips_)
    if (trip.due >= from && trip.due < to) samples.add(trip.took);
  return samples;
}

void Probe::run(const std::string& socket, const std::string& prefix, int processor) {
  const OnProcessor there(processor);
  ::prctl(PR_SET_TIMERSLACK, 1);
  FrameSession session(socket);
  std::uint64_t request = 0;
  const auto trip = [&] {
    const std::string name = fmt::format("{}/{:04}", prefix, request % names_count);
    session.put(wire::Lock{.request = RequestId{++request}, .mode = Mode::EX, .notices = wire::Notices::unwanted,
                           .resource = name});
    session.flush();
    session.put(wire::Release{.lock = session.next_grant().lock});  // leaves with the next request
  };
  while (request < names_count) trip();
  ready_ = true;
  ready_.notify_all();
  for (Nanoseconds due = now(); !ending_; due += every) {
    const bool late = now() > due;
    if (!late) std::this_thread::sleep_until(std::chrono::steady_clock::time_point(due));
    const Nanoseconds begin = late ? due : now();  // that this thread woke late is not the daemon's doing
    trip();
    trips_.push_back({.due = due, .took = now() - begin});
  }
}

}  // namespace holdfast::bench
