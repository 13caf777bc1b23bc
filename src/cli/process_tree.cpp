// SPDX-License-Identifier: Apache-2.0
#include "cli/process_tree.hpp"

#include "base/assert.hpp"
#include "cli/time_text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unordered_set>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

// The pidfd is opened first and the descent checked behind it, so that a pid that was reused
// meanwhile is never hit: a process of another family has no ancestor here.
bool descends_from_us(pid_t pid) {
  const pid_t self = ::getpid();
  for (int generations = 0; generations < 1000 && pid > 1; ++generations) {
    const auto facts = read_process(pid);
    if (!facts) return false;
    if (facts->parent == self) return true;
    pid = facts->parent;
  }
  return false;
}

Sent signal_descendant(const ProcessFacts& process, int signal) {
  const Fd pidfd = open_pidfd({.pid = process.pid, .start_ticks = process.start_ticks});
  if (!pidfd || !descends_from_us(process.pid)) return Sent::ended;
  return send_signal(pidfd, signal);
}

// The pids of our descendants, without our own.
std::unordered_set<pid_t> family_among(const std::vector<ProcessFacts>& all) {
  std::unordered_set<pid_t> family{::getpid()};
  // /proc lists by pid, and a child may have the smaller one: again until nobody new turns up.
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessFacts& process : all)
      if (family.contains(process.parent) && family.insert(process.pid).second) grew = true;
  }
  family.erase(::getpid());
  return family;
}

}  // namespace

void become_subreaper() { HF_ASSERT(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0); }

std::vector<ProcessFacts> all_processes() {
  std::vector<ProcessFacts> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc"), &::closedir);
  if (dir == nullptr) return all;
  while (const dirent* entry = ::readdir(dir.get())) {
    const char* end = entry->d_name + std::strlen(entry->d_name);
    pid_t pid = 0;
    const auto parsed = std::from_chars(entry->d_name, end, pid);
    if (parsed.ec != std::errc{} || parsed.ptr != end) continue;
    if (auto facts = read_process(pid)) all.push_back(std::move(*facts));
  }
  return all;
}

std::vector<ProcessFacts> living_descendants() {
  const std::vector<ProcessFacts> all = all_processes();
  const std::unordered_set<pid_t> family = family_among(all);
  std::vector<ProcessFacts> found;
  for (const ProcessFacts& process : all)
    if (family.contains(process.pid) && !process.ended()) found.push_back(process);
  return found;
}

std::set<pid_t> groups_of_descendants() {
  const std::vector<ProcessFacts> all = all_processes();
  const std::unordered_set<pid_t> family = family_among(all);
  std::set<pid_t> ours;
  std::set<pid_t> foreign;
  for (const ProcessFacts& process : all)
    (family.contains(process.pid) ? ours : foreign).insert(process.group);
  for (const pid_t group : foreign) ours.erase(group);
  return ours;
}

std::vector<Frozen> freeze_descendants() {
  std::vector<Frozen> frozen;
  const auto is_new = [&](const ProcessFacts& process) {
    return std::ranges::none_of(frozen,
                                [&](const Frozen& f) { return f.process.pid == process.pid; });
  };
  // Each round may find children that were born before their parent stopped; a stopped one has no
  // more.
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessFacts& process : living_descendants()) {
      if (is_stopped(process) || !is_new(process)) continue;
      if (signal_descendant(process, SIGSTOP) != Sent::yes) continue;
      frozen.push_back({.process = {.pid = process.pid, .start_ticks = process.start_ticks}});
      grew = true;
    }
  }
  return frozen;
}

void thaw(const std::vector<Frozen>& frozen) {
  for (const Frozen& one : frozen)
    if (const Fd pidfd = open_pidfd(one.process)) send_signal(pidfd, SIGCONT);
}

void signal_descendants(int signal) {
  for (const ProcessFacts& process : living_descendants()) signal_descendant(process, signal);
}

TreeEnd kill_descendants(Instant deadline) {
  while (true) {
    for (const ProcessFacts& process : living_descendants()) signal_descendant(process, SIGKILL);
    // No child means no descendant: every orphan below us has become our child.
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    } while (reaped > 0);
    if (reaped < 0 && errno == ECHILD) return TreeEnd::all_ended;
    if (boottime() >= deadline) return TreeEnd::some_left;
    // Until the next one ends; a child that is born in between is found by the next round.
    sigset_t child_ended;
    ::sigemptyset(&child_ended);
    ::sigaddset(&child_ended, SIGCHLD);
    const timespec round{.tv_sec = 0, .tv_nsec = 10'000'000};
    ::sigtimedwait(&child_ended, nullptr, &round);
  }
}

}  // namespace holdfast::cli
