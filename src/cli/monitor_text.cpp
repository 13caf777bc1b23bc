// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor_text.hpp"

#include "cli/lock_id.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace holdfast::cli {
namespace {

using Json = nlohmann::ordered_json;

std::optional<Token> parse_token(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  std::uint64_t words[2] = {};
  for (const std::size_t half : {std::size_t{0}, std::size_t{1}}) {
    const char* begin = text.data() + 16 * half;
    const auto [end, error] = std::from_chars(begin, begin + 16, words[half], 16);
    if (error != std::errc() || end != begin + 16) return std::nullopt;
  }
  return Token{.epoch = Epoch{words[0]}, .counter = words[1]};
}

std::string name_text(std::string_view lockspace, const std::vector<std::string>& above, std::string_view name) {
  ResourceInfo resource;
  resource.lockspace = lockspace;
  resource.above = above;
  resource.name = name;
  return cli::name_text(resource);
}

std::string owner_text(const LockInfo& lock) {
  const OwnerInfo& owner = lock.owner;
  std::string text = fmt::format("{} pid {} {} {}", node_text(lock.node), owner.pid, escaped(owner.user),
                                 escaped(owner.command));
  if (!owner.label.empty()) text += " label " + escaped(owner.label);
  if (lock.orphan) text += coloured(Colour::yellow, " (dead: its program is gone, the lock is an orphan)");
  return text;
}

Json path_json(std::string_view lockspace, const std::vector<std::string>& above, std::string_view name) {
  Json names = Json::array();
  for (const std::string& one : above) names.push_back(escaped(one));
  return {{"lockspace", escaped(lockspace)}, {"above", std::move(names)}, {"name", escaped(name)}};
}

}  // namespace

std::string to_text(const GrantId& id) {
  const std::string lock = to_text(LockId{.node = id.node, .lock = id.lock});
  return id.token ? lock + ":" + to_text(id.token) : lock;
}

std::optional<GrantId> parse_grant_id(std::string_view text) {
  const std::size_t mark = text.find(':');
  const auto lock = parse_lock_id(text.substr(0, mark));
  if (!lock) return std::nullopt;
  GrantId id{.node = lock->node, .lock = lock->lock, .token = {}};
  if (mark == std::string_view::npos) return id;
  const auto token = parse_token(text.substr(mark + 1));
  if (!token) return std::nullopt;
  id.token = *token;
  return id;
}

// ---- conditions -----------------------------------------------------------------------------------------

std::string condition_text(const WaitCondition& condition) {
  const std::string name = name_text(condition.lockspace, condition.above, condition.name);
  const std::string what = std::string(holdfast::name_of(condition.trouble));
  return fmt::format("{}  {}  {} waits {} for {}\n  waiter {}  {}\n  holder {}  {}  {} for {}\n",
                     coloured(Colour::bold, name),
                     condition.trouble == Trouble::deadlock ? coloured(Colour::red, what) : what,
                     node_text(condition.waiter.node), time_text(condition.waiter.age), mode_text(condition.waiter),
                     to_text(grant_id(condition.waiter)), owner_text(condition.waiter),
                     to_text(grant_id(condition.holder)), owner_text(condition.holder), mode_text(condition.holder),
                     time_text(condition.holder.age));
}

Json to_json(const WaitCondition& condition) {
  Json json = path_json(condition.lockspace, condition.above, condition.name);
  json["trouble"] = holdfast::name_of(condition.trouble);
  json["looks"] = condition.looks;
  json["waiter"] = to_json(condition.waiter);
  json["waiter"]["grant_id"] = to_text(grant_id(condition.waiter));
  json["waiter"]["status"] = "WAITING";
  json["holder"] = to_json(condition.holder);
  json["holder"]["grant_id"] = to_text(grant_id(condition.holder));
  json["holder"]["status"] = "HELD";
  return json;
}

// ---- releases -------------------------------------------------------------------------------------------

Json to_json(const LockProperties& properties) {
  Json json{{"grant_id", to_text(properties.id)}, {"status", holdfast::name_of(properties.status)}};
  json["gen"] = properties.id.lock.value() >> 32;
  if (!properties.lock) return json;
  const LockInfo& lock = *properties.lock;
  json["mode"] = holdfast::name_of(lock.standing == LockStanding::waiting ? lock.wanted : lock.granted);
  json["locker"] = {{"node", lock.node.value()}, {"owner", lock.owner.owner.value()}, {"pid", lock.owner.pid}};
  json["obj"] = path_json(properties.lockspace, properties.above, properties.name);
  json["lock"] = to_json(lock);
  return json;
}

std::string released_text(const Released& released, Really really) {
  const LockProperties& before = released.before;
  std::string text = to_text(before.id);
  if (before.lock)
    text += fmt::format("  {} {} {}  {}", name_text(before.lockspace, before.above, before.name),
                        mode_text(*before.lock), holdfast::name_of(before.status), owner_text(*before.lock));
  if (!released.outcome) return text + ": not done: " + released.outcome.error().text() + "\n";
  if (really == Really::no) return text + ": would be ended\n";
  return fmt::format("{}: {}\n", text, holdfast::name_of(*released.outcome));
}

Json to_json(const ReleaseReport& report, Really really) {
  Json released = Json::array();
  for (const Released& one : report.released) {
    Json json{{"before", to_json(one.before)}};
    if (one.outcome) json["outcome"] = really == Really::yes ? holdfast::name_of(*one.outcome) : "would be ended";
    else json["error"] = {{"code", holdfast::name_of(one.outcome.error().code)}, {"text", one.outcome.error().text()}};
    released.push_back(std::move(json));
  }
  return {{"dry_run", really == Really::no}, {"evidence", report.evidence}, {"released", std::move(released)}};
}

}  // namespace holdfast::cli
