// SPDX-License-Identifier: Apache-2.0
#include "bench/lock_load.hpp"

#include <fmt/format.h>

namespace holdfast::bench {
namespace {

constexpr std::size_t round_trip_names = 64;

}  // namespace

Client connect(const std::string& socket) {
  return must(Client::connect({.socket = socket, .label = "bench"}),
              "cannot connect to the daemon");
}

LockRoundTrips::LockRoundTrips(const std::string& socket, std::string prefix)
    : client_(connect(socket)) {
  for (std::size_t i = 0; i < round_trip_names; ++i)
    names_.push_back(fmt::format("{}/{:04}", prefix, i));
}

void LockRoundTrips::measure(Unlocking unlocking, std::size_t count, Samples& out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = names_[i % names_.size()];
    const Nanoseconds start = now();
    Lock lock = must(client_.lock(name, Mode::EX), "a lock was refused");
    if (unlocking == Unlocking::answered)
      must(lock.release(), "an unlock failed");
    else
      must(lock.release_unanswered(), "a release failed");
    out.add(now() - start);
  }
}

LockPipeline::LockPipeline(const std::string& socket, const std::string& prefix,
                           PipelineShape shape)
    : client_(connect(socket)) {
  // Twice as many as are on their way: grants need not come in order, and nobody is to wait for
  // itself.
  for (std::size_t i = 0; i < 2 * shape.outstanding; ++i)
    names_.push_back(fmt::format("{}/{:04}", prefix, i));
  client_.cork();
  for (std::size_t i = 0; i < shape.outstanding; ++i) ask();
  must(client_.flush(), "cannot send");
}

void LockPipeline::ask() {
  must(client_.lock_async(names_[next_++ % names_.size()], Mode::EX), "cannot ask for a lock");
}

std::size_t LockPipeline::run(Nanoseconds duration) {
  std::size_t pairs = 0;
  for (const Nanoseconds end = now() + duration; now() < end;) {
    must(client_.poll(for_ever), "the session ended");
    while (std::optional<Event> event = client_.next_event()) {
      if (auto* granted = std::get_if<event::Granted>(&*event)) {
        must(granted->lock.release_unanswered(), "a release failed");
        ++pairs;
        ask();
      } else if (const auto* refused = std::get_if<event::Refused>(&*event)) {
        give_up_plainly("a lock was refused: " + refused->why.text());
      }
    }
    must(client_.flush(), "cannot send");
  }
  return pairs;
}

}  // namespace holdfast::bench
