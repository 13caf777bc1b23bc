// SPDX-License-Identifier: Apache-2.0
#include "cli/dead_man.hpp"

#include "base/assert.hpp"
#include "cli/process_tree.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <string>
#include <unistd.h>

namespace holdfast::cli {

SelfDestruct::~SelfDestruct() {
  if (timer_) ::timer_delete(*timer_);
}

Result<void> SelfDestruct::prepare() {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  if (::timer_create(CLOCK_BOOTTIME, &event, &timer) != 0)
    return last_error(Errc::cannot_start, "no timer that guards the deadline");
  timer_ = timer;
  return {};
}

void SelfDestruct::set(Instant at) {
  HF_ASSERT(timer_);
  const itimerspec when = expiry(at);
  HF_ASSERT(::timer_settime(*timer_, TIMER_ABSTIME, &when, nullptr) == 0);
}

Result<Tether> Tether::make() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return last_error(Errc::cannot_start, "no pipe that ties the command to its guard");
  return Tether{.lifeline = Fd(ends[1]), .noose = Fd(ends[0])};
}

Result<void> tie(int noose, pid_t group) {
  const f_owner_ex owner{.type = F_OWNER_PGRP, .pid = group};
  if (::fcntl(noose, F_SETSIG, SIGKILL) != 0 || ::fcntl(noose, F_SETOWN_EX, &owner) != 0 ||
      ::fcntl(noose, F_SETFL, O_ASYNC) != 0)
    return last_error(Errc::cannot_start, "the command cannot be tied to its guard");
  return {};
}

void StrayGroups::look(const Fd& noose, pid_t guard) {
  std::set<pid_t> groups = groups_of_descendants();
  groups.erase(guard);
  std::erase_if(tied_, [&](const auto& one) { return !groups.contains(one.first); });
  std::map<pid_t, Fd> fresh;
  for (const pid_t group : groups) {
    if (tied_.contains(group)) continue;
    // An opening of its own: each can end one group.
    const std::string path = fmt::format("/proc/self/fd/{}", noose.number());
    Fd opened(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (opened && tie(opened.number(), group)) fresh.emplace(group, std::move(opened));
  }
  if (fresh.empty()) return;
  // A number that came to mean somebody else's group between the look and the knot is let go at
  // once.
  const std::set<pid_t> still = groups_of_descendants();
  std::erase_if(fresh, [&](const auto& one) { return !still.contains(one.first); });
  tied_.merge(fresh);
}

}  // namespace holdfast::cli
