// SPDX-License-Identifier: Apache-2.0
#include "bench/echo.hpp"

#include <unistd.h>

#include <algorithm>

namespace holdfast::bench {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

// Moves what one read brings from one descriptor to another; false when the sender is gone.
bool move_once(int from, int to) {
  static char buffer[buffer_bytes];
  const ssize_t count = ::read(from, buffer, sizeof buffer);
  if (count <= 0) return false;
  const char* at = buffer;
  for (ssize_t left = count; left > 0;) {
    const ssize_t written = ::write(to, at, static_cast<std::size_t>(left));
    if (written < 0) return false;
    at += written;
    left -= written;
  }
  return true;
}

// Every descriptor has one where its bytes go: itself (echo) or its other half (relay).
class Pump {
 public:
  explicit Pump(Fd listener) : listener_(std::move(listener)) { poller_.watch(listener_.get()); }
  template <class Accepted>
  [[noreturn]] void run(Accepted&& accepted) {
    for (;;)
      for (const int fd : poller_.wait()) {
        if (fd == listener_.get()) {
          accepted(*this, accept_one(listener_));
        } else if (!move_once(fd, target_[static_cast<std::size_t>(fd)])) {
          ::close(fd);
        }
      }
  }
  void join(int from, int to) {
    if (target_.size() <= static_cast<std::size_t>(from)) target_.resize(static_cast<std::size_t>(from) + 1, -1);
    target_[static_cast<std::size_t>(from)] = to;
    poller_.watch(from);
  }

 private:
  Fd listener_;
  Poller poller_;
  std::vector<int> target_;
};

[[noreturn]] void serve_echo(Fd listener) {
  Pump(std::move(listener)).run([](Pump& pump, Fd accepted) {
    const int fd = accepted.release();
    pump.join(fd, fd);
  });
}

[[noreturn]] void serve_tcp_echo(Fd listener) {
  Pump(std::move(listener)).run([](Pump& pump, Fd accepted) {
    set_nodelay(accepted);
    const int fd = accepted.release();
    pump.join(fd, fd);
  });
}

[[noreturn]] void serve_relay(Fd listener, std::uint16_t port) {
  Pump(std::move(listener)).run([port](Pump& pump, Fd accepted) {
    const int client = accepted.release();
    const int server = connect_tcp(port).release();
    pump.join(client, server);
    pump.join(server, client);
  });
}

}  // namespace

EchoServers::EchoServers(const std::string& directory)
    : local_(directory + "/echo.sock"), remote_(directory + "/relay.sock") {
  // Listening begins before the fork, so nobody has to wait for a server to come up.
  Fd local = listen_unix(local_);
  Fd relay = listen_unix(remote_);
  std::uint16_t port = 0;
  Fd remote = listen_tcp(port);
  processes_.push_back(Process::fork_into([&] { serve_echo(std::move(local)); }));
  processes_.push_back(Process::fork_into([&] { serve_tcp_echo(std::move(remote)); }));
  processes_.push_back(Process::fork_into([&] { serve_relay(std::move(relay), port); }));
}

EchoRoundTrips::EchoRoundTrips(const std::string& socket, EchoSizes sizes)
    : connection_(connect_unix(socket)), message_(sizes.message, 'e') {}

void EchoRoundTrips::measure(std::size_t count, Samples& out) {
  for (std::size_t i = 0; i < count; ++i) {
    const Nanoseconds start = now();
    write_all(connection_, message_);
    read_all(connection_, message_);
    out.add(now() - start);
  }
}

int EchoServers::local_pid() const { return processes_.front().pid(); }

EchoPipeline::EchoPipeline(const std::string& socket, EchoSizes sizes, PipelineShape shape)
    : message_bytes_(sizes.message), connection_(connect_unix(socket)), buffer_(buffer_bytes) {
  write_all(connection_, std::vector<char>(sizes.message * shape.outstanding, 'e'));
}

// Every whole message that came back makes room for one more; they leave in one write, as they came.
std::size_t EchoPipeline::run(Nanoseconds duration) {
  std::size_t messages = 0;
  for (const Nanoseconds end = now() + duration; now() < end;) {
    const ssize_t count = ::read(connection_.get(), buffer_.data(), buffer_.size());
    if (count <= 0) give_up("the echo server is gone");
    const std::size_t bytes = part_ + static_cast<std::size_t>(count);
    const std::size_t whole = bytes / message_bytes_;
    part_ = bytes % message_bytes_;
    messages += whole;
    buffer_.resize(std::max(buffer_.size(), whole * message_bytes_));
    write_all(connection_, std::span(buffer_).first(whole * message_bytes_));
  }
  return messages;
}

}  // namespace holdfast::bench
