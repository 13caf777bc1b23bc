// SPDX-License-Identifier: Apache-2.0
// The lock monitor in C. A result owns what its pointers point to.
#include "holdfast/monitor.hpp"

#include <holdfast_query.h>

#include <charconv>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "model/name.hpp"
#include "query/errno_of.hpp"

using namespace holdfast;

struct holdfast_monitor {
  explicit holdfast_monitor(Client c) : client(std::move(c)) {}
  Client client;
  Monitor monitor{client};
  std::string error;

  int fail(const Error& why) {
    error = why.text();
    errno = query::errno_of(why.code);
    return -1;
  }
};

namespace {

static_assert(HOLDFAST_STATE_ABORTED == static_cast<int>(ClassicState::aborted) &&
              HOLDFAST_STATE_HELD == static_cast<int>(ClassicState::held) &&
              HOLDFAST_STATE_WAITING == static_cast<int>(ClassicState::waiting));

struct Texts {
  const char* keep(std::string text) { return texts.emplace_back(std::move(text)).c_str(); }
  std::deque<std::string> texts;
};
struct Conditions : holdfast_conditions {
  Texts texts;
  std::vector<holdfast_condition> rows;
};
struct Locks : holdfast_locks {
  Texts texts;
  std::vector<holdfast_properties> rows;
};

holdfast_grant to_c(const GrantId& id) {
  holdfast_grant grant{.node = id.node.value(), .id = id.lock.value(), .token = {}};
  if (id.token) to_text(id.token).copy(grant.token, 32);
  return grant;
}

// A token that is none is that of nobody.
Token token_of(const char* text) {
  std::uint64_t words[2] = {};
  if (std::strlen(text) != 32) return {};
  for (const std::size_t half : {std::size_t{0}, std::size_t{1}}) {
    const char* begin = text + 16 * half;
    if (std::from_chars(begin, begin + 16, words[half], 16).ptr != begin + 16) return {};
  }
  return {.epoch = Epoch{words[0]}, .counter = words[1]};
}

std::vector<GrantId> to_ids(const holdfast_grant* grants, std::size_t count) {
  std::vector<GrantId> ids;
  for (const holdfast_grant& grant : std::span(grants, count))
    ids.push_back({.node = NodeId{grant.node}, .lock = ClaimId{grant.id}, .token = token_of(grant.token)});
  return ids;
}

template <class Named>
std::string path_of(const Named& named) {
  std::string path;
  for (const std::string& one : named.above) path += escaped(one) + "::";
  return path + escaped(named.name);
}

template <class Named>
holdfast_properties to_c(Texts& texts, const Named& where, ClassicState state, const LockInfo& lock) {
  return {.grant = to_c(grant_id(lock)),
          .state = static_cast<std::int8_t>(state),
          .mode = static_cast<std::int8_t>(lock.standing == LockStanding::waiting ? lock.wanted : lock.granted),
          .orphan = static_cast<std::uint8_t>(lock.orphan ? 1 : 0),
          .pid = lock.owner.pid,
          .uid = lock.owner.uid,
          .age_ns = static_cast<std::uint64_t>(lock.age.count()),
          .user = texts.keep(lock.owner.user),
          .command = texts.keep(lock.owner.command),
          .label = texts.keep(lock.owner.label),
          .lockspace = texts.keep(where.lockspace),
          .name = texts.keep(path_of(where))};
}

holdfast_properties unknown(Texts& texts, const GrantId& id) {
  const char* nothing = texts.keep({});
  return {.grant = to_c(id), .state = HOLDFAST_STATE_NOTEXIST, .mode = HOLDFAST_NO_MODE, .orphan = 0, .pid = 0, .uid = 0,
          .age_ns = 0, .user = nothing, .command = nothing, .label = nothing, .lockspace = nothing, .name = nothing};
}

Conditions* to_c(std::span<const WaitCondition> conditions, bool complete) {
  auto* all = new Conditions;
  for (const WaitCondition& condition : conditions)
    all->rows.push_back({.waiter = to_c(all->texts, condition, ClassicState::waiting, condition.waiter),
                         .holder = to_c(all->texts, condition, ClassicState::held, condition.holder),
                         .deadlock = static_cast<std::uint8_t>(condition.trouble == Trouble::deadlock ? 1 : 0),
                         .looks = condition.looks});
  all->items = all->rows.data();
  all->count = all->rows.size();
  all->complete = complete ? 1 : 0;
  return all;
}

Locks* finished(Locks* all) {
  all->items = all->rows.data();
  all->count = all->rows.size();
  return all;
}

}  // namespace

