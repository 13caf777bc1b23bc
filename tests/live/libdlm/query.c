// SPDX-License-Identifier: Apache-2.0
// Queries in C about locks of libdlm: the same lkid that the program has, standing, modes, value block.
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <libdlm.h>

#include <holdfast_query.h>

#include "check.h"

static void nothing(void *argument) { (void)argument; }

static const struct holdfast_lock *find(const struct holdfast_resource *resource, uint32_t lkid) {
  for (size_t i = 0; i < resource->lock_count; ++i)
    if (resource->locks[i].lkid == lkid && resource->locks[i].pid == (uint32_t)getpid()) return &resource->locks[i];
  return NULL;
}

int main(void) {
  char value[DLM_LVB_LEN] = "seven";
  struct dlm_lksb holder, waiter;
  memset(&holder, 0, sizeof holder);
  memset(&waiter, 0, sizeof waiter);
  holder.sb_lvbptr = value;
  dlm_lshandle_t ls = dlm_create_lockspace("asked", 0600);
  CHECK(ls != NULL);
  CHECK(dlm_ls_lock_wait(ls, LKM_EXMODE, &holder, LKF_VALBLK, "a\0b", 3, 0, NULL, NULL, NULL) == 0);
  strcpy(value, "seven");
  CHECK(dlm_ls_lock_wait(ls, LKM_PWMODE, &holder, LKF_VALBLK | LKF_CONVERT, NULL, 0, 0, NULL, NULL, NULL) == 0);
  CHECK(dlm_ls_lock(ls, LKM_PRMODE, &waiter, 0, "a\0b", 3, 0, nothing, NULL, NULL, NULL) == 0);

  struct holdfast_resources *found = NULL;
  CHECK(holdfast_query_resources("asked", NULL, &found) == 0);
  CHECK(found->complete == 1 && found->count == 1);
  const struct holdfast_resource *resource = &found->items[0];
  CHECK(strcmp(resource->lockspace, "asked") == 0);
  CHECK(resource->name_length == 3 && memcmp(resource->name, "a\0b", 3) == 0);
  CHECK(resource->value_state == HOLDFAST_VALID && resource->write_number == 1);
  CHECK(resource->value_length == DLM_LVB_LEN && strcmp(resource->value, "seven") == 0);
  CHECK(resource->lock_count == 2);
  const struct holdfast_lock *held = find(resource, holder.sb_lkid);
  CHECK(held != NULL && held->standing == HOLDFAST_GRANTED && held->granted == LKM_PWMODE);
  CHECK(held->wanted == HOLDFAST_NO_MODE && held->orphan == 0 && held->uid == getuid());
  CHECK(strstr(held->command, "query") != NULL && strcmp(held->label, "libdlm") == 0);
  const struct holdfast_lock *waiting = find(resource, waiter.sb_lkid);
  CHECK(waiting != NULL && waiting->standing == HOLDFAST_WAITING && waiting->wanted == LKM_PRMODE);
  CHECK(waiting->granted == HOLDFAST_NO_MODE);
  holdfast_free_resources(found);

  CHECK(holdfast_query_resources("asked", "none*", &found) == 0 && found->count == 0);
  holdfast_free_resources(found);
  holdfast_free_resources(NULL);
  CHECK(holdfast_query_resources(NULL, NULL, NULL) == -1 && errno == EINVAL);

  struct holdfast_lockspaces *spaces = NULL;
  CHECK(holdfast_query_lockspaces(&spaces) == 0 && spaces->count == 1);
  CHECK(strcmp(spaces->items[0].name, "asked") == 0 && spaces->items[0].joins == 1);
  CHECK(spaces->items[0].mode == 0600 && spaces->items[0].uid == getuid() && spaces->items[0].member_count == 1);
  holdfast_free_lockspaces(spaces);
  CHECK(dlm_release_lockspace("asked", ls, 1) == 0 && errno == 0);
  return 0;
}
