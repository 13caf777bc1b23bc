// SPDX-License-Identifier: Apache-2.0
#include "cli/acquire.hpp"

#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::cli {
namespace {

int exit_code_of(Errc code) {
  constexpr Errc not_now[] = {Errc::blocked,          Errc::timed_out,     Errc::deadlock,
                              Errc::cancelled,        Errc::no_quorum,     Errc::recovering,
                              Errc::too_many_waiters, Errc::too_many_locks};
  constexpr Errc wrong[] = {Errc::bad_name,     Errc::name_too_long,  Errc::bad_flags,
                            Errc::bad_argument, Errc::value_too_long, Errc::no_such_lockspace};
  constexpr Errc gone[] = {Errc::cannot_connect, Errc::disconnected, Errc::shutting_down,
                           Errc::lease_expired, Errc::session_ended};
  if (std::ranges::find(not_now, code) != std::end(not_now)) return exit_not_granted;
  if (std::ranges::find(wrong, code) != std::end(wrong)) return exit_usage;
  if (std::ranges::find(gone, code) != std::end(gone)) return exit_no_daemon;
  return exit_failed;
}

Acquired refused(const Error& error) {
  complain(error.text());
  return {.exit_code = exit_code_of(error.code)};
}

std::string line_of(const LockInfo& lock) {
  const OwnerInfo& owner = lock.owner;
  const bool waits = lock.standing != LockStanding::granted;
  return fmt::format("  {} {} at n{}: pid {} ({}, {}) since {}\n", waits ? "waiting" : "held in",
                     name_of(waits ? lock.wanted : lock.granted), lock.node.value(), owner.pid,
                     escaped(owner.user), escaped(owner.command), since_text(lock.age));
}

// Those whom the daemon named as blockers, in the words of a query; without names, everybody there.
std::string holders_text(Client& client, const Acquire& wanted, const Refusal& refusal) {
  if (refusal.blockers.empty() && refusal.code != Errc::blocked && refusal.code != Errc::timed_out)
    return "";
  return who_has(client, wanted.lockspace, wanted.name);
}

}  // namespace

std::string who_has(Client& client, std::string_view lockspace, std::string_view name) {
  const auto page =
      client.query_all({.lockspace = std::string(lockspace.empty() ? default_lockspace : lockspace),
                        .name = std::string(name)});
  std::string text;
  if (!page) return text;
  for (const ResourceInfo& resource : page->resources)
    if (resource.name == name)
      for (const LockInfo& lock : resource.locks) text += line_of(lock);
  return text;
}

Acquired acquire(Acquire wanted) {
  auto client = connect(wanted.common, wanted.connect);
  if (!client) return refused(client.error());
  if (!wanted.lockspace.empty() && wanted.lockspace != default_lockspace) {
    const auto opened = client->open_lockspace(wanted.lockspace);
    if (!opened) return refused(opened.error());
    wanted.options.lockspace = *opened;
  }
  auto lock = client->lock(wanted.name, wanted.mode, wanted.options);
  if (!lock) {
    complain(fmt::format("'{}' was not granted: {}", escaped(wanted.name), lock.error().text()));
    [[maybe_unused]] const auto written =
        std::fputs(holders_text(*client, wanted, lock.error()).c_str(), stderr);
    return {.exit_code = exit_code_of(lock.error().code)};
  }
  return {.client = *std::move(client), .lock = *std::move(lock), .exit_code = exit_ok};
}

}  // namespace holdfast::cli
