// SPDX-License-Identifier: Apache-2.0
// Who loses a deadlock: our policies beside those of Berkeley DB 5.3, on the same graphs. Each graph is a few cycles that
// have nothing to do with each other, without ties: ages in the order of the lockers' ids, counts of locks all different,
// some lockers of lower priority. Real lockers in a real environment wait for each other, one thread each; its detector
// runs once by each policy, and whoever is refused must be whom ours chooses.
#include <db.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.hpp"
#include "cluster/victim.hpp"

namespace holdfast {
namespace {

struct Policy {
  cluster::VictimPolicy ours;
  std::uint32_t theirs;
};
constexpr Policy policies[] = {
    {cluster::VictimPolicy::youngest, DB_LOCK_YOUNGEST},         {cluster::VictimPolicy::oldest, DB_LOCK_OLDEST},
    {cluster::VictimPolicy::fewest_locks, DB_LOCK_MINLOCKS},     {cluster::VictimPolicy::most_locks, DB_LOCK_MAXLOCKS},
    {cluster::VictimPolicy::fewest_write_locks, DB_LOCK_MINWRITE}, {cluster::VictimPolicy::most_write_locks, DB_LOCK_MAXWRITE},
};

// Its index is its age: 0 came first. It holds a name of its own for writing, which another one of its cycle waits for.
struct Locker {
  std::size_t cycle = 0;
  std::size_t waits_for = 0;  // another locker
  std::uint32_t reads = 0;    // further locks, which nobody wants
  std::uint32_t writes = 0;
  std::uint32_t priority = 100;
};
struct Graph {
  std::vector<Locker> lockers;
  std::size_t cycles = 0;
};

template <class T>
void shuffle(std::vector<T>& all, Prng& prng) {
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[prng.below(i)]);
}

Graph make_graph(std::uint64_t seed) {
  Prng prng(seed);
  Graph graph{.lockers = {}, .cycles = prng.between(1, 3)};
  std::vector<std::size_t> cycle_of;
  for (std::size_t cycle = 0; cycle < graph.cycles; ++cycle)
    cycle_of.insert(cycle_of.end(), prng.between(2, 4), cycle);
  shuffle(cycle_of, prng);
  // Numbers of writes, and of locks in all, that occur once each.
  std::vector<std::uint32_t> writes(cycle_of.size()), locks(cycle_of.size());
  for (std::uint32_t i = 0; i < cycle_of.size(); ++i) {
    writes[i] = i;
    locks[i] = static_cast<std::uint32_t>(cycle_of.size()) + i;
  }
  shuffle(writes, prng);
  shuffle(locks, prng);
  for (std::size_t i = 0; i < cycle_of.size(); ++i)
    graph.lockers.push_back({.cycle = cycle_of[i], .reads = locks[i] - writes[i], .writes = writes[i],
                             .priority = prng.chance(20) ? static_cast<std::uint32_t>(10 + i) : 100U});
  for (std::size_t cycle = 0; cycle < graph.cycles; ++cycle) {
    std::vector<std::size_t> ring;
    for (std::size_t i = 0; i < cycle_of.size(); ++i)
      if (cycle_of[i] == cycle) ring.push_back(i);
    shuffle(ring, prng);
    for (std::size_t i = 0; i < ring.size(); ++i) graph.lockers[ring[i]].waits_for = ring[(i + 1) % ring.size()];
  }
  return graph;
}

std::set<std::size_t> our_victims(const Graph& graph, cluster::VictimPolicy policy) {
  std::set<std::size_t> victims;
  for (std::size_t cycle = 0; cycle < graph.cycles; ++cycle) {
    std::vector<cluster::Candidate> members;
    for (std::size_t i = 0; i < graph.lockers.size(); ++i)
      if (const Locker& locker = graph.lockers[i]; locker.cycle == cycle)
        members.push_back({.wait = {.node = NodeId{1}, .claim = ClaimId{i + 1}, .number = 1}, .priority = locker.priority,
                           .born = i, .locks = 1 + locker.reads + locker.writes, .writes = 1 + locker.writes});
    victims.insert(members[cluster::victim_of(members, policy, 0)].wait.claim.value() - 1);
  }
  return victims;
}

// An environment of this process alone.
class Environment {
 public:
  Environment() {
    EXPECT_EQ(::db_env_create(&env_, 0), 0);
    const std::uint32_t flags = DB_CREATE | DB_PRIVATE | DB_THREAD | DB_INIT_LOCK | DB_INIT_MPOOL;
    EXPECT_EQ(env_->open(env_, nullptr, flags, 0), 0);
  }
  ~Environment() { env_->close(env_, 0); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  std::uint32_t locker(std::uint32_t priority) {
    std::uint32_t id = 0;
    EXPECT_EQ(env_->lock_id(env_, &id), 0);
    EXPECT_EQ(env_->set_lk_priority(env_, id, priority), 0);
    return id;
  }
  int lock(std::uint32_t locker, std::string name, db_lockmode_t mode) {
    DBT object{};
    object.data = name.data();
    object.size = static_cast<std::uint32_t>(name.size());
    DB_LOCK lock{};
    return env_->lock_get(env_, locker, 0, &object, mode, &lock);
  }
  void give_all_up(std::uint32_t locker) {
    DB_LOCKREQ request{};
    request.op = DB_LOCK_PUT_ALL;
    DB_LOCKREQ* failed = nullptr;
    EXPECT_EQ(env_->lock_vec(env_, locker, 0, &request, 1, &failed), 0);
  }
  // How often somebody has begun to wait.
  std::uintmax_t waits() {
    DB_LOCK_STAT* stat = nullptr;
    EXPECT_EQ(env_->lock_stat(env_, &stat, 0), 0);
    const std::unique_ptr<DB_LOCK_STAT, void (*)(void*)> owned(stat, &std::free);
    return stat == nullptr ? 0 : stat->st_lock_wait;
  }
  int detect(std::uint32_t policy) {
    int rejected = 0;
    EXPECT_EQ(env_->lock_detect(env_, 0, policy, &rejected), 0);
    return rejected;
  }

 private:
  DB_ENV* env_ = nullptr;
};

std::set<std::size_t> their_victims(const Graph& graph, std::uint32_t policy) {
  Environment environment;
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < graph.lockers.size(); ++i) {
    const std::string name = std::to_string(i);
    ids.push_back(environment.locker(graph.lockers[i].priority));
    EXPECT_EQ(environment.lock(ids[i], name, DB_LOCK_WRITE), 0);
    for (std::uint32_t n = 0; n < graph.lockers[i].reads; ++n)
      EXPECT_EQ(environment.lock(ids[i], name + "r" + std::to_string(n), DB_LOCK_READ), 0);
    for (std::uint32_t n = 0; n < graph.lockers[i].writes; ++n)
      EXPECT_EQ(environment.lock(ids[i], name + "w" + std::to_string(n), DB_LOCK_WRITE), 0);
  }
  std::mutex guard;
  std::set<std::size_t> victims;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < graph.lockers.size(); ++i)
    threads.emplace_back([&, i] {
      const int answer = environment.lock(ids[i], std::to_string(graph.lockers[i].waits_for), DB_LOCK_WRITE);
      EXPECT_TRUE(answer == 0 || answer == DB_LOCK_DEADLOCK) << ::db_strerror(answer);
      if (answer == DB_LOCK_DEADLOCK) {
        const std::lock_guard<std::mutex> hold(guard);
        victims.insert(i);
      }
      environment.give_all_up(ids[i]);  // so that the others of its cycle have their turn
    });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (environment.waits() < graph.lockers.size() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(environment.waits(), graph.lockers.size());
  EXPECT_EQ(environment.detect(policy), static_cast<int>(graph.cycles));
  for (std::thread& thread : threads) thread.join();
  return victims;
}

TEST(BerkeleyDb, chooses_the_same_victims_on_200_graphs_by_each_policy) {
  for (const Policy& policy : policies)
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const Graph graph = make_graph(seed);
      ASSERT_EQ(our_victims(graph, policy.ours), their_victims(graph, policy.theirs))
          << cluster::name_of(policy.ours) << ", graph " << seed;
      if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace holdfast
