// SPDX-License-Identifier: Apache-2.0
#include "bench/lock_load.hpp"

#include <fmt/format.h>

namespace holdfast::bench {
namespace {

constexpr std::size_t round_trip_names = 64;

}  // namespace

Client connect(const std::string& socket) {
  return must(Client::connect({.socket = socket, .label = "bench"}), "cannot connect to the daemon");
}

LockRoundTrips::LockRoundTrips(const std::string& socket, std::string prefix) : client_(connect(socket)) {
  for (std::size_t i = 0; i < round_trip_names; ++i) names_.push_back(fmt::format("{}/{:04}", prefix, i));
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

LockPipeline::LockPipeline(const std::string& socket, const std::string& prefix, PipelineShape shape) {
  sessions_.reserve(shape.clients);
  for (std::size_t i = 0; i < shape.clients; ++i) {
    Session& session = sessions_.emplace_back(Session{.client = connect(socket), .names = {}});
    for (std::size_t k = 0; k < shape.outstanding; ++k)
      session.names.push_back(fmt::format("{}/{:02}/{:04}", prefix, i, k));
    const int fd = session.client.fd();
    poller_.watch(fd);
    if (by_fd_.size() <= static_cast<std::size_t>(fd)) by_fd_.resize(static_cast<std::size_t>(fd) + 1);
    by_fd_[static_cast<std::size_t>(fd)] = &session;
    session.client.cork();
    for (std::size_t k = 0; k < shape.outstanding; ++k) ask(session);
    must(session.client.flush(), "cannot send");
  }
}

void LockPipeline::ask(Session& session) {
  const std::string& name = session.names[session.next++ % session.names.size()];
  must(session.client.lock_async(name, Mode::EX), "cannot ask for a lock");
}

double LockPipeline::measure(Nanoseconds duration) {
  pairs_ = 0;
  const Nanoseconds start = now();
  Nanoseconds passed{0};
  for (; passed < duration; passed = now() - start)
    for (const int fd : poller_.wait()) answer(*by_fd_[static_cast<std::size_t>(fd)]);
  return static_cast<double>(pairs_) * 1e9 / static_cast<double>(passed.count());
}

void LockPipeline::answer(Session& session) {
  must(session.client.dispatch(), "the session ended");
  while (std::optional<Event> event = session.client.next_event()) {
    if (auto* granted = std::get_if<event::Granted>(&*event)) {
      must(granted->lock.release_unanswered(), "a release failed");
      ++pairs_;
      ask(session);
    } else if (const auto* refused = std::get_if<event::Refused>(&*event)) {
      give_up_plainly("a lock was refused: " + refused->why.text());
    }
  }
  must(session.client.flush(), "cannot send");
}

}  // namespace holdfast::bench
