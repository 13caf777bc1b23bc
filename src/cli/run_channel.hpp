// SPDX-License-Identifier: Apache-2.0
// What the wrapper and the guard of `holdfast run` say to each other over a socket pair. Its end
// tells as much as its messages: whoever reads "closed" knows that the other process is gone.
#pragma once

#include "cli/process.hpp"

#include <optional>
#include <utility>

namespace holdfast::cli {

// Wrapper to guard: pass this signal on to the command.
struct Order {
  int signal = 0;
};

// Guard to wrapper.
enum class NewsKind : int {
  granted,   // with a copy of the session's socket
  started,   // number: process group of the command
  stopped,   // number: the signal that stopped it
  finished,  // number: exit code for the wrapper; nothing follows
};
struct News {
  NewsKind kind{};
  int number = 0;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] static std::pair<Channel, Channel> make();
  [[nodiscard]] int fd() const { return socket_.number(); }
  // False if the other end is gone.
  bool send(const Order& order) const;
  bool send(const News& news) const;
  bool send(const News& news, int passed_fd) const;

  enum class Got { message, nothing, closed };
  // Without waiting.
  [[nodiscard]] Got receive(Order& order) const;
  // `passed` is filled if a descriptor came along.
  [[nodiscard]] Got receive(News& news, Fd& passed) const;

 private:
  Fd socket_;
};

}  // namespace holdfast::cli
