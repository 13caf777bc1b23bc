// SPDX-License-Identifier: Apache-2.0
#include "cli/leftovers.hpp"

#include "cli/process_tree.hpp"

#include <string_view>

namespace holdfast::cli {
namespace {

constexpr std::string_view variable = "HOLDFAST_TOKEN=";

// The words of an environment end with a zero byte each.
std::string token_in(std::string_view environment) {
  for (std::size_t at = 0; at < environment.size();) {
    const std::string_view word = environment.substr(at, environment.find('\0', at) - at);
    if (word.starts_with(variable)) return std::string(word.substr(variable.size()));
    at += word.size() + 1;
  }
  return "";
}

}  // namespace

Leftovers find_leftovers(const std::vector<ResourceInfo>& resources) {
  Leftovers found;
  // An owner at another machine is not running here either; then nobody here has its token.
  for (const ResourceInfo& resource : resources)
    for (const LockInfo& lock : resource.locks)
      if (lock.token && lock.standing != LockStanding::waiting && !lock.orphan &&
          !is_running(
              {.pid = static_cast<pid_t>(lock.owner.pid), .start_ticks = lock.owner.start_ticks}))
        found.try_emplace(to_text(lock.token));
  if (found.empty()) return found;
  for (ProcessFacts& process : all_processes()) {
    if (process.ended()) continue;
    const auto environment = read_file("/proc/" + std::to_string(process.pid) + "/environ");
    if (!environment) continue;
    if (const auto lock = found.find(token_in(*environment)); lock != found.end())
      lock->second.push_back(std::move(process));
  }
  return found;
}

const std::vector<ProcessFacts>& of(const Leftovers& leftovers, const LockInfo& lock) {
  static const std::vector<ProcessFacts> none;
  const auto found = leftovers.find(to_text(lock.token));
  return found == leftovers.end() ? none : found->second;
}

}  // namespace holdfast::cli
