// SPDX-License-Identifier: Apache-2.0
// Library: what all handles of a process share: one lock, the list of handles, and how threads wait. The
// lock is never held while a program's function is called or while somebody waits for a socket.
//
// Who waits for a completion reads for everybody: one thread at a time per handle is its reader, and the
// others sleep until the reader has told what came. So any number of threads, with or without the callback
// thread, may use one handle, and callbacks may make synchronous calls.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "libdlm/handle.hpp"

namespace holdfast::libdlm {

using Guard = std::unique_lock<std::mutex>;

// A handle as the process knows it: what dlm_lshandle_t points to.
class Shared {
 public:
  explicit Shared(std::unique_ptr<Handle> opened);
  ~Shared();
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  [[nodiscard]] Handle& handle() { return *handle_; }

 private:
  friend class Library;
  std::unique_ptr<Handle> handle_;
  int wake_ = -1;  // an eventfd: the reader is to look up
  bool reading_ = false;
  bool closed_ = false;  // handle_ is gone
  std::shared_ptr<bool> stop_;  // the callback thread is to end; another one may be started meanwhile
  std::thread thread_;  // of dlm_ls_pthread_init
};

class Library {
 public:
  [[nodiscard]] static Library& instance();

  [[nodiscard]] Guard guard() { return Guard(mutex_); }
  // All that follows: REQUIRES the guard is held.

  // The handle behind a pointer of the program; null, with errno ENOTCONN, for anything else.
  [[nodiscard]] std::shared_ptr<Shared> find(const void* pointer);
  [[nodiscard]] std::shared_ptr<Shared> find_fd(int fd);
  // The handle that has this lock, which need not be the one that a call names.
  [[nodiscard]] std::shared_ptr<Shared> owner_of(LockNumber number);
  // The lockspace "default", made when it is first asked for. Null and errno if that fails.
  [[nodiscard]] std::shared_ptr<Shared> default_handle(Guard& guard);
  [[nodiscard]] std::shared_ptr<Shared> open(Guard& guard, const std::string& lockspace,
                                             const LockspaceOptions& options);
  void close(Guard& guard, const std::shared_ptr<Shared>& shared);

  // Reads what is there and calls the program's functions. The guard is released meanwhile.
  void dispatch(Guard& guard, const std::shared_ptr<Shared>& shared);
  // Until the waiter's operation is done.
  void wait(Guard& guard, const std::shared_ptr<Shared>& shared, const Waiter& waiter);
  // 0 or EEXIST.
  [[nodiscard]] int start_thread(const std::shared_ptr<Shared>& shared);
  // Ends the callback thread. The guard is released meanwhile.
  void stop_threads(Guard& guard);

 private:
  void read_once(Guard& guard, const std::shared_ptr<Shared>& shared);
  void tell(Guard& guard, const std::shared_ptr<Shared>& shared);
  void stop_thread(Guard& guard, const std::shared_ptr<Shared>& shared);
  static void wake(const Shared& shared);

  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::shared_ptr<Shared>> handles_;
  std::shared_ptr<Shared> default_;
  bool opening_default_ = false;  // some thread does
};

}  // namespace holdfast::libdlm
