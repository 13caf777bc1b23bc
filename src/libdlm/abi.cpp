// SPDX-License-Identifier: Apache-2.0
// The 21 functions that libdlm and libdlm_lt share. Each looks its handle up, hands the call on, waits if it
// is to, and says what happened in the words of the library that it stands in.
#include <cerrno>
#include <string>

#include "libdlm/checks.hpp"
#include "libdlm/library.hpp"
#include "libdlm/return_code.hpp"

using namespace holdfast::libdlm;

namespace {

constexpr std::uint32_t version_major = 6;
constexpr std::uint32_t version_minor = 0;
constexpr std::uint32_t version_patch = 2;

int fail(int number) {
  errno = number;
  return -1;
}

bool waits(std::uint32_t flags) { return (flags & LKF_WAIT) != 0; }

// The completion of a call that began well, and is waited for.
int wait_for(Guard& guard, const std::shared_ptr<Shared>& shared, const Waiter& waiter) {
  Library::instance().wait(guard, shared, waiter);
  if (!waiter.done) return fail(ENOTCONN);
  return after_wait(waiter.status);
}

// Of a call that is answered by itself, in both libraries, and not by a completion.
int answer_of(Guard& guard, const std::shared_ptr<Shared>& shared, const Waiter& waiter) {
  Library::instance().wait(guard, shared, waiter);
  if (!waiter.done) return fail(ENOTCONN);
  return waiter.status == 0 ? 0 : fail(waiter.status);
}

int lock_in(Guard& guard, const std::shared_ptr<Shared>& shared, LockCall call) {
  if (shared == nullptr) return -1;
  if (call.lksb == nullptr) return fail(EINVAL);
  if (is_wild(call.lksb)) return fail(EFAULT);
  const bool waited = waits(call.flags);
  Waiter waiter;
  if (waited) {
    call.waiter = &waiter;
    waiter.lksb = call.lksb;
    call.ast = nullptr;
    call.lksb->sb_status = EINPROG;
  }
  const bool adopts = (call.flags & LKF_ORPHAN) != 0 && (call.flags & LKF_CONVERT) == 0;
  if (adopts) call.waiter = &waiter;
  if (!waited && call.ast == nullptr && !adopts) return fail(EINVAL);
  // An id of another handle of this process is as good.
  const bool converts = (call.flags & LKF_CONVERT) != 0;
  const auto where = converts ? Library::instance().owner_of(call.lksb->sb_lkid) : shared;
  if (where == nullptr) return fail(ENOENT);
  if (const int wrong = where->handle().lock(call); wrong != 0) return fail(wrong);
  if (adopts) return answer_of(guard, where, waiter);
  return waited ? wait_for(guard, where, waiter) : 0;
}

int unlock_in(Guard& guard, const std::shared_ptr<Shared>& shared, UnlockCall call) {
  if (shared == nullptr) return -1;
  if (is_wild(call.lksb)) return fail(EFAULT);
  const bool waited = waits(call.flags);
  Waiter waiter;
  if (waited) call.waiter = &waiter;
  if (waited) waiter.lksb = call.lksb;
  if (waited && call.lksb != nullptr) call.lksb->sb_status = EINPROG;
  if (const int wrong = check_unlock(call.flags); wrong != 0) return fail(wrong);
  const auto where = Library::instance().owner_of(call.number);
  if (where == nullptr) return fail(ENOENT);
  if (const int wrong = where->handle().unlock(call); wrong != 0) return fail(wrong);
  // Nothing is told before we let go of the lock that we hold here. A cancel may have no completion.
  const bool cancels = (call.flags & LKF_CANCEL) != 0;
  if (!waited && !cancels && call.lksb != nullptr) call.lksb->sb_status = EINPROG;
  return waited ? wait_for(guard, where, waiter) : 0;
}

struct Entered {
  Guard guard = Library::instance().guard();
};

// Null and errno if there is none, and none can be made.
dlm_lshandle_t default_lockspace() {
  Entered entered;
  return Library::instance().default_handle(entered.guard).get();
}

dlm_lshandle_t open_lockspace(const char* name, const holdfast::LockspaceOptions& options) {
  const std::string_view text = name == nullptr ? std::string_view() : std::string_view(name);
  if (text.empty() || text.size() > DLM_LOCKSPACE_LEN) {
    errno = EINVAL;
    return nullptr;
  }
  Entered entered;
  return Library::instance().open(entered.guard, std::string(text), options).get();
}


}  // namespace

