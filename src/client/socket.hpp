// SPDX-License-Identifier: Apache-2.0
// What the client needs of the operating system: a descriptor and a mapped page that close themselves, and
// a connected Unix socket. Descriptors are close-on-exec.
#pragma once

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

// The daemon's deadline page, mapped read-only.
class PageMapping {
 public:
  PageMapping() = default;
  PageMapping(PageMapping&& other) noexcept;
  PageMapping& operator=(PageMapping&& other) noexcept;
  ~PageMapping();
  // Refuses what is no deadline page: bad_message, wrong_version.
  static Result<PageMapping> map(const Fd& file);
  // REQUIRES: mapped.
  [[nodiscard]] const wire::DeadlinePage& page() const;

 private:
  const wire::DeadlinePage* page_ = nullptr;
};

// "No such file or directory" for an errno.
[[nodiscard]] std::string errno_text(int number);

// Connects within `connect_max`. Errors: bad_argument (path too long), cannot_connect.
[[nodiscard]] Result<Fd> connect_to(const std::string& path, std::chrono::nanoseconds connect_max);

// A blocking receive on it gives up after `most` (and says EAGAIN).
void limit_receive(const Fd& socket, std::chrono::nanoseconds most);
void receive_without_limit(const Fd& socket);

// The release slot of this session, shared with the daemon (wire/release_slot.hpp). A daemon may have none for
// us; then slot() is null.
class SlotMapping {
 public:
  SlotMapping() = default;
  SlotMapping(SlotMapping&& other) noexcept;
  SlotMapping& operator=(SlotMapping&& other) noexcept;
  ~SlotMapping();
  [[nodiscard]] static SlotMapping map(const Fd& file);
  [[nodiscard]] wire::ReleaseSlot* slot() const { return slot_; }

 private:
  wire::ReleaseSlot* slot_ = nullptr;
};

// What a daemon sends first: one byte, and these along with it.
struct Greeting {
  Fd page;
  Fd slot;  // may be missing
};
// Errors: cannot_connect, bad_message.
[[nodiscard]] Result<Greeting> receive_greeting(const Fd& socket);

}  // namespace holdfast::client
