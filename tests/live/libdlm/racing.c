// SPDX-License-Identifier: Apache-2.0
// Many threads on one handle, with the callback thread and without it, and a handle that is closed while
// others wait on it: every call comes back, with an errno that says why. Exits 0, or says what went wrong.
#ifndef _REENTRANT
#define _REENTRANT
#endif
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <libdlm.h>

enum { threads = 4, rounds = 100 };

static dlm_lshandle_t ls;
static pthread_barrier_t start;

// Takes turns with the others under an EX lock.
static void *work(void *counter) {
  for (int i = 0; i < rounds; ++i) {
    struct dlm_lksb lksb = {0};
    if (dlm_ls_lock_wait(ls, LKM_EXMODE, &lksb, 0, "turns", 5, 0, NULL, NULL, NULL) != 0 || lksb.sb_status != 0)
      return (void *)"a lock failed";
    ++*(volatile int *)counter;
    if (dlm_ls_unlock_wait(ls, lksb.sb_lkid, 0, &lksb) != 0) return (void *)"an unlock failed";
  }
  return NULL;
}

// Waits for what is never granted, until the handle is closed.
static void *wait_in_vain(void *unused) {
  (void)unused;
  struct dlm_lksb lksb = {0};
  pthread_barrier_wait(&start);
  if (dlm_ls_lock_wait(ls, LKM_EXMODE, &lksb, 0, "held", 4, 0, NULL, NULL, NULL) == 0) return (void *)"it was granted";
  return errno == ENOTCONN ? NULL : (void *)strerror(errno);
}

static int run_all(void *(*function)(void *), void *argument, int meet) {
  pthread_t all[threads];
  for (int i = 0; i < threads; ++i) pthread_create(&all[i], NULL, function, argument);
  if (meet) {
    pthread_barrier_wait(&start);
    dlm_close_lockspace(ls);
  }
  int failures = 0;
  for (int i = 0; i < threads; ++i) {
    void *why = NULL;
    pthread_join(all[i], &why);
    if (why != NULL) fprintf(stderr, "%s\n", (const char *)why), ++failures;
  }
  return failures;
}

int main(void) {
  pthread_barrier_init(&start, NULL, threads + 1);
  for (int with_thread = 0; with_thread < 2; ++with_thread) {
    struct dlm_lksb held = {0};
    int counter = 0;
    ls = dlm_create_lockspace("live-racing", 0600);
    dlm_lshandle_t other = dlm_open_lockspace("live-racing");
    if (ls == NULL || other == NULL) return perror("open"), 1;
    if (with_thread && dlm_ls_pthread_init(ls) != 0) return perror("dlm_ls_pthread_init"), 1;
    if (run_all(work, &counter, 0) != 0) return 1;
    if (counter != threads * rounds) return fprintf(stderr, "counted %d\n", counter), 1;
    if (dlm_ls_lock_wait(other, LKM_EXMODE, &held, 0, "held", 4, 0, NULL, NULL, NULL) != 0) return perror("lock"), 1;
    if (run_all(wait_in_vain, NULL, 1) != 0) return 1;
    dlm_close_lockspace(other);
  }
  return 0;
}
