/* SPDX-License-Identifier: Apache-2.0
 *
 * The interface of the Linux DLM's libdlm, as far as programs compiled against it can see: the same names,
 * values and layouts, in our own words. Programs that were built with Debian's header need nothing of this;
 * it is for building without libdlm-dev. Where holdfast does better than the original is in docs/libdlm.md.
 *
 * Calls return 0, or -1 with errno. What becomes of a lock is in its lksb when its ast is called: sb_status
 * is 0, an errno (EAGAIN: NOQUEUE and not grantable, EDEADLK, ETIMEDOUT) or ECANCEL, EUNLOCK. A NOQUEUE
 * request that is not granted is such a completion, not a failed call.
 */
#ifndef HOLDFAST_LIBDLM_H
#define HOLDFAST_LIBDLM_H

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Modes. */
#define LKM_NLMODE 0
#define LKM_CRMODE 1
#define LKM_CWMODE 2
#define LKM_PRMODE 3
#define LKM_PWMODE 4
#define LKM_EXMODE 5

/* Options of requests, conversions and unlocks. */
#define LKF_NOQUEUE 0x00000001     /* refuse instead of waiting */
#define LKF_CANCEL 0x00000002      /* unlock: take back what is under way */
#define LKF_CONVERT 0x00000004     /* change the mode of lksb->sb_lkid */
#define LKF_VALBLK 0x00000008      /* move the value block along */
#define LKF_QUECVT 0x00000010      /* conversion: behind those that wait */
#define LKF_IVVALBLK 0x00000020    /* giving up PW or EX: mark the value invalid */
#define LKF_CONVDEADLK 0x00000040  /* conversion deadlock: give up the granted mode */
#define LKF_PERSISTENT 0x00000080  /* the lock outlives its process, as an orphan */
#define LKF_NODLCKWT 0x00000100    /* no part in deadlock detection as a waiter */
#define LKF_NODLCKBLK 0x00000200   /* nor as a blocker */
#define LKF_EXPEDITE 0x00000400    /* NL: at once, past all queues */
#define LKF_NOQUEUEBAST 0x00000800 /* with NOQUEUE: tell the holders all the same */
#define LKF_HEADQUE 0x00001000     /* wait at the head of the queue */
#define LKF_NOORDER 0x00002000     /* may be granted past the queues */
#define LKF_ORPHAN 0x00004000      /* take over an orphan of this name and mode */
#define LKF_ALTPR 0x00008000       /* not grantable: PR instead */
#define LKF_ALTCW 0x00010000       /* not grantable: CW instead */
#define LKF_FORCEUNLOCK 0x00020000 /* unlock also while waiting or converting */
#define LKF_TIMEOUT 0x00040000     /* with dlm_ls_lockx: wait so long, then ETIMEDOUT */
#define LKF_WAIT 0x80000000        /* of this library: come back when it is done */

/* sb_flags */
#define DLM_SBF_DEMOTED 0x01      /* the old mode was given up to break a conversion deadlock */
#define DLM_SBF_VALNOTVALID 0x02  /* the value block is invalid */
#define DLM_SBF_ALTMODE 0x04      /* granted in the alternative mode */

/* sb_status beyond errno */
#define ECANCEL 0x10001
#define EUNLOCK 0x10002
#define EINPROG 0x10003

#define DLM_LVB_LEN 32
#define DLM_RESNAME_MAXLEN 64
#define DLM_LOCKSPACE_LEN 64

/* Flags of a lockspace. */
#define DLM_LSFL_TIMEWARN 0x00000002
#define DLM_LSFL_FS 0x00000004
#define DLM_LSFL_NEWEXCL 0x00000008 /* fail with EEXIST if it is there */

struct dlm_lksb {
  int sb_status;
  uint32_t sb_lkid;
  char sb_flags;
  char *sb_lvbptr; /* DLM_LVB_LEN bytes, with VALBLK */
};

typedef void *dlm_lshandle_t;

int dlm_kernel_version(uint32_t *maj, uint32_t *min, uint32_t *patch);
void dlm_library_version(uint32_t *maj, uint32_t *min, uint32_t *patch);

