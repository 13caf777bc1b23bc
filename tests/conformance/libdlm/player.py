# SPDX-License-Identifier: Apache-2.0
"""Plays one recorded transcript of the Linux DLM (format: ../kernel/README.md) on holdfast: every call through
our libdlm, every queue as `holdfast ls` tells it. What comes out is put beside the record, operation by
operation; which differences are allowed is said in rules.py and nowhere else."""

import ctypes
import errno
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import dlm

CHILD = str(Path(__file__).resolve().parent / "child.py")
LOOKS_MAX = 200  # until everything must have come to rest


class Unsupported(Exception):
    """The transcript has an operation that this player cannot do."""


class Forked:
    """The little of a Popen that is needed of a copy of ourselves."""

    def __init__(self, pid):
        self.pid, self.ended = pid, False

    def kill(self):
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self):
        if not self.ended:
            os.waitpid(self.pid, 0)
            self.ended = True


class LockName:
    """A lock of the transcript, with the lksb and the value block of its program."""

    def __init__(self, name, handle, resource, argument):
        self.name, self.handle, self.resource, self.argument = name, handle, resource, argument
        self.buffer = ctypes.create_string_buffer(dlm.VALUE_BYTES)
        self.lksb = dlm.Lksb(value=ctypes.addressof(self.buffer))

    def put(self, hex_digits):
        self.buffer.raw = bytes.fromhex(hex_digits).ljust(dlm.VALUE_BYTES, b"\0")

    @property
    def value(self):
        return self.buffer.raw[:4].hex()


@dataclass
class Outcome:
    """Of one operation; by (handle, lock) the events, by resource the state."""
    rc: int  # of a burst: a list
    errno: str
    lksb: dict = field(default_factory=dict)  # after a synchronous call
    events: dict = field(default_factory=dict)
    state: dict = field(default_factory=dict)


def recorded_outcome(line):
    outcome = Outcome(line["rc"], line["errno"], {k: line[k] for k in ("status", "flags", "lvb") if k in line})
    for handle, events in line["events"].items():
        for event in events:
            lock = event.get("ast") or event["bast"]
            shown = {k: v for k, v in event.items() if k != "mode"}  # libdlm does not tell the mode
            outcome.events.setdefault((handle, lock), []).append(shown)
    for name, resource in line["state"].items():
        outcome.state[name] = {"granted": sorted(resource["granted"]), "convert": resource["convert"],
                               "waiting": resource["waiting"], "lvb": resource["lvb"]}
    return outcome


def unescaped(text):
    return re.sub(rb"\\(?:x([0-9a-f]{2})|(\\))", lambda m: bytes([int(m[1], 16)]) if m[1] else m[2], text.encode())


