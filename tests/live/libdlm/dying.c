// SPDX-License-Identifier: Apache-2.0
// Waits for a lock while its daemon dies: in a synchronous call, by a completion, and in the callback thread. Prints
// "waiting" when the daemon may be killed. No call hangs, each says ENOTCONN.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <libdlm.h>

#include "check.h"

static dlm_lshandle_t polled, waited;
static int completions;
static void completed(void *argument) { (void)argument, ++completions; }

static void *wait_for_it(void *status) {
  struct dlm_lksb lksb = {0};
  errno = 0;
  const int rc = dlm_ls_lock_wait(waited, LKM_EXMODE, &lksb, 0, "r", 1, 0, NULL, NULL, NULL);
  *(int *)status = rc == -1 ? errno : lksb.sb_status;
  return NULL;
}

int main(void) {
  struct dlm_lksb held = {0}, asked = {0};
  polled = dlm_create_lockspace("dying", 0600);
  waited = dlm_open_lockspace("dying");
  CHECK(polled != NULL && waited != NULL);
  CHECK(dlm_ls_lock_wait(polled, LKM_EXMODE, &held, 0, "r", 1, 0, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_lock(polled, LKM_PRMODE, &asked, 0, "r", 1, 0, completed, NULL, NULL, NULL) == 0);
  int status = 0;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, wait_for_it, &status) == 0);

  puts("waiting");
  fflush(stdout);
  struct pollfd fd = {.fd = dlm_ls_get_fd(polled), .events = POLLIN};
  while (completions == 0) {
    CHECK(poll(&fd, 1, 20000) == 1);
    dlm_dispatch(fd.fd);
  }
  CHECK(asked.sb_status == ENOTCONN);
  CHECK(pthread_join(thread, NULL) == 0 && status == ENOTCONN);

  // And from now on.
  CHECK(dlm_ls_lock(polled, LKM_PRMODE, &asked, 0, "q", 1, 0, completed, NULL, NULL, NULL) == -1 && errno == ENOTCONN);
  CHECK(dlm_ls_unlock(polled, held.sb_lkid, 0, &held, NULL) == -1 && errno == ENOTCONN);
  CHECK(dlm_ls_purge(polled, 0, 1) == -1 && errno == ENOTCONN);
  CHECK(dlm_open_lockspace("dying") == NULL && errno == EUNATCH);
  CHECK(dlm_release_lockspace("dying", polled, 1) == -1 && errno == EUNATCH);
  CHECK(dlm_close_lockspace(waited) == 0);
  return 0;
}
