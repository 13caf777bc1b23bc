# SPDX-License-Identifier: Apache-2.0
"""Queues and value blocks as libholdfast_query.so tells them (include/holdfast_query.h)."""

import ctypes
import os

import dlm

NO_MODE = -1
GRANTED, CONVERTING, WAITING = range(3)
NEVER_WRITTEN, VALID, DOUBTFUL = range(3)
U8, U32, U64, TEXT, SIZE = ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t


class Lock(ctypes.Structure):
    _fields_ = [("node", U32), ("pid", U32), ("uid", U32), ("lkid", U32), ("id", U64), ("standing", ctypes.c_int8),
                ("granted", ctypes.c_int8), ("wanted", ctypes.c_int8), ("orphan", U8), ("flags", U32),
                ("age_ns", U64), ("user", TEXT), ("command", TEXT), ("label", TEXT)]

    @property
    def key(self):
        """Which lock of which program this is."""
        return self.node, self.pid, self.lkid


class Resource(ctypes.Structure):
    _fields_ = [("lockspace", TEXT), ("name", ctypes.POINTER(ctypes.c_char)), ("name_length", SIZE), ("master", U32),
                ("value_state", U8), ("recovering", U8), ("write_number", U64),
                ("value", ctypes.POINTER(ctypes.c_char)), ("value_length", SIZE), ("locks", ctypes.POINTER(Lock)),
                ("lock_count", SIZE)]


class Found(ctypes.Structure):
    _fields_ = [("items", ctypes.POINTER(Resource)), ("count", SIZE), ("complete", ctypes.c_int)]


class Queues:
    """Asks one node about one lockspace."""

    def __init__(self, directory, lockspace):
        self.library = ctypes.CDLL(os.path.join(directory, "libholdfast_query.so.0"), use_errno=True)
        self.library.holdfast_free_resources.argtypes = [ctypes.POINTER(Found)]
        self.lockspace = lockspace.encode()

    def read(self, socket):
        """What stands in all queues: {name: (granted, convert, waiting, value block)}, with locks as
        (key, modes) pairs; and whether nobody is rebuilding anything."""
        dlm.set_environment("HOLDFAST_SOCKET", socket)
        found = ctypes.POINTER(Found)()
        if self.library.holdfast_query_resources(self.lockspace, None, ctypes.byref(found)) != 0:
            raise OSError(ctypes.get_errno(), "holdfast_query_resources")
        try:
            all_found = [found.contents.items[at] for at in range(found.contents.count)]
            settled = found.contents.complete and not any(resource.recovering for resource in all_found)
            return {resource.name[:resource.name_length].decode(): queues_of(resource)
                    for resource in all_found}, settled
        finally:
            self.library.holdfast_free_resources(found)


def queues_of(resource):
    queues = ([], [], [])
    for lock in (resource.locks[at] for at in range(resource.lock_count)):
        words = [dlm.MODES[mode] for mode in (lock.granted, lock.wanted) if mode != NO_MODE]
        queues[lock.standing].append((lock.key, ">".join(words)))
    return (*queues, value_of(resource))


def value_of(resource):
    if not resource.write_number:
        return ""  # never written: whether it is in doubt is nobody's business
    digits = bytes(resource.value[:resource.value_length]).ljust(4, b"\0")[:4].hex()
    return digits + ("!" if resource.value_state == DOUBTFUL else "")
