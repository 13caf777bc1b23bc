/* SPDX-License-Identifier: Apache-2.0
 *
 * DLM::Client: two functions of libdlm, and its constants as the header at hand has them.
 */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

#include <errno.h>
#include <string.h>

#include <libdlm.h>

struct constant {
  const char *name;
  UV value;
};
#define C(name) {#name, (UV)(name)}
static const struct constant constants[] = {
    C(LKM_NLMODE), C(LKM_CRMODE), C(LKM_CWMODE), C(LKM_PRMODE), C(LKM_PWMODE), C(LKM_EXMODE),
    C(LKF_NOQUEUE), C(LKF_CANCEL), C(LKF_CONVERT), C(LKF_VALBLK), C(LKF_QUECVT), C(LKF_IVVALBLK),
    C(LKF_CONVDEADLK), C(LKF_PERSISTENT), C(LKF_NODLCKWT), C(LKF_NODLCKBLK), C(LKF_EXPEDITE),
    C(LKF_NOQUEUEBAST), C(LKF_HEADQUE), C(LKF_NOORDER), C(LKF_ORPHAN), C(LKF_ALTPR), C(LKF_ALTCW),
    C(LKF_FORCEUNLOCK), C(LKF_TIMEOUT), C(LKF_WAIT),
    C(ECANCEL), C(EUNLOCK), C(EINPROG),
    C(DLM_LVB_LEN), C(DLM_RESNAME_MAXLEN), C(DLM_LOCKSPACE_LEN),
    C(DLM_SBF_DEMOTED), C(DLM_SBF_VALNOTVALID), C(DLM_SBF_ALTMODE),
#ifdef DLM_LSFL_NODIR
    C(DLM_LSFL_NODIR),
#endif
    C(DLM_LSFL_TIMEWARN), C(DLM_LSFL_FS), C(DLM_LSFL_NEWEXCL),
};

/* The resource's name is what libdlm takes: bytes without a NUL. NULL if it is something else. */
static const char *name_of(pTHX_ SV *name) {
  STRLEN length;
  name = sv_mortalcopy(name);
  if (SvUTF8(name) && !sv_utf8_downgrade(name, 1)) return NULL;
  const char *bytes = SvPV(name, length);
  return strlen(bytes) == length ? bytes : NULL;
}

MODULE = DLM::Client  PACKAGE = DLM::Client

PROTOTYPES: DISABLE

BOOT:
{
  HV *stash = gv_stashpv("DLM::Client", GV_ADD);
  AV *names = get_av("DLM::Client::CONSTANTS", GV_ADD);
  for (size_t i = 0; i < sizeof constants / sizeof *constants; ++i) {
    newCONSTSUB(stash, constants[i].name, newSVuv(constants[i].value));
    av_push(names, newSVpv(constants[i].name, 0));
  }
}

int
lock_resource(name, mode, flags, lockid)
    SV *name
    int mode
    int flags
    SV *lockid
  CODE:
    SvGETMAGIC(lockid);
    const char *bytes = name_of(aTHX_ name);
    if (SvREADONLY(lockid)) {
      errno = EFAULT;
      RETVAL = -1;
    } else if (bytes == NULL) {
      errno = EINVAL;
      RETVAL = -1;
    } else {
      int id = SvOK(lockid) ? (int)SvIV_nomg(lockid) : 0;
      RETVAL = lock_resource(bytes, mode, flags, &id);
      if (RETVAL == 0) {
        int error = errno;
        sv_setiv_mg(lockid, id);
        errno = error;
      }
    }
  OUTPUT:
    RETVAL

int
unlock_resource(lockid)
    int lockid
