// SPDX-License-Identifier: Apache-2.0
// Everything that is random comes from the seed. Programs, network, membership and every fault draw
// from generators of their own, so that leaving one fault out leaves the others where they are.
#include "sim/campaigns/play.hpp"

#include "base/hash.hpp"
#include "base/planted.hpp"
#include "sim/checkers/beliefs.hpp"
#include "sim/checkers/cluster_state.hpp"
#include "sim/checkers/deadlock_watch.hpp"
#include "sim/history/judge.hpp"
#include "sim/scenario/script.hpp"

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

// By then everything must have come to its end once faults are over (I5).
constexpr Duration liveness_limit = std::chrono::seconds(60);
// The states of all nodes are looked at this often; what programs believe, after every event.
constexpr std::uint64_t steps_between_looks = 4;

class Player {
 public:
  Player(const Plan& plan, std::function<void(const std::string&)> tracer)
      : plan_(plan),
        prng_(plan.seed),
        desk_(prng_, judge_),
        world_(world_settings(), desk_),
        membership_(world_, hash_bytes("membership", plan.seed), {}, plan.tie_breaker) {
    world_.tracer = std::move(tracer);
    world_.on_trace = [this](NodeId node, const node::Trace& trace) {
      if (std::string broken = deadlocks_.on_trace(world_, node, trace); !broken.empty()) judge_.fail(std::move(broken));
      if (trace.kind == node::TraceKind::reached) ++outcome_.marks[trace.text];
    };
    world_.on_broken = [this](std::string what) { judge_.fail(std::move(what)); };
    world_.recorder = &recorder_;
    desk_.set_world(world_);
    for (const HabitRow* row : plan_.workloads) habits_.push_back(row->make(plan_.habits));
    for (const FaultUse& use : plan_.faults) {
      faults_.push_back({use, Prng(hash_bytes(use.fault->name, plan_.seed))});
      plan_next(faults_.size() - 1);
    }
  }

  Outcome go() {
    for (step_ = 0; step_ < plan_.steps && ok(); ++step_) one_step();
    if (ok()) finish();
    if (std::string broken = history::judge(recorder_, plan_.history); !broken.empty() && ok())
      judge_.fail(std::move(broken));
    outcome_.failure = judge_.failure();
    outcome_.hash = world_.trace_hash();
    outcome_.simulated = world_.now();
    outcome_.grants = desk_.grants;
    outcome_.refusals = desk_.refusals;
    outcome_.views = membership_.view().epoch.value();
    outcome_.valid_reads = judge_.valid_reads;
    outcome_.doubtful_reads = judge_.doubtful_reads;
    return std::move(outcome_);
  }

 private:
  struct Source {
    FaultUse use;
    Prng prng;
  };

  [[nodiscard]] WorldSettings world_settings() const {
    WorldSettings world{.machines = static_cast<std::uint32_t>(plan_.nodes),
                        .seed = hash_bytes("world", plan_.seed),
                        .latency = plan_.latency,
                        .membership = Membership::manual,
                        .slots = plan_.slots,
                        .memory = Memory::none,
                        .backlog_bytes_max = plan_.backlog_bytes_max,
                        .peer_backlog_bytes_max = plan_.peer_backlog_bytes_max};
    world.node.lease = plan_.lease;
    world.node.idle_keep = plan_.idle_keep;
    world.node.hash_salt = plan_.hash_salt;
    world.node.turn_allowance = plan_.turn_allowance;
    world.node.turn_gap = milliseconds(1);
    world.node.turn_burst = plan_.turn_allowance < 100 ? 1 : 3;  // of the smallest ones whatever comes may come between any two
    if (plan_.migration == Migration::eager) world.node.migration = plan_.eagerness;
    world.node.deadlocks.on = std::ranges::any_of(plan_.workloads, [](const HabitRow* row) { return row->name == "knots"; });
    world.node.default_policy.mastering = plan_.mastering;
    world.node.default_policy.pinned = {{NodeId{1}, 1}, {NodeId{2}, 3}};
    return world;
  }
  [[nodiscard]] bool ok() const { return judge_.failure().empty(); }

  void one_step() {
    for (const auto& habit : habits_) desk_.fill_up(*habit, plan_.programs_per_node);
    for (std::uint64_t n = prng_.between(0, 2 * plan_.acts_per_step); n > 0; --n) desk_.act();
    let_run(Duration(static_cast<Duration::rep>(
        prng_.below(static_cast<std::uint64_t>(plan_.step_most.count())))));
    if (step_ % steps_between_looks == 0) look_at_nodes();
  }

  // The world goes on for this long, judged after everything that happens.
  void let_run(Duration by) {
    const Duration end = world_.now() + by;
    while (ok()) {
      do_what_is_planned();
      membership_.look();
      const Duration next = plans_.empty() ? end : std::min(end, plans_.begin()->first);
      if (!world_.step_world(std::max(next, world_.now()))) {
        if (world_.now() >= end) return;
        const Duration stop = std::min({next, end, world_.now() + milliseconds(5)});
        if (const auto passed = world_.pass(std::max(Duration{1}, stop - world_.now())); !passed)
          judge_.fail(passed.error().detail);
      }
      ++outcome_.events;
      if (world_.take_beliefs_rose())
        if (const auto fine = check_beliefs(world_); !fine) judge_.fail(fine.error().detail);
    }
  }

