// SPDX-License-Identifier: Apache-2.0
// Ledger: three accounts in value blocks. A program takes EX on all of them, in order, and if all
// are valid, their sum must be what it always was; then it moves something from one to another. If
// one is doubtful or was never written, it opens the books anew.
#include "sim/workloads/desk.hpp"

#include <array>

namespace holdfast::sim {
namespace {

constexpr std::size_t accounts = 3;
constexpr std::int64_t opening = 100;

class Ledger final : public Habit {
 private:
  void act(Desk& desk, Program& program) override {
    if (desk.open_requests(program) > 0) return;
    if (program.held.size() < accounts) return next(desk, program);
    std::array<std::int64_t, accounts> balance{};
    bool valid = true;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < accounts; ++i) {
      if (!desk.holds(program, program.held[i])) return;
      const Reading& seen = program.readings[program.held[i]];
      valid = valid && seen.state == ValueState::valid;
      balance[i] = desk.content(seen.write);
      sum += balance[i];
    }
    if (valid && sum != opening * static_cast<std::int64_t>(accounts))
      return desk.judge().fail("I8 is broken: all accounts are valid and their sum is " +
                               std::to_string(sum));
    if (!valid) balance.fill(opening);
    const auto amount = static_cast<std::int64_t>(desk.prng().below(10));
    balance[desk.prng().below(accounts)] -= amount;
    balance[desk.prng().below(accounts)] += amount;
    const std::vector<ClaimId> held = program.held;
    for (std::size_t i = 0; i < accounts; ++i)
      desk.unlock(program, held[i], {.flags = {Flag::valblk}, .content = balance[i]});
  }

  // Whoever lost one of them begins anew.
  static void next(Desk& desk, Program& program) {
    for (std::size_t i = 0; i < program.held.size(); ++i)
      if (program.names.at(program.held[i]) != name_of_account(i))
        return desk.unlock(program, program.held[i], {});
    desk.lock(program, name_of_account(program.held.size()),
              {.mode = Mode::EX, .flags = {Flag::valblk}});
  }
  static std::string name_of_account(std::size_t i) { return "a" + std::to_string(i); }
};

}  // namespace

std::unique_ptr<Habit> make_ledger(const HabitOptions&) { return std::make_unique<Ledger>(); }

}  // namespace holdfast::sim
