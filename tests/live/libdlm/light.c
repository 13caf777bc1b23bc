// SPDX-License-Identifier: Apache-2.0
// Built against Debian's header and library, run on ours: two handles of the light library, with synchronous
// and asynchronous calls, a value block, a notice, and its return codes. Exits 0, or says what went wrong.
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <libdlm.h>

#include "check.h"

static int completions, notices;
static void completed(void *argument) { completions += *(int *)argument; }
static void noticed(void *argument) { notices += *(int *)argument; }

static void dispatch_until(dlm_lshandle_t ls, int *counter, int wanted) {
  struct pollfd polled = {.fd = dlm_ls_get_fd(ls), .events = POLLIN};
  while (*counter < wanted && poll(&polled, 1, 10000) == 1) dlm_dispatch(polled.fd);
}

static int threads(void) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  while (tasks != NULL && readdir(tasks) != NULL) ++count;
  if (tasks != NULL) closedir(tasks);
  return count;
}

int main(void) {
  const int threads_before = threads();
  int one = 1;
  char written[DLM_LVB_LEN] = "text", read[DLM_LVB_LEN] = "";
  struct dlm_lksb a = {.sb_lvbptr = written}, b = {.sb_lvbptr = read};
  dlm_lshandle_t first = dlm_create_lockspace("live-light", 0600);
  CHECK(first != NULL);
  dlm_lshandle_t second = dlm_open_lockspace("live-light");
  CHECK(second != NULL);

  CHECK(dlm_ls_lock_wait(first, LKM_EXMODE, &a, 0, "name", 4, 0, &one, noticed, NULL) == 0);
  CHECK(a.sb_status == 0 && a.sb_lkid != 0);
  CHECK(dlm_ls_lock_wait(second, LKM_PRMODE, &b, LKF_NOQUEUE, "name", 4, 0, NULL, NULL, NULL) == -1);
  CHECK(errno == EAGAIN && b.sb_status == EAGAIN);

  CHECK(dlm_ls_lock(second, LKM_PRMODE, &b, LKF_VALBLK, "name", 4, 0, completed, &one, NULL, NULL) == 0);
  CHECK(b.sb_status == EINPROG);
  dispatch_until(first, &notices, 1);
  CHECK(notices == 1 && completions == 0);
  CHECK(dlm_ls_lock_wait(first, LKM_NLMODE, &a, LKF_CONVERT | LKF_VALBLK, NULL, 0, 0, &one, noticed, NULL) == 0);
  dispatch_until(second, &completions, 1);
  CHECK(completions == 1 && b.sb_status == 0 && strcmp(read, "text") == 0);

  CHECK(dlm_ls_unlock_wait(second, b.sb_lkid, 0, &b) == 0 && b.sb_status == EUNLOCK);
  CHECK(dlm_ls_unlock_wait(second, b.sb_lkid, 0, &b) == -1 && errno == ENOENT);
  CHECK(dlm_ls_unlock(first, a.sb_lkid, LKF_CANCEL, &a, &one) == 0);
  CHECK(dlm_ls_lock(first, 7, &a, 0, "name", 4, 0, completed, &one, NULL, NULL) == -1 && errno == EINVAL);
  CHECK(dlm_ls_lock(first, LKM_NLMODE, &b, 0, "n", 65, 0, completed, &one, NULL, NULL) == -1 && errno == EINVAL);
  CHECK(dlm_ls_lock(first, LKM_NLMODE, &b, 0, "n", 1, 0, NULL, &one, NULL, NULL) == -1 && errno == EINVAL);

  // What the original would wait for without end.
  struct dlm_lksb c = {0};
  uint64_t hundredths = 3;
  CHECK(dlm_ls_lock_wait(first, LKM_EXMODE, &a, LKF_CONVERT, NULL, 0, 0, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_lockx(second, LKM_EXMODE, &c, LKF_TIMEOUT | LKF_WAIT, "name", 4, 0, NULL, NULL, NULL, NULL,
                     &hundredths) == -1);
  CHECK(errno == ETIMEDOUT && c.sb_status == ETIMEDOUT);
  CHECK(dlm_ls_unlock_wait(first, a.sb_lkid, LKF_CANCEL, &a) == 0);

  // An orphan of a closed handle is taken over in its own mode only, in the call itself.
  CHECK(dlm_ls_lock_wait(second, LKM_EXMODE, &b, LKF_PERSISTENT, "kept", 4, 0, NULL, NULL, NULL) == 0);
  CHECK(dlm_close_lockspace(second) == 0);
  CHECK(dlm_close_lockspace(second) == -1);
  CHECK(dlm_ls_lock_wait(first, LKM_PRMODE, &c, LKF_ORPHAN, "kept", 4, 0, NULL, NULL, NULL) == -1 && errno == EAGAIN);
  CHECK(dlm_ls_lockx(first, LKM_EXMODE, &c, LKF_ORPHAN, "kept", 4, 0, (void *)1, (void *)1, (void *)1, NULL, NULL) == 0);
  CHECK(c.sb_lkid != 0 && c.sb_status == 0);
  CHECK(dlm_ls_unlock_wait(first, c.sb_lkid, 0, &c) == 0 && c.sb_status == EUNLOCK);
  CHECK(dlm_ls_lock_wait(first, LKM_EXMODE, &c, LKF_ORPHAN, "kept", 4, 0, NULL, NULL, NULL) == -1 && errno == ENOENT);
  CHECK(dlm_release_lockspace("live-light", first, 1) == 0);
  CHECK(threads_before > 2 && threads() == threads_before);  // . and .. and us: the light library starts none
  return 0;
}
