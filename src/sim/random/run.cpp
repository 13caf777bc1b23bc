// SPDX-License-Identifier: Apache-2.0
// Safety, then liveness. Everything that is random comes from the seed, in the order in which it is
// asked for; the world draws from a generator of its own.
#include "sim/random/run.hpp"

#include "sim/history/judge.hpp"
#include "sim/random/workload.hpp"
#include "sim/scenario/script.hpp"
#include "sim/world/beliefs.hpp"

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t programs_per_node = 3;
constexpr Duration lease = milliseconds(1000);
// By then everything must have come to its end once faults are over.
constexpr Duration liveness_limit = std::chrono::seconds(60);

class RandomRun {
 public:
  RandomRun(const RunSettings& settings, std::function<void(const std::string&)> tracer)
      : settings_(settings),
        prng_(settings.seed),
        workload_(prng_, judge_, settings.trees),
        world_(world_settings(), workload_) {
    world_.tracer = std::move(tracer);
    world_.recorder = &recorder_;
    workload_.set_world(world_);
    if (settings_.faults.clock)
      for (Machine& machine : world_.machines())
        world_.set_drift(machine.id, static_cast<std::int64_t>(prng_.below(1000)) - 500);
    world_.publish_next();
  }

  RunResult go() {
    for (std::uint32_t i = 0; i < settings_.steps && ok(); ++i) one_step();
    if (ok()) finish();
    if (std::string broken = history::judge(recorder_, settings_.history); !broken.empty() && ok())
      judge_.fail(std::move(broken));
    return {.failure = judge_.failure(),
            .hash = world_.trace_hash(),
            .grants = workload_.grants,
            .refusals = workload_.refusals,
            .crashes = crashes_,
            .valid_reads = judge_.valid_reads,
            .doubtful_reads = judge_.doubtful_reads};
  }

 private:
  [[nodiscard]] WorldSettings world_settings() const {
    WorldSettings world{
        .machines = settings_.nodes, .seed = settings_.seed ^ 0x5eed, .latency = Latency::random, .slots = Slots::shared};
    world.node.lease = lease;
    // Fewer than half of them may not go on by themselves, whoever they have been told is gone.
    world.votes.configured = settings_.nodes;
    world.node.idle_keep = milliseconds(200);
    world.node.hash_salt = settings_.hash_salt;
    const node::Mastering masterings[] = {node::Mastering::first, node::Mastering::first,
                                          node::Mastering::home, node::Mastering::pinned};
    world.node.default_policy.mastering = masterings[settings_.seed % 4];
    world.node.default_policy.pinned = {{NodeId{1}, 1}, {NodeId{2}, 3}};
    return world;
  }
  [[nodiscard]] bool ok() const { return judge_.failure().empty(); }

