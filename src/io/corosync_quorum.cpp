// SPDX-License-Identifier: Apache-2.0
#include "io/corosync_quorum.hpp"

#include <corosync/cmap.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::io {
namespace {

CorosyncQuorum& quorum_of(const void* context) {
  return *const_cast<CorosyncQuorum*>(static_cast<const CorosyncQuorum*>(context));
}

class Cmap {
 public:
  Cmap() : open_(cmap_initialize(&handle_) == CS_OK) {}
  ~Cmap() {
    if (open_) cmap_finalize(handle_);
  }
  Cmap(const Cmap&) = delete;
  Cmap& operator=(const Cmap&) = delete;
  [[nodiscard]] std::string text(const char* key) const {
    char* value = nullptr;
    if (!open_ || cmap_get_string(handle_, key, &value) != CS_OK) return {};
    const std::string taken(value);
    std::free(value);
    return taken;
  }
  [[nodiscard]] std::uint32_t number(const char* key, std::uint32_t otherwise) const {
    std::uint32_t value = 0;
    return open_ && cmap_get_uint32(handle_, key, &value) == CS_OK ? value : otherwise;
  }
  [[nodiscard]] std::vector<NodeId> nodes() const {
    std::vector<NodeId> found;
    for (int i = 0; open_; ++i) {
      std::uint32_t id = 0;
      const std::string key = "nodelist.node." + std::to_string(i) + ".nodeid";
      if (cmap_get_uint32(handle_, key.c_str(), &id) != CS_OK) break;
      found.push_back(NodeId{id});
    }
    return found;
  }

 private:
  cmap_handle_t handle_ = 0;
  bool open_ = false;
};

// quorum.auto_tie_breaker_node: "lowest" (also if nothing is said), "highest", or numbers of nodes. Of a list,
// corosync goes on to the next if the first is gone; we keep to the first, and so to what is fixed.
NodeId tie_breaker() {
  const Cmap cmap;
  const std::string who = cmap.text("quorum.auto_tie_breaker_node");
  const std::vector<NodeId> nodes = cmap.nodes();
  if (nodes.empty()) return {};
  if (who.empty() || who == "lowest") return *std::ranges::min_element(nodes);
  if (who == "highest") return *std::ranges::max_element(nodes);
  std::uint32_t number = 0;
  std::from_chars(who.data(), who.data() + who.size(), number);
  return NodeId{number};
}

CorosyncDevice device(std::uint32_t votes) {
  const Cmap cmap;
  const std::string model = cmap.text("quorum.device.model");
  if (model.empty()) return {};
  const std::string algorithm = cmap.text("quorum.device.net.algorithm");
  if (model != "net" || (!algorithm.empty() && algorithm != "ffsplit") || votes == 0)
    return {.kind = CorosyncDevice::Kind::not_counted};
  using Milliseconds = std::chrono::milliseconds;
  constexpr std::uint32_t token_if_unknown = 3000, consensus_if_unknown = 3600;
  return {.kind = CorosyncDevice::Kind::counted,
          .votes = votes,
          .timeout = Milliseconds(cmap.number("quorum.device.timeout", VOTEQUORUM_QDEVICE_DEFAULT_TIMEOUT)),
          .sync_timeout =
              Milliseconds(cmap.number("quorum.device.sync_timeout", VOTEQUORUM_QDEVICE_DEFAULT_SYNC_TIMEOUT)),
          .ring_break = Milliseconds(cmap.number("runtime.config.totem.token", token_if_unknown)) +
                        Milliseconds(cmap.number("runtime.config.totem.consensus", consensus_if_unknown))};
}

}  // namespace

