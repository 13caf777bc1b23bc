// SPDX-License-Identifier: Apache-2.0
#include "sim/random/workload.hpp"

#include "base/limits.hpp"
#include "sim/history/recorder.hpp"
#include "sim/world/beliefs.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr std::size_t open_requests_max = 3;
constexpr std::uint64_t names = 4;

Mode some_mode(Prng& prng) { return all_modes[prng.below(mode_count)]; }

}  // namespace

// ---- programs
// -----------------------------------------------------------------------------------------

bool Workload::usable(const Program& program) const {
  const Client& client = world_->client(program.client);
  return client.alive && client.session->phase() != session::Phase::over;
}

Workload::Program* Workload::program_of(std::size_t client) {
  const auto found = std::ranges::find(programs_, client, &Program::client);
  return found == programs_.end() ? nullptr : &*found;
}

void Workload::fill_up(std::size_t programs_per_node) {
  std::erase_if(programs_, [this](const Program& program) { return !usable(program); });
  for (Machine& machine : world_->machines()) {
    if (!machine.up()) continue;
    std::size_t here = 0;
    for (const Program& program : programs_)
      if (&world_->machines()[world_->client(program.client).machine] == &machine) ++here;
    for (; here < programs_per_node; ++here) {
      const std::string name =
          "p" + std::to_string(world_->clients()) + "@" + std::to_string(machine.id.value());
      programs_.push_back({.client = world_->connect(name, machine.id), .held = {}, .names = {}});
    }
  }
}

void Workload::kill_one() {
  if (programs_.empty()) return;
  const std::size_t client = programs_[prng_.below(programs_.size())].client;
  world_->kill_client(client);
  forget(client);
}

void Workload::pause_one() {
  if (!programs_.empty()) world_->pause_client(programs_[prng_.below(programs_.size())].client);
}

void Workload::resume_all() {
  for (const Program& program : programs_)
    if (world_->client(program.client).paused) world_->resume_client(program.client);
}

void Workload::machine_gone(std::size_t machine) {
  for (const Program& program : programs_)
    if (world_->client(program.client).machine == machine) forget(program.client);
}

void Workload::forget(std::size_t client) {
  std::erase_if(open_, [client](const auto& open) { return open.first.first == client; });
}

// ---- what they do
// -------------------------------------------------------------------------------------

void Workload::act() {
  if (programs_.empty()) return;
  Program& program = programs_[prng_.below(programs_.size())];
  if (!usable(program) || world_->client(program.client).paused) return;
  const std::size_t open = world_->client(program.client).session->open_requests();
  if (prng_.chance(6)) return cancel(program);
  // Trees grow only if programs hold several locks at a time.
  const unsigned works_on_held = trees_ == Trees::some && program.held.size() < 4 ? 40 : 65;
  if (!program.held.empty() && prng_.chance(works_on_held)) {
    const ClaimId id = program.held[prng_.below(program.held.size())];
    if (prng_.chance(45)) return convert(program, id);
    if (prng_.chance(45)) return unlock(program, id);
    return release(program, id);
  }
  if (open < open_requests_max) lock(program);
}

FlagSet Workload::some_lock_flags(Mode mode) {
  FlagSet flags;
  if (prng_.chance(50)) flags.set(Flag::valblk);
  if (prng_.chance(20)) flags.set(Flag::noqueue);
  if (flags.has(Flag::noqueue) && prng_.chance(30)) flags.set(Flag::noqueuebast);
  if (prng_.chance(4)) flags.set(Flag::headque);
  if (prng_.chance(4)) flags.set(Flag::noorder);
  if (prng_.chance(4)) flags.set(prng_.chance(50) ? Flag::altpr : Flag::altcw);
  if (mode == Mode::NL && !flags.has(Flag::noqueue) && prng_.chance(20)) flags.set(Flag::expedite);
  return flags;
}

FlagSet Workload::some_convert_flags(Mode held, Mode wanted) {
  FlagSet flags;
  if (prng_.chance(60)) flags.set(Flag::valblk);
  if (prng_.chance(4)) flags.set(Flag::ivvalblk);
  if (queued_conversion_allowed(held, wanted) && prng_.chance(15)) flags.set(Flag::quecvt);
  if (prng_.chance(20))
    flags.set(Flag::noqueue);
  else if (prng_.chance(15))
    flags.set(Flag::convdeadlk);
  return flags;
}

Duration Workload::some_wait() {
  return prng_.chance(20) ? Duration(std::chrono::milliseconds(prng_.between(0, 800)))
                          : wire::wait_for_ever;
}

