// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/desk.hpp"

#include "sim/checkers/beliefs.hpp"
#include "sim/history/recorder.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

// What a program adds to; what it was told to be in doubt is nothing to build upon.
std::uint64_t sound_base(const Reading& reading) { return reading.state == ValueState::valid ? reading.write : 0; }

}  // namespace

// ---- programs
// -----------------------------------------------------------------------------------------

bool Desk::usable(const Program& program) const {
  const Client& client = world_->client(program.client);
  return client.alive && client.session->phase() != session::Phase::over;
}

Program* Desk::program_of(std::size_t client) {
  const auto found = std::ranges::find(programs_, client, &Program::client);
  return found == programs_.end() ? nullptr : &*found;
}

void Desk::fill_up(Habit& habit, std::size_t per_node) {
  std::erase_if(programs_, [this](const Program& program) { return !usable(program); });
  for (std::size_t i = 0; i < world_->machines().size(); ++i) {
    const Machine& machine = world_->machines()[i];
    if (!machine.up() || machine.frozen != Freeze::none) continue;
    std::size_t here = 0;
    for (const Program& program : programs_)
      if (program.habit == &habit && world_->client(program.client).machine == i) ++here;
    for (; here < per_node; ++here) {
      const std::string name =
          "p" + std::to_string(world_->clients()) + "@" + std::to_string(machine.id.value());
      programs_.push_back({.client = world_->connect(name, machine.id), .habit = &habit});
    }
  }
}

std::vector<std::size_t> Desk::crowd(const Machine& machine, std::size_t programs) {
  std::vector<std::size_t> clients;
  const Program* const model = some_program();
  if (model == nullptr) return clients;
  Habit* const habit = model->habit;
  while (clients.size() < programs) {
    const std::string name = "p" + std::to_string(world_->clients()) + "@" + std::to_string(machine.id.value());
    clients.push_back(world_->connect(name, machine.id));
    programs_.push_back({.client = clients.back(), .habit = habit});
    habit->act(*this, programs_.back());
  }
  return clients;
}

Program* Desk::some_program() {
  if (programs_.empty()) return nullptr;
  Program& program = programs_[prng_.below(programs_.size())];
  return usable(program) && world_->runs(program.client) ? &program : nullptr;
}

void Desk::kill(Program& program) {
  world_->kill_client(program.client);
  forget(program.client);
}

void Desk::kill(std::size_t client) {
  if (Program* const program = program_of(client)) kill(*program);
}

void Desk::machine_gone(std::size_t machine) {
  for (const Program& program : programs_)
    if (world_->client(program.client).machine == machine) forget(program.client);
}

void Desk::forget(std::size_t client) {
  std::erase_if(open_, [client](const auto& open) { return open.first.first == client; });
}

// ---- what they do
// -------------------------------------------------------------------------------------

void Desk::act() {
  if (Program* program = some_program()) program->habit->act(*this, *program);
}

const session::LockRecord* Desk::find(const Program& program, ClaimId id) const {
  return world_->client(program.client).session->find(id);
}

bool Desk::holds(const Program& program, ClaimId id) const {
  const session::LockRecord* lock = find(program, id);
  return lock != nullptr && lock->state == session::LockState::granted;
}

std::size_t Desk::open_requests(const Program& program) const {
  return world_->client(program.client).session->open_requests();
}

std::int64_t Desk::content(std::uint64_t write) const {
  const auto known = contents_.find(write);
  return known == contents_.end() ? 0 : known->second;
}

std::uint64_t Desk::begin_write(const Question& question, const Token& token, Mode held,
                                std::int64_t content) {
  const std::uint64_t write = judge_.write(question.key, token, held);
  contents_[write] = content;
  return write;
}

void Desk::lock(Program& program, const std::string& name, const Wish& wish, ClaimId parent) {
  const std::string key = parent ? program.names[parent] + "::" + name : name;
  const bool quiet = wish.flags.has(Flag::noqueue) && is_quiet(key);
  stir(key);
  const auto asked = world_->lock(program.client,
                                  {.mode = wish.mode,
                                   .flags = wish.flags,
                                   .wait_max = wish.wait_max,
                                   .parent = parent,
                                   .resource = name,
                                   .transaction = wish.transaction,
                                   .deadlock_priority = wish.deadlock_priority},
                                  key);
  if (!asked) return;
  Open& open = open_[{program.client, *asked}];
  open.question = {.key = key, .mode = wish.mode, .quiet = quiet};
  open.question.floor = judge_.floor(key);
}

