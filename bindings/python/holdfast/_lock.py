# SPDX-License-Identifier: Apache-2.0
"""Lock: a lock that is held, and given up at the end of its `with` block."""

import warnings
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Type, Union

from . import _core
from ._errors import Error, NoSuchLock
from ._session import Answer, Engine
from ._words import BY_DEFAULT_NS, Mode, Seconds, Token, ValueState, to_mode, to_ns, to_text

if TYPE_CHECKING:
    from types import TracebackType

OnNotice = Callable[["Lock", Mode], None]
OnLost = Callable[["Lock", Error], None]


def _stronger(a: Optional[Mode], b: Mode) -> Mode:
    # PR and CW exclude each other: what gives way to both gives way to PW.
    return Mode.PW if a is not None and {a, b} == {Mode.PR, Mode.CW} else max(a or Mode.NL, b)


class Lock:
    """Made by Client.lock(). Use it in a `with` block, or call release()."""

    def __init__(self, engine: Engine, name: bytes, lock: int, raw: Any) -> None:
        self._engine = engine
        self._name = name
        self._id = lock
        self._lost: Optional[Error] = None
        self._wanted: Optional[Mode] = None
        self._to_write: Optional[bytes] = None
        self.on_notice: Optional[OnNotice] = None
        self.on_lost: Optional[OnLost] = None
        self._granted(raw)
        engine.locks[lock] = self

    def _granted(self, raw: Any) -> None:
        self._mode = Mode(raw["mode"])
        self._token = Token(**raw["token"])
        self._value_state = ValueState(raw["value_state"])
        self._write_number: int = raw["write_number"]
        self._value: bytes = raw["value"]
        self._demoted: bool = raw["demoted"]
        self._alternative: bool = raw["alternative"]
        self._doubtful: bool = raw["doubtful"]
        self._wanted = None

    def __repr__(self) -> str:
        state = "lost" if self._lost else f"{self._mode} token={self._token}" if self._id else "released"
        return f"<holdfast.Lock {self.name!r} {state}>"

    # ---- facts ----

    @property
    def name(self) -> str:
        return to_text(self._name)

    @property
    def id(self) -> int:
        """Unique at its node, never used again; 0 when it was given up."""
        return self._id

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def token(self) -> Token:
        """Hand str(token) to whatever you write to, and let that refuse smaller ones."""
        return self._token

    @property
    def value(self) -> bytes:
        """The value block as the grant brought it (read_value=True); empty if it was never written."""
        return self._value

    @property
    def value_state(self) -> ValueState:
        return self._value_state

    @property
    def doubtful(self) -> bool:
        """The value that was read is in doubt: its writer died in the middle, or said so."""
        return self._doubtful or self._value_state is ValueState.DOUBTFUL

    @property
    def write_number(self) -> int:
        """Rises with each write of the value."""
        return self._write_number

    @property
    def demoted(self) -> bool:
        """Flag convdeadlk: the old mode was given up meanwhile to break a deadlock."""
        return self._demoted

    @property
    def alternative(self) -> bool:
        """Flags altpr, altcw: granted in the alternative mode."""
        return self._alternative

    @property
    def wanted(self) -> Optional[Mode]:
        """The strongest mode that somebody waits for (with notices=True), as of the latest poll()."""
        return self._wanted

    @property
    def lost(self) -> Optional[Error]:
        """Why it is not ours any more, through no act of ours; None while it is."""
        return self._lost

    def held(self) -> bool:
        """Granted, and the node's lease has not run out: nobody else was granted a conflicting mode. Costs no system
        call. Look before every piece of work."""
        if not self._id or self._lost is not None:
            return False
        with self._engine.turn() as core:
            return core.held(self._id)

    # ---- changes ----

    def write(self, value: bytes) -> None:
        """Writes the value block when PW or EX is given up: by release(), at the end of the `with` block (but not if
        that ends with an exception), or by a conversion to a weaker mode."""
        if self._mode < Mode.PW:
            raise ValueError(f"only PW and EX may write a value; this lock is {self._mode}")
        self._to_write = bytes(value)

    def convert(
        self,
        mode: Union[Mode, str],
        *,
        timeout: Optional[Seconds] = None,
        noqueue: bool = False,
        read_value: bool = False,
        at_once: bool = False,
        flags: Iterable[str] = (),
    ) -> "Lock":
        """Changes the mode and waits for it (timeout: as with Client.lock()). Refused: the lock is what it was. `at_once`: to a weaker mode, do not wait
        until the master knows."""
        options = _convert_options(timeout, noqueue, read_value, at_once, flags)
        with self._engine.turn():
            answer = self._ask_convert(to_mode(mode), options)
            self._engine.wait(answer, None if options.wait_max < 0 else options.wait_max / 1e9)
        return self

    async def convert_async(
        self,
        mode: Union[Mode, str],
        *,
        timeout: Optional[Seconds] = None,
        noqueue: bool = False,
        read_value: bool = False,
        at_once: bool = False,
        flags: Iterable[str] = (),
    ) -> "Lock":
        options = _convert_options(timeout, noqueue, read_value, at_once, flags)
        self._engine.attach_loop()
        with self._engine.turn():
            answer = self._ask_convert(to_mode(mode), options)
        await self._engine.wait_async(answer)
        return self

    def _ask_convert(self, mode: Mode, options: _core.ConvertOptions) -> Answer:
        self._check()
        value = self._to_write if mode < self._mode else None

        def converted(_: int, raw: Any) -> "Lock":
            self._granted(raw)
            if value is not None:
                self._to_write = None
            return self

        engine = self._engine
        return engine.ask(lambda: engine.core.convert(self._id, mode, options, value), Answer(converted))

    def release(self, value: Optional[bytes] = None, *, flags: Iterable[str] = ()) -> None:
        """Unlocks and waits until the master knows. From PW or EX: writes `value`, or what write() was given. With
        flags=["ivvalblk"] the value becomes doubtful instead. No failure if it was given up already."""
        if not self._id:
            return
        with self._engine.turn():
            self._engine.wait(self._ask_release(value, flags), None)

    async def release_async(self, value: Optional[bytes] = None, *, flags: Iterable[str] = ()) -> None:
        if not self._id:
            return
        self._engine.attach_loop()
        with self._engine.turn():
            answer = self._ask_release(value, flags)
        await self._engine.wait_async(answer)

    def _ask_release(self, value: Optional[bytes], flags: Iterable[str]) -> Answer:
        self._check()
        to_write = self._to_write if value is None else bytes(value)

        def released(_: int, __: Any) -> None:
            self._id = 0

        engine, names = self._engine, list(flags)
        return engine.ask(lambda: engine.core.release(self._id, names, to_write), Answer(released))

    def _check(self) -> None:
        if self._engine.ended is None:
            self._engine.pump()
        if self._lost is not None:
            raise self._lost
        if not self._id:
            raise NoSuchLock("no_such_lock", 2, "this lock was given up")

    # ---- what others do to it ----

    def _notice(self, wanted: Mode) -> Optional[Callable[[], None]]:
        self._wanted = _stronger(self._wanted, wanted)
        told = self._wanted
        return lambda: self.on_notice(self, told) if self.on_notice is not None and self._id else None

    def _lose(self, why: Error) -> Optional[Callable[[], None]]:
        self._lost = why
        return lambda: self.on_lost(self, why) if self.on_lost is not None else None

    # ---- the end ----

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], _: object, __: "Optional[TracebackType]") -> None:
        try:
            if kind is not None:
                self._to_write = None
            self.release()
        except Error:
            # Whoever believes to have worked under the lock hears that it was lost; another exception says more.
            if kind is None:
                raise

    async def __aenter__(self) -> "Lock":
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], _: object, __: "Optional[TracebackType]") -> None:
        try:
            if kind is not None:
                self._to_write = None
            await self.release_async()
        except Error:
            if kind is None:
                raise

    def _discard(self) -> None:
        lock, self._id = self._id, 0
        if lock and self._lost is None:
            self._engine.drop(lock)

    def __del__(self) -> None:
        if getattr(self, "_id", 0) and self._lost is None and self._engine.alive():
            warnings.warn(f"lock {self.name!r} was not released", ResourceWarning, source=self)
            self._discard()


def _convert_options(
    timeout: Optional[Seconds], noqueue: bool, read_value: bool, at_once: bool, flags: Iterable[str]
) -> _core.ConvertOptions:
    options = _core.ConvertOptions()
    options.wait_max = to_ns(timeout, BY_DEFAULT_NS)
    options.fail_when_blocked = noqueue
    options.read_value = read_value
    options.at_once = at_once
    options.set_flags(list(flags))
    return options