/* The lockspace "default", made with mode 0600 when it is first used. `name` has `namelen` bytes, at most 64;
 * `parent`, if not 0, is the lkid of a lock of the same handle that is held: the new one is a sub-lock of it,
 * and the parent cannot be unlocked before it (ENOTEMPTY). `range` is NULL. One argument goes to ast and bast, either of which may be called from
 * dlm_dispatch() only (or from the thread of dlm_pthread_init). */
int dlm_lock(uint32_t mode, struct dlm_lksb *lksb, uint32_t flags, const void *name, unsigned int namelen,
             uint32_t parent, void (*astaddr)(void *astarg), void *astarg, void (*bastaddr)(void *astarg),
             void *range);
int dlm_lock_wait(uint32_t mode, struct dlm_lksb *lksb, uint32_t flags, const void *name, unsigned int namelen,
                  uint32_t parent, void *bastarg, void (*bastaddr)(void *bastarg), void *range);
int dlm_unlock(uint32_t lkid, uint32_t flags, struct dlm_lksb *lksb, void *astarg);
int dlm_unlock_wait(uint32_t lkid, uint32_t flags, struct dlm_lksb *lksb);
int dlm_get_fd(void);

/* Calls the callbacks of everything that has come for this descriptor; does not wait. */
int dlm_dispatch(int fd);

/* Lockspaces: made or opened, NULL and errno if not. Releasing closes the handle in any case and returns 0, or -1
 * if there is no daemon to tell; errno is EBUSY if locks of others kept the lockspace from going, ENOENT if the
 * node is not in it any more. */
dlm_lshandle_t dlm_create_lockspace(const char *name, mode_t mode);
dlm_lshandle_t dlm_new_lockspace(const char *name, mode_t mode, uint32_t flags);
dlm_lshandle_t dlm_open_lockspace(const char *name);
int dlm_close_lockspace(dlm_lshandle_t ls);
int dlm_release_lockspace(const char *name, dlm_lshandle_t ls, int force);
int dlm_ls_get_fd(dlm_lshandle_t ls);

int dlm_ls_lock(dlm_lshandle_t ls, uint32_t mode, struct dlm_lksb *lksb, uint32_t flags, const void *name,
                unsigned int namelen, uint32_t parent, void (*astaddr)(void *astarg), void *astarg,
                void (*bastaddr)(void *astarg), void *range);
int dlm_ls_lock_wait(dlm_lshandle_t ls, uint32_t mode, struct dlm_lksb *lksb, uint32_t flags, const void *name,
                     unsigned int namelen, uint32_t parent, void *bastarg, void (*bastaddr)(void *bastarg),
                     void *range);
/* `timeout` in hundredths of a second, with LKF_TIMEOUT; `xid` may be NULL. */
int dlm_ls_lockx(dlm_lshandle_t ls, uint32_t mode, struct dlm_lksb *lksb, uint32_t flags, const void *name,
                 unsigned int namelen, uint32_t parent, void (*astaddr)(void *astarg), void *astarg,
                 void (*bastaddr)(void *astarg), uint64_t *xid, uint64_t *timeout);
int dlm_ls_unlock(dlm_lshandle_t ls, uint32_t lkid, uint32_t flags, struct dlm_lksb *lksb, void *astarg);
int dlm_ls_unlock_wait(dlm_lshandle_t ls, uint32_t lkid, uint32_t flags, struct dlm_lksb *lksb);
/* A cancel whose completion says EDEADLK. */
int dlm_ls_deadlock_cancel(dlm_lshandle_t ls, uint32_t lkid, uint32_t flags);
/* Orphans of process `pid` (0: all) of node `nodeid` (0: this one) go. With the own process id, all locks of this
 * handle go, without a completion. */
int dlm_ls_purge(dlm_lshandle_t ls, int nodeid, int pid);

#ifdef _REENTRANT
/* A thread that calls the callbacks; of the default lockspace, of `ls`, and its end. Not in libdlm_lt. */
int dlm_pthread_init(void);
int dlm_ls_pthread_init(dlm_lshandle_t ls);
int dlm_pthread_cleanup(void);
/* Synchronous, by a name that ends with a NUL, in the default lockspace. */
int lock_resource(const char *resource, int mode, int flags, int *lockid);
int unlock_resource(int lockid);
#endif

#ifdef __cplusplus
}
#endif

#endif
