// SPDX-License-Identifier: Apache-2.0
// libholdfast_query: the queries of the C++ client as plain structs. A result owns what its pointers point to.
#include <holdfast_query.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "holdfast/client.hpp"
#include "query/errno_of.hpp"

namespace {

using namespace holdfast;

static_assert(HOLDFAST_GRANTED == static_cast<int>(LockStanding::granted) &&
              HOLDFAST_CONVERTING == static_cast<int>(LockStanding::converting) &&
              HOLDFAST_WAITING == static_cast<int>(LockStanding::waiting));
static_assert(HOLDFAST_NEVER_WRITTEN == static_cast<int>(ValueState::never_written) &&
              HOLDFAST_VALID == static_cast<int>(ValueState::valid) &&
              HOLDFAST_DOUBTFUL == static_cast<int>(ValueState::doubtful));

struct Resources : holdfast_resources {
  QueryPage page;
  std::vector<holdfast_resource> rows;
  std::vector<std::vector<holdfast_lock>> locks;
};

struct Lockspaces : holdfast_lockspaces {
  std::vector<LockspaceInfo> infos;
  std::vector<holdfast_lockspace> rows;
  std::vector<std::vector<std::uint32_t>> members;
};

int fail(const Error& why) {
  errno = query::errno_of(why.code);
  return -1;
}

std::int8_t mode_if(bool known, Mode mode) {
  return known ? static_cast<std::int8_t>(mode) : static_cast<std::int8_t>(HOLDFAST_NO_MODE);
}

holdfast_lock to_c(const LockInfo& lock) {
  return {.node = lock.node.value(),
          .pid = lock.owner.pid,
          .uid = lock.owner.uid,
          .lkid = lock.tag,
          .id = lock.id.value(),
          .standing = static_cast<std::int8_t>(lock.standing),
          .granted = mode_if(lock.standing != LockStanding::waiting, lock.granted),
          .wanted = mode_if(lock.standing != LockStanding::granted, lock.wanted),
          .orphan = static_cast<std::uint8_t>(lock.orphan ? 1 : 0),
          .flags = lock.flags.bits(),
          .age_ns = static_cast<std::uint64_t>(lock.age.count()),
          .user = lock.owner.user.c_str(),
          .command = lock.owner.command.c_str(),
          .label = lock.owner.label.c_str()};
}

holdfast_resource to_c(const ResourceInfo& resource, const std::vector<holdfast_lock>& locks) {
  return {.lockspace = resource.lockspace.c_str(),
          .name = resource.name.c_str(),
          .name_length = resource.name.size(),
          .master = resource.master.value(),
          .value_state = static_cast<std::uint8_t>(resource.value_state),
          .recovering = static_cast<std::uint8_t>(resource.recovering ? 1 : 0),
          .write_number = resource.write_number,
          .value = resource.value.c_str(),
          .value_length = resource.value.size(),
          .locks = locks.data(),
          .lock_count = locks.size()};
}

Resources* to_c(QueryPage page) {
  auto* all = new Resources;
  all->page = std::move(page);
  for (const ResourceInfo& resource : all->page.resources) {
    auto& locks = all->locks.emplace_back();
    for (const LockInfo& lock : resource.locks) locks.push_back(to_c(lock));
    all->rows.push_back(to_c(resource, locks));
  }
  all->items = all->rows.data();
  all->count = all->rows.size();
  all->complete = all->page.complete ? 1 : 0;
  return all;
}

Lockspaces* to_c(std::vector<LockspaceInfo> infos) {
  auto* all = new Lockspaces;
  all->infos = std::move(infos);
  for (const LockspaceInfo& info : all->infos) {
    auto& members = all->members.emplace_back();
    for (const NodeId node : info.members) members.push_back(node.value());
    all->rows.push_back({.name = info.name.c_str(), .joins = info.joins, .uid = info.uid, .gid = info.gid,
                         .mode = info.mode, .members = members.data(), .member_count = members.size()});
  }
  all->items = all->rows.data();
  all->count = all->rows.size();
  return all;
}

Result<Client> connect() { return Client::connect({.socket = {}, .label = "query"}); }

}  // namespace

extern "C" {

int holdfast_query_resources(const char* lockspace, const char* name, holdfast_resources** found) {
  if (found == nullptr) return fail(Error{Errc::bad_argument});
  auto client = connect();
  if (!client) return fail(client.error());
  auto page = client->query_all({.lockspace = lockspace == nullptr ? "*" : lockspace,
                                 .name = name == nullptr ? "*" : name});
  if (!page) return fail(page.error());
  *found = to_c(std::move(*page));
  return 0;
}

void holdfast_free_resources(holdfast_resources* found) { delete static_cast<Resources*>(found); }

int holdfast_query_lockspaces(holdfast_lockspaces** found) {
  if (found == nullptr) return fail(Error{Errc::bad_argument});
  auto client = connect();
  if (!client) return fail(client.error());
  auto infos = client->lockspaces();
  if (!infos) return fail(infos.error());
  *found = to_c(std::move(*infos));
  return 0;
}

void holdfast_free_lockspaces(holdfast_lockspaces* found) { delete static_cast<Lockspaces*>(found); }

}  // extern "C"
