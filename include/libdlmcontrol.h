/* SPDX-License-Identifier: Apache-2.0
 *
 * The control interface of the Linux DLM (libdlmcontrol), as far as programs compiled against it can see:
 * the same names, values and layouts, in our own words. What holdfast has no counterpart for is refused with
 * EOPNOTSUPP; see docs/libdlm.md.
 *
 * Calls return 0, or a negative number with errno.
 */
#ifndef HOLDFAST_LIBDLMCONTROL_H
#define HOLDFAST_LIBDLMCONTROL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef DLM_LOCKSPACE_LEN
#define DLM_LOCKSPACE_LEN 64
#endif

/* Bytes that a dump may need; callers give buffers of this size. */
#define DLMC_DUMP_SIZE (1024 * 1024)

/* dlmc_node.flags */
#define DLMC_NF_MEMBER 0x00000001
#define DLMC_NF_START 0x00000002
#define DLMC_NF_DISALLOWED 0x00000004
#define DLMC_NF_NEED_FENCING 0x00000008
#define DLMC_NF_CHECK_FS 0x00000010

/* dlmc_change.wait_condition */
#define DLMC_LS_WAIT_RINGID 1
#define DLMC_LS_WAIT_QUORUM 2
#define DLMC_LS_WAIT_FENCING 3
#define DLMC_LS_WAIT_FSDONE 4

/* dlmc_lockspace.flags */
#define DLMC_LF_JOINING 0x00000001
#define DLMC_LF_LEAVING 0x00000002
#define DLMC_LF_KERNEL_STOPPED 0x00000004
#define DLMC_LF_FS_REGISTERED 0x00000008
#define DLMC_LF_NEED_PLOCKS 0x00000010
#define DLMC_LF_SAVE_PLOCKS 0x00000020

/* One node of a lockspace. Sequence numbers are those of dlmc_change.seq; times are seconds. */
struct dlmc_node {
  int nodeid;
  uint32_t flags;
  uint32_t added_seq;
  uint32_t removed_seq;
  int fail_reason;
  uint64_t fail_walltime;
  uint64_t fail_monotime;
};

struct dlmc_change {
  int member_count;
  int joined_count;
  int remove_count;
  int failed_count;
  int wait_condition;
  int wait_messages;
  uint32_t seq;
  uint32_t combined_seq;
};

struct dlmc_lockspace {
  struct dlmc_change cg_prev; /* the latest completed change */
  struct dlmc_change cg_next; /* the one in progress: member_count 0 if there is none */
  uint32_t flags;
  uint32_t global_id;
  char name[DLM_LOCKSPACE_LEN + 1];
};

/* Which nodes dlmc_lockspace_nodes() tells. */
#define DLMC_NODES_ALL 1
#define DLMC_NODES_MEMBERS 2
#define DLMC_NODES_NEXT 3

#define DLMC_STATUS_VERBOSE 0x00000001

/* Text for people; NUL-terminated, at most DLMC_DUMP_SIZE bytes. */
int dlmc_dump_debug(char *buf);
int dlmc_dump_config(char *buf);
int dlmc_dump_run(char *buf);
int dlmc_dump_log_plock(char *buf);
int dlmc_dump_plocks(char *name, char *buf);

int dlmc_lockspace_info(char *name, struct dlmc_lockspace *ls);
int dlmc_node_info(char *name, int nodeid, struct dlmc_node *node);
/* *lss is the caller's to free(). */
int dlmc_lockspaces(int *count, struct dlmc_lockspace **lss);
int dlmc_lockspace_nodes(char *name, int type, int max, int *count, struct dlmc_node *nodes);
/* To stdout. */
int dlmc_print_status(uint32_t flags);
int dlmc_reload_config(void);
int dlmc_set_config(char *command);

/* dlmc_fs_result: *type */
#define DLMC_RESULT_REGISTER 1
#define DLMC_RESULT_NOTIFIED 2

int dlmc_fs_connect(void);
void dlmc_fs_disconnect(int fd);
int dlmc_fs_register(int fd, char *name);
int dlmc_fs_unregister(int fd, char *name);
int dlmc_fs_notified(int fd, char *name, int nodeid);
int dlmc_fs_result(int fd, char *name, int *type, int *nodeid, int *result);

int dlmc_deadlock_check(char *name);
/* `name` is the number of a lost node: it is surely dead, and so are its programs. */
int dlmc_fence_ack(char *name);

#define DLMC_RUN_UUID_LEN DLM_LOCKSPACE_LEN
#define DLMC_RUN_COMMAND_LEN 1024
#define DLMC_FLAG_RUN_START_NODE_NONE 0x00000001
#define DLMC_FLAG_RUN_START_NODE_FIRST 0x00000002
#define DLMC_FLAG_RUN_START_NODE_RECV 0x00000004
#define DLMC_FLAG_RUN_CHECK_CLEAR 0x00000001
#define DLMC_FLAG_RUN_CHECK_CANCEL 0x00000002
#define DLMC_RUN_STATUS_WAITING 0x00000001
#define DLMC_RUN_STATUS_DONE 0x00000002
#define DLMC_RUN_STATUS_FAILED 0x00000004

int dlmc_run_start(char *command, int len, int nodeid, uint32_t flags, char *uuid);
int dlmc_run_check(char *uuid, int len, int wait_sec, uint32_t flags, uint32_t *status);

#ifdef __cplusplus
}
#endif

#endif