void Desk::convert(Program& program, ClaimId id, const Wish& wish) {
  const session::LockRecord* lock = find(program, id);
  if (lock == nullptr || lock->state != session::LockState::granted) return;
  const Mode held = lock->mode;
  Question question{.key = program.names[id],
                    .mode = wish.mode,
                    .conversion = true,
                    .mode_before = held,
                    .token_before = lock->token};
  stir(question.key);
  std::string value;
  const bool writes = wish.flags.has(Flag::valblk) && !wish.flags.has(Flag::ivvalblk);
  if (writes && value_move(held, wish.mode) == ValueMove::write) {
    question.write = begin_write(question, lock->token, held, wish.content);
    value = Judge::bytes_of(question.write);
  }
  question.floor = judge_.floor(question.key);
  question.at_once = wish.reply == wire::Reply::at_once;
  const auto asked = world_->convert(program.client, {.lock = id,
                                                      .mode = wish.mode,
                                                      .flags = wish.flags,
                                                      .wait_max = wish.wait_max,
                                                      .reply = wish.reply,
                                                      .value = value});
  if (!asked) return judge_.write_refused(question.write);
  open_[{program.client, *asked}] = {
      .question = std::move(question), .lock = id, .base = sound_base(program.readings[id])};
}

// Writes if the wish has valblk and the lock may.
void Desk::unlock(Program& program, ClaimId id, const Wish& wish) {
  const session::LockRecord* lock = find(program, id);
  if (lock == nullptr) return;
  FlagSet flags = wish.flags;
  flags.clear(Flag::valblk);
  if (lock->state != session::LockState::granted) flags.set(Flag::forceunlock);
  Question question{.key = program.names[id]};
  stir(question.key);
  std::string value;
  if (lock->state == session::LockState::granted && writes_value(lock->mode) &&
      wish.flags.has(Flag::valblk)) {
    flags.set(Flag::valblk);
    question.write = begin_write(question, lock->token, lock->mode, wish.content);
    value = Judge::bytes_of(question.write);
  }
  const auto asked = world_->unlock(program.client, {.lock = id, .flags = flags, .value = value});
  if (!asked) return judge_.write_refused(question.write);
  open_[{program.client, *asked}] = {.question = std::move(question),
                                     .lock = id,
                                     .base = sound_base(program.readings[id]),
                                     .unlock = true};
  std::erase(program.held, id);
}

std::size_t Desk::machine_of(const Program& program) const {
  return world_->client(program.client).machine;
}

void Desk::release(Program& program, ClaimId id, const Wish& wish) {
  const session::LockRecord* lock = find(program, id);
  if (lock == nullptr || lock->state != session::LockState::granted) return;
  const Question question{.key = program.names[id]};
  stir(question.key);
  FlagSet flags;
  std::string value;
  if (writes_value(lock->mode) && wish.flags.has(Flag::valblk)) {
    flags.set(Flag::valblk);
    value = Judge::bytes_of(begin_write(question, lock->token, lock->mode, wish.content));
  }
  (void)world_->release(program.client, {.lock = id, .flags = flags, .value = value});
  drop_lock(program, id);
}