Result<void> CorosyncQuorum::open(NodeId self) {
  close();
  self_ = self;
  quorum_model_v1_data_t model{};
  model.model = QUORUM_MODEL_V1;
  // Comes when the votes of a ring are counted, and names the ring.
  model.quorum_notify_fn = [](quorum_handle_t handle, std::uint32_t quorate, quorum_ring_id ring, std::uint32_t,
                              const std::uint32_t*) {
    const void* context = nullptr;
    quorum_context_get(handle, &context);
    CorosyncQuorum& quorum = quorum_of(context);
    quorum.ring_ = {.node = NodeId{ring.nodeid}, .sequence = ring.seq};
    quorum.quorate_ = quorate != 0;
    quorum.news_ = true;
  };
  std::uint32_t type = 0;
  cs_error_t code = quorum_model_initialize(&quorum_, QUORUM_MODEL_V1,
                                            reinterpret_cast<quorum_model_data_t*>(&model), &type, this);
  if (code != CS_OK) return corosync_error("quorum", code);
  quorum_open_ = true;
  if (type != QUORUM_SET)
    return Error{Errc::bad_config, "corosync has no quorum provider: corosync.conf needs quorum { provider: "
                                   "corosync_votequorum }"};
  if (code = quorum_fd_get(quorum_, &quorum_fd_); code != CS_OK) return corosync_error("quorum", code);
  votequorum_callbacks_t callbacks{};
  callbacks.votequorum_expectedvotes_notify_fn = [](votequorum_handle_t handle, std::uint64_t, std::uint32_t) {
    void* context = nullptr;
    votequorum_context_get(handle, &context);
    quorum_of(context).news_ = true;
  };
  // Comes when the votes of a new ring begin to be asked for.
  callbacks.votequorum_nodelist_notify_fn = [](votequorum_handle_t handle, std::uint64_t, votequorum_ring_id_t ring,
                                               std::uint32_t, std::uint32_t*) {
    void* context = nullptr;
    votequorum_context_get(handle, &context);
    quorum_of(context).voting_ = {.node = NodeId{ring.nodeid}, .sequence = ring.seq};
  };
  if (code = votequorum_initialize(&votes_, &callbacks); code != CS_OK) return corosync_error("votequorum", code);
  votes_open_ = true;
  votequorum_context_set(votes_, this);
  if (code = votequorum_fd_get(votes_, &votes_fd_); code != CS_OK) return corosync_error("votequorum", code);
  if (code = quorum_trackstart(quorum_, CS_TRACK_CURRENT | CS_TRACK_CHANGES); code != CS_OK)
    return corosync_error("quorum", code);
  if (code = votequorum_trackstart(votes_, 0, CS_TRACK_CURRENT | CS_TRACK_CHANGES); code != CS_OK)
    return corosync_error("votequorum", code);
  return {};
}

bool CorosyncQuorum::dispatch() {
  for (const cs_error_t code : {quorum_dispatch(quorum_, CS_DISPATCH_ALL), votequorum_dispatch(votes_, CS_DISPATCH_ALL)})
    if (code != CS_OK && code != CS_ERR_TRY_AGAIN) return false;
  return !news_ || tell_votes();
}

// A question that corosync answers at once: it has just spoken to us.
bool CorosyncQuorum::tell_votes() {
  votequorum_info info{};
  const cs_error_t code = votequorum_getinfo(votes_, self_.value(), &info);
  if (code == CS_ERR_TRY_AGAIN) return true;
  if (code != CS_OK) return false;
  news_ = false;
  if (!ring_) return true;
  on_votes_({.ring = *ring_,
             .quorate = quorate_,
             .configured = info.highest_expected,
             .own = info.node_votes,
             .tie_breaker = (info.flags & VOTEQUORUM_INFO_AUTO_TIE_BREAKER) != 0 ? tie_breaker() : NodeId{},
             .half_is_quorum = (info.flags & VOTEQUORUM_INFO_TWONODE) != 0,
             .device = device(info.qdevice_votes)});
  return true;
}

// Between two looks at the news: only if nothing has changed around the answer, it is about this ring.
std::optional<CorosyncDeviceWord> CorosyncQuorum::ask_device() {
  if (!votes_open_ || !dispatch() || !ring_) return std::nullopt;
  const bool before = is_in_ring();
  const CorosyncRing ring = *ring_;
  votequorum_info info{};
  if (votequorum_getinfo(votes_, self_.value(), &info) != CS_OK || !dispatch()) return std::nullopt;
  constexpr unsigned all = VOTEQUORUM_INFO_QDEVICE_REGISTERED | VOTEQUORUM_INFO_QDEVICE_ALIVE |
                           VOTEQUORUM_INFO_QDEVICE_CAST_VOTE;
  return CorosyncDeviceWord{.ring = *ring_,
                            .votes_for_us = (info.flags & all) == all,
                            .in_ring = before && is_in_ring() && *ring_ == ring};
}

void CorosyncQuorum::close() {
  if (std::exchange(votes_open_, false)) votequorum_finalize(votes_);
  if (std::exchange(quorum_open_, false)) quorum_finalize(quorum_);
  quorum_fd_ = votes_fd_ = -1;
  ring_.reset();
  voting_.reset();
  quorate_ = news_ = false;
}

}  // namespace holdfast::io
