// SPDX-License-Identifier: Apache-2.0
// Programs that lock, convert, unlock and cancel a few names at random, with all flags there are.
#include "sim/workloads/desk.hpp"

namespace holdfast::sim {
namespace {

constexpr std::size_t open_requests_max = 3;

// Do programs take sub-locks, too?
enum class Trees : std::uint8_t { none, some };

Mode some_mode(Prng& prng) { return all_modes[prng.below(mode_count)]; }

Duration some_wait(Prng& prng) {
  return prng.chance(20) ? Duration(std::chrono::milliseconds(prng.between(0, 800)))
                         : wire::wait_for_ever;
}

FlagSet some_lock_flags(Prng& prng, Mode mode) {
  FlagSet flags;
  if (prng.chance(50)) flags.set(Flag::valblk);
  if (prng.chance(20)) flags.set(Flag::noqueue);
  if (flags.has(Flag::noqueue) && prng.chance(30)) flags.set(Flag::noqueuebast);
  if (prng.chance(4)) flags.set(Flag::headque);
  if (prng.chance(4)) flags.set(Flag::noorder);
  if (prng.chance(4)) flags.set(prng.chance(50) ? Flag::altpr : Flag::altcw);
  if (mode == Mode::NL && !flags.has(Flag::noqueue) && prng.chance(20)) flags.set(Flag::expedite);
  return flags;
}

FlagSet some_convert_flags(Prng& prng, Mode held, Mode wanted) {
  FlagSet flags;
  if (prng.chance(60)) flags.set(Flag::valblk);
  if (prng.chance(4)) flags.set(Flag::ivvalblk);
  if (queued_conversion_allowed(held, wanted) && prng.chance(15)) flags.set(Flag::quecvt);
  if (prng.chance(20))
    flags.set(Flag::noqueue);
  else if (prng.chance(15))
    flags.set(Flag::convdeadlk);
  return flags;
}

class Random final : public Habit {
 public:
  Random(const HabitOptions& options, Trees trees) : names_(options.names), trees_(trees) {}

 private:
  void act(Desk& desk, Program& program) override {
    Prng& prng = desk.prng();
    if (prng.chance(6)) return desk.cancel(program);
    // Trees grow only if programs hold several locks at a time.
    const unsigned works_on_held = trees_ == Trees::some && program.held.size() < 4 ? 40 : 65;
    if (!program.held.empty() && prng.chance(works_on_held)) {
      const ClaimId id = program.held[prng.below(program.held.size())];
      if (prng.chance(45)) return convert(desk, program, id);
      if (prng.chance(45)) return unlock(desk, program, id);
      return desk.release(
          program, id, {.flags = prng.chance(35) ? FlagSet{Flag::valblk} : FlagSet{}});
    }
    if (desk.open_requests(program) < open_requests_max) lock(desk, program);
  }

  void lock(Desk& desk, Program& program) const {
    Prng& prng = desk.prng();
    const Mode mode = some_mode(prng);
    const ClaimId parent = some_parent(desk, program);
    const std::string name = (parent ? "s" : "r") + std::to_string(prng.below(names_));
    desk.lock(program, name,
              {.mode = mode, .flags = some_lock_flags(prng, mode), .wait_max = some_wait(prng)},
              parent);
  }

  // None, or a lock that is held and is not too deep in its tree already.
  [[nodiscard]] ClaimId some_parent(Desk& desk, const Program& program) const {
    if (trees_ == Trees::none || program.held.empty() || desk.prng().chance(40)) return {};
    const ClaimId id = program.held[desk.prng().below(program.held.size())];
    constexpr std::size_t key_bytes_max = 10;  // three levels
    return desk.holds(program, id) && program.names.at(id).size() < key_bytes_max ? id : ClaimId{};
  }

  static void convert(Desk& desk, Program& program, ClaimId id) {
    Prng& prng = desk.prng();
    if (!desk.holds(program, id)) return;
    const Mode wanted = some_mode(prng);
    desk.convert(program, id,
                 {.mode = wanted,
                  .flags = some_convert_flags(prng, desk.find(program, id)->mode, wanted),
                  .wait_max = some_wait(prng),
                  .reply = prng.chance(30) ? wire::Reply::at_once : wire::Reply::when_applied});
  }

  static void unlock(Desk& desk, Program& program, ClaimId id) {
    FlagSet flags;
    if (desk.prng().chance(10)) flags.set(Flag::forceunlock);
    if (desk.prng().chance(60)) flags.set(Flag::valblk);
    desk.unlock(program, id, {.flags = flags});
  }

  std::uint64_t names_;
  Trees trees_;
};

}  // namespace

std::unique_ptr<Habit> make_random(const HabitOptions& options) {
  return std::make_unique<Random>(options, Trees::none);
}
std::unique_ptr<Habit> make_trees(const HabitOptions& options) {
  return std::make_unique<Random>(options, Trees::some);
}

}  // namespace holdfast::sim
