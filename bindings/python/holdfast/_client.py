# SPDX-License-Identifier: Apache-2.0
"""Client: one session of this process with the daemon of its node."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Iterator, List, Optional, Type, Union

from . import _core
from ._awaiting import LockRequest
from ._errors import Error
from ._lock import Lock, OnLost, OnNotice
from ._reports import LockspaceReport, NodeStatus, Resources, to_lockspace, to_resource, to_status
from ._session import Answer, Engine, OnWaiting
from ._words import BY_DEFAULT_NS, Mode, Name, Seconds, deadline_to_seconds, to_bytes, to_mode, to_ns, to_seconds

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True)
class Lockspace:
    """A lockspace that this session has opened."""

    name: str
    handle: int


@dataclass
class _Request:
    name: bytes
    mode: Mode
    options: _core.LockOptions
    on_notice: Optional[OnNotice] = None
    on_lost: Optional[OnLost] = None
    on_waiting: Optional[OnWaiting] = None


class Client:
    """Made by connect(). One thread at a time; several clients are independent."""

    def __init__(self, options: _core.ConnectOptions) -> None:
        self._engine = Engine(_core.Session(options))

    def __repr__(self) -> str:
        return "<holdfast.Client closed>" if self._engine.core.closed else f"<holdfast.Client at node {self.node}>"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], _: object, __: "Optional[TracebackType]") -> None:
        self.close()

    def close(self) -> None:
        """Ends the session: the daemon releases its locks at once (persistent ones live on)."""
        self._engine.close()

    # ---- facts ----

    @property
    def node(self) -> int:
        return self._engine.core.node

    @property
    def incarnation(self) -> int:
        return self._engine.core.incarnation

    @property
    def owner(self) -> int:
        return self._engine.core.owner

    @property
    def version(self) -> str:
        """Of the daemon."""
        return self._engine.core.version

    @property
    def lease(self) -> float:
        return to_seconds(self._engine.core.lease)

    @property
    def value_bytes_max(self) -> int:
        """How long a value block may be, in lockspaces that have no limit of their own."""
        return self._engine.core.value_bytes_max

    @property
    def valid_until(self) -> float:
        """The locks of this session are surely ours until then: seconds of time.CLOCK_BOOTTIME, infinite for a node
        that is alone. The daemon moves it ahead by itself."""
        return deadline_to_seconds(self._engine.core.valid_until)

    @property
    def ended(self) -> Optional[Error]:
        """None while the session lives, then why it is over."""
        return self._engine.ended

    # ---- locks ----

    def lock(
        self,
        name: Name,
        mode: Union[Mode, str] = Mode.EX,
        *,
        timeout: Optional[Seconds] = None,
        noqueue: bool = False,
        read_value: bool = False,
        notices: bool = False,
        lockspace: Optional[Lockspace] = None,
        parent: Optional[Lock] = None,
        tag: int = 0,
        flags: Iterable[str] = (),
        on_notice: Optional[OnNotice] = None,
        on_lost: Optional[OnLost] = None,
        on_waiting: Optional[OnWaiting] = None,
    ) -> Lock:
        """Waits for a lock; give it back with its `with` block or release().

        timeout: seconds, or math.inf for without end; then TimedOut. Without it: what connect() was told, then what the
        daemon's configuration says for the lockspace, then without end. noqueue: Blocked instead of waiting. read_value: bring
        the value block along. notices: keep Lock.wanted up to date (on_notice wants them by itself). parent: a lock
        of this client that this one is to be a sub-lock of. tag: a number of yours that queries show. flags: names
        of options of the Linux DLM, such as "expedite" or "persistent". on_waiting: called with the blockers if it
        queues. The other two are called from poll(), dispatch() or asyncio's loop.
        """
        options = _lock_options(timeout, noqueue, read_value, notices or on_notice is not None, flags)
        _place(options, lockspace, parent, tag)
        request = _Request(to_bytes(name), to_mode(mode), options, on_notice, on_lost, on_waiting)
        with self._engine.turn():
            answer = self._ask(request)
            lock = self._engine.wait(answer, None if options.wait_max < 0 else options.wait_max / 1e9)
        assert isinstance(lock, Lock)
        return lock

    def lock_async(
        self,
        name: Name,
        mode: Union[Mode, str] = Mode.EX,
        *,
        timeout: Optional[Seconds] = None,
        noqueue: bool = False,
        read_value: bool = False,
        notices: bool = False,
        lockspace: Optional[Lockspace] = None,
        parent: Optional[Lock] = None,
        tag: int = 0,
        flags: Iterable[str] = (),
        on_notice: Optional[OnNotice] = None,
        on_lost: Optional[OnLost] = None,
        on_waiting: Optional[OnWaiting] = None,
    ) -> LockRequest:
        """As lock(), for asyncio: await it, or `async with` it. A task that is cancelled takes its request back."""
        options = _lock_options(timeout, noqueue, read_value, notices or on_notice is not None, flags)
        _place(options, lockspace, parent, tag)
        request = _Request(to_bytes(name), to_mode(mode), options, on_notice, on_lost, on_waiting)
        return LockRequest(self._engine, lambda: self._ask(request))

    def adopt(
        self,
        name: Name,
        mode: Union[Mode, str],
        *,
        timeout: Optional[Seconds] = None,
        lockspace: Optional[Lockspace] = None,
    ) -> Lock:
        """Takes over an orphan (a persistent lock whose session is gone) of this name and mode."""
        return self.lock(name, mode, timeout=timeout, lockspace=lockspace, flags=["orphan"])

    def _ask(self, request: _Request) -> Answer:
        engine = self._engine

        def granted(lock: int, raw: Any) -> Lock:
            made = Lock(engine, request.name, lock, raw)
            made.on_notice, made.on_lost = request.on_notice, request.on_lost
            return made

        answer = Answer(granted, request.on_waiting, Lock._discard)
        return engine.ask(lambda: engine.core.lock(request.name, request.mode, request.options), answer)

    # ---- events ----

    def fileno(self) -> int:
        """For an event loop of your own: readable when there may be something to dispatch()."""
        return self._engine.core.fileno()

    def dispatch(self) -> None:
        """Reads what is there without waiting, and runs callbacks."""
        self.poll(0)

    def poll(self, timeout: Optional[Seconds] = None) -> None:
        """Waits until something came, then as dispatch()."""
        nanoseconds = to_ns(timeout)
        self._engine.poll(None if nanoseconds < 0 else nanoseconds / 1e9)

    # ---- looking ----

    def query(self, name: Name = "*", *, lockspace: Name = "*") -> Resources:
        """What is locked in the whole cluster, in the order of lockspace and name. * and ? stand for any bytes."""
        found = Resources()
        for page in self.query_pages(name, lockspace=lockspace):
            found.extend(page)
            found.complete = found.complete and page.complete
        return found

    def query_pages(self, name: Name = "*", *, lockspace: Name = "*", rows_max: int = 0) -> Iterator[Resources]:
        """The same, page by page: what is far down was not looked at yet."""
        options = _core.QueryOptions()
        options.set_pattern(to_bytes(lockspace), to_bytes(name))
        options.rows_max = rows_max
        after = b""
        while True:
            with self._engine.turn() as core:
                raw, following, complete = core.query(options)
            page = Resources(to_resource(one) for one in raw)
            page.complete = complete
            yield page
            # A page that does not come further would be asked for without end.
            if not following or following <= after:
                return
            after = following
            options.set_after(after)

    def status(self, timeout: Optional[Seconds] = None) -> NodeStatus:
        """What the node is doing. A daemon that hangs says nothing at all: TimedOut after `timeout`."""
        with self._engine.turn() as core:
            return to_status(core.status(to_ns(timeout)))

    def lockspaces(self) -> List[LockspaceReport]:
        """All lockspaces that some node is in."""
        with self._engine.turn() as core:
            return [to_lockspace(one) for one in core.lockspaces()]

    # ---- the rest ----

    def open_lockspace(self, name: Name, use: str = "any", *, mode: int = 0o600) -> Lockspace:
        """`use`: any, existing (only if this node is in it), join, join_new (only if it is not). `mode`, with the last
        two: who may open it at this node, as with a file."""
        with self._engine.turn() as core:
            return Lockspace(os.fsdecode(to_bytes(name)), core.open_lockspace(to_bytes(name), use, mode))

    def leave_lockspace(self, name: Name, how: str = "if_unused") -> None:
        """Takes back one join of this node. `how`: if_unused, or force: programs with locks there lose them."""
        with self._engine.turn() as core:
            core.leave_lockspace(to_bytes(name), how)

    def purge(self, name: Name = "*", *, node: int = 0, pid: int = 0, lockspace: Optional[Lockspace] = None) -> None:
        """Ends orphans: of this node or another one, of one process or of all. Operators, and one's own."""
        options = _core.PurgeOptions()
        options.name, options.pid = to_bytes(name), pid
        options.set_node(node)
        if lockspace is not None:
            options.set_lockspace(lockspace.handle)
        with self._engine.turn() as core:
            core.purge(options)

    def sync(self) -> None:
        """Returns when everything this node had sent to its peers before was applied there."""
        with self._engine.turn() as core:
            core.sync()

    def move(self, name: Name, to: int, *, lockspace: Optional[Lockspace] = None) -> None:
        """Operators: makes that node the master of a name. Nobody loses a lock."""
        with self._engine.turn() as core:
            core.move(to_bytes(name), to, 0 if lockspace is None else lockspace.handle)

    def fence_ack(self, node: int) -> None:
        """Operators: that node is surely dead, with all programs that held its locks."""
        with self._engine.turn() as core:
            core.fence_ack(node)