void Workload::lock(Program& program) {
  const Mode mode = some_mode(prng_);
  const ClaimId parent = some_parent(program);
  const std::string name = (parent ? "s" : "r") + std::to_string(prng_.below(names));
  const std::string key = parent ? program.names[parent] + "::" + name : name;
  const auto asked = world_->lock(program.client, {.mode = mode,
                                                   .flags = some_lock_flags(mode),
                                                   .wait_max = some_wait(),
                                                   .parent = parent,
                                                   .resource = name},
                                  key);
  if (!asked) return;
  Open& open = open_[{program.client, *asked}];
  open.question = {.key = key, .mode = mode};
  open.question.floor = judge_.floor(key);
}

// None, or a lock that is held and is not too deep in its tree already.
ClaimId Workload::some_parent(const Program& program) {
  if (trees_ == Trees::none || program.held.empty() || prng_.chance(40)) return {};
  const ClaimId id = program.held[prng_.below(program.held.size())];
  const session::LockRecord* lock = world_->client(program.client).session->find(id);
  const bool held = lock != nullptr && lock->state == session::LockState::granted;
  constexpr std::size_t key_bytes_max = 10;  // three levels
  return held && program.names.at(id).size() < key_bytes_max ? id : ClaimId{};
}

void Workload::convert(Program& program, ClaimId id) {
  const session::LockRecord* lock = world_->client(program.client).session->find(id);
  if (lock == nullptr || lock->state != session::LockState::granted) return;
  const Mode held = lock->mode;
  const Mode wanted = some_mode(prng_);
  Question question{.key = program.names[id],
                    .mode = wanted,
                    .conversion = true,
                    .mode_before = held,
                    .token_before = lock->token};
  const FlagSet flags = some_convert_flags(held, wanted);
  std::string value;
  const bool writes = flags.has(Flag::valblk) && !flags.has(Flag::ivvalblk);
  if (writes && value_move(held, wanted) == ValueMove::write) {
    question.write = judge_.write(question.key, lock->token, held);
    value = Judge::bytes_of(question.write);
  }
  question.floor = judge_.floor(question.key);
  const wire::Reply reply = prng_.chance(30) ? wire::Reply::at_once : wire::Reply::when_applied;
  question.at_once = reply == wire::Reply::at_once;
  const auto asked = world_->convert(program.client, {.lock = id,
                                                      .mode = wanted,
                                                      .flags = flags,
                                                      .wait_max = some_wait(),
                                                      .reply = reply,
                                                      .value = value});
  if (!asked) return judge_.write_refused(question.write);
  open_[{program.client, *asked}] = {.question = std::move(question), .lock = id};
}

void Workload::unlock(Program& program, ClaimId id) {
  const session::LockRecord* lock = world_->client(program.client).session->find(id);
  if (lock == nullptr) return;
  FlagSet flags;
  if (lock->state != session::LockState::granted || prng_.chance(10)) flags.set(Flag::forceunlock);
  Question question{.key = program.names[id]};
  std::string value;
  if (lock->state == session::LockState::granted && writes_value(lock->mode) && prng_.chance(60)) {
    flags.set(Flag::valblk);
    question.write = judge_.write(question.key, lock->token, lock->mode);
    value = Judge::bytes_of(question.write);
  }
  const auto asked = world_->unlock(program.client, {.lock = id, .flags = flags, .value = value});
  if (!asked) return judge_.write_refused(question.write);
  open_[{program.client, *asked}] = {.question = std::move(question), .lock = id, .unlock = true};
  std::erase(program.held, id);
}

void Workload::release(Program& program, ClaimId id) {
  const session::LockRecord* lock = world_->client(program.client).session->find(id);
  if (lock == nullptr || lock->state != session::LockState::granted) return;
  FlagSet flags;
  std::string value;
  if (writes_value(lock->mode) && prng_.chance(35)) {
    flags.set(Flag::valblk);
    value = Judge::bytes_of(judge_.write(program.names[id], lock->token, lock->mode));
  }
  (void)world_->release(program.client, {.lock = id, .flags = flags, .value = value});
  drop_lock(program, id);
}

void Workload::cancel(Program& program) {
  std::vector<RequestId> candidates;
  for (const auto& [key, open] : open_)
    if (key.first == program.client && !open.unlock && !open.cancel)
      candidates.push_back(key.second);
  if (candidates.empty()) return;
  const RequestId target = candidates[prng_.below(candidates.size())];
  const auto asked = world_->client(program.client).session->cancel({.lock = {}, .target = target});
  if (asked) open_[{program.client, *asked}] = {.question = {}, .lock = {}, .cancel = true};
  if (auto* to = world_->record()) to->cancelled(world_->client(program.client), target);
  world_->flush(program.client);
}

