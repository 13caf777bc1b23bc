// SPDX-License-Identifier: Apache-2.0
// Sub-locks by the parent argument, which the Linux DLM ignores.
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <libdlm.h>

#include "check.h"

static dlm_lshandle_t ls, other;
static void nothing(void *argument) { (void)argument; }

static int take(dlm_lshandle_t handle, uint32_t mode, struct dlm_lksb *lksb, const char *name, uint32_t parent) {
  memset(lksb, 0, sizeof *lksb);
  return dlm_ls_lock_wait(handle, mode, lksb, LKF_NOQUEUE, name, (unsigned)strlen(name), parent, NULL, NULL, NULL);
}

int main(void) {
  struct dlm_lksb orders, bills, order, same, line, theirs, below;
  ls = dlm_create_lockspace("parents", 0600);
  other = dlm_open_lockspace("parents");
  CHECK(ls != NULL && other != NULL);
  CHECK(take(ls, LKM_CWMODE, &orders, "orders", 0) == 0);
  CHECK(take(ls, LKM_CWMODE, &bills, "bills", 0) == 0);
  CHECK(take(ls, LKM_CWMODE, &order, "17", orders.sb_lkid) == 0);
  CHECK(take(ls, LKM_EXMODE, &same, "17", bills.sb_lkid) == 0);
  CHECK(take(ls, LKM_EXMODE, &line, "3", order.sb_lkid) == 0);

  // It is one resource for all who go the same way to it.
  CHECK(take(other, LKM_CWMODE, &theirs, "orders", 0) == 0);
  CHECK(take(other, LKM_PRMODE, &below, "17", theirs.sb_lkid) == -1 && errno == EAGAIN);
  CHECK(take(other, LKM_EXMODE, &below, "18", theirs.sb_lkid) == 0);

  // A parent is held by this handle, and stays as long as what is below it.
  CHECK(take(other, LKM_EXMODE, &below, "x", orders.sb_lkid) == -1 && errno == ENOENT);
  CHECK(take(ls, LKM_EXMODE, &below, "x", 4711) == -1 && errno == ENOENT);
  CHECK(dlm_ls_unlock_wait(ls, orders.sb_lkid, 0, &orders) == -1 && errno == ENOTEMPTY);
  CHECK(dlm_ls_unlock_wait(ls, order.sb_lkid, LKF_FORCEUNLOCK, &order) == -1 && errno == ENOTEMPTY);
  CHECK(dlm_ls_unlock_wait(ls, line.sb_lkid, 0, &line) == 0);
  CHECK(dlm_ls_unlock_wait(ls, order.sb_lkid, 0, &order) == 0);
  CHECK(dlm_ls_unlock_wait(ls, orders.sb_lkid, 0, &orders) == 0);
  CHECK(dlm_close_lockspace(other) == 0);

  // One that is on its way out is no parent, and one whose unlock was refused is what it was.
  CHECK(take(ls, LKM_EXMODE, &orders, "orders", 0) == 0);
  CHECK(dlm_ls_lock(ls, LKM_PWMODE, &orders, LKF_CONVERT, NULL, 0, 0, nothing, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_unlock(ls, orders.sb_lkid, 0, &orders, NULL) == 0);
  CHECK(take(ls, LKM_EXMODE, &below, "x", orders.sb_lkid) == -1 && errno == EBUSY);
  struct pollfd fd = {.fd = dlm_ls_get_fd(ls), .events = POLLIN};
  while (orders.sb_status != EUNLOCK && poll(&fd, 1, 10000) == 1) dlm_dispatch(fd.fd);
  CHECK(orders.sb_status == EUNLOCK);

  // A refused request is no child.
  CHECK(take(ls, LKM_EXMODE, &orders, "orders", 0) == 0);
  other = dlm_open_lockspace("parents");
  CHECK(take(ls, LKM_EXMODE, &line, "3", bills.sb_lkid) == 0);
  CHECK(take(ls, LKM_PRMODE, &below, "3", bills.sb_lkid) == -1 && errno == EAGAIN);
  CHECK(dlm_ls_unlock_wait(ls, line.sb_lkid, 0, &line) == 0);
  CHECK(dlm_ls_unlock_wait(ls, same.sb_lkid, 0, &same) == 0);
  CHECK(dlm_ls_unlock_wait(ls, bills.sb_lkid, 0, &bills) == 0);
  CHECK(dlm_release_lockspace("parents", ls, 1) == 0 && errno == 0);
  return 0;
}