def _lock_options(
    timeout: Optional[Seconds], noqueue: bool, read_value: bool, notices: bool, flags: Iterable[str]
) -> _core.LockOptions:
    options = _core.LockOptions()
    options.wait_max = to_ns(timeout, BY_DEFAULT_NS)
    options.fail_when_blocked = noqueue
    options.read_value = read_value
    options.notices = notices
    options.set_flags(list(flags))
    return options


def _place(options: _core.LockOptions, lockspace: Optional[Lockspace], parent: Optional[Lock], tag: int) -> None:
    options.tag = tag
    if lockspace is not None:
        options.lockspace = lockspace.handle
    if parent is not None:
        options.parent = parent.id


def connect(
    socket: Union[str, "os.PathLike[str]"] = "",
    *,
    label: str = "",
    timeout: Optional[Seconds] = None,
    lives_with_socket: bool = False,
    connect_timeout: Seconds = 5.0,
) -> Client:
    """A session with the daemon of this node.

    socket: empty for $HOLDFAST_SOCKET, then /run/holdfast/holdfast.sock and $XDG_RUNTIME_DIR/holdfast/holdfast.sock.
    label: free text that queries show beside our locks. timeout: of requests that do not say how long they wait. lives_with_socket: the session ends when the last copy of its
    socket is closed, not with this process.
    """
    options = _core.ConnectOptions()
    options.socket = os.fsencode(socket)
    options.label = label.encode()
    options.wait_max = to_ns(timeout, BY_DEFAULT_NS)
    options.lives_with_socket = lives_with_socket
    options.connect_max = to_ns(connect_timeout)
    return Client(options)