class Player:
    def __init__(self, library_directory, holdfast, sockets, lockspace, handles):
        self.library_directory = str(library_directory)
        self.library = dlm.load(self.library_directory)
        self.holdfast, self.sockets, self.lockspace = holdfast, sockets, lockspace
        self.handles = {}
        self.locks = {}
        self.by_argument = {}
        self.processes = {}
        self.timed = []  # locks that were asked for with an end of their wait
        self.claims = {}  # (node, id) as queries tell them, to the lock's name
        self.events = {}
        self.ast = dlm.Function(self._on_ast)
        self.bast = dlm.Function(self._on_bast)
        for name, node in handles.items():
            self._open(name, node)

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        for handle in self.handles.values():
            if handle:
                self.library.dlm_close_lockspace(handle)
        self.handles = {}

    def do(self, operation):
        """One operation, and all that it causes until everything is at rest."""
        self.events = {}
        calls = operation.removeprefix("burst ").split(" / ")
        results = [self._call(call.split(" ")) for call in calls]
        rc, error = zip(*results) if operation.startswith("burst ") else results[0]
        words = calls[0].split(" ")
        newest = {"lock": 2, "lockw": 2, "child": 1}.get(words[0])
        newest = None if newest is None else words[newest]
        shown = self._shown(words)
        return Outcome(rc if isinstance(rc, int) else list(rc), error if isinstance(error, str) else list(error), shown,
                       self.events, self._name_locks(self._rest(), newest))

    def _call(self, words):
        call = getattr(self, "_do_" + words[0], None)
        if call is None:
            raise Unsupported(words[0])
        ctypes.set_errno(0)
        rc = call(*words[1:])
        return rc, dlm.error_name(ctypes.get_errno()) if rc < 0 else ""

    def _shown(self, words):
        """The lksb after a synchronous call."""
        if words[0] == "child":
            return {"status": dlm.status_name(self.locks[words[1]].lksb.status)}
        if words[0] not in ("lockw", "convw", "unlockw", "show"):
            return {}
        lock = self.locks[words[2] if words[0] == "lockw" else words[1]]
        shown = {"status": dlm.status_name(lock.lksb.status), "lvb": lock.value}
        flags = [name for bit, name in dlm.RESULT_FLAGS if lock.lksb.flags & bit]
        return shown | ({"flags": flags} if flags else {})

    # ---- operations ----

    def _open(self, name, node):
        dlm.set_environment("HOLDFAST_SOCKET", self.sockets[node])
        self.handles[name] = self.library.dlm_open_lockspace(self.lockspace.encode())
        if not self.handles[name]:
            raise AssertionError(f"cannot open {self.lockspace} at node {node}: {ctypes.get_errno()}")

    def _do_open(self, name, node):
        self._open(name, int(node))
        return 0

    def _do_close(self, name):
        handle, self.handles[name] = self.handles[name], None
        return self.library.dlm_close_lockspace(handle)

    def _new_lock(self, handle, name, resource, flags, value):
        lock = LockName(name, handle, "" if resource == "''" else resource, len(self.by_argument) + 1)
        self.by_argument[lock.argument] = self.locks[name] = lock
        return self._prepared(name, flags, value)

    def _prepared(self, name, flags, value):
        lock = self.locks[name]
        lock.lksb.value = None if "!NOLVB" in flags else ctypes.addressof(lock.buffer)
        if value:
            lock.put(value)
        return lock

    def _functions(self, flags):
        ast = None if "!NOAST" in flags else ctypes.cast(self.ast, ctypes.c_void_p)
        bast = None if "!NOBAST" in flags else ctypes.cast(self.bast, ctypes.c_void_p)
        return ast, bast

    def _do_lock(self, handle, name, resource, mode, flags, value=""):
        lock = self._new_lock(handle, name, resource, flags, value)
        key = b"" if resource == "''" else resource.encode()
        ast, bast = self._functions(flags)
        if "TIMEOUT" in flags:
            self.timed.append(lock)
            hundredths = ctypes.c_uint64(50)
            return self.library.dlm_ls_lockx(self.handles[handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                             dlm.flag_bits(flags), key, len(key), 0, ast, lock.argument, bast, None,
                                             ctypes.byref(hundredths))
        return self.library.dlm_ls_lock(self.handles[handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                        dlm.flag_bits(flags), key, len(key), 0, ast, lock.argument, bast, None)

    def _do_lockw(self, handle, name, resource, mode, flags, value=""):
        lock = self._new_lock(handle, name, resource, flags, value)
        key = b"" if resource == "''" else resource.encode()
        return self.library.dlm_ls_lock_wait(self.handles[handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                             dlm.flag_bits(flags), key, len(key), 0, lock.argument,
                                             self._functions(flags)[1], None)

    def _do_conv(self, name, mode, flags, value=""):
        lock = self._prepared(name, flags, value)
        ast, bast = self._functions(flags)
        return self.library.dlm_ls_lock(self.handles[lock.handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                        dlm.flag_bits(flags) | dlm.FLAGS["CONVERT"], None, 0, 0, ast, lock.argument,
                                        bast, None)

    def _do_convw(self, name, mode, flags, value=""):
        lock = self._prepared(name, flags, value)
        return self.library.dlm_ls_lock_wait(self.handles[lock.handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                             dlm.flag_bits(flags) | dlm.FLAGS["CONVERT"], None, 0, 0, lock.argument,
                                             self._functions(flags)[1], None)

    def _do_unlockw(self, name, flags, value=""):
        lock = self._prepared(name, flags, value)
        return self.library.dlm_ls_unlock_wait(self.handles[lock.handle], lock.lksb.lkid, dlm.flag_bits(flags),
                                               ctypes.byref(lock.lksb))

    @staticmethod
    def _do_show(_name):
        return 0

    def _do_sleep(self, seconds):
        """Time passes, and all that it can change is that waits with an end come to it."""
        deadline = time.monotonic() + 10 * float(seconds)
        fds = [self.library.dlm_ls_get_fd(handle) for handle in self.handles.values() if handle]
        while any(lock.lksb.status == dlm.IN_PROGRESS for lock in self.timed) and time.monotonic() < deadline:
            for fd in select.select(fds, [], [], float(seconds))[0]:
                self.library.dlm_dispatch(fd)
        return 0

    def _do_purge(self, handle, node, pid):
        if pid == "self":
            number = os.getpid()
        else:
            number = self.processes[pid].pid if pid in self.processes else int(pid)
        return self.library.dlm_ls_purge(self.handles[handle], int(node), number)

    # ---- processes ----

    def _do_child(self, name, node, resource, mode, flags):
        process = subprocess.Popen([sys.executable, "-B", CHILD, self.library_directory, self.lockspace, resource, mode,
                                    flags], stdout=subprocess.PIPE, text=True,
                                   env=os.environ | {"HOLDFAST_SOCKET": self.sockets[int(node)]})
        self.processes[name] = process
        rc, error, status = process.stdout.readline().split()
        self.locks[name] = LockName(name, None, resource, 0)
        self.locks[name].lksb.status = dlm.status_number(status)
        if int(rc) < 0:
            ctypes.set_errno(getattr(errno, error))
        return int(rc)

    def _do_forkhold(self, name, _node):
        """It has copies of all sockets, and does nothing with them."""
        pid = os.fork()
        if pid == 0:
            while True:
                signal.pause()
        self.processes[name] = Forked(pid)
        return 0

    def _do_kill(self, name):
        process = self.processes[name]
        process.kill()
        process.wait()
        if isinstance(process, subprocess.Popen):
            process.stdout.close()
        return 0

    def _do_unlock(self, name, flags, value=""):
        lock = self._prepared(name, flags, value)
        return self.library.dlm_ls_unlock(self.handles[lock.handle], lock.lksb.lkid, dlm.flag_bits(flags),
                                          ctypes.byref(lock.lksb), lock.argument)

    _do_unlockv = _do_unlock  # we always send the value that the call names

    def _do_cancel(self, name):
        return self._do_unlock(name, "CANCEL")

    def _do_deadlk(self, name):
        lock = self.locks[name]
        return self.library.dlm_ls_deadlock_cancel(self.handles[lock.handle], lock.lksb.lkid, 0)

    # ---- what comes of them ----

    def _tell(self, argument, event):
        lock = self.by_argument[argument]
        self.events.setdefault((lock.handle, lock.name), []).append(event(lock))

    def _on_ast(self, argument):
        def completion(lock):
            event = {"ast": lock.name, "status": dlm.status_name(lock.lksb.status), "lvb": lock.value}
            flags = [name for bit, name in dlm.RESULT_FLAGS if lock.lksb.flags & bit]
            return event | ({"flags": flags} if flags else {})
        self._tell(argument, completion)

    def _on_bast(self, argument):
        self._tell(argument, lambda lock: {"bast": lock.name})

    def _rest(self):
        """Looks at the cluster until it says the same twice, with nothing for our handles in between. A query asks
        all nodes and comes back behind what they had sent before."""
        before = None
        for _ in range(LOOKS_MAX):
            now = self._query()
            told = sum(map(len, self.events.values()))
            for handle in self.handles.values():
                if handle:
                    self.library.dlm_dispatch(self.library.dlm_ls_get_fd(handle))
            if now == before and told == sum(map(len, self.events.values())):
                return now
            before = now
        raise AssertionError("it never comes to rest")

    def _query(self):
        node = min(self.sockets)
        done = subprocess.run([self.holdfast, "ls", "--lockspace", self.lockspace, "--json", "--socket",
                               self.sockets[node]], capture_output=True, text=True, check=True)
        resources = json.loads(done.stdout)["resources"]
        for resource in resources:
            for lock in resource["locks"]:
                for passing in ("age_ms", "since"):
                    del lock[passing]
        return resources

    def _name_locks(self, resources, newest):
        state = {}
        for resource in resources:
            shown = {"granted": [], "convert": [], "waiting": [], "lvb": self._value(resource["value"])}
            for lock in resource["locks"]:
                name = self.claims.setdefault((lock["node"], lock["id"]), newest)
                if lock["standing"] == "granted":
                    shown["granted"].append(f"{name} {lock['mode']}")
                elif lock["standing"] == "converting":
                    shown["convert"].append(f"{name} {lock['mode']}>{lock['wanted']}")
                else:
                    shown["waiting"].append(f"{name} {lock['wanted']}")
            shown["granted"].sort()
            state[resource["name"]] = shown
        return state

    @staticmethod
    def _value(value):
        if not value["write_number"]:
            return ""  # never written: whether it is in doubt is nobody's business
        digits = unescaped(value["bytes"]).ljust(4, b"\0")[:4].hex()
        return digits + ("!" if value["state"] == "doubtful" else "")

    def adopt(self, orphan, adopter):
        """An orphan has a new owner, and in the transcript a new name."""
        for claim, name in self.claims.items():
            if name == orphan:
                self.claims[claim] = adopter