void Desk::cancel(Program& program) {
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

void Desk::drop_lock(Program& program, ClaimId lock) {
  std::erase(program.held, lock);
  program.names.erase(lock);
  program.readings.erase(lock);
}

// ---- is NOQUEUE true? (I7)
// ----------------------------------------------------------------------------

// Has nobody anything on this name, as far as anybody in the world knows?
bool Desk::is_quiet(const std::string& key) const {
  if (key.find("::") != std::string::npos) return false;  // nodes know it by its path
  for (const auto& [id, open] : open_)
    if (open.question.key == key) return false;
  for (const Machine& machine : world_->machines()) {
    if (!machine.up()) continue;
    if (takes_the_dead_for_members(machine)) return false;
    for (const node::Node::HeldLock& lock : machine.node->mastered())
      if (lock.key.ends_with(key)) return false;
    for (const node::Node::HeldLock& lock : machine.node->held())
      if (lock.key.ends_with(key)) return false;
  }
  for (std::size_t i = 0; i < world_->clients(); ++i)
    for (const auto& [id, belief] : world_->client(i).beliefs)
      if (belief.key == key) return false;
  return true;
}

// What their programs asked for may be granted still, by a rebuilding.
bool Desk::takes_the_dead_for_members(const Machine& machine) const {
  return std::ranges::any_of(machine.node->view().members, [&](const Member& member) {
    const Machine* const other = world_->machine(member.node);
    return other == nullptr || !other->up() || other->incarnation != member.incarnation;
  });
}

// Somebody does something with it: who asked before may be refused for that.
void Desk::stir(const std::string& key) {
  for (auto& [id, open] : open_)
    if (open.question.key == key) open.question.quiet = false;
}

// ---- what they hear
// -----------------------------------------------------------------------------------

void Desk::on_event(std::size_t client, const session::Event& event) {
  if (const auto* granted = std::get_if<wire::Granted>(&event)) return on_granted(client, *granted);
  if (const auto* refused = std::get_if<wire::Refused>(&event)) return on_refused(client, *refused);
  if (const auto* done = std::get_if<wire::Done>(&event)) return on_done(client, *done);
  if (const auto* lost = std::get_if<wire::LostEvent>(&event)) return on_lost(client, *lost);
  const auto* ended = std::get_if<wire::Ended>(&event);
  if (ended != nullptr && ended->status == Errc::bad_message)
    judge_.fail("I4 is broken: the session of " + world_->client(client).name + " ended over '" +
                std::string(ended->detail) + "'");
}

void Desk::on_granted(std::size_t client, const wire::Granted& event) {
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
  if (world_->client(client).ending.contains(event.lock)) {
    const Question& question = open.mapped().question;
    return question.at_once ? void() : judge_.write_done(question.write);  // at once: its master need not have it yet
  }
  judge_.granted(open.mapped().question, event);
  program->names[event.lock] = open.mapped().question.key;
  if (event.notes.has(wire::GrantNote::value))
    program->readings[event.lock] = {event.value_state, Judge::number_in(event.value)};
  if (std::ranges::find(program->held, event.lock) == program->held.end())
    program->held.push_back(event.lock);
}

void Desk::on_refused(std::size_t client, const wire::Refused& event) {
  ++refusals;
  const auto open = open_.extract({client, event.request});
  if (open.empty()) return;
  if (open.mapped().question.quiet && event.status == Errc::blocked)
    judge_.fail("I7 is broken: " + world_->client(client).name + " was refused " +
                std::string(name_of(open.mapped().question.mode)) + " on " +
                open.mapped().question.key + ", which nobody had or wanted");
  // The end of a session leaves open what became of a write.
  if (world_->client(client).session->phase() != session::Phase::over)
    judge_.write_refused(open.mapped().question.write);
}

void Desk::on_done(std::size_t client, const wire::Done& event) {
  const auto open = open_.extract({client, event.request});
  if (open.empty() || !open.mapped().unlock) return;
  const bool over = world_->client(client).session->phase() == session::Phase::over;
  Program* program = program_of(client);
  if (event.status == Errc::ok) {
    judge_.write_done(open.mapped().question.write);
    if (program != nullptr && open.mapped().question.write != 0)
      program->habit->on_written(*this, open.mapped().base, open.mapped().question.write);
  } else if (!over) {
    judge_.write_refused(open.mapped().question.write);
  }
  if (program == nullptr) return;
  if (event.status == Errc::ok) return drop_lock(*program, open.mapped().lock);
  const session::LockRecord* lock = world_->client(client).session->find(open.mapped().lock);
  if (lock != nullptr && lock->state != session::LockState::waiting)
    program->held.push_back(open.mapped().lock);
}

void Desk::on_lost(std::size_t client, const wire::LostEvent& event) {
  if (Program* program = program_of(client)) drop_lock(*program, event.lock);
}

// ---- the end
// ------------------------------------------------------------------------------------------

bool Desk::wind_up() {
  bool over = true;
  for (Program& program : programs_) {
    if (!usable(program)) continue;
    const std::vector<ClaimId> held = program.held;
    for (const ClaimId id : held) {
      const session::LockRecord* lock = world_->client(program.client).session->find(id);
      if (lock == nullptr)
        drop_lock(program, id);
      else if (lock->state == session::LockState::granted)
        unlock(program, id, {});
    }
    over = over && program.held.empty() &&
           world_->client(program.client).session->open_requests() == 0;
  }
  return over;
}

std::string Desk::what_is_open() const {
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
