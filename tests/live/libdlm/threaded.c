// SPDX-License-Identifier: Apache-2.0
// Built against Debian's header and library, run on ours: the library with its callback thread, whose
// synchronous calls return 0 whatever became of them, a synchronous call inside of a callback, and the simplest
// interface of all. Exits 0, or says what went wrong.
#ifndef _REENTRANT
#define _REENTRANT
#endif
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <libdlm.h>

#include "check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int done, nested_status = -1;
static dlm_lshandle_t ls;
static struct dlm_lksb nested;

static void completed(void *argument) {
  (void)argument;
  dlm_ls_lock_wait(ls, LKM_EXMODE, &nested, 0, "inner", 5, 0, NULL, NULL, NULL);
  pthread_mutex_lock(&mutex);
  nested_status = nested.sb_status;
  done = 1;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&mutex);
}

int main(void) {
  struct dlm_lksb a = {0}, b = {0};
  ls = dlm_create_lockspace("live-threaded", 0600);
  CHECK(ls != NULL);
  CHECK(dlm_ls_pthread_init(ls) == 0);
  CHECK(dlm_ls_pthread_init(ls) == -1 && errno == EEXIST);

  CHECK(dlm_ls_lock(ls, LKM_EXMODE, &a, 0, "outer", 5, 0, completed, NULL, NULL, NULL) == 0);
  pthread_mutex_lock(&mutex);
  while (!done) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  CHECK(a.sb_status == 0 && nested_status == 0);

  CHECK(dlm_ls_lock_wait(ls, LKM_PRMODE, &b, LKF_NOQUEUE, "outer", 5, 0, NULL, NULL, NULL) == 0);
  CHECK(b.sb_status == EAGAIN);

  int lock = 0;
  CHECK(lock_resource("simple", LKM_EXMODE, 0, &lock) == 0 && lock != 0);
  CHECK(unlock_resource(lock) == 0);
  CHECK(unlock_resource(lock) == -1);
  CHECK(dlm_pthread_cleanup() == 0);
  CHECK(dlm_close_lockspace(ls) == 0);
  return 0;
}
