// SPDX-License-Identifier: Apache-2.0
// Ends that meet what is under way: unlocks and cancels of requests that are being granted, calls behind a
// down-conversion, purges and unlocks while other threads wait, a callback thread that ends itself.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <libdlm.h>

#include "check.h"

#define SPACE "endings"

static dlm_lshandle_t ls, other;
static int completions;
static void completed(void *argument) { (void)argument, ++completions; }

// Nothing is left of a lock that anybody could hold.
static int is_free(const char *name) {
  struct dlm_lksb lksb = {0};
  dlm_ls_lock_wait(other, LKM_EXMODE, &lksb, LKF_NOQUEUE, name, (unsigned)strlen(name), 0, NULL, NULL, NULL);
  if (lksb.sb_status != 0) return 0;
  dlm_ls_unlock_wait(other, lksb.sb_lkid, 0, &lksb);
  return lksb.sb_status == EUNLOCK;
}

static int take(dlm_lshandle_t handle, uint32_t mode, struct dlm_lksb *lksb, uint32_t flags, const char *name) {
  dlm_ls_lock_wait(handle, mode, lksb, flags, name, (unsigned)strlen(name), 0, NULL, NULL, NULL);
  return lksb->sb_status;
}

static int dispatch_until(int wanted) {
  struct pollfd fd = {.fd = dlm_ls_get_fd(ls), .events = POLLIN};
  while (completions < wanted && poll(&fd, 1, 10000) == 1) dlm_dispatch(fd.fd);
  return completions == wanted;
}

