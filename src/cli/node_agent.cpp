// SPDX-License-Identifier: Apache-2.0
#include "cli/node_agent.hpp"

#include "cli/time_text.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

// Between two looks at a daemon that cannot be reached, or is not open yet.
constexpr auto pause_time = 20ms;

// Together they are half a lease: whoever needs the answers of a daemon that hangs has a quarter of a lease left
// (heartbeats go out four times in one) to do without them.
Duration answer_max(Duration lease) { return lease / 3; }
Duration ask_every(Duration lease) { return lease / 6; }

}  // namespace

NodeAgent::NodeAgent(AgentReport known, std::string socket, Duration lease,
                     std::function<void(AgentReport)> report)
    : socket_(std::move(socket)),
      lease_(lease),
      report_(std::move(report)),
      known_(std::move(known)),
      told_(known_),
      heard_(boottime()),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { work(); }) {}

NodeAgent::~NodeAgent() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  ::eventfd_write(wake_.number(), 1);
  thread_.join();
}

void NodeAgent::publish(const View& view) {
  {
    const std::lock_guard guard(mutex_);
    view_ = view;
  }
  changed_.notify_all();
  ::eventfd_write(wake_.number(), 1);
}

void NodeAgent::work() {
  while (!stopping()) {
    auto client = Client::connect(
        {.socket = socket_, .label = "holdfast up", .connect_max = answer_max(lease_)});
    if (client) {
      lease_ = client->lease();
      // Another life of the node has taken nothing from us yet.
      known_.taken = known_.refused = Epoch{};
      serve(*client);
    } else {
      known_.trouble = client.error().text();
      // What refuses us is awake.
      const bool nothing_said = client.error().code == Errc::cannot_connect;
      if (nothing_said && boottime() - heard_ >= answer_max(lease_)) tell_silence();
    }
    pause();
  }
}

void NodeAgent::serve(Client& client) {
  if (!learn(client)) return;
  while (!stopping()) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.number(), &ignored);
    if (const auto view = news()) {
      if (!bring_view(client, *view)) return;
    } else if (!known_.open || boottime() >= heard_ + ask_every(lease_)) {
      if (!learn(client)) return;
      if (!known_.open) pause();
    } else {
      wait_readable({client.fd(), wake_.number()}, heard_ + ask_every(lease_));
      if (!client.dispatch()) return;
    }
  }
}

bool NodeAgent::bring_view(Client& client, const View& view) {
  const auto set = client.set_view(view, answer_max(lease_));
  if (client.ended() != nullptr) return false;
  known_.open = false;
  if (!set && set.error().code == Errc::timed_out)
    return sit_out_silence(client) && learn(client);
  known_.trouble = set ? "" : set.error().text();
  if (set) known_.taken = view.epoch;
  if (!set && set.error().code == Errc::stale_epoch) known_.refused = view.epoch;
  if (!learn(client)) return false;
  if (!set) pause();
  return true;
}

bool NodeAgent::learn(Client& client) {
  auto status = client.status(answer_max(lease_));
  while (!status) {
    if (status.error().code != Errc::timed_out || !sit_out_silence(client)) return false;
    status = client.status(answer_max(lease_));
  }
  heard_ = boottime();
  was_member_ = status->phase != NodePhase::no_view;
  known_.silent = false;
  known_.incarnation = status->incarnation;
  known_.address = status->peer_address;
  known_.seen = status->view.epoch;
  known_.open =
      status->phase == NodePhase::open && known_.taken && status->view.epoch >= known_.taken;
  tell();
  return true;
}

// Until it says anything. It is not asked again meanwhile: it has enough to answer when it wakes up.
bool NodeAgent::sit_out_silence(const Client& client) {
  tell_silence();
  while (!stopping()) {
    if (wait_readable({client.fd()}, boottime() + ask_every(lease_))) return true;
  }
  return false;
}

void NodeAgent::tell_silence() {
  known_.silent = true;
  known_.open = false;
  tell();
}

void NodeAgent::tell() {
  if (known_ == told_) return;
  told_ = known_;
  report_(told_);
}

// A view without a life of the node that was never in one is not for it: the supervisor makes another when it
// hears of it. One without a life that was: it was left out, and is to begin another.
std::optional<View> NodeAgent::news() {
  const std::lock_guard guard(mutex_);
  if (!view_ || view_->epoch <= known_.taken || view_->members.empty()) return std::nullopt;
  const bool has_it = view_->has(NodeId{known_.node}, known_.incarnation);
  return has_it || was_member_ ? view_ : std::nullopt;
}

bool NodeAgent::stopping() {
  const std::lock_guard guard(mutex_);
  return stop_;
}

void NodeAgent::pause() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause_time, [this] { return stop_; });
}

}  // namespace holdfast::cli
