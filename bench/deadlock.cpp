// SPDX-License-Identifier: Apache-2.0
// Three programs at three nodes hold a name each, which their node is master of, since it asked first. Two wait for the
// next one's; the third, which is the youngest and so the victim, closes the ring and waits for its error.
#include "bench/deadlock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "base/limits.hpp"
#include "bench/echo.hpp"
#include "bench/frame_session.hpp"
#include "bench/lock_load.hpp"
#include "bench/process.hpp"
#include "bench/trio.hpp"
#include "wire/client_messages.hpp"

namespace holdfast::bench {
namespace {

constexpr std::size_t round_trips_allowed = 20;
constexpr std::size_t cycles_per_round = 100;
constexpr std::size_t waits = 100'000;
constexpr Nanoseconds watched_for = std::chrono::seconds(10);
constexpr double allowed_ms_per_second = 50;  // 5 % of a processor

class Ring {
 public:
  explicit Ring(const Trio& trio) {
    for (int node = 1; node <= Trio::nodes; ++node) clients_.push_back(connect(trio.socket(node)));
    for (std::size_t i = 0; i < clients_.size(); ++i) held_.push_back(take(i, i));
  }
  // From the call that closes it to its error.
  [[nodiscard]] Nanoseconds close() {
    wait_for_next(0);
    wait_for_next(1);
    const Nanoseconds begin = now();
    auto refused = clients_[2].lock(name(0), Mode::EX);
    const Nanoseconds took = now() - begin;
    if (refused || refused.error().code != Errc::deadlock)
      give_up_plainly(fmt::format("the youngest was to lose: {}", refused ? "it was granted" : refused.error().text()));
    // It lets go, and then everybody has his turn.
    for (const std::size_t i : {2U, 1U, 0U}) {
      must(held_[i].release(), "cannot unlock");
      if (i > 0) must(granted(i - 1).release(), "cannot unlock");
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) held_[i] = take(i, i);
    return took;
  }

 private:
  static std::string name(std::size_t i) { return fmt::format("bench/ring/{}", i); }
  Lock take(std::size_t who, std::size_t what) {
    return must(clients_[who].lock(name(what), Mode::EX), "cannot lock");
  }
  void wait_for_next(std::size_t who) {
    (void)must(clients_[who].lock_async(name(who + 1), Mode::EX), "cannot ask");
    (void)next<event::Waiting>(who);
  }
  Lock granted(std::size_t who) { return next<event::Granted>(who).lock; }
  template <class Wanted>
  Wanted next(std::size_t who) {
    while (true) {
      while (std::optional<Event> event = clients_[who].next_event())
        if (auto* wanted = std::get_if<Wanted>(&*event)) return std::move(*wanted);
      must(clients_[who].poll(for_ever), "a session ended");
    }
  }
  std::vector<Client> clients_;
  std::vector<Lock> held_;
};

// One name in a thousand is what each of a hundred waits for, on all three nodes.
class Crowd {
 public:
  explicit Crowd(const Trio& trio) : holder_(trio.socket(1)) {
    for (std::size_t i = 0; i < names; ++i) holder_.put(ask(i, i));
    holder_.flush();
    for (std::size_t i = 0; i < names; ++i) (void)holder_.next_grant();
    for (std::size_t begin = 0; begin < waits; begin += per_session) {
      const int node = 1 + static_cast<int>(begin / per_session % Trio::nodes);
      FrameSession& session = *sessions_.emplace_back(std::make_unique<FrameSession>(trio.socket(node)));
      for (std::size_t i = 0; i < per_session; ++i) session.put(ask(i, (begin + i) % names));
      session.flush();
      for (std::size_t i = 0; i < per_session; ++i)
        if (const auto frame = session.next(); !frame || frame->type != static_cast<std::uint16_t>(wire::Waiting::type))
          give_up_plainly("a request does not wait");
    }
  }

 private:
  static constexpr std::size_t names = 1000, per_session = 500;
  wire::Lock ask(std::size_t request, std::size_t name) {
    name_ = fmt::format("bench/crowd/{:04}", name);
    return {.request = RequestId{request + 1}, .mode = Mode::EX, .notices = wire::Notices::unwanted, .resource = name_};
  }
  std::string name_;
  FrameSession holder_;
  std::vector<std::unique_ptr<FrameSession>> sessions_;
};

Nanoseconds used_by(const Trio& trio) {
  Nanoseconds used{};
  for (int node = 1; node <= Trio::nodes; ++node) used += cpu_time(trio.pid(node));
  return used;
}

double ms_per_second(const Trio& trio) {
  const Nanoseconds begin = now();
  const Nanoseconds before = used_by(trio);
  std::this_thread::sleep_for(watched_for);
  return static_cast<double>((used_by(trio) - before).count()) / static_cast<double>((now() - begin).count()) * 1e3;
}

void measure_cycles(const Options& options, const Trio& trio, const EchoServers& servers, std::vector<Row>& rows) {
  const std::string section = "a cycle over three resources on three nodes";
  EchoRoundTrips echo(servers.remote_socket(),
                      {.message = wire::frame_header_bytes + wire::encoded_size(wire::Lock{.resource = "bench/ring/0"})});
  Row floor{.section = section, .name = "bare echo, Unix socket + relay + TCP"};
  Row told{.section = section, .name = "from closing it to the victim's error", .floor = "20 bare round trips, p99 without the delay"};
  Ring ring(trio);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    Samples bare, cycles;
    echo.measure(options.trips_per_round, bare);
    for (std::size_t i = 0; i < cycles_per_round; ++i) cycles.add(ring.close());
    const double beyond = cycles.quantile(0.99) - static_cast<double>(Nanoseconds(limits::deadlock_delay_default).count());
    told.ratios.add_number(beyond / (static_cast<double>(round_trips_allowed) * bare.median()));
    floor.samples.add(bare);
    told.samples.add(cycles);
  }
  told.bound = {.kind = Bound::Kind::at_most, .ratio = 1.0};
  rows.push_back(std::move(floor));
  rows.push_back(std::move(told));
}

void measure_crowd(const Trio& trio, std::vector<Row>& rows) {
  const std::string section = "processor time of the three daemons in a second";
  Row quiet{.section = section, .name = "nobody waits", .unit = Unit::milliseconds};
  quiet.samples.add_number(ms_per_second(trio) * 1e6);
  const Crowd crowd(trio);
  Row busy{.section = section, .name = fmt::format("{} requests wait", waits), .unit = Unit::milliseconds,
           .floor = "5 % of a processor"};
  const double used = ms_per_second(trio);
  busy.samples.add_number(used * 1e6);
  busy.ratios.add_number(used / allowed_ms_per_second);
  busy.bound = {.kind = Bound::Kind::at_most, .ratio = 1.0};
  rows.push_back(std::move(quiet));
  rows.push_back(std::move(busy));
}

}  // namespace

void measure_deadlock(const Options& options, std::vector<Row>& rows) {
  const TemporaryDirectory directory(TemporaryDirectory::On::memory);
  const EchoServers servers(directory.path());
  const Trio trio(directory.path());
  measure_cycles(options, trio, servers, rows);
  measure_crowd(trio, rows);
}

}  // namespace holdfast::bench
