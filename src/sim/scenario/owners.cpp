// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/owners.hpp"

#include "model/name.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>

namespace holdfast::sim {

void Owners::connected(std::size_t client, const std::string& name, NodeId node) {
  clients_[client] = {.name = name, .node = node};
}

void Owners::killed(std::size_t client) { clients_[client].life = Life::killed; }

void Owners::machine_gone(NodeId node) {
  for (auto& [index, client] : clients_)
    if (client.node == node && client.life == Life::alive) client.life = Life::machine_gone;
}

Result<OwnedLock*> Owners::lock_for(std::size_t client, const Request& request, bool creates) {
  if (request.verb == Verb::purge) return static_cast<OwnedLock*>(nullptr);
  const std::string who = request.who.text();
  const auto mine = [&](const auto& lock) {
    return !lock->gone && lock->client == client && lock->who == who && lock->name == request.name;
  };
  const auto known = std::ranges::find_if(locks_, mine);
  if (!creates) return known == locks_.end() ? nullptr : known->get();
  if (known != locks_.end())
    return wrong("'" + who + "' has a lock on this name already; its second one is " +
                 request.who.name + ".2");
  locks_.push_back(
      std::make_unique<OwnedLock>(OwnedLock{.who = who, .name = request.name, .client = client}));
  return locks_.back().get();
}

Result<ClaimId> Owners::parent_for(std::size_t client, const Request& request) const {
  const std::string& name = request.options.parent;
  if (name.empty()) return ClaimId{};
  for (const auto& lock : locks_)
    if (lock->client == client && lock->name == name && lock->held) return lock->id;
  return wrong("'" + request.who.text() + "' holds no lock on '" + escaped(name) +
               "' that could be the parent");
}

void Owners::asked(std::size_t client, RequestId id, const Request& request, OwnedLock* lock) {
  if (!id) {  // a release has no answer
    if (lock != nullptr) lock->gone = true;
    return;
  }
  Asked asked{.verb = request.verb, .who = request.who.text(), .command = command_};
  asked.reads_value = request.options.flags.has(Flag::valblk);
  if (lock != nullptr) {
    const auto at =
        std::ranges::find_if(locks_, [lock](const auto& one) { return one.get() == lock; });
    asked.lock = static_cast<std::size_t>(at - locks_.begin());
    if (request.verb == Verb::lock || request.verb == Verb::adopt || request.verb == Verb::convert)
      lock->request = id;
  }
  asked_[{client, id}] = asked;
}

void Owners::refused_at_once(OwnedLock& lock, Errc reason) {
  if (!lock.held && !lock.request) lock.gone = true;
  record_.refused(lock.who, reason, place(command_));
}

void Owners::hear(std::size_t client, const session::Event& event) {
  if (clients_[client].life != Life::alive) return;
  std::visit(
      [&]<class E>(const E& e) {
        if constexpr (requires { this->hear(client, e); } && !std::same_as<E, session::Opened> &&
                      !std::same_as<E, wire::LockspaceOpened> &&
                      !std::same_as<E, wire::ResourceRow> && !std::same_as<E, wire::LockRow> &&
                      !std::same_as<E, wire::QueryEnd> && !std::same_as<E, wire::NodeStatus>)
          hear(client, e);
      },
      event);
}

// Latest first: an id of an earlier incarnation may come again.
std::string Owners::who_was(NodeId node, ClaimId claim) const {
  for (const auto& lock : locks_)
    if (lock->id == claim && clients_.at(lock->client).node == node) return lock->who;
  return "?";
}

std::string Owners::who_is(NodeId node, ClaimId claim, OwnerId owner) const {
  std::string same_owner = "?";
  for (auto at = locks_.rbegin(); at != locks_.rend(); ++at) {
    const auto& lock = *at;
    const Client& client = clients_.at(lock->client);
    if (client.node != node || lock->gone) continue;
    if (lock->id == claim) return client.life == Life::killed ? "orphan" : lock->who;
    if (!lock->id && client.owner == owner && lock->request) same_owner = lock->who;
  }
  return same_owner;
}

Place Owners::place(std::uint64_t command) const {
  return command == command_ && order_ == Order::as_written ? Place::answer : Place::consequence;
}

OwnedLock* Owners::find(std::size_t client, ClaimId id) {
  const auto found = std::ranges::find_if(locks_, [&](const auto& lock) {
    return lock->client == client && lock->id == id && !lock->gone;
  });
  return found == locks_.end() ? nullptr : found->get();
}

void Owners::hear(std::size_t client, const wire::Granted& event) {
  const auto asked = asked_.extract({client, event.request});
  if (asked.empty()) return;
  OwnedLock& lock = *locks_[asked.mapped().lock];
  GrantSeen grant{.who = lock.who, .name = lock.name, .mode = event.mode, .token = event.token};
  grant.kept_token = asked.mapped().verb == Verb::adopt || (lock.held && event.mode <= lock.mode);
  const bool came = event.notes.has(wire::GrantNote::value) && asked.mapped().reads_value;
  if (came && event.value_state == ValueState::valid) {
    grant.value_seen = ValueSeen::valid;
    grant.value = event.value;
  }
  if (event.notes.has(wire::GrantNote::doubtful)) grant.value_seen = ValueSeen::doubtful;
  lock.id = event.lock;
  lock.request = {};
  lock.held = true;
  lock.mode = event.mode;
  record_.granted(grant, place(asked.mapped().command));
}

void Owners::hear(std::size_t client, const wire::Waiting& event) {
  const auto asked = asked_.find({client, event.request});
  if (asked == asked_.end()) return;
  OwnedLock& lock = *locks_[asked->second.lock];
  lock.id = event.lock;
  std::vector<std::string> holders;
  std::vector<std::string> ahead;
  for (const wire::BlockerRow& blocker : event.blockers)
    (blocker.ahead != 0 ? ahead : holders)
        .push_back(who_is(blocker.node, blocker.claim, blocker.owner));
  record_.waits_for(lock.who, std::move(holders), place(asked->second.command));
  record_.waits_behind(lock.who, std::move(ahead), place(asked->second.command));
}

void Owners::hear(std::size_t client, const wire::Refused& event) {
  const auto asked = asked_.extract({client, event.request});
  if (asked.empty()) return;
  OwnedLock& lock = *locks_[asked.mapped().lock];
  lock.request = {};
  if (!lock.held) lock.gone = true;
  record_.refused(lock.who, event.status, place(asked.mapped().command));
}

// What a cancel changes, the cancelled request says.
void Owners::hear(std::size_t client, const wire::Done& event) {
  const auto asked = asked_.extract({client, event.request});
  if (asked.empty()) return;
  const Asked& about = asked.mapped();
  if (event.status != Errc::ok)
    return record_.refused(about.who, event.status, place(about.command));
  if (about.verb == Verb::cancel) return;
  if (about.verb == Verb::unlock) locks_[about.lock]->gone = true;
  record_.done(about.who, place(about.command));
}

void Owners::hear(std::size_t client, const wire::NoticeEvent& event) {
  if (const OwnedLock* lock = find(client, event.lock)) record_.told(lock->who, event.wanted);
}

void Owners::hear(std::size_t client, const wire::LostEvent& event) {
  OwnedLock* lock = find(client, event.lock);
  clients_[client].told_lost = true;
  if (lock == nullptr) return record_.lost(clients_[client].name, event.status);
  lock->gone = true;
  record_.lost(lock->who, event.status);
}

// The session is over; if no lock of its was told lost, its owner still has to hear why.
void Owners::hear(std::size_t client, const wire::Ended& event) {
  if (!clients_[client].told_lost) record_.lost(clients_[client].name, event.status);
}

}  // namespace holdfast::sim
