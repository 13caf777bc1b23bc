// SPDX-License-Identifier: Apache-2.0
// Workload: programs that lock, convert, unlock and cancel a few names at random, and remember what
// they asked and hold, so that the judge can be told and the end can be reached.
#pragma once

#include "base/prng.hpp"
#include "sim/random/judge.hpp"
#include "sim/random/run.hpp"
#include "sim/world/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::sim {

class Workload final : public ClientEvents {
 public:
  Workload(Prng& prng, Judge& judge, Trees trees) : prng_(prng), judge_(judge), trees_(trees) {}
  void set_world(World& world) { world_ = &world; }

  // Something that some program does; programs that are gone are replaced.
  void act();
  void fill_up(std::size_t programs_per_node);
  void kill_one();
  void pause_one();
  void resume_all();
  // The programs of a machine are gone (crash) or without daemon (their sessions say so
  // themselves).
  void machine_gone(std::size_t machine);

  // The end: gives up whatever is held. True if no request is open and nothing is held.
  [[nodiscard]] bool wind_up();
  [[nodiscard]] std::string what_is_open() const;

  std::uint64_t grants = 0;
  std::uint64_t refusals = 0;

 private:
  using AskedKey = std::pair<std::size_t, RequestId>;
  struct Open {
    Question question;
    ClaimId lock;  // none: a new request
    bool unlock = false;
    bool cancel = false;
  };
  struct Program {
    std::size_t client = 0;
    std::vector<ClaimId> held;
    std::map<ClaimId, std::string> names;
  };

  void on_event(std::size_t client, const session::Event& event) override;
  void on_granted(std::size_t client, const wire::Granted& event);
  void on_refused(std::size_t client, const wire::Refused& event);
  void on_done(std::size_t client, const wire::Done& event);
  void on_lost(std::size_t client, const wire::LostEvent& event);
  [[nodiscard]] bool usable(const Program& program) const;
  [[nodiscard]] Program* program_of(std::size_t client);
  void forget(std::size_t client);

  void lock(Program& program);
  [[nodiscard]] ClaimId some_parent(const Program& program);
  void convert(Program& program, ClaimId lock);
  void unlock(Program& program, ClaimId lock);
  void release(Program& program, ClaimId lock);
  void cancel(Program& program);
  [[nodiscard]] FlagSet some_lock_flags(Mode mode);
  [[nodiscard]] FlagSet some_convert_flags(Mode held, Mode wanted);
  [[nodiscard]] Duration some_wait();
  void drop_lock(Program& program, ClaimId lock);

  Prng& prng_;
  Judge& judge_;
  Trees trees_;
  World* world_ = nullptr;
  std::vector<Program> programs_;
  std::map<AskedKey, Open> open_;
};

}  // namespace holdfast::sim
