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

/* ---- the lock monitor (docs/monitor.md) ----
 *
 * A wait condition is a lock that waits and one in conflict that is held. A forced release can damage what the lock
 * protects, unless that refuses old tokens: it needs `really`, a reason, and a directory for the evidence.
 */

/* One grant of one lock. Without a token: a request that was never granted. */
struct holdfast_grant {
  uint32_t node;
  uint64_t id;    /* its upper half counts how often its place was used: the generation */
  char token[33]; /* 32 hexadecimal digits, or empty */
};

/* The states that earlier lock monitors speak of; holdfast_state_name gives HELD and so on. */
enum {
  HOLDFAST_STATE_ABORTED = 0,
  HOLDFAST_STATE_ERROR,
  HOLDFAST_STATE_EXPIRED,
  HOLDFAST_STATE_FREE,
  HOLDFAST_STATE_HELD,
  HOLDFAST_STATE_NOTEXIST,
  HOLDFAST_STATE_PENDING,
  HOLDFAST_STATE_WAITING
};
const char *holdfast_state_name(int state); /* NULL: there is none */

/* What is known of a lock. */
struct holdfast_properties {
  struct holdfast_grant grant;
  int8_t state;   /* HOLDFAST_STATE_NOTEXIST: there is no such grant, and nothing below is known */
  int8_t mode;    /* held or, while it waits, wanted */
  uint8_t orphan; /* 1: its program is gone */
  uint32_t pid;
  uint32_t uid;
  uint64_t age_ns; /* since it was granted or, while it waits, since it waits */
  const char *user;
  const char *command;
  const char *label;
  const char *lockspace;
  const char *name; /* escaped; of sub-locks "above::name" */
};

struct holdfast_condition {
  struct holdfast_properties waiter;
  struct holdfast_properties holder;
  uint8_t deadlock; /* 1: both are in one circle of waits; 0: a lock-up */
  uint32_t looks;   /* of this monitor in a row that have seen it */
};

struct holdfast_conditions {
  const struct holdfast_condition *items;
  size_t count;
  int complete; /* 0: some node did not answer in time */
};

struct holdfast_locks {
  const struct holdfast_properties *items;
  size_t count;
};

struct holdfast_monitor; /* one thread at a time */
int holdfast_monitor_open(const char *socket, struct holdfast_monitor **monitor); /* NULL: the usual socket */
void holdfast_monitor_close(struct holdfast_monitor *monitor);                    /* NULL is allowed */
/* What the last call that failed said. */
const char *holdfast_monitor_error(const struct holdfast_monitor *monitor);

/* All conditions; changes nothing. */
int holdfast_monitor_poll(struct holdfast_monitor *monitor, struct holdfast_conditions **found);
/* Those that so many calls in a row have seen, this one among them, and whose wait is older than that. */
int holdfast_monitor_look(struct holdfast_monitor *monitor, unsigned looks, uint64_t longer_than_ns,
                          struct holdfast_conditions **found);
int holdfast_monitor_properties(struct holdfast_monitor *monitor, const struct holdfast_grant *grants, size_t count,
                                struct holdfast_locks **found);
/* The locks of a process of the monitor's node; those that somebody waits for are in `blocks`, too (NULL: not asked). */
int holdfast_monitor_self(struct holdfast_monitor *monitor, uint32_t pid, struct holdfast_locks **found,
                          struct holdfast_conditions **blocks);

struct holdfast_release {
  int really;        /* 0: nothing is done, and the results say what would be */
  uint64_t grace_ns; /* the owners are told so long before */
  const char *reason;
  const char *evidence_dir;
};
/* Into results[i] goes 0 or the errno of what was wrong (ENOENT: there is no such grant any more). */
int holdfast_monitor_release(struct holdfast_monitor *monitor, const struct holdfast_grant *grants, size_t count,
                             const struct holdfast_release *how, int *results);

void holdfast_free_conditions(struct holdfast_conditions *found); /* NULL is allowed, here and below */
void holdfast_free_locks(struct holdfast_locks *found);

#ifdef __cplusplus
}
#endif

#endif
