// SPDX-License-Identifier: Apache-2.0
// Every resource is held in PR by a program at each of the three nodes, so three locks make one resource; a third of
// the resources is mastered by each node, since that node asked first. The one of node 3 is killed.
#include "bench/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <thread>

#include "bench/frame_session.hpp"
#include "bench/probe.hpp"
#include "bench/trio.hpp"
#include "wire/client_messages.hpp"

namespace holdfast::bench {
namespace {

constexpr int killed = Trio::nodes;
constexpr std::size_t witnesses_max = 1000;
constexpr Nanoseconds quiet_time = std::chrono::seconds(1);
constexpr const char* section = "recovery";

std::string name_of(int master, std::size_t number) { return fmt::format("bench/held/{}/{:07}", master, number); }

// One session per node, which holds everything that its programs hold.
class HeldLocks {
 public:
  HeldLocks(const Trio& trio, std::size_t locks) : per_master_(locks / Trio::nodes / Trio::nodes) {
    for (int node = 1; node <= Trio::nodes; ++node) sessions_.push_back(std::make_unique<FrameSession>(trio.socket(node)));
    for (int master = 1; master <= Trio::nodes; ++master) {
      hold(master, master);
      for (int node = 1; node <= Trio::nodes; ++node)
        if (node != master) hold(node, master);
    }
  }
  [[nodiscard]] std::size_t per_master() const { return per_master_; }

 private:
  void hold(int node, int master) {
    constexpr std::size_t under_way = 1000;
    FrameSession& session = *sessions_[static_cast<std::size_t>(node - 1)];
    for (std::size_t begin = 0; begin < per_master_; begin += under_way) {
      const std::size_t end = std::min(begin + under_way, per_master_);
      for (std::size_t i = begin; i < end; ++i)
        session.put(wire::Lock{.request = RequestId{i + 1}, .mode = Mode::PR, .notices = wire::Notices::unwanted,
                               .resource = name_of(master, i)});
      session.flush();
      for (std::size_t i = begin; i < end; ++i) (void)session.next_grant();
    }
  }

  std::size_t per_master_;
  std::vector<std::unique_ptr<FrameSession>> sessions_;
};

// A program that asks for some of the stalled resources, spread evenly over all of them, as soon as the node is gone.
class Witness {
 public:
  Witness(const std::string& socket, std::size_t resources)
      : session_(socket), count_(std::min(resources, witnesses_max)) {
    for (std::size_t i = 0; i < count_; ++i)
      session_.put(wire::Lock{.request = RequestId{i + 1}, .mode = Mode::CR, .notices = wire::Notices::unwanted,
                              .resource = name_of(killed, i * (resources - 1) / (count_ - 1))});
  }
  void ask() { session_.flush(); }
  // How long after `start` each was served.
  [[nodiscard]] Samples wait_for_all(Nanoseconds start) {
    Samples served;
    for (std::size_t i = 0; i < count_; ++i) {
      (void)session_.next_grant();
      served.add(now() - start);
    }
    return served;
  }

 private:
  FrameSession session_;
  std::size_t count_;
};

// An operator at one of the nodes that stay.
class Operator {
 public:
  explicit Operator(const std::string& socket) : session_(socket) {}
  void tell(const View& view) {
    wire::SetView call = wire::to_wire_whole(view);
    call.request = RequestId{1};
    session_.put(call);
    session_.put(wire::FenceAck{.request = RequestId{2}, .node = NodeId{killed}, .incarnation = {}});
    session_.flush();
  }
  void wait() {
    for (int i = 0; i < 2; ++i) session_.expect_done();
  }

