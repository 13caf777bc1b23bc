// SPDX-License-Identifier: Apache-2.0
// Ring: every program keeps NL locks on two neighbours of a ring and goes up and down with them,
// the lower one first. Nothing but conversions, and values that go round.
#include "sim/workloads/desk.hpp"

namespace holdfast::sim {
namespace {

class Ring final : public Habit {
 public:
  explicit Ring(const HabitOptions& options) : names_(options.names + 1) {}

 private:
  void act(Desk& desk, Program& program) override {
    if (desk.open_requests(program) > 0) return;
    if (program.held.size() < 2) return join(desk, program);
    Prng& prng = desk.prng();
    for (const ClaimId id : program.held) {
      if (!desk.holds(program, id)) return;
      if (desk.find(program, id)->mode != Mode::NL) continue;
      // A wait that ends: others hold one of these and wait for the other.
      return desk.convert(program, id,
                          {.mode = prng.chance(60) ? Mode::EX : Mode::PR,
                           .flags = {Flag::valblk},
                           .wait_max = std::chrono::milliseconds(prng.between(5, 500))});
    }
    for (const ClaimId id : program.held)
      desk.convert(program, id,
                   {.mode = Mode::NL,
                    .flags = {Flag::valblk},
                    .reply = prng.chance(50) ? wire::Reply::at_once : wire::Reply::when_applied});
  }

  // In the order of the ring.
  void join(Desk& desk, Program& program) const {
    const std::uint64_t at = program.held.empty()
                                 ? desk.prng().below(names_)
                                 : (place_of(program) + 1) % names_;
    desk.lock(program, "o" + std::to_string(at), {.mode = Mode::NL});
  }
  [[nodiscard]] static std::uint64_t place_of(const Program& program) {
    return static_cast<std::uint64_t>(program.names.at(program.held.front()).back() - '0');
  }

  std::uint64_t names_;
};

}  // namespace

std::unique_ptr<Habit> make_ring(const HabitOptions& options) {
  return std::make_unique<Ring>(options);
}

}  // namespace holdfast::sim
