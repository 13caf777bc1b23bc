# SPDX-License-Identifier: Apache-2.0
"""What queries tell, as plain values that live as long as you keep them. Times are seconds."""

from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

from ._words import Mode, Phase, Standing, Token, ValueState, to_seconds, to_text

Raw = Dict[str, Any]


@dataclass(frozen=True)
class Owner:
    """Who stands behind a lock."""

    node: int
    owner: int
    pid: int
    start_ticks: int  # field 22 of /proc/PID/stat: tells a reused pid from this one
    uid: int
    user: str
    command: str
    label: str


@dataclass(frozen=True)
class LockReport:
    node: int  # of the holder or waiter
    id: int  # its lock id there
    standing: Standing
    granted: Mode  # meaningless while waiting
    wanted: Mode  # meaningful while converting or waiting
    flags: Tuple[str, ...]
    token: Token
    age: float  # since it was granted or, while it waits, since it waits
    orphan: bool  # persistent, and its session is gone
    parent: int  # the lock that this is a sub-lock of; 0: of none
    tag: int
    owner: Owner


@dataclass(frozen=True)
class Resource:
    lockspace: str
    above: Tuple[str, ...]  # of sub-locks: the names above this one, from the root of the tree down
    name: str
    master: int
    home: int
    value_state: ValueState
    write_number: int
    value: bytes
    recovering: bool  # being rebuilt after a node was lost: nothing is granted yet
    locks: Tuple[LockReport, ...]  # granted, then converting, then waiting in the order of the queue

    @property
    def holders(self) -> Tuple[LockReport, ...]:
        return tuple(lock for lock in self.locks if lock.standing is not Standing.WAITING)

    @property
    def waiters(self) -> Tuple[LockReport, ...]:
        return tuple(lock for lock in self.locks if lock.standing is not Standing.GRANTED)


class Resources(List[Resource]):
    """A list of resources, and whether all are there: some node may not have answered in time."""

    complete: bool = True


@dataclass(frozen=True)
class Member:
    node: int
    incarnation: int
    address: str
    weight: int
    votes: int


@dataclass(frozen=True)
class View:
    epoch: int
    members: Tuple[Member, ...]
    configured_votes: int
    quorate: bool
    tie_breaker: int  # 0: nobody
    device_votes: int


@dataclass(frozen=True)
class LeaseWait:
    """Nothing that a lost node's programs may hold is granted again before its lease has run out."""

    node: int
    incarnation: int
    left: float


@dataclass(frozen=True)
class NodeStatus:
    node: int
    incarnation: int
    version: str
    cluster: str
    peer_address: str
    view: View
    phase: Phase
    lease: float
    deadline_left: float  # how long its locks are still valid without a renewal
    sessions: int
    claims: int
    resources_mastered: int
    directory_entries: int
    uptime: float
    peers_connected: Tuple[int, ...]
    member_ages: Tuple[float, ...]  # of view.members
    lease_waits: Tuple[LeaseWait, ...]
    moved: int
    moved_by_use: int


@dataclass(frozen=True)
class LockspaceReport:
    name: str
    joins: int  # of this node that were not taken back; 0: uid, gid and mode say nothing
    uid: int
    gid: int
    mode: int
    members: Tuple[int, ...]


def changed(raw: Raw, **fields: Any) -> Raw:
    return {**raw, **fields}


def to_owner(raw: Raw) -> Owner:
    return Owner(**changed(raw, **{key: to_text(raw[key]) for key in ("user", "command", "label")}))


def to_lock(raw: Raw) -> LockReport:
    return LockReport(
        **changed(
            raw,
            standing=Standing(raw["standing"]),
            granted=Mode(raw["granted"]),
            wanted=Mode(raw["wanted"]),
            flags=tuple(raw["flags"]),
            token=Token(**raw["token"]),
            age=to_seconds(raw["age"]),
            owner=to_owner(raw["owner"]),
        )
    )


def to_resource(raw: Raw) -> Resource:
    return Resource(
        **changed(
            raw,
            lockspace=to_text(raw["lockspace"]),
            above=tuple(to_text(name) for name in raw["above"]),
            name=to_text(raw["name"]),
            value_state=ValueState(raw["value_state"]),
            locks=tuple(to_lock(lock) for lock in raw["locks"]),
        )
    )


def to_view(raw: Raw) -> View:
    return View(**changed(raw, members=tuple(Member(**member) for member in raw["members"])))


def to_status(raw: Raw) -> NodeStatus:
    waits = (LeaseWait(**changed(wait, left=to_seconds(wait["left"]))) for wait in raw["lease_waits"])
    return NodeStatus(
        **changed(
            raw,
            view=to_view(raw["view"]),
            phase=Phase(raw["phase"]),
            lease=to_seconds(raw["lease"]),
            deadline_left=to_seconds(raw["deadline_left"]),
            uptime=to_seconds(raw["uptime"]),
            peers_connected=tuple(raw["peers_connected"]),
            member_ages=tuple(to_seconds(age) for age in raw["member_ages"]),
            lease_waits=tuple(waits),
        )
    )


def to_lockspace(raw: Raw) -> LockspaceReport:
    return LockspaceReport(**changed(raw, name=to_text(raw["name"]), members=tuple(raw["members"])))
