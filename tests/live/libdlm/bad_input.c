// SPDX-License-Identifier: Apache-2.0
// Everything that makes no sense is refused with an errno, at once, and changes nothing.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libdlm.h>

#include "check.h"

static dlm_lshandle_t ls;
static void never(void *argument) { (void)argument, _exit(9); }

#define REFUSED(call, why) CHECK((call) == -1 && errno == (why))

struct bad_lock {
  uint32_t mode, flags;
};
// LKM_ and LKF_ that do not go together in a new request.
static const struct bad_lock bad_locks[] = {
    {6, 0},
    {(uint32_t)-1, 0},
    {LKM_EXMODE, LKF_CANCEL},
    {LKM_EXMODE, LKF_QUECVT},
    {LKM_EXMODE, LKF_CONVDEADLK},
    {LKM_EXMODE, LKF_EXPEDITE},
    {LKM_NLMODE, LKF_EXPEDITE | LKF_NOQUEUE},
    {LKM_EXMODE, LKF_VALBLK},  // without sb_lvbptr
};
static const uint32_t bad_unlocks[] = {LKF_CONVERT, LKF_NOQUEUE, LKF_CANCEL | LKF_FORCEUNLOCK, 0x100000};

static int arguments(void) {
  struct dlm_lksb lksb = {0}, held = {0};
  for (size_t i = 0; i < sizeof bad_locks / sizeof *bad_locks; ++i)
    REFUSED(dlm_ls_lock(ls, bad_locks[i].mode, &lksb, bad_locks[i].flags, "r", 1, 0, never, NULL, NULL, NULL), EINVAL);
  char name[65];
  memset(name, 'n', sizeof name);
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &lksb, 0, name, 65, 0, never, NULL, NULL, NULL), EINVAL);
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &lksb, 0, NULL, 4, 0, never, NULL, NULL, NULL), EINVAL);
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &lksb, 0, "r", 1, 0, NULL, NULL, NULL, NULL), EINVAL);
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &lksb, 0, "r", 1, 0, never, NULL, NULL, &lksb), ENOSYS);  // a range
  REFUSED(dlm_ls_lock(NULL, LKM_NLMODE, &lksb, 0, "r", 1, 0, never, NULL, NULL, NULL), ENOTCONN);
  REFUSED(dlm_ls_lock(&lksb, LKM_NLMODE, &lksb, 0, "r", 1, 0, never, NULL, NULL, NULL), ENOTCONN);

  CHECK(dlm_ls_lock_wait(ls, LKM_PRMODE, &held, 0, "r", 1, 0, NULL, NULL, NULL) == 0);
  for (size_t i = 0; i < sizeof bad_unlocks / sizeof *bad_unlocks; ++i)
    REFUSED(dlm_ls_unlock(ls, held.sb_lkid, bad_unlocks[i], &held, NULL), EINVAL);
  struct dlm_lksb copy = held;
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &copy, LKF_CONVERT | LKF_QUECVT, NULL, 0, 0, never, NULL, NULL, NULL), EINVAL);
  REFUSED(dlm_ls_lock(ls, 9, &copy, LKF_CONVERT, NULL, 0, 0, never, NULL, NULL, NULL), EINVAL);
  CHECK(dlm_ls_unlock_wait(ls, held.sb_lkid, 0, &held) == 0);
  return 0;
}

// Nothing is ever mapped in the first page of an address space.
static int pointers(void) {
  void *const wild = (void *)8;
  struct dlm_lksb lksb = {0};
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, NULL, 0, "r", 1, 0, never, NULL, NULL, NULL), EINVAL);
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, wild, 0, "r", 1, 0, never, NULL, NULL, NULL), EFAULT);
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &lksb, 0, wild, 1, 0, never, NULL, NULL, NULL), EFAULT);
  lksb.sb_lvbptr = wild;
  REFUSED(dlm_ls_lock(ls, LKM_NLMODE, &lksb, LKF_VALBLK, "r", 1, 0, never, NULL, NULL, NULL), EFAULT);
  lksb.sb_lvbptr = NULL;
  CHECK(dlm_ls_lock_wait(ls, LKM_EXMODE, &lksb, 0, "r", 1, 0, NULL, NULL, NULL) == 0);
  REFUSED(dlm_ls_unlock(ls, lksb.sb_lkid, LKF_VALBLK, &lksb, NULL), EINVAL);
  lksb.sb_lvbptr = wild;
  REFUSED(dlm_ls_unlock(ls, lksb.sb_lkid, LKF_VALBLK, &lksb, NULL), EFAULT);
  REFUSED(dlm_ls_unlock(ls, lksb.sb_lkid, 0, wild, NULL), EFAULT);
  CHECK(dlm_ls_unlock_wait(ls, lksb.sb_lkid, 0, NULL) == 0);
  REFUSED(dlm_ls_lock(wild, LKM_NLMODE, &lksb, 0, "r", 1, 0, never, NULL, NULL, NULL), ENOTCONN);
  REFUSED(dlm_ls_unlock(wild, 1, 0, &lksb, NULL), ENOTCONN);
  REFUSED(dlm_close_lockspace(wild), ENOTCONN);
  REFUSED(dlm_ls_get_fd(NULL), ENOTCONN);
  REFUSED(dlm_dispatch(-1), EBADF);
  REFUSED(dlm_dispatch(0), EBADF);
  REFUSED(dlm_ls_purge(NULL, 0, 0), ENOTCONN);
  uint32_t number = 0;
  REFUSED(dlm_kernel_version(NULL, &number, &number), EINVAL);
  return 0;
}

// Ids that never were, are over, or are another process's.
static int ids(void) {
  struct dlm_lksb lksb = {.sb_lkid = 4711}, held = {0};
  REFUSED(dlm_ls_unlock(ls, 4711, 0, &lksb, NULL), ENOENT);
  REFUSED(dlm_ls_unlock_wait(ls, 0, 0, NULL), ENOENT);
  REFUSED(dlm_ls_deadlock_cancel(ls, 4711, 0), ENOENT);
  REFUSED(dlm_ls_lock(ls, LKM_EXMODE, &lksb, LKF_CONVERT, NULL, 0, 0, never, NULL, NULL, NULL), ENOENT);
  lksb.sb_lkid = 0;
  REFUSED(dlm_ls_lock(ls, LKM_EXMODE, &lksb, LKF_CONVERT, NULL, 0, 0, never, NULL, NULL, NULL), ENOENT);

  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dlm_lshandle_t own = dlm_open_lockspace("bad-input");
    for (int i = 0; i < 1000; ++i)  // an id that the parent is far from
      if (dlm_ls_lock_wait(own, LKM_NLMODE, &held, 0, "theirs", 6, 0, NULL, NULL, NULL) != 0) _exit(1);
    if (write(ends[1], &held.sb_lkid, sizeof held.sb_lkid) != sizeof held.sb_lkid) _exit(1);
    pause();
  }
  uint32_t theirs = 0;
  CHECK(read(ends[0], &theirs, sizeof theirs) == sizeof theirs && theirs != 0);
  REFUSED(dlm_ls_unlock(ls, theirs, 0, &lksb, NULL), ENOENT);
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
  return 0;
}

int main(void) {
  ls = dlm_create_lockspace("bad-input", 0600);
  CHECK(ls != NULL);
  if (arguments() != 0 || pointers() != 0 || ids() != 0) return 1;
  CHECK(dlm_release_lockspace("bad-input", ls, 1) == 0 && errno == 0);
  return 0;
}
