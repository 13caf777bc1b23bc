// SPDX-License-Identifier: Apache-2.0
// The five functions that only libdlm has: its callback thread, and the simplest way to lock.
#ifndef _REENTRANT
#define _REENTRANT
#endif
#include <cerrno>
#include <cstring>

#include "libdlm/library.hpp"

using namespace holdfast::libdlm;

extern "C" {

int dlm_ls_pthread_init(dlm_lshandle_t ls) {
  const Guard guard = Library::instance().guard();
  const auto shared = Library::instance().find(ls);
  if (shared == nullptr) return -1;
  const int wrong = Library::instance().start_thread(shared);
  if (wrong != 0) errno = wrong;
  return wrong == 0 ? 0 : -1;
}

int dlm_pthread_init(void) {
  Guard guard = Library::instance().guard();
  const dlm_lshandle_t ls = Library::instance().default_handle(guard).get();
  guard.unlock();
  return ls == nullptr ? -1 : dlm_ls_pthread_init(ls);
}

int dlm_pthread_cleanup(void) {
  Guard guard = Library::instance().guard();
  Library::instance().stop_threads(guard);
  return 0;
}

int lock_resource(const char* resource, int mode, int flags, int* lockid) {
  if (resource == nullptr || lockid == nullptr) {
    errno = EINVAL;
    return -1;
  }
  dlm_lksb lksb{};
  const auto bits = static_cast<std::uint32_t>(flags);
  if ((bits & LKF_CONVERT) != 0) lksb.sb_lkid = static_cast<std::uint32_t>(*lockid);
  const auto length = static_cast<unsigned>(std::strlen(resource));
  if (dlm_lock_wait(static_cast<std::uint32_t>(mode), &lksb, bits, resource, length, 0, nullptr, nullptr, nullptr) != 0)
    return -1;
  *lockid = static_cast<int>(lksb.sb_lkid);
  if (lksb.sb_status == 0) return 0;
  errno = lksb.sb_status;
  return -1;
}

int unlock_resource(int lockid) {
  dlm_lksb lksb{};
  if (dlm_unlock_wait(static_cast<std::uint32_t>(lockid), 0, &lksb) != 0) return -1;
  if (lksb.sb_status == EUNLOCK) return 0;
  errno = lksb.sb_status;
  return -1;
}

}  // extern "C"
