// SPDX-License-Identifier: Apache-2.0
// Uneven: the programs of one node are busy, with one name each for a while and with one that nobody else has, so
// that its clock runs ahead without a message to anybody; those of the others come rarely. Whoever gets a name after
// the busy node has a larger token only if that node's clock went along on whatever way the name took.
#include "sim/workloads/desk.hpp"

#include <algorithm>
#include <map>

namespace holdfast::sim {
namespace {

class Uneven final : public Habit {
 public:
  explicit Uneven(const HabitOptions& options) : names_(std::min<std::uint64_t>(options.names, 3)) {}

 private:
  void act(Desk& desk, Program& program) override {
    constexpr std::size_t busy_machine = 0;
    constexpr unsigned own_locks = 5;
    while (!program.held.empty()) {
      const ClaimId id = program.held.front();
      if (!desk.holds(program, id)) return;
      desk.release(program, id, {});
    }
    if (desk.open_requests(program) > 0) return;
    std::uint64_t& name = at_[program.client];
    if (desk.prng().chance(10)) name = desk.prng().below(names_);
    const bool busy = desk.machine_of(program) == busy_machine;
    for (unsigned i = 0; busy && i < own_locks; ++i) desk.lock(program, "own", {.mode = Mode::CR});
    if (busy || desk.prng().chance(8)) desk.lock(program, "r" + std::to_string(name), {.mode = Mode::EX});
  }

  std::uint64_t names_;
  std::map<std::size_t, std::uint64_t> at_;  // client, name
};

}  // namespace

std::unique_ptr<Habit> make_uneven(const HabitOptions& options) {
  return std::make_unique<Uneven>(options);
}

}  // namespace holdfast::sim