// The grant is on its way when the unlock is asked for.
static int unlock_of_a_request(void) {
  struct dlm_lksb asked = {0}, unlock = {0};
  completions = 0;
  CHECK(dlm_ls_lock(ls, LKM_EXMODE, &asked, 0, "a", 1, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_unlock_wait(ls, asked.sb_lkid, 0, &unlock) == 0);
  CHECK(unlock.sb_status == EUNLOCK && is_free("a"));
  CHECK(dlm_ls_unlock(ls, asked.sb_lkid, 0, &unlock, NULL) == -1 && errno == ENOENT);

  // Its value is written, whichever is faster.
  char value[DLM_LVB_LEN] = "written", read[DLM_LVB_LEN] = "";
  struct dlm_lksb keeper = {.sb_lvbptr = read};
  unlock.sb_lvbptr = value;
  CHECK(take(other, LKM_NLMODE, &keeper, 0, "a") == 0);
  CHECK(dlm_ls_lock(ls, LKM_EXMODE, &asked, 0, "a", 1, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_unlock_wait(ls, asked.sb_lkid, LKF_VALBLK, &unlock) == 0 && unlock.sb_status == EUNLOCK);
  CHECK(take(other, LKM_PRMODE, &keeper, LKF_CONVERT | LKF_VALBLK, "") == 0);
  CHECK(strcmp(read, completions == 2 ? "written" : read) == 0);
  CHECK(dlm_ls_unlock_wait(other, keeper.sb_lkid, 0, &keeper) == 0);

  // There is one completion for two unlocks, so the second is refused.
  CHECK(take(ls, LKM_EXMODE, &asked, 0, "a") == 0);
  CHECK(dlm_ls_unlock(ls, asked.sb_lkid, 0, &asked, NULL) == 0 && asked.sb_status == EINPROG);
  CHECK(dlm_ls_unlock(ls, asked.sb_lkid, 0, &unlock, NULL) == -1 && errno == EBUSY);
  struct pollfd readable = {.fd = dlm_ls_get_fd(ls), .events = POLLIN};
  while (asked.sb_status == EINPROG && poll(&readable, 1, 10000) == 1) dlm_dispatch(readable.fd);
  CHECK(asked.sb_status == EUNLOCK);

  completions = 0;
  CHECK(dlm_ls_lock(ls, LKM_EXMODE, &asked, 0, "a", 1, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_unlock(ls, asked.sb_lkid, LKF_CANCEL, &asked, NULL) == 0);
  CHECK(dlm_ls_unlock(ls, asked.sb_lkid, 0, &asked, NULL) == 0);
  while (asked.sb_status != EUNLOCK && poll(&readable, 1, 10000) == 1) dlm_dispatch(readable.fd);
  CHECK(asked.sb_status == EUNLOCK && is_free("a"));
  return 0;
}

static int calls_behind_a_down_conversion(void) {
  struct dlm_lksb lksb = {0};
  char value[DLM_LVB_LEN] = "";
  lksb.sb_lvbptr = value;
  struct dlm_lksb keeper = {0};
  char kept[DLM_LVB_LEN] = "";
  keeper.sb_lvbptr = kept;
  CHECK(take(other, LKM_NLMODE, &keeper, 0, "b") == 0);
  // The value is that of the call.
  CHECK(take(ls, LKM_EXMODE, &lksb, 0, "b") == 0);
  completions = 0;
  CHECK(dlm_ls_lock(ls, LKM_PWMODE, &lksb, LKF_CONVERT, NULL, 0, 0, completed, NULL, NULL, NULL) == 0);
  strcpy(value, "one");
  CHECK(dlm_ls_unlock(ls, lksb.sb_lkid, LKF_VALBLK, &lksb, NULL) == 0);
  strcpy(value, "two");
  CHECK(dispatch_until(2) && lksb.sb_status == EUNLOCK);
  CHECK(take(other, LKM_PRMODE, &keeper, LKF_CONVERT | LKF_VALBLK, "") == 0 && strcmp(kept, "one") == 0);
  CHECK(dlm_ls_unlock_wait(other, keeper.sb_lkid, 0, &keeper) == 0);

  // What is queued behind it can be cancelled, and is told in its turn.
  CHECK(take(ls, LKM_EXMODE, &lksb, 0, "b") == 0);
  completions = 0;
  CHECK(dlm_ls_lock(ls, LKM_CRMODE, &lksb, LKF_CONVERT, NULL, 0, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_lock(ls, LKM_EXMODE, &lksb, LKF_CONVERT, NULL, 0, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_lock(ls, LKM_PRMODE, &lksb, LKF_CONVERT, NULL, 0, 0, completed, NULL, NULL, NULL) == -1);
  CHECK(errno == EBUSY);
  CHECK(dlm_ls_unlock(ls, lksb.sb_lkid, LKF_CANCEL, &lksb, NULL) == 0);
  CHECK(dispatch_until(2) && lksb.sb_status == ECANCEL);

  // A purge takes all of it along.
  CHECK(dlm_ls_lock(ls, LKM_NLMODE, &lksb, LKF_CONVERT, NULL, 0, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_lock(ls, LKM_EXMODE, &lksb, LKF_CONVERT, NULL, 0, 0, completed, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_purge(ls, 0, getpid()) == 0);
  struct pollfd fd = {.fd = dlm_ls_get_fd(ls), .events = POLLIN};
  while (!is_free("b")) {
    poll(&fd, 1, 100);
    dlm_dispatch(fd.fd);
  }
  CHECK(completions == 2);
  return 0;
}

// Another thread waits for `wanted` of "c", which `other` holds; then `end` does something about it.
static struct dlm_lksb waited;
static void *wait_for_it(void *flags) {
  take(ls, LKM_EXMODE, &waited, (uint32_t)(uintptr_t)flags, "c");
  return NULL;
}
static int purge_it(void) { return dlm_ls_purge(ls, 0, getpid()); }
static int cancel_it(void) {
  struct dlm_lksb own = {0};
  return dlm_ls_unlock_wait(ls, waited.sb_lkid, LKF_CANCEL, &own);
}
static int unlock_it(void) {
  struct dlm_lksb own = {0};
  return dlm_ls_unlock_wait(ls, waited.sb_lkid, LKF_FORCEUNLOCK, &own);
}

static int somebody_waits(void) {
  struct dlm_lksb probe = {0};  // CR goes with PR, but not past somebody who waits for EX
  take(other, LKM_CRMODE, &probe, LKF_NOQUEUE, "c");
  if (probe.sb_status != 0) return 1;
  dlm_ls_unlock_wait(other, probe.sb_lkid, 0, &probe);
  return 0;
}

static int a_thread_that_waits(int (*end)(void), uint32_t flags, int status) {
  struct dlm_lksb holder = {0};
  memset(&waited, 0, sizeof waited);
  CHECK(take(other, LKM_PRMODE, &holder, 0, "c") == 0);
  if (flags != 0) CHECK(take(ls, LKM_PRMODE, &waited, 0, "c") == 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, wait_for_it, (void *)(uintptr_t)flags) == 0);
  while (!somebody_waits()) {
  }
  CHECK(end() == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(waited.sb_status == status || end == purge_it);
  CHECK(dlm_ls_unlock_wait(other, holder.sb_lkid, 0, &holder) == 0);
  return 0;
}

// A callback thread that ends itself can be started again.
static dlm_lshandle_t own;
static int ended;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static void tell(void *argument) {
  if (argument != NULL) dlm_pthread_cleanup();
  pthread_mutex_lock(&mutex);
  ++ended;
  pthread_cond_signal(&told);
  pthread_mutex_unlock(&mutex);
}
static void wait_until_told(int wanted) {
  pthread_mutex_lock(&mutex);
  while (ended < wanted) pthread_cond_wait(&told, &mutex);
  pthread_mutex_unlock(&mutex);
}
static int a_thread_that_ends_itself(void) {
  struct dlm_lksb first = {0}, second = {0};
  own = dlm_open_lockspace(SPACE);
  CHECK(own != NULL && dlm_ls_pthread_init(own) == 0);
  CHECK(dlm_ls_lock(own, LKM_NLMODE, &first, 0, "d", 1, 0, tell, &first, NULL, NULL) == 0);
  wait_until_told(1);
  CHECK(dlm_ls_pthread_init(own) == 0);
  CHECK(dlm_ls_lock(own, LKM_NLMODE, &second, 0, "d", 1, 0, tell, NULL, NULL, NULL) == 0);
  wait_until_told(2);
  CHECK(dlm_close_lockspace(own) == 0);
  return 0;
}

int main(void) {
  ls = dlm_create_lockspace(SPACE, 0600);
  other = dlm_open_lockspace(SPACE);
  CHECK(ls != NULL && other != NULL);
  if (unlock_of_a_request() != 0 || calls_behind_a_down_conversion() != 0) return 1;
  if (a_thread_that_waits(purge_it, 0, 0) != 0 || a_thread_that_waits(purge_it, LKF_CONVERT, 0) != 0) return 1;
  if (a_thread_that_waits(cancel_it, 0, ECANCEL) != 0 || a_thread_that_waits(cancel_it, LKF_CONVERT, ECANCEL) != 0)
    return 1;
  CHECK(dlm_ls_purge(ls, 0, getpid()) == 0);
  if (a_thread_that_waits(unlock_it, 0, EUNLOCK) != 0 || a_thread_that_waits(unlock_it, LKF_CONVERT, EUNLOCK) != 0)
    return 1;
  if (a_thread_that_ends_itself() != 0) return 1;
  CHECK(dlm_close_lockspace(other) == 0);
  CHECK(dlm_release_lockspace(SPACE, ls, 1) == 0 && errno == 0);
  return 0;
}
