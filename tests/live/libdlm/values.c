// SPDX-License-Identifier: Apache-2.0
// Prints every constant and layout of libdlm.h. Built twice, with Debian's header and with ours, it must say
// the same.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <libdlm.h>

#define VALUE(name) printf(#name " %#llx\n", (unsigned long long)(name))
#define PLACE(type, field) printf(#type "." #field " %zu %zu\n", offsetof(type, field), sizeof(((type *)0)->field))
typedef struct dlm_lksb lksb;

int main(void) {
  VALUE(LKM_NLMODE), VALUE(LKM_CRMODE), VALUE(LKM_CWMODE), VALUE(LKM_PRMODE), VALUE(LKM_PWMODE), VALUE(LKM_EXMODE);
  VALUE(LKF_NOQUEUE), VALUE(LKF_CANCEL), VALUE(LKF_CONVERT), VALUE(LKF_VALBLK), VALUE(LKF_QUECVT);
  VALUE(LKF_IVVALBLK), VALUE(LKF_CONVDEADLK), VALUE(LKF_PERSISTENT), VALUE(LKF_NODLCKWT), VALUE(LKF_NODLCKBLK);
  VALUE(LKF_EXPEDITE), VALUE(LKF_NOQUEUEBAST), VALUE(LKF_HEADQUE), VALUE(LKF_NOORDER), VALUE(LKF_ORPHAN);
  VALUE(LKF_ALTPR), VALUE(LKF_ALTCW), VALUE(LKF_FORCEUNLOCK), VALUE(LKF_TIMEOUT), VALUE(LKF_WAIT);
  VALUE(DLM_SBF_DEMOTED), VALUE(DLM_SBF_VALNOTVALID), VALUE(DLM_SBF_ALTMODE);
  VALUE(ECANCEL), VALUE(EUNLOCK), VALUE(EINPROG);
  VALUE(DLM_LVB_LEN), VALUE(DLM_RESNAME_MAXLEN), VALUE(DLM_LOCKSPACE_LEN);
  VALUE(DLM_LSFL_TIMEWARN), VALUE(DLM_LSFL_FS), VALUE(DLM_LSFL_NEWEXCL);
  VALUE(sizeof(lksb)), VALUE(sizeof(dlm_lshandle_t));
  PLACE(lksb, sb_status), PLACE(lksb, sb_lkid), PLACE(lksb, sb_flags), PLACE(lksb, sb_lvbptr);
  return 0;
}
