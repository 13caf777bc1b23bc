// SPDX-License-Identifier: Apache-2.0
#include "io/corosync.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "io/clock.hpp"

namespace holdfast::io {

using namespace std::chrono_literals;

namespace {
constexpr Duration reconnect_after = 250ms;
constexpr Duration ask_again_after = 5ms;
}  // namespace

Corosync::Corosync(EventLoop& loop, Log& log, Settings settings, OnCorosync on)
    : loop_(loop),
      log_(log),
      settings_(std::move(settings)),
      on_(std::move(on)),
      group_(on_.group),
      quorum_([this](const CorosyncVotes& votes) { on_.votes(votes); }),
      timer_(loop.timer([this] { on_timer(); })) {}

Result<void> Corosync::start() {
  const Result<void> connected = connect();
  if (connected) return {};
  if (connected.error().code == Errc::bad_config) return connected.error();
  try_again(connected.error());
  return {};
}

Result<void> Corosync::connect() {
  HF_TRY(const NodeId node, group_.open());
  if (node != settings_.node)
    return Error{Errc::bad_config,
                 fmt::format("this is node {}, but corosync's number of this machine is {}: they have to be the same "
                             "(--node {}, [node] id = {})",
                             settings_.node.value(), node.value(), node.value(), node.value())};
  if (const Result<void> opened = quorum_.open(node); !opened) return opened;
  if (const Result<void> joined = group_.join(settings_.group); !joined) return joined;
  group_watch_ = loop_.watch(group_.fd(), {.readable = [this] { dispatch_group(); }});
  quorum_watch_ = loop_.watch(quorum_.quorum_fd(), {.readable = [this] { dispatch_quorum(); }});
  votes_watch_ = loop_.watch(quorum_.votes_fd(), {.readable = [this] { dispatch_quorum(); }});
  phase_ = Phase::connected;
  log_.write(LogLevel::info, "corosync: joined", {{"node", node.value()}, {"group", settings_.group}});
  return {};
}

// Told once: it may take days.
void Corosync::try_again(const Error& why) {
  lose();
  if (phase_ != Phase::absent)
    log_.write(LogLevel::warning, "corosync cannot be reached: no new views, trying again until it is there",
               {{"why", why.text()}});
  phase_ = Phase::absent;
  timer_.arm(boot_now() + reconnect_after);
}

void Corosync::lose() {
  group_watch_ = {};
  quorum_watch_ = {};
  votes_watch_ = {};
  group_.abandon();
  quorum_.close();
  unsent_.clear();
}

void Corosync::dispatch_group() {
  if (group_.dispatch()) return;
  try_again(Error{Errc::cannot_connect, "it has gone away"});
  on_.lost();
}

void Corosync::dispatch_quorum() {
  if (quorum_.dispatch()) {
    if (quorum_.has_more()) timer_.arm(boot_now() + ask_again_after);
    return;
  }
  try_again(Error{Errc::cannot_connect, "it has gone away"});
  on_.lost();
}

void Corosync::on_timer() {
  if (phase_ == Phase::connected) {
    if (quorum_.has_more()) dispatch_quorum();
    return end_turn();
  }
  const Result<void> connected = connect();
  if (connected) return;
  if (connected.error().code == Errc::bad_config) {
    lose();
    return on_.failed(connected.error());
  }
  try_again(connected.error());
}

void Corosync::send(std::vector<std::byte> message) {
  if (phase_ == Phase::connected) unsent_.push_back(std::move(message));
}

std::optional<CorosyncDeviceWord> Corosync::ask_device() {
  return phase_ == Phase::connected ? quorum_.ask_device() : std::nullopt;
}

void Corosync::end_turn() {
  while (!unsent_.empty()) {
    switch (group_.send(unsent_.front())) {
      case Sent::done: unsent_.pop_front(); break;
      case Sent::later: return timer_.arm(boot_now() + ask_again_after);
      // Its descriptor tells that it is gone.
      case Sent::lost: return unsent_.clear();
    }
  }
}

}  // namespace holdfast::io
