// SPDX-License-Identifier: Apache-2.0
// Visitor: every program uses one name for a while and then leaves it alone, and somebody else comes
// there later. So names are given up, and masters change without anybody's death.
#include "sim/workloads/desk.hpp"

namespace holdfast::sim {
namespace {

class Visitor final : public Habit {
 public:
  explicit Visitor(const HabitOptions& options) : names_(options.names + 2) {}

 private:
  void act(Desk& desk, Program& program) override {
    if (!program.held.empty()) {
      const ClaimId id = program.held.front();
      if (!desk.holds(program, id)) return;
      if (desk.prng().chance(50)) return desk.unlock(program, id, {.flags = {Flag::valblk}});
      return desk.release(program, id, {.flags = {Flag::valblk}});
    }
    if (desk.open_requests(program) > 0) return;
    std::uint64_t& name = at_[program.client];
    if (desk.prng().chance(15)) name = desk.prng().below(names_);
    desk.lock(program, "v" + std::to_string(name),
              {.mode = desk.prng().chance(80) ? Mode::EX : Mode::PR,
               .flags = desk.prng().chance(50) ? FlagSet{Flag::valblk} : FlagSet{}});
  }

  std::uint64_t names_;
  std::map<std::size_t, std::uint64_t> at_;  // client, name
};

}  // namespace

std::unique_ptr<Habit> make_visitor(const HabitOptions& options) {
  return std::make_unique<Visitor>(options);
}

}  // namespace holdfast::sim
