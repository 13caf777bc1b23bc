# SPDX-License-Identifier: Apache-2.0
"""Errors: one class for each that a program may want to catch, all of them `Error`.

`code` is the name in the table of errors that all of holdfast shares; `errno` its number in C.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Tuple, Type

from . import _core
from ._words import Mode


@dataclass(frozen=True)
class Blocker:
    """Somebody who stands in the way."""

    node: int
    lock: int  # the id of its lock at that node
    owner: int
    mode: Mode  # what it holds or, if it is only ahead in the queue, wants
    ahead: bool  # not in conflict by what it holds, only ahead in the queue


class Error(Exception):
    """Something that holdfast could not do."""

    code: str
    errno: int
    detail: str

    def __init__(self, code: str, errno: int, detail: str) -> None:
        super().__init__(code, errno, detail)
        self.code = code
        self.errno = errno
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Refused(Error):
    """A lock or a conversion that was not granted. `blockers`: who stood in the way, as far as the master knew."""

    blockers: Tuple[Blocker, ...]

    def __init__(self, code: str, errno: int, detail: str, blockers: Tuple[Blocker, ...] = ()) -> None:
        super().__init__(code, errno, detail)
        self.blockers = blockers


class Blocked(Refused):
    """noqueue=True, and somebody holds it or waits for it."""


class TimedOut(Refused, TimeoutError):
    """Not granted in time."""


class Deadlock(Refused):
    """Waiting would never end."""


class Cancelled(Refused):
    """The request was cancelled."""


class NoQuorum(Refused):
    """This node is without quorum."""


class Recovering(Refused):
    """The resource is being rebuilt after a node was lost."""


class NoOrphan(Refused, LookupError):
    """There is no orphan of this name, or it is in another mode."""


class BadArgument(Error, ValueError):
    """A name, value, mode or option that cannot be used."""


class NoSuchLock(Error, LookupError):
    """There is no such lock, or not any more."""


class NoSuch(Error, LookupError):
    """There is no such lockspace, node or resource."""


class Busy(Error):
    """An operation on this lock or name is under way."""


class HasChildren(Error):
    """The lock still has sub-locks."""


class TooMany(Error):
    """A limit is reached: locks, sessions, waiters, lockspaces."""


class NotPermitted(Error, PermissionError):
    """Only the operator may do this, or its owner and mode do not allow it."""


class Lost(Error):
    """The lock was lost, through no act of this program."""


class LeaseExpired(Lost):
    """The lease of this node ran out: all of its locks are lost."""


class SessionEnded(Error, ConnectionError):
    """The session with the daemon is over, and its locks with it. connect() a new one."""


class CannotConnect(Error, ConnectionError):
    """There is no daemon to talk to."""


CLASSES: Dict[str, Type[Error]] = {
    "blocked": Blocked,
    "timed_out": TimedOut,
    "deadlock": Deadlock,
    "cancelled": Cancelled,
    "no_quorum": NoQuorum,
    "recovering": Recovering,
    "no_orphan": NoOrphan,
    "orphan_in_other_mode": NoOrphan,
    **dict.fromkeys(
        "bad_mode bad_flags bad_conversion bad_name name_too_long value_too_long bad_argument bad_view".split(),
        BadArgument,
    ),
    "no_such_lock": NoSuchLock,
    **dict.fromkeys("no_such_lockspace no_such_node no_such_resource".split(), NoSuch),
    "busy": Busy,
    "has_children": HasChildren,
    **dict.fromkeys("too_many_locks too_many_sessions too_many_waiters too_many_lockspaces".split(), TooMany),
    **dict.fromkeys("not_permitted no_access foreign_lock".split(), NotPermitted),
    **dict.fromkeys("lost forced_out".split(), Lost),
    "lease_expired": LeaseExpired,
    **dict.fromkeys("session_ended disconnected shutting_down slow_reader".split(), SessionEnded),
    **dict.fromkeys("cannot_connect wrong_version".split(), CannotConnect),
}


def to_blockers(blockers: List[Dict[str, Any]]) -> Tuple[Blocker, ...]:
    return tuple(
        Blocker(one["node"], one["lock"], one["owner"], Mode(one["mode"]), one["ahead"]) for one in blockers
    )


def make(code: str, errno: int, detail: str, blockers: List[Dict[str, Any]]) -> Error:
    kind = CLASSES.get(code, Error)
    if issubclass(kind, Refused):
        return kind(code, errno, detail, to_blockers(blockers))
    return kind(code, errno, detail)


_core.set_exception_factory(make)
