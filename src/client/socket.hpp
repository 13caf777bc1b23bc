// SPDX-License-Identifier: Apache-2.0
// What the client needs of the operating system: descriptors and mapped objects that close themselves, and
// a connected Unix socket. Descriptors are close-on-exec.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "holdfast/boot_clock.hpp"
#include "wire/deadline_page.hpp"
#include "wire/release_slot.hpp"

namespace holdfast::client {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept;
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// An object in a file that somebody shares with us; unmaps itself.
struct Unmap {
  void operator()(const wire::DeadlinePage* page) const;
  void operator()(wire::ReleaseSlot* slot) const;
};
template <class T>
using Mapped = std::unique_ptr<T, Unmap>;

// The daemon's deadline page, read-only. Refuses what is none: bad_message, wrong_version.
[[nodiscard]] Result<Mapped<const wire::DeadlinePage>> map_deadline_page(const Fd& file);
// The release slot of this session (wire/release_slot.hpp). A daemon may have none for us: null.
[[nodiscard]] Mapped<wire::ReleaseSlot> map_release_slot(const Fd& file);

// "No such file or directory" for an errno.
[[nodiscard]] std::string errno_text(int number);

// Connects within `connect_max`. Errors: bad_argument (path too long), cannot_connect.
[[nodiscard]] Result<Fd> connect_to(const std::string& path, std::chrono::nanoseconds connect_max);

// A blocking receive on it gives up after `most` (and says EAGAIN).
void limit_receive(const Fd& socket, std::chrono::nanoseconds most);
void receive_without_limit(const Fd& socket);

// What a daemon sends first: one byte, and these along with it.
struct Greeting {
  Fd page;
  Fd slot;  // may be missing
};
// Errors: cannot_connect, bad_message.
[[nodiscard]] Result<Greeting> receive_greeting(const Fd& socket);

}  // namespace holdfast::client
