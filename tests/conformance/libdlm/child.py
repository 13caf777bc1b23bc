# SPDX-License-Identifier: Apache-2.0
"""A process of a transcript that takes one lock and stays: child.py LIBRARIES LOCKSPACE RESOURCE MODE FLAGS.
Prints what the call returned and the status, then stands until it is killed."""

import ctypes
import signal
import sys

import dlm

directory, lockspace, resource, mode, flags = sys.argv[1:]
library = dlm.load(directory)
lksb = dlm.Lksb()
handle = library.dlm_open_lockspace(lockspace.encode())
rc = library.dlm_ls_lock_wait(handle, dlm.mode_number(mode), ctypes.byref(lksb), dlm.flag_bits(flags),
                              resource.encode(), len(resource), 0, None, None, None)
print(rc, dlm.error_name(ctypes.get_errno()) if rc < 0 else "-", dlm.status_name(lksb.status),
      lksb.lkid, flush=True)
signal.pause()
