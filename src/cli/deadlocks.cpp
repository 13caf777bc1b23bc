// SPDX-License-Identifier: Apache-2.0
// `holdfast deadlocks`: which cycles of waits were broken, who waited for whom in them, and who lost.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

std::string resource_of(const DeadlockWait& wait) {
  std::string text;
  for (const std::string& name : wait.above) text += escaped(name) + "::";
  return text + escaped(wait.name);
}

std::string who(const DeadlockWait& wait) {
  std::string text = fmt::format("node {} pid {}", wait.owner.node.value(), wait.owner.pid);
  if (!wait.owner.command.empty()) text += fmt::format(" ({})", escaped(wait.owner.command));
  if (wait.transaction != 0) text += fmt::format(" transaction {}", wait.transaction);
  return text;
}

// One line for each who waited; the victim's is the first.
std::string text_of(const DeadlockInfo& deadlock) {
  std::string text = fmt::format("{}, {} ago: a cycle of {}; who lost: {}\n", since_text(deadlock.age),
                                 time_text(deadlock.age), deadlock.length, deadlock.policy);
  for (const DeadlockWait& wait : deadlock.waits)
    text += fmt::format("  {}{} waited for {} on {}, {} {} by the next\n",
                        &wait == &deadlock.waits.front() ? "victim: " : "", who(wait), name_of(wait.wanted),
                        resource_of(wait), wait.ahead ? "behind a wait for" : "held", name_of(wait.blocked_by));
  if (deadlock.length > deadlock.waits.size())
    text += fmt::format("  and {} more, the last of whom waited for the victim\n", deadlock.length - deadlock.waits.size());
  return text;
}

nlohmann::ordered_json to_json(const DeadlockWait& wait) {
  auto above = nlohmann::ordered_json::array();
  for (const std::string& name : wait.above) above.push_back(escaped(name));
  return {{"node", wait.owner.node.value()},
          {"owner",
           {{"id", wait.owner.owner.value()}, {"pid", wait.owner.pid}, {"start_ticks", wait.owner.start_ticks},
            {"uid", wait.owner.uid}, {"user", escaped(wait.owner.user)}, {"command", escaped(wait.owner.command)},
            {"label", escaped(wait.owner.label)}}},
          {"lock", wait.lock.value()},
          {"transaction", wait.transaction},
          {"priority", wait.priority},
          {"lockspace", escaped(wait.lockspace)},
          {"above", std::move(above)},
          {"name", escaped(wait.name)},
          {"wanted", name_of(wait.wanted)},
          {"blocked_by", name_of(wait.blocked_by)},
          {"ahead", wait.ahead}};
}

std::string json_of(const DeadlockList& list) {
  auto rows = nlohmann::ordered_json::array();
  for (const DeadlockInfo& deadlock : list.deadlocks) {
    auto waits = nlohmann::ordered_json::array();
    for (const DeadlockWait& wait : deadlock.waits) waits.push_back(to_json(wait));
    rows.push_back({{"age_ms", std::chrono::duration_cast<std::chrono::milliseconds>(deadlock.age).count()}, {"since", since_iso(deadlock.age)}, {"policy", deadlock.policy}, {"length", deadlock.length},
                    {"waits", std::move(waits)}});
  }
  return nlohmann::ordered_json{{"deadlocks", std::move(rows)}, {"complete", list.complete}}.dump(2) + "\n";
}

int deadlocks(const Common& common) {
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto list = client->deadlocks();
  if (!list) return failed(list.error());
  std::string text;
  for (const DeadlockInfo& deadlock : list->deadlocks) text += text_of(deadlock);
  if (!print(common.json ? json_of(*list) : text)) return exit_failed;
  if (list->complete) return exit_ok;
  complain(incomplete_text);
  return exit_failed;
}

}  // namespace

Run declare_deadlocks(CLI::App&) { return deadlocks; }

}  // namespace holdfast::cli
