# SPDX-License-Identifier: Apache-2.0
"""Plays one recorded transcript of the Linux DLM (format: ../kernel/README.md) on holdfast: every call through
our libdlm, every queue through libholdfast_query. What comes out is put beside the record, operation by
operation; which differences are allowed is said in rules.py and nowhere else."""

import ctypes
import errno
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import dlm
from queues import Queues

CHILD = str(Path(__file__).resolve().parent / "child.py")
LOOKS_MAX = 200  # until everything must have come to rest
HOPS_MAX = 4


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


class Player:
    def __init__(self, library_directory, cluster, lockspace, creators, handles):
        self.library_directory = str(library_directory)
        self.library = dlm.load(self.library_directory)
        self.queues = Queues(self.library_directory, lockspace)
        self.cluster, self.lockspace = cluster, lockspace
        self.handles = {}
        self.nodes = {}  # of handles
        self.locks = {}
        self.by_argument = {}
        self.processes = {}
        self.dead = set()  # nodes
        self.timed = []  # locks that were asked for with an end of their wait
        self.names = {}  # of locks, by what queries know them by
        self.events = {}
        self.ast = dlm.Function(self._on_ast)
        self.bast = dlm.Function(self._on_bast)
        for name, node in creators.items():
            assert self._do_create(name, node) == 0, (name, ctypes.get_errno())
        for name, node in handles.items():
            assert self._do_open(name, node) == 0, (name, ctypes.get_errno())

    def close(self):
        """All nodes leave, however often they joined."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        for handle in self.handles.values():
            if handle:
                self.library.dlm_close_lockspace(handle)
        self.handles = {}
        for node in set(self.nodes.values()):
            while self._do_open("last", node) == 0:
                self._do_release("last", 1)

    def do(self, operation):
        """One operation, and what it causes, as soon as it looks as if that was all."""
        self.events = {}
        calls = operation.removeprefix("burst ").split(" / ")
        if calls[0].startswith("die "):
            self._rest_of_all()  # a machine takes along what it was about to send
        results = [self._call(call.split(" ")) for call in calls]
        rc, error = zip(*results) if operation.startswith("burst ") else results[0]
        words = calls[0].split(" ")
        shown = self._shown(words)
        return Outcome(rc if isinstance(rc, int) else list(rc), error if isinstance(error, str) else list(error), shown,
                       self.events, self._name_locks(self._rest()))

    def look_again(self, outcome):
        """The same operation, when that surely was all: the events go on in the list that the outcome has."""
        outcome.state = self._name_locks(self._rest_of_all())
        return outcome

    def _call(self, words):
        ctypes.set_errno(0)
        rc = getattr(self, "_do_" + words[0])(*words[1:])
        error = ctypes.get_errno()
        told_in_any_case = words[0] in ("release", "leave")
        return rc, dlm.error_name(error) if error and (rc < 0 or told_in_any_case) else ""

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

    def _at(self, node):
        dlm.set_environment("HOLDFAST_SOCKET", self.cluster.socket(int(node)))

    def _take(self, name, node, handle):
        self.handles[name], self.nodes[name] = handle, int(node)
        return 0 if handle else -1

    def _do_open(self, name, node):
        self._at(node)
        return self._take(name, node, self.library.dlm_open_lockspace(self.lockspace.encode()))

    def _do_create(self, name, node, flag=""):
        self._at(node)
        bits = dlm.NEW_AND_EXCLUSIVE if flag == "NEWEXCL" else 0
        return self._take(name, node, self.library.dlm_new_lockspace(self.lockspace.encode(), 0o600, bits))

    def _do_join(self, node):
        return self._do_create(f"n{node}", node)

    def _do_release(self, name, force):
        self._at(self.nodes[name])
        handle, self.handles[name] = self.handles[name], None
        return self.library.dlm_release_lockspace(self.lockspace.encode(), handle, int(force))

    def _do_leave(self, node, force):
        return self._do_release(f"n{node}", force)

    def _do_die(self, node):
        """The machine: its daemon, and all programs on it, of which nobody hears any more."""
        self.cluster.die(int(node))
        self.dead.add(int(node))
        for name, at in self.nodes.items():
            if at == int(node) and self.handles[name]:
                handle, self.handles[name] = self.handles[name], None
                self.library.dlm_close_lockspace(handle)
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
            rc = self.library.dlm_ls_lockx(self.handles[handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                           dlm.flag_bits(flags), key, len(key), 0, ast, lock.argument, bast, None,
                                           ctypes.byref(hundredths))
        else:
            rc = self.library.dlm_ls_lock(self.handles[handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                          dlm.flag_bits(flags), key, len(key), 0, ast, lock.argument, bast, None)
        return self._known(lock, rc)

    def _do_lockw(self, handle, name, resource, mode, flags, value=""):
        lock = self._new_lock(handle, name, resource, flags, value)
        key = b"" if resource == "''" else resource.encode()
        rc = self.library.dlm_ls_lock_wait(self.handles[handle], dlm.mode_number(mode), ctypes.byref(lock.lksb),
                                           dlm.flag_bits(flags), key, len(key), 0, lock.argument,
                                           self._functions(flags)[1], None)
        return self._known(lock, rc)

    def _known(self, lock, rc):
        """Queries name locks by node, process and id."""
        if rc == 0:
            self.names[self.nodes[lock.handle], os.getpid(), lock.lksb.lkid] = lock.name
        return rc

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
                                   env=os.environ | {"HOLDFAST_SOCKET": self.cluster.socket(int(node))})
        self.processes[name] = process
        rc, error, status, lkid = process.stdout.readline().split()
        self.locks[name] = LockName(name, None, resource, 0)
        self.names[int(node), process.pid, int(lkid)] = name
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
        """Looks at the cluster through node 1 until it says the same twice, with nothing for our handles in between.
        A query asks all nodes and comes back behind what they had sent to node 1 before. Of what is under way between
        two others it knows nothing, and on a busy machine that may take its time."""
        return self._same(2, [1])

    def _rest_of_all(self):
        """Looks through each node in turn, so that on every connection, in both directions, something comes behind
        what was under way there. A request makes at most HOPS_MAX of such ways before it shows in a queue or an event
        (to the home, to the master, back to the holder, its answer), so this often nothing has changed."""
        nodes = sorted({*range(1, self.cluster.size + 1)} - self.dead)
        return self._same(HOPS_MAX + 1, nodes)

    def _same(self, often, nodes):
        before, seen = None, 0
        for _ in range(LOOKS_MAX):
            now = [self.queues.read(self.cluster.socket(node)) for node in nodes]
            told = sum(map(len, self.events.values()))
            for handle in self.handles.values():
                if handle:
                    self.library.dlm_dispatch(self.library.dlm_ls_get_fd(handle))
            quiet = told == sum(map(len, self.events.values()))
            settled = all(complete for _, complete in now)
            seen = seen + 1 if now == before and settled and quiet else 1
            if seen >= often:
                return now[0][0]
            before = now
        raise AssertionError("it never comes to rest")

    def _name_locks(self, queues):
        state = {}
        for resource, (granted, convert, waiting, value) in queues.items():
            named = [[f"{self.names[key]} {modes}" for key, modes in queue]
                     for queue in (granted, convert, waiting)]
            state[resource] = {"granted": sorted(named[0]), "convert": named[1], "waiting": named[2], "lvb": value}
        return state
