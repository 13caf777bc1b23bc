// SPDX-License-Identifier: Apache-2.0
// Lockspaces as programs of libdlm_lt use them: create counts, NEWEXCL, open, close, release, who may. As root it
// also tries what another user may do.
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libdlm.h>

#include "check.h"

#define SPACE "counted"

static int take(dlm_lshandle_t ls, struct dlm_lksb *lksb) {
  return dlm_ls_lock_wait(ls, LKM_EXMODE, lksb, LKF_NOQUEUE, "r", 1, 0, NULL, NULL, NULL);
}

// What opening the lockspace comes to for somebody else.
static int errno_of_open_as(uid_t uid) {
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(uid) != 0 || setuid(uid) != 0) _exit(255);
    errno = 0;
    _exit(dlm_open_lockspace(SPACE) == NULL ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int main(void) {
  struct dlm_lksb lksb;
  memset(&lksb, 0, sizeof lksb);
  CHECK(dlm_open_lockspace(SPACE) == NULL && errno == ENOENT);

  dlm_lshandle_t first = dlm_create_lockspace(SPACE, 0600);
  CHECK(first != NULL);
  CHECK(dlm_new_lockspace(SPACE, 0600, DLM_LSFL_NEWEXCL) == NULL && errno == EEXIST);
  dlm_lshandle_t second = dlm_create_lockspace(SPACE, 0600);
  CHECK(second != NULL);
  CHECK(take(second, &lksb) == 0);

  // Not the last release: nothing is left, whoever has locks.
  CHECK(dlm_release_lockspace(SPACE, first, 0) == 0 && errno == 0);
  // The last one closes its handle in any case. What others have keeps the lockspace.
  dlm_lshandle_t third = dlm_open_lockspace(SPACE);
  CHECK(third != NULL);
  CHECK(dlm_release_lockspace(SPACE, third, 0) == 0 && errno == EBUSY);
  CHECK(dlm_ls_get_fd(third) == -1 && errno == ENOTCONN);

  if (getuid() == 0) {
    CHECK(errno_of_open_as(65534) == EACCES);
    dlm_lshandle_t wide = dlm_create_lockspace(SPACE, 0666);
    CHECK(wide != NULL);
    CHECK(errno_of_open_as(65534) == 0);
    CHECK(dlm_release_lockspace(SPACE, wide, 0) == 0 && errno == 0);
  }

  // Locks that go with the handle which is released do not count.
  CHECK(dlm_release_lockspace(SPACE, second, 0) == 0 && errno == 0);
  CHECK(dlm_open_lockspace(SPACE) == NULL && errno == ENOENT);

  // By force those who have locks lose them, and their handles.
  dlm_lshandle_t owner = dlm_create_lockspace(SPACE, 0600);
  dlm_lshandle_t user = dlm_open_lockspace(SPACE);
  dlm_lshandle_t idle = dlm_open_lockspace(SPACE);
  CHECK(owner != NULL && user != NULL && idle != NULL);
  CHECK(take(user, &lksb) == 0);
  CHECK(dlm_release_lockspace(SPACE, owner, 1) == 0 && errno == 0);
  CHECK(dlm_ls_unlock_wait(user, lksb.sb_lkid, 0, &lksb) == -1 && errno == ENOENT);
  CHECK(take(user, &lksb) == -1 && errno == ENOTCONN);
  // A release never waits for the handles of others; they are of no use afterwards.
  CHECK(take(idle, &lksb) == -1 && errno == ENOENT);
  CHECK(dlm_close_lockspace(user) == 0 && dlm_close_lockspace(idle) == 0);
  CHECK(dlm_open_lockspace(SPACE) == NULL && errno == ENOENT);

  // Bad names.
  char name[66];
  memset(name, 'n', 65);
  name[65] = '\0';
  CHECK(dlm_create_lockspace(name, 0600) == NULL && errno == EINVAL);
  CHECK(dlm_create_lockspace("", 0600) == NULL && errno == EINVAL);
  CHECK(dlm_create_lockspace(NULL, 0600) == NULL && errno == EINVAL);
  CHECK(dlm_release_lockspace(SPACE, NULL, 0) == -1 && errno == ENOTCONN);
  return 0;
}
