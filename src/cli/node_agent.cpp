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

}  // namespace

NodeAgent::NodeAgent(unsigned node, std::string socket, std::function<void(AgentReport)> report)
    : socket_(std::move(socket)),
      report_(std::move(report)),
      known_{.node = node},
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
    auto client = Client::connect({.socket = socket_, .label = "holdfast up"});
    if (client) {
      // Another life of the node has taken nothing from us yet.
      known_.taken = known_.refused = Epoch{};
      serve(*client);
    } else {
      known_.trouble = client.error().text();
    }
    pause();
  }
}

void NodeAgent::serve(Client& client) {
  if (!learn(client)) return;
  while (!stopping()) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.number(), &ignored);
    // A view without this life of the node is not for it: the supervisor makes another when it
    // hears of it.
    const auto view = newer_than(known_.taken);
    if (view && view->has(NodeId{known_.node}, known_.incarnation) && !bring_view(client, *view))
      return;
    if (!known_.open) {
      if (!learn(client)) return;
      if (!known_.open) pause();
      continue;
    }
    wait_readable({client.fd(), wake_.number()}, Instant::never());
    if (!client.dispatch()) return;
  }
}

bool NodeAgent::bring_view(Client& client, const View& view) {
  const auto set = client.set_view(view);
  if (client.ended() != nullptr) return false;
  known_.trouble = set ? "" : set.error().text();
  if (set) known_.taken = view.epoch;
  if (!set && set.error().code == Errc::stale_epoch) known_.refused = view.epoch;
  known_.open = false;
  if (!learn(client)) return false;
  if (!set) pause();
  return true;
}

bool NodeAgent::learn(Client& client) {
  const auto status = client.status();
  if (!status) return false;
  known_.incarnation = status->incarnation;
  known_.address = status->peer_address;
  known_.seen = status->view.epoch;
  known_.open =
      status->phase == NodePhase::open && known_.taken && status->view.epoch >= known_.taken;
  tell();
  return true;
}

void NodeAgent::tell() {
  if (known_ == told_) return;
  told_ = known_;
  report_(told_);
}

std::optional<View> NodeAgent::newer_than(Epoch epoch) {
  const std::lock_guard guard(mutex_);
  return view_ && view_->epoch > epoch ? view_ : std::nullopt;
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
