// SPDX-License-Identifier: Apache-2.0
// The floor: what the machine charges for moving the same bytes over the same sockets without any lock
// manager. A bare echo server (an epoll loop; what one read brought leaves in one write) and, for a remote
// master, a relay between the client's Unix socket and the echo's TCP port. And the load on them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/process.hpp"
#include "bench/samples.hpp"

namespace holdfast::bench {

struct EchoSizes {
  std::size_t message = 0;  // bytes of one message, in both directions
};

// Servers in processes of their own; they live as long as this object.
class EchoServers {
 public:
  explicit EchoServers(const std::string& directory);
  [[nodiscard]] const std::string& local_socket() const { return local_; }
  [[nodiscard]] int local_pid() const;
  // Client -> Unix socket -> relay -> TCP on loopback -> echo, and back.
  [[nodiscard]] const std::string& remote_socket() const { return remote_; }

 private:
  std::string local_;
  std::string remote_;
  std::vector<Process> processes_;
};

// One message there and back, again and again.
class EchoRoundTrips {
 public:
  EchoRoundTrips(const std::string& socket, EchoSizes sizes);
  void measure(std::size_t count, Samples& out);

 private:
  Fd connection_;
  std::vector<char> message_;
};

// One client with many messages on their way.
struct PipelineShape {
  std::size_t clients = 16;
  std::size_t outstanding = 64;
};
class EchoPipeline {
 public:
  EchoPipeline(const std::string& socket, EchoSizes sizes, PipelineShape shape);
  // Goes on for this long; how many messages came back.
  [[nodiscard]] std::size_t run(Nanoseconds duration);

 private:
  std::size_t message_bytes_;
  Fd connection_;
  std::vector<char> buffer_;
  std::size_t part_ = 0;  // bytes of a message that has not arrived whole
};

}  // namespace holdfast::bench
