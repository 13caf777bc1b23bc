# SPDX-License-Identifier: Apache-2.0
"""LockRequest: what Client.lock_async() returns, to be awaited or entered."""

from typing import Any, Callable, Generator, Optional, Type

from ._lock import Lock
from ._session import Answer, Engine


class LockRequest:
    """`lock = await client.lock_async(...)`, or `async with client.lock_async(...) as lock`. Nothing is asked before."""

    def __init__(self, engine: Engine, ask: Callable[[], Answer]) -> None:
        self._engine = engine
        self._ask = ask
        self._lock: Optional[Lock] = None

    async def _acquire(self) -> Lock:
        self._engine.attach_loop()
        with self._engine.turn():
            answer = self._ask()
        lock = await self._engine.wait_async(answer)
        assert isinstance(lock, Lock)
        return lock

    def __await__(self) -> Generator[Any, None, Lock]:
        return self._acquire().__await__()

    async def __aenter__(self) -> Lock:
        self._lock = await self._acquire()
        return self._lock

    async def __aexit__(self, kind: Optional[Type[BaseException]], exception: object, trace: Any) -> None:
        if self._lock is not None:
            await self._lock.__aexit__(kind, exception, trace)
