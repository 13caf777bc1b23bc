/* SPDX-License-Identifier: Apache-2.0
 *
 * Holdfast::LockMonitor: the lock monitor of libholdfast_query as Perl's lists and hashes. What may be done with
 * them is in LockMonitor.pm.
 */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <holdfast_query.h>

typedef struct holdfast_monitor *Monitor;

static const char *const modes[] = {"NL", "CR", "CW", "PR", "PW", "EX"};

/* "n2#17:TOKEN", as the command line writes it. */
static SV *id_of(pTHX_ const struct holdfast_grant *grant) {
  return newSVpvf("n%u#%" UVuf "%s%s", (unsigned)grant->node, (UV)grant->id, grant->token[0] ? ":" : "", grant->token);
}

/* 0: it is none. */
static int to_grant(pTHX_ SV *text, struct holdfast_grant *grant) {
  unsigned node;
  unsigned long long id;
  int end = 0;
  const char *bytes = SvPV_nolen(text);
  memset(grant, 0, sizeof *grant);
  if (sscanf(bytes, "n%u#%llu%n", &node, &id, &end) < 2) return 0;
  grant->node = node;
  grant->id = id;
  if (bytes[end] == ':') {
    if (strlen(bytes + end + 1) != 32) return 0;
    memcpy(grant->token, bytes + end + 1, 33);
    return 1;
  }
  return bytes[end] == '\0';
}

static HV *properties(pTHX_ const struct holdfast_properties *lock) {
  HV *hash = newHV();
  HV *locker = newHV();
  hv_stores(hash, "id", id_of(aTHX_ &lock->grant));
  hv_stores(hash, "status", newSVpv(holdfast_state_name(lock->state), 0));
  hv_stores(hash, "gen", newSVuv((UV)(lock->grant.id >> 32)));
  hv_stores(hash, "token", newSVpv(lock->grant.token, 0));
  hv_stores(hash, "mode", lock->mode < 0 ? newSV(0) : newSVpv(modes[lock->mode], 0));
  hv_stores(hash, "obj", newSVpv(lock->name, 0));
  hv_stores(hash, "lockspace", newSVpv(lock->lockspace, 0));
  hv_stores(hash, "age", newSVnv((NV)lock->age_ns / 1e9));
  hv_stores(locker, "node", newSVuv(lock->grant.node));
  hv_stores(locker, "pid", newSVuv(lock->pid));
  hv_stores(locker, "uid", newSVuv(lock->uid));
  hv_stores(locker, "user", newSVpv(lock->user, 0));
  hv_stores(locker, "command", newSVpv(lock->command, 0));
  hv_stores(locker, "label", newSVpv(lock->label, 0));
  hv_stores(locker, "dead", newSViv(lock->orphan));
  hv_stores(hash, "locker", newRV_noinc((SV *)locker));
  return hash;
}

static SV *conditions(pTHX_ const struct holdfast_conditions *found) {
  AV *list = newAV();
  for (size_t i = 0; i < found->count; ++i) {
    const struct holdfast_condition *one = &found->items[i];
    HV *hash = newHV();
    hv_stores(hash, "waiter", newRV_noinc((SV *)properties(aTHX_ &one->waiter)));
    hv_stores(hash, "holder", newRV_noinc((SV *)properties(aTHX_ &one->holder)));
    hv_stores(hash, "trouble", newSVpv(one->deadlock ? "deadlock" : "lock-up", 0));
    hv_stores(hash, "looks", newSVuv(one->looks));
    av_push(list, newRV_noinc((SV *)hash));
  }
  return newRV_noinc((SV *)list);
}

static SV *locks(pTHX_ const struct holdfast_locks *found) {
  AV *list = newAV();
  for (size_t i = 0; i < found->count; ++i) av_push(list, newRV_noinc((SV *)properties(aTHX_ &found->items[i])));
  return newRV_noinc((SV *)list);
}

static void fail(pTHX_ Monitor monitor) { croak("%s", holdfast_monitor_error(monitor)); }

