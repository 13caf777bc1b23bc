// SPDX-License-Identifier: Apache-2.0
#include "io/corosync_group.hpp"

#include <fmt/format.h>
#include <sys/uio.h>

#include <utility>

#include "base/assert.hpp"

namespace holdfast::io {
namespace {

CorosyncGroup& group_of(cpg_handle_t handle) {
  void* context = nullptr;
  cpg_context_get(handle, &context);
  return *static_cast<CorosyncGroup*>(context);
}

}  // namespace

Error corosync_error(std::string_view what, int code) {
  return Error{Errc::cannot_connect, fmt::format("corosync {}: {}", what, cs_strerror(static_cast<cs_error_t>(code)))};
}

Result<NodeId> CorosyncGroup::open() {
  HF_ASSERT(!open_);
  cpg_model_v1_data_t model{};
  model.model = CPG_MODEL_V1;
  model.flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF;
  model.cpg_deliver_fn = [](cpg_handle_t handle, const cpg_name*, std::uint32_t node, std::uint32_t process, void* message,
                            std::size_t length) {
    group_of(handle).on_.message({.node = NodeId{node}, .process = process},
                                 {static_cast<const std::byte*>(message), length});
  };
  model.cpg_confchg_fn = [](cpg_handle_t handle, const cpg_name*, const cpg_address* members, std::size_t count,
                            const cpg_address*, std::size_t, const cpg_address*, std::size_t) {
    CorosyncGroup& group = group_of(handle);
    group.members_.emplace();
    for (std::size_t i = 0; i < count; ++i)
      group.members_->push_back({.node = NodeId{members[i].nodeid}, .process = members[i].pid});
    group.tell_members();
  };
  model.cpg_totem_confchg_fn = [](cpg_handle_t handle, cpg_ring_id ring, std::uint32_t, const std::uint32_t*) {
    CorosyncGroup& group = group_of(handle);
    group.ring_ = {.node = NodeId{ring.nodeid}, .sequence = ring.seq};
    group.tell_members();
  };
  cs_error_t code = cpg_model_initialize(&handle_, CPG_MODEL_V1, reinterpret_cast<cpg_model_data_t*>(&model), this);
  if (code != CS_OK) return corosync_error("CPG", code);
  open_ = true;
  unsigned node = 0;
  if (code = cpg_local_get(handle_, &node); code != CS_OK) return corosync_error("CPG", code);
  if (code = cpg_fd_get(handle_, &fd_); code != CS_OK) return corosync_error("CPG", code);
  return NodeId{node};
}

Result<void> CorosyncGroup::join(const std::string& name) {
  cpg_name group{};
  group.length = static_cast<std::uint32_t>(name.copy(group.value, sizeof group.value));
  const cs_error_t code = cpg_join(handle_, &group);
  if (code != CS_OK) return corosync_error(fmt::format("CPG, joining {}", name), code);
  return {};
}

bool CorosyncGroup::dispatch() {
  const cs_error_t code = cpg_dispatch(handle_, CS_DISPATCH_ALL);
  return code == CS_OK || code == CS_ERR_TRY_AGAIN;
}

Sent CorosyncGroup::send(std::span<const std::byte> message) {
  const iovec part{.iov_base = const_cast<std::byte*>(message.data()), .iov_len = message.size()};
  const cs_error_t code = cpg_mcast_joined(handle_, CPG_TYPE_AGREED, &part, 1);
  if (code == CS_OK) return Sent::done;
  // While nodes come and go corosync takes nothing.
  return code == CS_ERR_TRY_AGAIN ? Sent::later : Sent::lost;
}

CorosyncGroup::~CorosyncGroup() {
  close();
  if (abandoning_.joinable()) abandoning_.join();
}

void CorosyncGroup::close() {
  if (std::exchange(open_, false)) cpg_finalize(handle_);
  forget();
}

void CorosyncGroup::abandon() {
  if (std::exchange(open_, false)) {
    if (abandoning_.joinable()) abandoning_.join();
    abandoning_ = std::thread([handle = handle_] { cpg_finalize(handle); });
  }
  forget();
}

void CorosyncGroup::forget() {
  fd_ = -1;
  ring_.reset();
  members_.reset();
}

// The ring of the first members is told behind them.
void CorosyncGroup::tell_members() {
  if (ring_ && members_) on_.members(*ring_, *members_);
}

}  // namespace holdfast::io
