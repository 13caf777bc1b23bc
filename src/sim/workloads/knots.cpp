// SPDX-License-Identifier: Apache-2.0
// Knots: programs that take several names, in whatever order they come to mind, convert what they hold, and wait without
// an end: nothing but the deadlock search gets them out of what they get into. Some share a transaction with programs
// of other nodes, some are more important than others.
#include "sim/workloads/desk.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

class Knots final : public Habit {
 public:
  explicit Knots(const HabitOptions& options) : names_(options.names + 2) {}

 private:
  void act(Desk& desk, Program& program) override {
    Prng& prng = desk.prng();
    if (desk.open_requests(program) > 0) {
      if (prng.chance(2)) desk.cancel(program);
      return;
    }
    if (program.held.size() > prng.below(5)) return let_go(desk, program);
    if (!program.held.empty() && prng.chance(30)) return convert(desk, program);
    const std::string name = "k" + std::to_string(prng.below(names_));
    const auto has_it = [&](ClaimId id) { return program.names.at(id) == name; };
    if (std::ranges::any_of(program.held, has_it)) return;  // nobody waits for himself
    desk.lock(program, name, {.mode = some_mode(prng), .flags = some_flags(prng), .transaction = transaction_of(program),
                              .deadlock_priority = prng.chance(10) ? 50U : 100U});
  }

  static Mode some_mode(Prng& prng) {
    constexpr Mode modes[] = {Mode::EX, Mode::EX, Mode::EX, Mode::PW, Mode::PR, Mode::PR, Mode::CW, Mode::CR};
    return modes[prng.below(std::size(modes))];
  }
  static FlagSet some_flags(Prng& prng) {
    if (prng.chance(4)) return {Flag::headque};
    if (prng.chance(4)) return {Flag::noorder};
    if (prng.chance(3)) return {Flag::altpr};
    return {};
  }
  // Every fourth program belongs to one, together with some that came with it.
  static std::uint64_t transaction_of(const Program& program) {
    return program.client % 4 == 0 ? 1 + program.client / 12 : 0;
  }
  static void convert(Desk& desk, Program& program) {
    const ClaimId id = program.held[desk.prng().below(program.held.size())];
    if (desk.holds(program, id)) desk.convert(program, id, {.mode = some_mode(desk.prng())});
  }
  static void let_go(Desk& desk, Program& program) {
    const std::vector<ClaimId> held = program.held;
    for (const ClaimId id : held)
      if (desk.holds(program, id)) desk.unlock(program, id, {});
  }

  std::uint64_t names_;
};

}  // namespace

std::unique_ptr<Habit> make_knots(const HabitOptions& options) { return std::make_unique<Knots>(options); }

}  // namespace holdfast::sim