/* Freed with the list that called us. */
static struct holdfast_grant *grants_of(pTHX_ AV *ids, size_t *count) {
  struct holdfast_grant *grants;
  *count = (size_t)(av_len(ids) + 1);
  Newxz(grants, *count + 1, struct holdfast_grant);
  SAVEFREEPV(grants);
  for (size_t i = 0; i < *count; ++i) {
    SV **text = av_fetch(ids, (SSize_t)i, 0);
    if (text == NULL || !SvOK(*text) || !to_grant(aTHX_ *text, &grants[i]))
      croak("'%s' is no lock id: it looks like n2#4294967297:TOKEN", text && SvOK(*text) ? SvPV_nolen(*text) : "undef");
  }
  return grants;
}

MODULE = Holdfast::LockMonitor  PACKAGE = Holdfast::LockMonitor

PROTOTYPES: DISABLE

UV
_open(socket)
    SV *socket
  PREINIT:
    Monitor monitor = NULL;
  CODE:
    if (holdfast_monitor_open(SvOK(socket) ? SvPV_nolen(socket) : NULL, &monitor) != 0)
      croak("cannot connect to the daemon: %s", strerror(errno));
    RETVAL = PTR2UV(monitor);
  OUTPUT:
    RETVAL

void
_close(handle)
    UV handle
  CODE:
    holdfast_monitor_close(INT2PTR(Monitor, handle));

SV *
_poll(handle)
    UV handle
  PREINIT:
    struct holdfast_conditions *found = NULL;
  CODE:
    if (holdfast_monitor_poll(INT2PTR(Monitor, handle), &found) != 0) fail(aTHX_ INT2PTR(Monitor, handle));
    RETVAL = conditions(aTHX_ found);
    holdfast_free_conditions(found);
  OUTPUT:
    RETVAL

SV *
_look(handle, looks, longer_than)
    UV handle
    unsigned looks
    NV longer_than
  PREINIT:
    struct holdfast_conditions *found = NULL;
  CODE:
    if (holdfast_monitor_look(INT2PTR(Monitor, handle), looks, (uint64_t)(longer_than * 1e9), &found) != 0)
      fail(aTHX_ INT2PTR(Monitor, handle));
    RETVAL = conditions(aTHX_ found);
    holdfast_free_conditions(found);
  OUTPUT:
    RETVAL

SV *
_properties(handle, ids)
    UV handle
    AV *ids
  PREINIT:
    struct holdfast_locks *found = NULL;
    size_t count;
  CODE:
    ENTER;
    const struct holdfast_grant *grants = grants_of(aTHX_ ids, &count);
    if (holdfast_monitor_properties(INT2PTR(Monitor, handle), grants, count, &found) != 0)
      fail(aTHX_ INT2PTR(Monitor, handle));
    LEAVE;
    RETVAL = locks(aTHX_ found);
    holdfast_free_locks(found);
  OUTPUT:
    RETVAL

SV *
_self(handle, pid)
    UV handle
    unsigned pid
  PREINIT:
    struct holdfast_locks *found = NULL;
    struct holdfast_conditions *blocks = NULL;
  CODE:
    if (holdfast_monitor_self(INT2PTR(Monitor, handle), pid, &found, &blocks) != 0) fail(aTHX_ INT2PTR(Monitor, handle));
    HV *both = newHV();
    hv_stores(both, "locks", locks(aTHX_ found));
    hv_stores(both, "blocks", conditions(aTHX_ blocks));
    holdfast_free_locks(found);
    holdfast_free_conditions(blocks);
    RETVAL = newRV_noinc((SV *)both);
  OUTPUT:
    RETVAL

void
_release(handle, really, grace, reason, evidence, ids)
    UV handle
    int really
    NV grace
    SV *reason
    SV *evidence
    AV *ids
  PREINIT:
    size_t count;
    int *results;
  PPCODE:
    ENTER;
    const struct holdfast_grant *grants = grants_of(aTHX_ ids, &count);
    const struct holdfast_release how = {
        .really = really, .grace_ns = (uint64_t)(grace * 1e9),
        .reason = SvOK(reason) ? SvPV_nolen(reason) : NULL,
        .evidence_dir = SvOK(evidence) ? SvPV_nolen(evidence) : NULL};
    Newxz(results, count + 1, int);
    SAVEFREEPV(results);
    if (holdfast_monitor_release(INT2PTR(Monitor, handle), grants, count, &how, results) != 0)
      fail(aTHX_ INT2PTR(Monitor, handle));
    EXTEND(SP, (SSize_t)count);
    for (size_t i = 0; i < count; ++i) PUSHs(sv_2mortal(newSViv(results[i] == 0 ? 0 : -1)));
    LEAVE;