  void look_at_nodes() {
    check_nodes(world_);
    if (const auto fine = cluster_state_.check(world_); !fine) judge_.fail(fine.error().detail);
  }

  // ---- faults ----

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
  static Duration some(Prng& prng, const Range<Duration>& range) {
    return Duration(static_cast<Duration::rep>(
        prng.between(static_cast<std::uint64_t>(range.least.count()),
                     static_cast<std::uint64_t>(range.most.count()))));
  }
  void plan_next(std::size_t index) {
    Source& source = faults_[index];
    plan(some(source.prng, source.use.every), [this, index] {
      if (over_) return;
      Source& due = faults_[index];
      ++outcome_.faults[std::string(due.use.fault->name)];
      recorder_.at(world_.now());
      recorder_.fault("simulator", due.use.fault->name);
      due.use.fault->strike({.world = world_,
                             .membership = membership_,
                             .desk = desk_,
                             .prng = due.prng,
                             .lasts = some(due.prng, due.use.lasts),
                             .later = [this](Duration after, std::function<void()> action) {
                               plan(after, std::move(action));
                             }});
      plan_next(index);
    });
  }

  // ---- the end ----

  void heal_everything() {
    over_ = true;
    plans_.clear();
    recorder_.at(world_.now());
    recorder_.healed();
    world_.heal();
    for (Machine& machine : world_.machines()) {
      for (const Machine& other : world_.machines())
        world_.slow_down(machine.id, other.id, Duration{0});
      machine.disk_is_broken = machine.dies_in_turn = false;
      world_.thaw(machine.id);
      membership_.see_clearly(machine.id);
      if (!machine.up()) world_.start(machine.id);
    }
    for (std::size_t i = 0; i < world_.clients(); ++i)
      if (world_.client(i).paused || !world_.client(i).reads) world_.resume_client(i);
  }

  // Whoever was about to leave when the faults ended comes back, too.
  void rest_a_little() {
    for (const Machine& machine : world_.machines())
      if (!machine.up()) world_.start(machine.id);
    let_run(milliseconds(50));
  }

  void finish() {
    heal_everything();
    // Long enough for a recovery, and for whoever waits since then.
    const Duration rest = world_.now() + std::chrono::seconds(3) + 3 * plan_.lease;
    while (ok() && world_.now() < rest) rest_a_little();
    if (const auto fine = check_notices(world_); ok() && membership_.at_rest() && !fine)
      judge_.fail(fine.error().detail);
    if (const auto fine = check_trees(world_); ok() && membership_.at_rest() && !fine)
      judge_.fail(fine.error().detail);
    look_for_deadlocks();
    const Duration end = world_.now() + liveness_limit;
    while (ok() && !(desk_.wind_up() && membership_.at_rest())) {
      if (world_.now() > end)
        return judge_.fail("I5 is broken: " +
                           std::to_string(liveness_limit.count() / 1'000'000'000) +
                           " s after the last fault there is still open:" + desk_.what_is_open());
      rest_a_little();
    }
    // A release that nobody has asked for may stand in its slot for ever.
    for (std::size_t i = 0; i < world_.clients(); ++i) {
      world_.client(i).session->send_quiet_release();
      world_.flush(i);
    }
    if (ok()) let_run(plan_.lease * 3);
    if (ok()) look_at_nodes();
    if (const auto fine = check_nothing_is_left(world_); ok() && !fine)
      judge_.fail(fine.error().detail);
  }

  // A cycle that stands has been searched for again by then (limits::search_again_max).
  void look_for_deadlocks() {
    if (!ok() || !membership_.at_rest() || !world_settings().node.deadlocks.on) return;
    const std::set<DeadlockWatch::Wait> before = waits_in_cycles(world_);
    if (before.empty()) return;
    const Duration until = world_.now() + 2 * Duration(limits::search_again_max);
    while (ok() && world_.now() < until) rest_a_little();
    for (const DeadlockWatch::Wait& wait : waits_in_cycles(world_))
      if (before.contains(wait) && ok())
        judge_.fail("I11 is broken: " + name_of(std::get<NodeId>(wait)) + "'s lock " +
                    std::to_string(std::get<ClaimId>(wait).value()) + " has been in a deadlock for 20 s");
  }

  Plan plan_;
  Prng prng_;
  Judge judge_;
  Desk desk_;
  World world_;
  history::Recorder recorder_;
  MembershipService membership_;
  ClusterState cluster_state_;
  DeadlockWatch deadlocks_;
  Outcome outcome_;
  std::vector<std::unique_ptr<Habit>> habits_;
  std::vector<Source> faults_;
  std::multimap<Duration, std::function<void()>> plans_;
  std::uint64_t step_ = 0;
  bool over_ = false;  // no more faults
};

}  // namespace

Outcome play(const Plan& plan, std::function<void(const std::string&)> tracer) {
  planted_bug = plan.bug;
  return Player(plan, std::move(tracer)).go();
}

}  // namespace holdfast::sim