  void one_step() {
    workload_.fill_up(programs_per_node);
    if (prng_.chance(60)) workload_.act();
    if (prng_.below(1000) < 12) fault();
    do_what_is_planned();
    let_run(prng_.chance(5) ? milliseconds(prng_.between(1, 400))
                            : Duration(prng_.between(0, 900'000)));
  }

  // The world goes on for this long, judged after everything that happens.
  void let_run(Duration by) {
    const Duration end = world_.now() + by;
    while (ok() && world_.step_world(end)) judge_beliefs();
    if (!ok()) return;
    if (const auto passed = world_.pass(std::max(Duration{0}, end - world_.now())); !passed)
      judge_.fail(passed.error().detail);
    check_nodes(world_);
  }
  void judge_beliefs() {
    if (const auto fine = check_beliefs(world_); !fine) judge_.fail(fine.error().detail);
  }

  void plan(Duration after, std::function<void()> action) {
    plans_.emplace(world_.now() + after, std::move(action));
  }
  void do_what_is_planned() {
    while (!plans_.empty() && plans_.begin()->first <= world_.now()) {
      const auto action = std::move(plans_.begin()->second);
      plans_.erase(plans_.begin());
      action();
    }
  }

  void fault() {
    recorder_.fault("simulator", "some");
    const Faults& faults = settings_.faults;
    switch (prng_.below(8)) {
      case 0:
      case 1:
        if (faults.crash) crash_one();
        break;
      case 2:
        if (faults.partition) split();
        break;
      case 3:
        if (faults.cut) cut();
        break;
      case 4:
        if (faults.cut) disturb();
        break;
      case 5:
        if (faults.client) workload_.kill_one();
        break;
      case 6:
        if (faults.client) pause();
        break;
      case 7:
        if (faults.clock) jump();
        break;
    }
  }
  Machine& some_machine() { return world_.machines()[prng_.below(world_.machines().size())]; }

  // Membership notices a while later; the machine comes back before or after that.
  void crash_one() {
    std::size_t up = 0;
    for (const Machine& machine : world_.machines()) up += machine.up() ? 1U : 0U;
    Machine& victim = some_machine();
    if (!victim.up() || up < 2) return;
    ++crashes_;
    if (prng_.chance(50)) {
      workload_.machine_gone(static_cast<std::size_t>(&victim - world_.machines().data()));
      world_.crash(victim.id);
    } else {
      world_.kill_daemon(victim.id);
    }
    plan(milliseconds(prng_.between(5, 400)), [this] { world_.publish_next(); });
    plan(milliseconds(prng_.between(1, 3000)), [this, node = victim.id] {
      if (world_.machine(node)->up()) return;
      world_.start(node);
      plan(milliseconds(prng_.between(0, 200)), [this] { world_.publish_next(); });
    });
  }
  void split() {
    std::vector<std::vector<NodeId>> sides(2);
    for (const Machine& machine : world_.machines()) sides[prng_.below(2)].push_back(machine.id);
    world_.partition(sides);
    plan(milliseconds(prng_.between(1, 1500)), [this] { world_.heal(); });
  }
  void cut() {
    const Machine& one = some_machine();
    const Machine& other = some_machine();
    if (one.id != other.id && one.up()) world_.break_connection(one.id, other.id);
  }
  void disturb() {
    const NodeId from = some_machine().id;
    const NodeId to = some_machine().id;
    if (from == to) return;
    if (prng_.chance(50))
      world_.drop({.from = from, .to = to, .message = {}});
    else
      world_.duplicate({.from = from, .to = to, .message = {}});
  }
  void pause() {
    workload_.pause_one();
    plan(milliseconds(prng_.between(1, 500)), [this] { workload_.resume_all(); });
  }
  // As after a suspended machine: it wakes up and its lease is over.
  void jump() { world_.set_clock(some_machine().id, lease + milliseconds(prng_.between(1, 1500))); }

  // Everything heals; then every request must be answered and everything be given up, in bounded
  // time (I5).
  void finish() {
    while (ok() && !plans_.empty()) {
      let_run(std::max(Duration{0}, plans_.begin()->first - world_.now()));
      do_what_is_planned();
    }
    world_.heal();
    workload_.resume_all();
    for (Machine& machine : world_.machines())
      if (!machine.up()) world_.start(machine.id);
    world_.publish_next();
    recorder_.at(world_.now());
    recorder_.healed();
    const Duration end = world_.now() + liveness_limit;
    while (ok() && !workload_.wind_up()) {
      if (world_.now() > end)
        return judge_.fail("I5 is broken: after " +
                           std::to_string(liveness_limit.count() / 1'000'000'000) +
                           " s without faults there is still open:" + workload_.what_is_open());
      let_run(milliseconds(50));
    }
    // A release that nobody has asked for may stand in its slot for ever.
    for (std::size_t i = 0; i < world_.clients(); ++i) {
      world_.client(i).session->send_quiet_release();
      world_.flush(i);
    }
    let_run(lease * 3);
    if (ok()) nothing_may_be_left();
  }
  void nothing_may_be_left() {
    for (const Machine& machine : world_.machines())
      for (const node::Node::HeldLock& left : machine.node->mastered())
        judge_.fail("a lock is left at the master " + name_of(machine.id) +
                    " that nobody holds: " + left.key.substr(8) + " " +
                    std::string(holdfast::name_of(left.mode)) + " of " + name_of(left.holder));
  }

  RunSettings settings_;
  Prng prng_;
  Judge judge_;
  Workload workload_;
  World world_;
  history::Recorder recorder_;
  std::multimap<Duration, std::function<void()>> plans_;
  std::uint64_t crashes_ = 0;
};

}  // namespace

RunResult run_seed(const RunSettings& settings, std::function<void(const std::string&)> tracer) {
  return RandomRun(settings, std::move(tracer)).go();
}

}  // namespace holdfast::sim
