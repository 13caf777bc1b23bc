/* SPDX-License-Identifier: Apache-2.0
 *
 * Who holds, who waits, and which nodes are in which lockspace: queries for programs in C, and for programs
 * of libdlm, whose own interface has none. Link with -lholdfast_query; it is independent of libdlm.
 *
 *   struct holdfast_resources *found;
 *   if (holdfast_query_resources("default", "db*", &found) != 0) return perror("holdfast"), 1;
 *   for (size_t i = 0; i < found->count; ++i) show(&found->items[i]);
 *   holdfast_free_resources(found);
 *
 * The daemon is the one that libholdfast's other clients find: $HOLDFAST_SOCKET, then /run/holdfast, then
 * $XDG_RUNTIME_DIR. Calls block for one round trip over the cluster and return 0, or -1 with errno (EUNATCH:
 * no daemon; EINVAL: a pattern or pointer that makes no sense; ENOTCONN: the daemon ended meanwhile). They may be
 * called by any number of threads. Results are yours until you free them.
 */
#ifndef HOLDFAST_QUERY_H
#define HOLDFAST_QUERY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a lock stands. */
enum { HOLDFAST_GRANTED = 0, HOLDFAST_CONVERTING = 1, HOLDFAST_WAITING = 2 };
/* What is known of a value block. */
enum { HOLDFAST_NEVER_WRITTEN = 0, HOLDFAST_VALID = 1, HOLDFAST_DOUBTFUL = 2 };
/* No mode: a lock that waits has none yet, and one that is idle wants none. The others are libdlm's 0 to 5. */
#define HOLDFAST_NO_MODE (-1)

struct holdfast_lock {
  uint32_t node; /* of the holder or waiter */
  uint32_t pid;  /* 0: its node could not say */
  uint32_t uid;
  uint32_t lkid; /* the sb_lkid of its program; 0: it is none of libdlm's */
  uint64_t id;   /* lock id at its node, as the holdfast command shows it */
  int8_t standing;
  int8_t granted; /* modes */
  int8_t wanted;
  uint8_t orphan;  /* 1: persistent, and its program is gone */
  uint32_t flags;  /* LKF_ bits of its latest request */
  uint64_t age_ns; /* since it was granted or, while it waits, since it waits */
  const char *user;
  const char *command;
  const char *label;
};

struct holdfast_resource {
  const char *lockspace;
  const char *name; /* any bytes; one NUL more stands behind them */
  size_t name_length;
  uint32_t master;
  uint8_t value_state;
  uint8_t recovering; /* 1: being rebuilt after a node was lost, nothing is granted yet */
  uint64_t write_number;
  const char *value; /* what was last written; NUL as with the name */
  size_t value_length;
  const struct holdfast_lock *locks; /* granted, then converting, then waiting, in the order of the queues */
  size_t lock_count;
};

struct holdfast_resources {
  const struct holdfast_resource *items; /* by lockspace and name */
  size_t count;
  int complete; /* 0: some node did not answer in time, its rows are missing */
};

struct holdfast_lockspace {
  const char *name;
  uint32_t joins; /* of this node, not yet taken back; 0: it is not in it */
  uint32_t uid;   /* who joined first */
  uint32_t gid;
  uint32_t mode;
  const uint32_t *members; /* node ids */
  size_t member_count;
};

struct holdfast_lockspaces {
  const struct holdfast_lockspace *items; /* by name */
  size_t count;
};

/* Patterns are shell patterns (* and ?); NULL means all. */
int holdfast_query_resources(const char *lockspace, const char *name, struct holdfast_resources **found);
void holdfast_free_resources(struct holdfast_resources *found); /* NULL is allowed */
int holdfast_query_lockspaces(struct holdfast_lockspaces **found);
void holdfast_free_lockspaces(struct holdfast_lockspaces *found);

#ifdef __cplusplus
}
#endif

#endif
