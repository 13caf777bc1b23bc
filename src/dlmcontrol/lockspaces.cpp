// SPDX-License-Identifier: Apache-2.0
// The lockspaces that this node has joined, and who else is in them.
#include <algorithm>
#include <boost/crc.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "dlmcontrol/control.hpp"

namespace holdfast::dlmcontrol {
namespace {

static_assert(sizeof(dlmc_node) == 40 && offsetof(dlmc_node, fail_reason) == 16 &&
              offsetof(dlmc_node, fail_walltime) == 24);
static_assert(sizeof(dlmc_change) == 32 && offsetof(dlmc_change, seq) == 24);
static_assert(sizeof(dlmc_lockspace) == 140 && offsetof(dlmc_lockspace, flags) == 64 &&
              offsetof(dlmc_lockspace, name) == 72);

// The number by which the Linux DLM knows a lockspace on the wire.
std::uint32_t global_id(const std::string& name) {
  const std::string group = "dlm:ls:" + name;
  boost::crc_32_type crc;
  crc.process_bytes(group.data(), group.size());
  return crc.checksum();
}

// No change is ever in progress: locking does not stop for one.
dlmc_lockspace to_c(const LockspaceInfo& info) {
  dlmc_lockspace ls{};
  ls.cg_prev = {.member_count = static_cast<int>(info.members.size()), .joined_count = static_cast<int>(info.joined),
                .remove_count = static_cast<int>(info.left), .failed_count = static_cast<int>(info.failed),
                .wait_condition = 0, .wait_messages = 0, .seq = info.change, .combined_seq = info.change};
  ls.global_id = global_id(info.name);
  info.name.copy(ls.name, DLM_LOCKSPACE_LEN);
  return ls;
}

dlmc_node member(const LockspaceInfo& info, std::size_t at) {
  return {.nodeid = static_cast<int>(info.members[at].value()), .flags = DLMC_NF_MEMBER, .added_seq = info.since[at],
          .removed_seq = 0, .fail_reason = 0, .fail_walltime = 0, .fail_monotime = 0};
}

Result<std::vector<LockspaceInfo>> joined() {
  HF_TRY(Client client, connect());
  HF_TRY(std::vector<LockspaceInfo> all, client.lockspaces());
  std::erase_if(all, [](const LockspaceInfo& info) { return info.joins == 0; });
  return all;
}

Result<LockspaceInfo> joined(const char* name) {
  if (name == nullptr) return Error{Errc::bad_argument};
  HF_TRY(const std::vector<LockspaceInfo> all, joined());
  const auto at = std::ranges::find(all, std::string_view(name), &LockspaceInfo::name);
  if (at == all.end()) return Error{Errc::no_such_lockspace};
  return *at;
}

}  // namespace
}  // namespace holdfast::dlmcontrol

using namespace holdfast::dlmcontrol;

extern "C" {

int dlmc_lockspace_info(char* name, dlmc_lockspace* ls) {
  const auto info = joined(name);
  if (!info) return fail(info.error());
  *ls = to_c(*info);
  return 0;
}

int dlmc_lockspaces(int* count, dlmc_lockspace** lss) {
  const auto all = joined();
  if (!all) return fail(all.error());
  auto* out = static_cast<dlmc_lockspace*>(std::calloc(std::max<std::size_t>(all->size(), 1), sizeof(dlmc_lockspace)));
  if (out == nullptr) return fail(ENOMEM);
  std::ranges::transform(*all, out, to_c);
  *count = static_cast<int>(all->size());
  *lss = out;
  return 0;
}

int dlmc_lockspace_nodes(char* name, int type, int max, int* count, dlmc_node* nodes) {
  const auto info = joined(name);
  if (!info) return fail(info.error());
  const std::size_t members = type == DLMC_NODES_NEXT ? 0 : info->members.size();
  *count = static_cast<int>(std::min(members, static_cast<std::size_t>(std::max(max, 0))));
  for (std::size_t at = 0; at < static_cast<std::size_t>(*count); ++at) nodes[at] = member(*info, at);
  return 0;
}

int dlmc_node_info(char* name, int nodeid, dlmc_node* node) {
  const auto info = joined(name);
  if (!info) return fail(info.error());
  for (std::size_t at = 0; at < info->members.size(); ++at) {
    if (static_cast<int>(info->members[at].value()) != nodeid) continue;
    *node = member(*info, at);
    return 0;
  }
  return fail(ENOENT);
}

// Ranges of files are not locked by this interface yet, so there are none to show.
int dlmc_dump_plocks(char* name, char* buf) {
  const auto info = joined(name);
  if (!info) return fail(info.error());
  put_text(buf, "");
  return 0;
}

}  // extern "C"
