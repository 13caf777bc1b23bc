// SPDX-License-Identifier: Apache-2.0
// A request of a script as a call of a session. `Caller` is a session::Session, or something with
// the same calls that also keeps a ledger.
#pragma once

#include "base/result.hpp"
#include "sim/scenario/owners.hpp"
#include "sim/scenario/script.hpp"
#include "wire/client_messages.hpp"

namespace holdfast::sim {

// No id for a release, which has no answer.
template <class Caller>
[[nodiscard]] Result<RequestId> call(Caller& caller, const Request& request,
                                     const OwnedLock& lock, ClaimId parent) {
  const Options& options = request.options;
  const Duration wait_max = options.wait_max.value_or(wire::wait_by_default);
  FlagSet flags = options.flags;
  switch (request.verb) {
    case Verb::adopt:
      flags.set(Flag::orphan);
      [[fallthrough]];
    case Verb::lock:
      return caller.lock({.mode = request.mode,
                          .flags = flags,
                          .wait_max = wait_max,
                          .parent = parent,
                          .resource = request.own_name(),
                          .transaction = options.transaction,
                          .deadlock_priority = options.priority});
    case Verb::convert:
      return caller.convert({.lock = lock.id,
                             .mode = request.mode,
                             .flags = flags,
                             .wait_max = wait_max,
                             .value = options.value});
    case Verb::unlock:
      return caller.unlock({.lock = lock.id, .flags = flags, .value = options.value});
    case Verb::release:
      if (auto done = caller.release({.lock = lock.id, .flags = flags, .value = options.value});
          !done)
        return done.error();
      return RequestId{};
    case Verb::cancel:
      if (!lock.id && !lock.request) return Error{Errc::no_such_lock};
      return caller.cancel({.lock = lock.id, .target = lock.id ? RequestId{} : lock.request});
    case Verb::purge:
      return caller.purge({});
  }
  HF_ASSERT(false);
}

// Makes the call and tells `owners` what it is about.
template <class Caller>
[[nodiscard]] Result<void> make_call(Caller&& caller, Owners& owners, std::size_t client,
                                     const Request& request) {
  const bool creates = request.verb == Verb::lock || request.verb == Verb::adopt;
  HF_TRY(OwnedLock* const lock, owners.lock_for(client, request, creates));
  HF_TRY(const ClaimId parent, owners.parent_for(client, request));
  const OwnedLock nobody{.who = request.who.text(), .name = request.name};
  const auto asked = call(caller, request, lock == nullptr ? nobody : *lock, parent);
  if (asked) return owners.asked(client, *asked, request, lock), Result<void>{};
  if (lock != nullptr)
    owners.refused_at_once(*lock, asked.error().code);
  else if (request.verb != Verb::release)
    owners.refused_unknown(nobody.who, asked.error().code);
  return {};
}

}  // namespace holdfast::sim
