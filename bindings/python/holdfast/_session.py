# SPDX-License-Identifier: Apache-2.0
"""Engine: who waits for which answer. It runs no thread: bytes are read inside the calls that are made, or when
asyncio's loop says that the descriptor is readable.

Callbacks of locks never run in the middle of another call: they wait for poll(), dispatch() or the loop.
"""

import asyncio
import errno
import os
import select
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, Iterator, Optional, Tuple
from weakref import WeakValueDictionary

from . import _core
from ._errors import Blocker, Error, TimedOut, to_blockers
from ._words import Mode

if TYPE_CHECKING:
    from ._lock import Lock

# How long behind its timeout a call still waits for the daemon to say so itself.
GRACE = 2.0
# How long an interrupted call waits to hear that it took its request back.
SETTLE = 1.0

OnWaiting = Callable[[Tuple[Blocker, ...]], None]


class Answer:
    """What somebody waits for."""

    def __init__(self, to_result: Callable[[int, Any], Any], on_waiting: Optional[OnWaiting] = None,
                 discard: Optional[Callable[[Any], None]] = None) -> None:
        self.to_result = to_result  # (lock, what came with it) -> what the call returns
        self.on_waiting = on_waiting
        self.discard = discard  # what becomes of a result that came too late
        self.request = 0
        self.done = False
        self.abandoned = False
        self.result: Any = None
        self.error: Optional[Error] = None
        self.future: Optional["asyncio.Future[None]"] = None

    def finish(self, result: Any, error: Optional[Error] = None) -> None:
        self.done, self.result, self.error = True, result, error
        if self.future is not None and not self.future.done():
            self.future.set_result(None)

    def take(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class Engine:
    def __init__(self, core: _core.Session) -> None:
        self.core = core
        self.locks: "WeakValueDictionary[int, Lock]" = WeakValueDictionary()
        self.ended: Optional[Error] = None
        self._turn = threading.RLock()
        self._open: Dict[int, Answer] = {}
        self._events: Deque[_core.Event] = deque()
        self._calls: Deque[Callable[[], None]] = deque()
        self._dropped: Deque[int] = deque()
        self._process = os.getpid()
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._poll = select.poll()
        self._fd = core.fileno()
        self._poll.register(self._fd, select.POLLIN)

    # ---- one thread at a time ----

    @contextmanager
    def turn(self) -> Iterator[_core.Session]:
        if not self._turn.acquire(blocking=False):
            raise RuntimeError("this client is in use by another thread; give each thread a client of its own")
        try:
            while self._dropped:
                self._give_back(self._dropped.popleft())
            yield self.core
            if not self.core.closed:
                self._take_events()
        finally:
            self._turn.release()
        if self._calls and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon(self.run_calls)

    def alive(self) -> bool:
        """Is there a session whose locks are ours? In the child of a fork they are the parent's."""
        return self.ended is None and not self.core.closed and self._process == os.getpid()

    def drop(self, lock: int) -> None:
        """For a lock that nobody refers to any more; may be called at any moment, in any thread."""
        self._dropped.append(lock)
        if self._turn.acquire(blocking=False):
            try:
                while self._dropped:
                    self._give_back(self._dropped.popleft())
            finally:
                self._turn.release()

    def _give_back(self, lock: int) -> None:
        try:
            self.core.release_unanswered(lock)
        except Error:
            pass  # it is gone already, or the session is

    # ---- asking and waiting ----

    def ask(self, send: Callable[[], int], answer: Answer) -> Answer:
        answer.request = send()
        self._open[answer.request] = answer
        return answer

    def wait(self, answer: Answer, timeout: Optional[float]) -> Any:
        """Blocks. An exception of a signal handler (Ctrl-C) takes the request back."""
        until = None if timeout is None else time.monotonic() + timeout + GRACE
        try:
            if not self._wait_until(answer, until):
                self._abandon(answer)
                raise TimedOut("timed_out", errno.ETIMEDOUT, "the daemon did not answer in time")
        except TimedOut:
            raise
        except BaseException:
            self._abandon(answer)
            self._wait_until(answer, time.monotonic() + SETTLE)
            raise
        return answer.take()

    def _wait_until(self, answer: Answer, until: Optional[float]) -> bool:
        self._take_events()
        while not answer.done:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._poll.poll(None if left is None else left * 1000 + 1)
            self.pump()
        return True

    async def wait_async(self, answer: Answer) -> Any:
        answer.future = asyncio.get_running_loop().create_future()
        if answer.done:
            return answer.take()
        try:
            await answer.future
        except BaseException:
            self._abandon(answer)
            raise
        return answer.take()

    def _abandon(self, answer: Answer) -> None:
        """Nobody wants it any more: a lock that is granted all the same goes back."""
        answer.abandoned = True
        if answer.done:
            if answer.error is None and answer.discard is not None:
                answer.discard(answer.result)
            return
        try:
            self.core.cancel(answer.request)
        except Error:
            pass  # the session is over

    # ---- events ----

    def pump(self) -> None:
        self.core.dispatch()
        self._take_events()

    def _take_events(self) -> None:
        # A callback may raise: what is behind it is for the next time.
        self.core.take_events(self._events)
        while self._events:
            kind, request, lock, what = self._events.popleft()
            if kind in ("granted", "converted", "refused", "done"):
                self._take_answer(kind, request, lock, what)
            elif kind == "waiting":
                answer = self._open.get(request)
                if answer is not None and answer.on_waiting is not None:
                    answer.on_waiting(to_blockers(what))
            elif kind == "ended":
                self.ended = what
                self.detach_loop()
            elif kind in ("notice", "lost"):
                self._tell(kind, lock, what)

    def _take_answer(self, kind: str, request: int, lock: int, what: Any) -> None:
        answer = self._open.pop(request, None)
        if kind == "granted" and (answer is None or answer.abandoned):
            self._give_back(lock)
        if answer is None:
            return
        if kind == "refused" or (kind == "done" and what is not None):
            answer.finish(None, what)
        else:
            answer.finish(None if answer.abandoned else answer.to_result(lock, what))

    def _tell(self, kind: str, lock: int, what: Any) -> None:
        found = self.locks.get(lock)
        if found is None:
            return
        told = found._notice(Mode(what)) if kind == "notice" else found._lose(what)
        if told is not None:
            self._calls.append(told)

    def run_calls(self) -> None:
        # What callbacks cause is told the next time, so that two programs cannot keep each other here for ever.
        for _ in range(len(self._calls)):
            self._calls.popleft()()

    # ---- for an event loop ----

    def poll(self, timeout: Optional[float]) -> None:
        with self.turn():
            self._take_events()
            if not self._calls and self.ended is None:
                self._poll.poll(None if timeout is None else timeout * 1000)
            self.pump()
        self.run_calls()

    def attach_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop or self.ended is not None:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError("this client is served by another event loop")
        self._loop = loop
        loop.add_reader(self._fd, self._readable)

    def detach_loop(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
            if self._calls:
                self._loop.call_soon(self.run_calls)
        self._loop = None

    def _readable(self) -> None:
        with self.turn():
            self.pump()

    def close(self) -> None:
        self.detach_loop()
        self.core.close()
