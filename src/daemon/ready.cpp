// SPDX-License-Identifier: Apache-2.0
#include "daemon/ready.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "io/fd.hpp"
#include "io/sd_notify.hpp"

namespace holdfast::daemon {

std::string ready_line(const io::Config& config, const Life& life) {
  const nlohmann::ordered_json line{{"node", config.node.value()},
                                    {"incarnation", life.incarnation.value()},
                                    {"peer_address", life.peer_address},
                                    {"socket", config.socket.string()},
                                    {"pid", ::getpid()}};
  // A path may be no UTF-8; that must not end the daemon.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void tell_ready(const io::Config& config, const Life& life, int ready_fd) {
  io::notify_service_manager("READY=1");
  if (ready_fd < 0) return;
  const io::Fd fd(ready_fd);
  const std::string line = ready_line(config, life);
  // Whoever asked and went away needs no answer.
  [[maybe_unused]] const ssize_t written = ::write(fd.get(), line.data(), line.size());
}

}  // namespace holdfast::daemon
