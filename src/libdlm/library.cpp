// SPDX-License-Identifier: Apache-2.0
#include "libdlm/library.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "libdlm/checks.hpp"

namespace holdfast::libdlm {
namespace {

// What a completion says goes into the program's lksb in the moment in which it is told.
void write_lksb(const Callback& callback) {
  dlm_lksb* lksb = callback.answer.lksb;
  if (lksb == nullptr) return;
  lksb->sb_status = callback.status;
  lksb->sb_flags = callback.flags;
  lksb->sb_lkid = callback.number;
  if (!callback.value || lksb->sb_lvbptr == nullptr) return;
  std::memset(lksb->sb_lvbptr, 0, DLM_LVB_LEN);
  std::memcpy(lksb->sb_lvbptr, callback.value->data(), std::min<std::size_t>(callback.value->size(), DLM_LVB_LEN));
}

}  // namespace

Shared::Shared(std::unique_ptr<Handle> opened)
    : handle_(std::move(opened)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Shared::~Shared() {
  if (wake_ >= 0) ::close(wake_);
}

// Never destroyed: a callback thread may outlive main().
Library& Library::instance() {
  static Library* const only = new Library;
  return *only;
}

std::shared_ptr<Shared> Library::find(const void* pointer) {
  for (const auto& shared : handles_)
    if (shared.get() == pointer) return shared;
  errno = ENOTCONN;
  return nullptr;
}

std::shared_ptr<Shared> Library::find_fd(int fd) {
  for (const auto& shared : handles_)
    if (shared->handle().fd() == fd) return shared;
  errno = EBADF;
  return nullptr;
}

std::shared_ptr<Shared> Library::owner_of(LockNumber number) {
  const Handle* owner = Handle::of(number);
  for (const auto& shared : handles_)
    if (shared->handle_.get() == owner) return shared;
  errno = ENOENT;
  return nullptr;
}

std::shared_ptr<Shared> Library::open(Guard& guard, const std::string& lockspace,
                                      const LockspaceOptions& options) {
  // Connecting can take its time, and others need not wait for it.
  guard.unlock();
  Result<std::unique_ptr<Handle>> opened = Handle::open(lockspace, options);
  guard.lock();
  if (!opened) {
    errno = to_errno(opened.error().code);
    return nullptr;
  }
  return handles_.emplace_back(std::make_shared<Shared>(std::move(*opened)));
}

std::shared_ptr<Shared> Library::default_handle(Guard& guard) {
  while (opening_default_) told_.wait(guard);
  if (default_) return default_;
  opening_default_ = true;
  std::shared_ptr<Shared> opened = open(guard, "default", {.use = LockspaceUse::existing});
  if (!opened && errno == ENOENT) opened = open(guard, "default", {.use = LockspaceUse::join});
  opening_default_ = false;
  told_.notify_all();
  default_ = opened;
  return opened;
}

void Library::close(Guard& guard, const std::shared_ptr<Shared>& shared) {
  if (shared->closed_) return;
  shared->closed_ = true;
  std::erase(handles_, shared);
  if (default_ == shared) default_.reset();
  shared->handle_.reset();
  // Whoever reads would not notice: a poll goes on with a socket that was closed under it.
  wake(*shared);
  told_.notify_all();
  stop_thread(guard, shared);
}

void Library::wake(const Shared& shared) { ::eventfd_write(shared.wake_, 1); }

void Library::dispatch(Guard& guard, const std::shared_ptr<Shared>& shared) {
  shared->handle().read();
  tell(guard, shared);
}

void Library::tell(Guard& guard, const std::shared_ptr<Shared>& shared) {
  while (!shared->closed_) {
    std::optional<Callback> next = shared->handle().take();
    if (!next) break;
    Function function = next->notice;
    void* argument = next->notice_argument;
    if (function == nullptr) {
      write_lksb(*next);
      function = next->answer.ast;
      argument = next->answer.argument;
    }
    next->waiters.finish(next->status);
    // Also for a synchronous unlock: the function is that of the call that made the lock.
    if (function != nullptr) {
      told_.notify_all();
      guard.unlock();
      function(argument);
      guard.lock();
    }
  }
  told_.notify_all();
  if (shared->reading_) wake(*shared);
}

// As the only reader of this handle.
void Library::read_once(Guard& guard, const std::shared_ptr<Shared>& shared) {
  shared->reading_ = true;
  std::array<pollfd, 2> polled{{{.fd = shared->handle().fd(), .events = POLLIN, .revents = 0},
                                {.fd = shared->wake_, .events = POLLIN, .revents = 0}}};
  guard.unlock();
  ::poll(polled.data(), polled.size(), -1);
  eventfd_t ignored = 0;
  ::eventfd_read(shared->wake_, &ignored);
  guard.lock();
  shared->reading_ = false;
  if (!shared->closed_) dispatch(guard, shared);
}

void Library::wait(Guard& guard, const std::shared_ptr<Shared>& shared, const Waiter& waiter) {
  // What the session had read before nobody would be woken for.
  if (!shared->reading_ && !shared->closed_) dispatch(guard, shared);
  while (!waiter.done && !shared->closed_) {
    // When the session is over, whoever noticed tells everybody.
    if (shared->reading_ || shared->handle().is_over())
      told_.wait(guard);
    else
      read_once(guard, shared);
  }
}

int Library::start_thread(const std::shared_ptr<Shared>& shared) {
  if (shared->thread_.joinable()) return EEXIST;
  shared->stop_ = std::make_shared<bool>(false);
  shared->thread_ = std::thread([this, shared, stop = shared->stop_] {
    Guard guard = this->guard();
    while (!shared->closed_ && !*stop && !shared->handle().is_over()) {
      if (shared->reading_)
        told_.wait(guard);
      else
        read_once(guard, shared);
    }
  });
  return 0;
}

void Library::stop_thread(Guard& guard, const std::shared_ptr<Shared>& shared) {
  if (!shared->thread_.joinable()) return;
  *shared->stop_ = true;
  wake(*shared);
  told_.notify_all();
  std::thread thread = std::move(shared->thread_);
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
    return;
  }
  guard.unlock();
  thread.join();
  guard.lock();
}

void Library::stop_threads(Guard& guard) {
  const std::vector<std::shared_ptr<Shared>> all = handles_;
  for (const auto& shared : all) stop_thread(guard, shared);
}

}  // namespace holdfast::libdlm
