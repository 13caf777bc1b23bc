// SPDX-License-Identifier: Apache-2.0
// Host: the world around one node. It turns what io tells into events, steps the node, and carries its
// effects out in the order of their contract (node/effects.hpp). When a life of the node is over it starts
// the next one. It decides nothing else.
#pragma once

#include <functional>
#include <memory>

#include "base/result.hpp"
#include "daemon/node_config.hpp"
#include "io/config.hpp"
#include "io/log_sink.hpp"

namespace holdfast::daemon {

class Host {
 public:
  // Takes what a daemon needs: state directory, socket, peer port. REQUIRES: config and log outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Host>> open(const io::Config& config, io::Log& log);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Of the life that has begun.
  [[nodiscard]] const Life& life() const;
  // Calls `ready`, then serves until SIGTERM or SIGINT. Fails if the state can no longer be kept.
  [[nodiscard]] Result<void> serve(const std::function<void()>& ready);

 private:
  struct State;
  explicit Host(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::daemon