extern "C" {

int dlm_kernel_version(uint32_t* maj, uint32_t* min, uint32_t* patch) {
  if (maj == nullptr || min == nullptr || patch == nullptr) return fail(EINVAL);
  dlm_library_version(maj, min, patch);
  // What a program wants to know by this call is whether there is a lock manager at all.
  const auto client = holdfast::Client::connect({.socket = {}, .label = "libdlm"});
  return client ? 0 : fail(to_errno(client.error().code));
}

void dlm_library_version(uint32_t* maj, uint32_t* min, uint32_t* patch) {
  if (maj != nullptr) *maj = version_major;
  if (min != nullptr) *min = version_minor;
  if (patch != nullptr) *patch = version_patch;
}

// ---- lockspaces -----------------------------------------------------------------------------------------

dlm_lshandle_t dlm_new_lockspace(const char* name, mode_t mode, uint32_t flags) {
  const auto use = (flags & DLM_LSFL_NEWEXCL) != 0 ? holdfast::LockspaceUse::join_new : holdfast::LockspaceUse::join;
  return open_lockspace(name, {.use = use, .mode = mode});
}

dlm_lshandle_t dlm_create_lockspace(const char* name, mode_t mode) { return dlm_new_lockspace(name, mode, 0); }

dlm_lshandle_t dlm_open_lockspace(const char* name) {
  return open_lockspace(name, {.use = holdfast::LockspaceUse::existing});
}

int dlm_close_lockspace(dlm_lshandle_t ls) {
  Entered entered;
  const auto shared = Library::instance().find(ls);
  if (shared == nullptr) return -1;
  Library::instance().close(entered.guard, shared);
  return 0;
}

// The handle is closed in any case. What the leave came to is in errno; 0 is returned as soon as it was tried.
int dlm_release_lockspace(const char* name, dlm_lshandle_t ls, int force) {
  if (name == nullptr) return fail(EINVAL);
  if (dlm_close_lockspace(ls) != 0) return -1;
  auto client = holdfast::Client::connect({.socket = {}, .label = "libdlm"});
  if (!client) return fail(to_errno(client.error().code));
  const auto how = force != 0 ? holdfast::LeaveHow::force : holdfast::LeaveHow::if_unused;
  const auto left = client->leave_lockspace(name, how);
  errno = left ? 0 : to_errno(left.error().code);
  return client->ended() == nullptr ? 0 : -1;
}

int dlm_ls_get_fd(dlm_lshandle_t ls) {
  const Entered entered;
  const auto shared = Library::instance().find(ls);
  return shared == nullptr ? -1 : shared->handle().fd();
}

int dlm_get_fd(void) {
  const dlm_lshandle_t ls = default_lockspace();
  return ls == nullptr ? -1 : dlm_ls_get_fd(ls);
}

int dlm_dispatch(int fd) {
  Entered entered;
  const auto shared = Library::instance().find_fd(fd);
  if (shared == nullptr) return -1;
  Library::instance().dispatch(entered.guard, shared);
  return 0;
}

// ---- locks ----------------------------------------------------------------------------------------------

int dlm_ls_lock(dlm_lshandle_t ls, uint32_t mode, dlm_lksb* lksb, uint32_t flags, const void* name,
                unsigned int namelen, uint32_t parent, void (*ast)(void*), void* argument, void (*bast)(void*),
                void* range) {
  if (range != nullptr) return fail(ENOSYS);
  Entered entered;
  return lock_in(entered.guard, Library::instance().find(ls),
                 {.mode = mode, .lksb = lksb, .flags = flags, .name = name, .length = namelen, .parent = parent,
                  .ast = ast, .argument = argument, .bast = bast});
}

int dlm_ls_lockx(dlm_lshandle_t ls, uint32_t mode, dlm_lksb* lksb, uint32_t flags, const void* name,
                 unsigned int namelen, uint32_t parent, void (*ast)(void*), void* argument, void (*bast)(void*), uint64_t* xid,
                 uint64_t* timeout) {
  Entered entered;
  const auto hundredths = std::chrono::milliseconds(timeout == nullptr ? 0 : static_cast<std::int64_t>(*timeout) * 10);
  return lock_in(entered.guard, Library::instance().find(ls),
                 {.mode = mode, .lksb = lksb, .flags = flags, .name = name, .length = namelen, .parent = parent,
                  .ast = ast, .argument = argument, .bast = bast, .wait_max = hundredths,
                  .transaction = xid == nullptr ? 0 : *xid});
}

int dlm_ls_lock_wait(dlm_lshandle_t ls, uint32_t mode, dlm_lksb* lksb, uint32_t flags, const void* name,
                     unsigned int namelen, uint32_t parent, void* argument, void (*bast)(void*), void* range) {
  return dlm_ls_lock(ls, mode, lksb, flags | LKF_WAIT, name, namelen, parent, nullptr, argument, bast, range);
}

int dlm_ls_unlock(dlm_lshandle_t ls, uint32_t lkid, uint32_t flags, dlm_lksb* lksb, void* argument) {
  Entered entered;
  return unlock_in(entered.guard, Library::instance().find(ls),
                   {.number = lkid, .flags = flags, .lksb = lksb, .argument = argument,
                    .ending = (flags & LKF_CANCEL) != 0 ? Ending::cancel : Ending::unlock});
}

int dlm_ls_unlock_wait(dlm_lshandle_t ls, uint32_t lkid, uint32_t flags, dlm_lksb* lksb) {
  return dlm_ls_unlock(ls, lkid, flags | LKF_WAIT, lksb, nullptr);
}

int dlm_ls_deadlock_cancel(dlm_lshandle_t ls, uint32_t lkid, uint32_t) {
  Entered entered;
  return unlock_in(entered.guard, Library::instance().find(ls),
                   {.number = lkid, .flags = LKF_CANCEL, .ending = Ending::deadlock_cancel});
}

int dlm_ls_purge(dlm_lshandle_t ls, int nodeid, int pid) {
  Entered entered;
  const auto shared = Library::instance().find(ls);
  if (shared == nullptr) return -1;
  Waiter waiter;
  if (const int wrong = shared->handle().purge(nodeid, pid, waiter); wrong != 0) return fail(wrong);
  return answer_of(entered.guard, shared, waiter);
}

// ---- the same in the lockspace "default" ----------------------------------------------------------------

int dlm_lock(uint32_t mode, dlm_lksb* lksb, uint32_t flags, const void* name, unsigned int namelen, uint32_t parent,
             void (*ast)(void*), void* argument, void (*bast)(void*), void* range) {
  const dlm_lshandle_t ls = default_lockspace();
  if (ls == nullptr) return -1;
  return dlm_ls_lock(ls, mode, lksb, flags, name, namelen, parent, ast, argument, bast, range);
}

int dlm_lock_wait(uint32_t mode, dlm_lksb* lksb, uint32_t flags, const void* name, unsigned int namelen,
                  uint32_t parent, void* argument, void (*bast)(void*), void* range) {
  return dlm_lock(mode, lksb, flags | LKF_WAIT, name, namelen, parent, nullptr, argument, bast, range);
}

int dlm_unlock(uint32_t lkid, uint32_t flags, dlm_lksb* lksb, void* argument) {
  const dlm_lshandle_t ls = default_lockspace();
  return ls == nullptr ? -1 : dlm_ls_unlock(ls, lkid, flags, lksb, argument);
}

int dlm_unlock_wait(uint32_t lkid, uint32_t flags, dlm_lksb* lksb) {
  return dlm_unlock(lkid, flags | LKF_WAIT, lksb, nullptr);
}

}  // extern "C"
