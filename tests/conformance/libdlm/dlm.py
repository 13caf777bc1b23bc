# SPDX-License-Identifier: Apache-2.0
"""libdlm_lt.so.3 through its C interface, as a program sees it (ctypes), with as many nodes as one likes: a
handle belongs to the node whose socket HOLDFAST_SOCKET named when it was opened."""

import ctypes
import errno
import os

MODES = ("NL", "CR", "CW", "PR", "PW", "EX")
FLAG_NAMES = ("NOQUEUE CANCEL CONVERT VALBLK QUECVT IVVALBLK CONVDEADLK PERSISTENT NODLCKWT NODLCKBLK EXPEDITE"
              " NOQUEUEBAST HEADQUE NOORDER ORPHAN ALTPR ALTCW FORCEUNLOCK TIMEOUT").split()
FLAGS = {name: 1 << bit for bit, name in enumerate(FLAG_NAMES)}
IN_PROGRESS = 0x10003
STATUSES = {0: "OK", errno.EAGAIN: "EAGAIN", errno.EDEADLK: "EDEADLK", errno.ETIMEDOUT: "ETIMEDOUT",
            0x10001: "ECANCEL", 0x10002: "EUNLOCK", IN_PROGRESS: "EINPROG"}
RESULT_FLAGS = ((1, "DEMOTED"), (2, "VALNOTVALID"), (4, "ALTMODE"))
VALUE_BYTES = 32
NEW_AND_EXCLUSIVE = 8  # DLM_LSFL_NEWEXCL


class Lksb(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("lkid", ctypes.c_uint32), ("flags", ctypes.c_ubyte),
                ("value", ctypes.c_void_p)]


Function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
POINTER, NUMBER, INT = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int
LOCK_ARGUMENTS = [POINTER, NUMBER, POINTER, NUMBER, ctypes.c_char_p, ctypes.c_uint, NUMBER]
SIGNATURES = {
    "dlm_new_lockspace": (POINTER, [ctypes.c_char_p, NUMBER, NUMBER]),
    "dlm_open_lockspace": (POINTER, [ctypes.c_char_p]),
    "dlm_release_lockspace": (INT, [ctypes.c_char_p, POINTER, INT]),
    "dlm_close_lockspace": (INT, [POINTER]),
    "dlm_ls_get_fd": (INT, [POINTER]),
    "dlm_dispatch": (INT, [INT]),
    "dlm_ls_lock": (INT, [*LOCK_ARGUMENTS, POINTER, POINTER, POINTER, POINTER]),
    "dlm_ls_lock_wait": (INT, [*LOCK_ARGUMENTS, POINTER, POINTER, POINTER]),
    "dlm_ls_lockx": (INT, [*LOCK_ARGUMENTS, POINTER, POINTER, POINTER, POINTER, POINTER]),
    "dlm_ls_unlock": (INT, [POINTER, NUMBER, NUMBER, POINTER, POINTER]),
    "dlm_ls_unlock_wait": (INT, [POINTER, NUMBER, NUMBER, POINTER]),
    "dlm_ls_deadlock_cancel": (INT, [POINTER, NUMBER, NUMBER]),
    "dlm_ls_purge": (INT, [POINTER, INT, INT]),
}


def load(directory):
    library = ctypes.CDLL(os.path.join(directory, "libdlm_lt.so.3"), use_errno=True)
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def set_environment(name, value):
    """For the library, which does not look into Python's copy."""
    os.environ[name] = value


def flag_bits(words):
    """The number behind "NOQUEUE,VALBLK", "-" and "0x80000"; pseudo flags begin with "!"."""
    bits = 0
    for word in words.split(","):
        if word != "-" and not word.startswith("!"):
            bits |= FLAGS[word] if word in FLAGS else int(word, 16)
    return bits


def mode_number(word):
    return MODES.index(word) if word in MODES else int(word, 0)


def status_name(number):
    return STATUSES.get(number, hex(number))


def status_number(name):
    return next(number for number, known in STATUSES.items() if known == name)


def error_name(number):
    return "EDEADLK" if number == errno.EDEADLK else errno.errorcode.get(number, str(number))
