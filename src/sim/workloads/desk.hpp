// SPDX-License-Identifier: Apache-2.0
// Desk: the programs of a run, what they have asked and hold, and what they are told. What a program
// does is its habit's business; the desk carries it out, keeps the books, and tells the judge.
#pragma once

#include "base/prng.hpp"
#include "sim/checkers/judge.hpp"
#include "sim/workloads/habit.hpp"
#include "sim/world/world.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::sim {

// What a grant said about the value; `write` is the judge's number of the write it shows.
struct Reading {
  ValueState state = ValueState::never_written;
  std::uint64_t write = 0;
};

struct Program {
  std::size_t client = 0;
  Habit* habit = nullptr;
  std::vector<ClaimId> held;
  std::map<ClaimId, std::string> names;
  std::map<ClaimId, Reading> readings;  // of the latest grant that showed one
};

// What a program may ask for, beside a name.
struct Wish {
  Mode mode = Mode::NL;
  FlagSet flags;
  Duration wait_max = wire::wait_for_ever;
  wire::Reply reply = wire::Reply::when_applied;
  std::uint64_t transaction = 0;
  std::uint32_t deadlock_priority = wire::deadlock_priority_default;
  // What a write would mean to the habit (kept here: a value is its number only).
  std::int64_t content = 0;
};

class Desk final : public ClientEvents {
 public:
  Desk(Prng& prng, Judge& judge) : prng_(prng), judge_(judge) {}
  void set_world(World& world) { world_ = &world; }

  // Some program does something.
  void act();
  // So many programs of this habit at every node that is up; those that are gone are replaced.
  void fill_up(Habit& habit, std::size_t per_node);
  // So many more at this node, of some program's habit; each does something at once.
  std::vector<std::size_t> crowd(const Machine& machine, std::size_t programs);
  // A program that is alive and not in a pause; null if the dice find none.
  [[nodiscard]] Program* some_program();
  void kill(Program& program);
  void kill(std::size_t client);  // if it still runs
  // The programs of a machine are gone (crash) or without daemon (their sessions say so themselves).
  void machine_gone(std::size_t machine);

  // ---- for habits ----
  [[nodiscard]] Prng& prng() { return prng_; }
  [[nodiscard]] Judge& judge() { return judge_; }
  [[nodiscard]] const session::LockRecord* find(const Program& program, ClaimId id) const;
  [[nodiscard]] bool holds(const Program& program, ClaimId id) const;
  [[nodiscard]] std::size_t open_requests(const Program& program) const;
  [[nodiscard]] std::size_t machine_of(const Program& program) const;
  void lock(Program& program, const std::string& name, const Wish& wish, ClaimId parent = {});
  void convert(Program& program, ClaimId id, const Wish& wish);
  void unlock(Program& program, ClaimId id, const Wish& wish);
  void release(Program& program, ClaimId id, const Wish& wish);
  void cancel(Program& program);
  [[nodiscard]] std::int64_t content(std::uint64_t write) const;

  // ---- the end: gives up whatever is held. True if no request is open and nothing is held. ----
  [[nodiscard]] bool wind_up();
  [[nodiscard]] std::string what_is_open() const;

  std::uint64_t grants = 0;
  std::uint64_t refusals = 0;

 private:
  using AskedKey = std::pair<std::size_t, RequestId>;
  struct Open {
    Question question;
    ClaimId lock;  // none: a new request
    std::uint64_t base = 0;  // the write that its program had read last
    bool unlock = false;
    bool cancel = false;
  };

  void on_event(std::size_t client, const session::Event& event) override;
  void on_granted(std::size_t client, const wire::Granted& event);
  void on_refused(std::size_t client, const wire::Refused& event);
  void on_done(std::size_t client, const wire::Done& event);
  void on_lost(std::size_t client, const wire::LostEvent& event);
  [[nodiscard]] bool usable(const Program& program) const;
  [[nodiscard]] Program* program_of(std::size_t client);
  void forget(std::size_t client);
  [[nodiscard]] std::uint64_t begin_write(const Question& question, const Token& token, Mode held,
                                          std::int64_t content);
  void drop_lock(Program& program, ClaimId lock);
  [[nodiscard]] bool is_quiet(const std::string& key) const;
  [[nodiscard]] bool takes_the_dead_for_members(const Machine& machine) const;
  void stir(const std::string& key);

  Prng& prng_;
  Judge& judge_;
  World* world_ = nullptr;
  std::vector<Program> programs_;
  std::map<AskedKey, Open> open_;
  std::map<std::uint64_t, std::int64_t> contents_;  // by the judge's number
};

}  // namespace holdfast::sim
