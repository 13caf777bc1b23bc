// SPDX-License-Identifier: Apache-2.0
// Counter: take EX with the value, add one, write it while giving up. Two additions on top of one
// and the same value are a lost update, whatever tokens and times say.
#include "sim/workloads/desk.hpp"

namespace holdfast::sim {
namespace {

class Counter final : public Habit {
 public:
  explicit Counter(const HabitOptions& options) : names_((options.names + 1) / 2) {}

 private:
  void act(Desk& desk, Program& program) override {
    if (!program.held.empty()) {
      const ClaimId id = program.held.front();
      if (!desk.holds(program, id)) return;
      const Reading seen = program.readings[id];
      const std::int64_t count = seen.state == ValueState::valid ? desk.content(seen.write) + 1 : 1;
      return desk.unlock(program, id, {.flags = {Flag::valblk}, .content = count});
    }
    if (desk.open_requests(program) > 0) return;
    desk.lock(program, "c" + std::to_string(desk.prng().below(names_)),
              {.mode = Mode::EX, .flags = {Flag::valblk}});
  }

  void on_written(Desk& desk, std::uint64_t base, std::uint64_t write) override {
    if (base == 0) return;
    const auto [other, fresh] = written_on_.emplace(base, write);
    if (!fresh)
      desk.judge().fail("I8 is broken: an update is lost, " + Judge::bytes_of(other->second) +
                        " and " + Judge::bytes_of(write) + " were both written on top of " +
                        Judge::bytes_of(base));
  }

  std::uint64_t names_;
  std::map<std::uint64_t, std::uint64_t> written_on_;  // base, write
};

}  // namespace

std::unique_ptr<Habit> make_counter(const HabitOptions& options) {
  return std::make_unique<Counter>(options);
}

}  // namespace holdfast::sim