extern "C" {

const char* holdfast_state_name(int state) {
  const bool is_one = state >= 0 && state <= HOLDFAST_STATE_WAITING;
  return is_one ? name_of(static_cast<ClassicState>(state)).data() : nullptr;
}

int holdfast_monitor_open(const char* socket, holdfast_monitor** monitor) {
  const auto fail = [](Errc why) {
    errno = query::errno_of(why);
    return -1;
  };
  if (monitor == nullptr) return fail(Errc::bad_argument);
  auto client = Client::connect({.socket = socket == nullptr ? "" : socket, .label = "monitor"});
  if (!client) return fail(client.error().code);
  *monitor = new holdfast_monitor(std::move(*client));
  return 0;
}

void holdfast_monitor_close(holdfast_monitor* monitor) { delete monitor; }

const char* holdfast_monitor_error(const holdfast_monitor* monitor) { return monitor->error.c_str(); }

int holdfast_monitor_poll(holdfast_monitor* monitor, holdfast_conditions** found) {
  const auto look = monitor->monitor.poll();
  if (!look) return monitor->fail(look.error());
  *found = to_c(look->conditions, look->complete);
  return 0;
}

int holdfast_monitor_look(holdfast_monitor* monitor, unsigned looks, std::uint64_t longer_than_ns,
                          holdfast_conditions** found) {
  const auto look = monitor->monitor.monitor(
      {.looks = looks, .longer_than = std::chrono::nanoseconds(static_cast<std::int64_t>(longer_than_ns))});
  if (!look) return monitor->fail(look.error());
  *found = to_c(look->conditions, look->complete);
  return 0;
}

int holdfast_monitor_properties(holdfast_monitor* monitor, const holdfast_grant* grants, std::size_t count,
                                holdfast_locks** found) {
  const auto locks = monitor->monitor.properties(to_ids(grants, count));
  if (!locks) return monitor->fail(locks.error());
  auto* all = new Locks;
  for (const LockProperties& lock : *locks)
    all->rows.push_back(lock.lock ? to_c(all->texts, lock, lock.status, *lock.lock) : unknown(all->texts, lock.id));
  *found = finished(all);
  return 0;
}

int holdfast_monitor_self(holdfast_monitor* monitor, std::uint32_t pid, holdfast_locks** found,
                          holdfast_conditions** blocks) {
  const auto self = monitor->monitor.self({&pid, 1});
  if (!self) return monitor->fail(self.error());
  auto* all = new Locks;
  for (const WaitGraph::Place& place : self->locks) {
    const ResourceInfo& resource = self->graph.resource(place);
    const LockInfo& lock = self->graph.lock(place);
    all->rows.push_back(to_c(all->texts, resource, classic_state(resource, lock), lock));
  }
  *found = finished(all);
  if (blocks != nullptr) *blocks = to_c(self->blocks, self->complete);
  return 0;
}

int holdfast_monitor_release(holdfast_monitor* monitor, const holdfast_grant* grants, std::size_t count,
                             const holdfast_release* how, int* results) {
  const auto report = monitor->monitor.release(
      to_ids(grants, count),
      {.really = how->really != 0 ? Really::yes : Really::no,
       .grace = std::chrono::nanoseconds(static_cast<std::int64_t>(how->grace_ns)),
       .reason = how->reason == nullptr ? "" : how->reason,
       .evidence_dir = how->evidence_dir == nullptr ? "" : how->evidence_dir});
  if (!report) return monitor->fail(report.error());
  for (std::size_t i = 0; i < count; ++i) {
    const Released& released = report->released[i];
    results[i] = released.outcome ? 0 : query::errno_of(released.outcome.error().code);
    if (!released.outcome) monitor->error = released.outcome.error().text();
  }
  return 0;
}

void holdfast_free_conditions(holdfast_conditions* found) { delete static_cast<Conditions*>(found); }
void holdfast_free_locks(holdfast_locks* found) { delete static_cast<Locks*>(found); }

}  // extern "C"
