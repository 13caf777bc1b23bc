// SPDX-License-Identifier: Apache-2.0
// Mortal: programs that take what they can and die soon, with locks held, requests open and
// conversions under way. Whoever waits behind them must get on, and nothing of them may stay.
#include "sim/workloads/desk.hpp"

namespace holdfast::sim {
namespace {

class Mortal final : public Habit {
 public:
  explicit Mortal(const HabitOptions& options) : names_(options.names) {}

 private:
  void act(Desk& desk, Program& program) override {
    Prng& prng = desk.prng();
    if (prng.chance(12)) return desk.kill(program);
    if (!program.held.empty() && prng.chance(40)) {
      const ClaimId id = program.held[prng.below(program.held.size())];
      if (!desk.holds(program, id)) return;
      if (prng.chance(50)) return desk.unlock(program, id, {.flags = {Flag::valblk}});
      return desk.convert(program, id,
                          {.mode = prng.chance(50) ? Mode::EX : Mode::CR, .flags = {Flag::valblk}});
    }
    if (desk.open_requests(program) > 1) return;
    desk.lock(program, "r" + std::to_string(prng.below(names_)),
              {.mode = prng.chance(60) ? Mode::EX : Mode::PR, .flags = {Flag::valblk}});
  }

  std::uint64_t names_;
};

}  // namespace

std::unique_ptr<Habit> make_mortal(const HabitOptions& options) {
  return std::make_unique<Mortal>(options);
}

}  // namespace holdfast::sim