 private:
  FrameSession session_;
};

// By the daemons of the nodes 1 and 2.
using Used = std::array<Nanoseconds, 2>;
Used used_by(const Trio& trio) { return {cpu_time(trio.pid(1)), cpu_time(trio.pid(2))}; }

Nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

// Both daemons have done what there was to do: they use no more processor time than the probes take, for some time,
// since others may have kept them from it for a moment. When that time began.
Nanoseconds wait_for_rest(const Trio& trio) {
  constexpr Nanoseconds look = std::chrono::milliseconds(20);
  constexpr int looks = 3;
  const auto used = [&] { return cpu_time(trio.pid(1)) + cpu_time(trio.pid(2)); };
  Nanoseconds since = now();
  Nanoseconds before = used();
  for (int quiet = 0; quiet < looks; ++quiet) {
    std::this_thread::sleep_for(look);
    const Nanoseconds after = used();
    if (after - before > look / 3) {
      quiet = -1;
      since = now();
    }
    before = after;
  }
  return since;
}

// For each daemon that recovered a busy thread where it runs, which uses as much processor time as the recovery did.
// Returns when that of node 1 was done.
Nanoseconds hog(const Trio& trio, const Used& used) {
  std::array<Nanoseconds, 2> done{};
  std::vector<std::thread> threads;
  for (const int node : {1, 2})
    threads.emplace_back([&, i = static_cast<std::size_t>(node - 1)] {
      const OnProcessor there(trio.processor(node));
      while (thread_time() < used[i]) {}
      done[i] = now();
    });
  for (std::thread& thread : threads) thread.join();
  return done[0];
}

// What a program that wants all of a resource hears about who holds it in PR, as one bit for each node.
unsigned holders(const wire::Refused& refused) {
  unsigned nodes = 0;
  for (const wire::BlockerRow& row : refused.blockers)
    if (row.mode == Mode::PR) nodes |= 1U << row.node.value();
  return nodes;
}

// Every lock that a survivor's program holds must be in the way of others, and none of the dead node.
void expect_nothing_lost(const Trio& trio, std::size_t per_master) {
  constexpr std::size_t under_way = 1000;
  constexpr unsigned survivors = (1U << 1) | (1U << 2);
  FrameSession session(trio.socket(1));
  for (int master = 1; master <= Trio::nodes; ++master)
    for (std::size_t begin = 0; begin < per_master; begin += under_way) {
      const std::size_t end = std::min(begin + under_way, per_master);
      for (std::size_t i = begin; i < end; ++i)
        session.put(wire::Lock{.request = RequestId{i + 1}, .mode = Mode::EX, .flags = {Flag::noqueue},
                               .resource = name_of(master, i)});
      session.flush();
      for (std::size_t i = begin; i < end; ++i)
        if (const wire::Refused refused = session.next_refusal(); holders(refused) != survivors)
          give_up_plainly(fmt::format("{}, mastered by node {}, is held in PR by other nodes than 1 and 2 ({})",
                                      name_of(master, refused.request.value() - 1), master,
                                      Error{refused.status}.text()));
    }
}

Row one(std::string name, Unit unit, double value) {
  Row row{.section = section, .name = std::move(name), .unit = unit};
  row.samples.add_number(value);
  return row;
}

struct Times {
  Nanoseconds quiet, killed, rested, hogged, unhogged;
};

enum class Bounded : std::uint8_t { yes, no };

void add_probe_rows(const char* where, const Probe& probe, const Times& times, Bounded bounded, std::vector<Row>& rows) {
  const Samples quiet = probe.between(times.quiet, times.killed);
  const Samples recovering = probe.between(times.killed, times.rested);
  const Samples beside_hog = probe.between(times.hogged, times.unhogged);
  const auto add = [&](const char* when, const Samples& samples) {
    rows.push_back({.section = fmt::format("untouched, asked for at their master {}", where), .name = when, .samples = samples});
    rows.push_back({.section = rows.back().section, .name = "  the longest of them"});
    rows.back().samples.add_number(samples.quantile(1.0));
  };
  add("quiet", quiet);
  add("beside busy threads", beside_hog);
  add("during the recovery", recovering);
  Row& row = rows[rows.size() - 2];
  row.floor = "p99 beside busy threads";
  row.ratios.add_number(recovering.quantile(0.99) / beside_hog.quantile(0.99));
  if (bounded == Bounded::yes) row.bound = {.kind = Bound::Kind::at_most, .ratio = 2.0};
}

void add_stall_rows(std::size_t resources, const Samples& served, Nanoseconds rested, std::vector<Row>& rows) {
  constexpr double locks_per_resource = Trio::nodes - 1;
  rows.push_back({.section = section, .name = "stall of touched resources", .unit = Unit::milliseconds, .samples = served});
  rows.push_back(one("  the first one is served", Unit::milliseconds, served.quantile(0.0)));
  rows.push_back(one("  the last one is served", Unit::milliseconds, served.quantile(1.0)));
  rows.push_back(one("  both daemons have come to rest", Unit::milliseconds, static_cast<double>(rested.count())));
  rows.push_back(one("locks that were rebuilt, per second", Unit::per_second,
                     static_cast<double>(resources) * locks_per_resource * 1e9 / served.quantile(1.0)));
}

}  // namespace

void measure_recovery(const Options& options, std::vector<Row>& rows) {
  // What a disk takes to write the epoch down is not what is measured here.
  const TemporaryDirectory directory(TemporaryDirectory::On::memory);
  Trio trio(directory.path());
  const OnProcessor elsewhere(trio.processor(2));
  const HeldLocks held(trio, options.locks);
  Probe apart(trio.socket(1), "bench/probe/apart", trio.processor(2));
  Probe beside(trio.socket(1), "bench/probe/beside", trio.processor(1));
  Operator first(trio.socket(1));
  Operator second(trio.socket(2));
  Witness witness(trio.socket(1), held.per_master());
  const View view = trio.view_without(killed);

  Times times{};
  times.quiet = now();
  std::this_thread::sleep_for(quiet_time);
  trio.kill(killed);
  const Used before = used_by(trio);
  times.killed = now();
  first.tell(view);
  second.tell(view);
  witness.ask();
  const Samples served = witness.wait_for_all(times.killed);
  first.wait();
  second.wait();
  times.rested = wait_for_rest(trio);
  Used used = used_by(trio);
  for (std::size_t i = 0; i < used.size(); ++i) used[i] -= before[i];
  std::this_thread::sleep_for(quiet_time / 2);
  times.hogged = now();
  times.unhogged = hog(trio, used);
  apart.stop();
  beside.stop();
  expect_nothing_lost(trio, held.per_master());

  add_stall_rows(held.per_master(), served, times.rested - times.killed, rows);
  rows.push_back(one("processor time of it at node 1", Unit::milliseconds, static_cast<double>(used[0].count())));
  add_probe_rows("from another processor", apart, times, Bounded::yes, rows);
  add_probe_rows("from its own processor", beside, times, Bounded::no, rows);
}

}  // namespace holdfast::bench