void Workload::drop_lock(Program& program, ClaimId lock) {
  std::erase(program.held, lock);
  program.names.erase(lock);
}

// ---- what they hear
// -----------------------------------------------------------------------------------

void Workload::on_event(std::size_t client, const session::Event& event) {
  if (const auto* granted = std::get_if<wire::Granted>(&event)) return on_granted(client, *granted);
  if (const auto* refused = std::get_if<wire::Refused>(&event)) return on_refused(client, *refused);
  if (const auto* done = std::get_if<wire::Done>(&event)) return on_done(client, *done);
  if (const auto* lost = std::get_if<wire::LostEvent>(&event)) return on_lost(client, *lost);
  const auto* ended = std::get_if<wire::Ended>(&event);
  if (ended != nullptr && ended->status == Errc::bad_message)
    judge_.fail("I4 is broken: the session of " + world_->client(client).name + " ended over '" +
                std::string(ended->detail) + "'");
}

void Workload::on_granted(std::size_t client, const wire::Granted& event) {
  ++grants;
  const auto open = open_.extract({client, event.request});
  Program* program = program_of(client);
  if (open.empty() || program == nullptr)
    return judge_.fail("I4 is broken: " + world_->client(client).name +
                       " was granted what it had not asked for");
  // Told after the deadline of its node: the program looks at the clock and does not believe it.
  if (!before_deadline(*world_, world_->client(client))) return;
  // Given up meanwhile: somebody else may have been granted it since, and it may have been told
  // earlier.
  if (world_->client(client).ending.contains(event.lock))
    return judge_.write_done(open.mapped().question.write);
  judge_.granted(open.mapped().question, event);
  program->names[event.lock] = open.mapped().question.key;
  if (std::ranges::find(program->held, event.lock) == program->held.end())
    program->held.push_back(event.lock);
}

void Workload::on_refused(std::size_t client, const wire::Refused& event) {
  ++refusals;
  const auto open = open_.extract({client, event.request});
  if (open.empty()) return;
  // The end of a session leaves open what became of a write.
  if (world_->client(client).session->phase() != session::Phase::over)
    judge_.write_refused(open.mapped().question.write);
}

void Workload::on_done(std::size_t client, const wire::Done& event) {
  const auto open = open_.extract({client, event.request});
  if (open.empty() || !open.mapped().unlock) return;
  const bool over = world_->client(client).session->phase() == session::Phase::over;
  if (event.status == Errc::ok)
    judge_.write_done(open.mapped().question.write);
  else if (!over)
    judge_.write_refused(open.mapped().question.write);
  Program* program = program_of(client);
  if (program == nullptr) return;
  if (event.status == Errc::ok) return drop_lock(*program, open.mapped().lock);
  const session::LockRecord* lock = world_->client(client).session->find(open.mapped().lock);
  if (lock != nullptr && lock->state != session::LockState::waiting)
    program->held.push_back(open.mapped().lock);
}

void Workload::on_lost(std::size_t client, const wire::LostEvent& event) {
  if (Program* program = program_of(client)) drop_lock(*program, event.lock);
}

// ---- the end
// ------------------------------------------------------------------------------------------

bool Workload::wind_up() {
  bool over = true;
  for (Program& program : programs_) {
    if (!usable(program)) continue;
    const std::vector<ClaimId> held = program.held;
    for (const ClaimId id : held) {
      const session::LockRecord* lock = world_->client(program.client).session->find(id);
      if (lock == nullptr)
        drop_lock(program, id);
      else if (lock->state == session::LockState::granted)
        unlock(program, id);
    }
    over = over && program.held.empty() &&
           world_->client(program.client).session->open_requests() == 0;
  }
  return over;
}

std::string Workload::what_is_open() const {
  std::string out;
  for (const auto& [key, open] : open_) {
    const Client& client = world_->client(key.first);
    if (!client.alive || client.session->phase() == session::Phase::over) continue;
    out += " " + client.name +
           (open.unlock                ? " unlock "
            : open.cancel              ? " cancel "
            : open.question.conversion ? " convert "
                                       : " lock ") +
           std::string(name_of(open.question.mode)) + " " + open.question.key + ";";
  }
  return out;
}

}  // namespace holdfast::sim
