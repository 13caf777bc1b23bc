// SPDX-License-Identifier: Apache-2.0
// Prints every constant and layout of libdlmcontrol.h. Built twice, with Debian's header and with ours, it must
// say the same.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DLM_LOCKSPACE_LEN 64
#include <libdlmcontrol.h>

#define VALUE(name) printf(#name " %#llx\n", (unsigned long long)(name))
#define PLACE(type, field) printf(#type "." #field " %zu %zu\n", offsetof(struct type, field), sizeof(((struct type *)0)->field))
#define SIZE(type) printf(#type " %zu\n", sizeof(struct type))

int main(void) {
  VALUE(DLMC_DUMP_SIZE), VALUE(DLMC_NF_MEMBER), VALUE(DLMC_NF_START), VALUE(DLMC_NF_DISALLOWED);
  VALUE(DLMC_NF_NEED_FENCING), VALUE(DLMC_NF_CHECK_FS), VALUE(DLMC_LS_WAIT_RINGID), VALUE(DLMC_LS_WAIT_QUORUM);
  VALUE(DLMC_LS_WAIT_FENCING), VALUE(DLMC_LS_WAIT_FSDONE), VALUE(DLMC_LF_JOINING), VALUE(DLMC_LF_LEAVING);
  VALUE(DLMC_LF_KERNEL_STOPPED), VALUE(DLMC_LF_FS_REGISTERED), VALUE(DLMC_LF_NEED_PLOCKS);
  VALUE(DLMC_LF_SAVE_PLOCKS), VALUE(DLMC_NODES_ALL), VALUE(DLMC_NODES_MEMBERS), VALUE(DLMC_NODES_NEXT);
  VALUE(DLMC_STATUS_VERBOSE), VALUE(DLMC_RESULT_REGISTER), VALUE(DLMC_RESULT_NOTIFIED), VALUE(DLMC_RUN_UUID_LEN);
  VALUE(DLMC_RUN_COMMAND_LEN), VALUE(DLMC_FLAG_RUN_START_NODE_NONE), VALUE(DLMC_FLAG_RUN_START_NODE_FIRST);
  VALUE(DLMC_FLAG_RUN_START_NODE_RECV), VALUE(DLMC_FLAG_RUN_CHECK_CLEAR), VALUE(DLMC_FLAG_RUN_CHECK_CANCEL);
  VALUE(DLMC_RUN_STATUS_WAITING), VALUE(DLMC_RUN_STATUS_DONE), VALUE(DLMC_RUN_STATUS_FAILED);
  SIZE(dlmc_node), SIZE(dlmc_change), SIZE(dlmc_lockspace);
  PLACE(dlmc_node, nodeid), PLACE(dlmc_node, flags), PLACE(dlmc_node, added_seq), PLACE(dlmc_node, removed_seq);
  PLACE(dlmc_node, fail_reason), PLACE(dlmc_node, fail_walltime), PLACE(dlmc_node, fail_monotime);
  PLACE(dlmc_change, member_count), PLACE(dlmc_change, joined_count), PLACE(dlmc_change, remove_count);
  PLACE(dlmc_change, failed_count), PLACE(dlmc_change, wait_condition), PLACE(dlmc_change, wait_messages);
  PLACE(dlmc_change, seq), PLACE(dlmc_change, combined_seq);
  PLACE(dlmc_lockspace, cg_prev), PLACE(dlmc_lockspace, cg_next), PLACE(dlmc_lockspace, flags);
  PLACE(dlmc_lockspace, global_id), PLACE(dlmc_lockspace, name);
  return 0;
}
