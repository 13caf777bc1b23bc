# SPDX-License-Identifier: Apache-2.0
"""Words: modes, tokens, and how names, values and times are given.

Names and values are bytes. A name may be given as text: it is UTF-8, and the text that reports give for names that
are not comes back to the same bytes (`surrogateescape`, as with file names). Times are seconds or timedeltas.
"""

import enum
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Union

Name = Union[str, bytes]
Seconds = Union[float, timedelta]
FOR_EVER_NS = -1
BY_DEFAULT_NS = -2
# Beyond this a deadline is no deadline.
_YEARS_10_NS = 10 * 365 * 86_400 * 10**9


class Mode(enum.IntEnum):
    """How a lock is held: what it allows its holder and leaves to others."""

    NL = 0  # nothing yet; keeps the resource and its value alive
    CR = 1  # read, others may write
    CW = 2  # write, others may write, too
    PR = 3  # read, others may read
    PW = 4  # write, others may read on unprotected
    EX = 5  # alone

    def __str__(self) -> str:
        return self.name


class Standing(str, enum.Enum):
    GRANTED = "granted"
    CONVERTING = "converting"
    WAITING = "waiting"


class ValueState(str, enum.Enum):
    NEVER_WRITTEN = "never_written"
    VALID = "valid"
    DOUBTFUL = "doubtful"  # its last writer died in the middle, or said so


class Phase(str, enum.Enum):
    """What a node is doing."""

    OPEN = "open"
    COLLECTING = "collecting"
    NO_VIEW = "no view"
    EXPIRED = "expired"
    NO_QUORUM = "no quorum"


@dataclass(frozen=True, order=True)
class Token:
    """The fencing token of a grant: whoever gets a resource after another has a larger one.

    As text it has 32 hexadecimal digits, and the order of texts is the order of tokens.
    """

    epoch: int
    counter: int

    def __str__(self) -> str:
        return f"{self.epoch:016x}{self.counter:016x}"


def to_mode(mode: Union[Mode, str]) -> Mode:
    if isinstance(mode, Mode):
        return mode
    try:
        return Mode[mode.upper()]
    except (KeyError, AttributeError):
        raise ValueError(f"unknown lock mode {mode!r}; allowed are {' '.join(m.name for m in Mode)}") from None


def to_bytes(name: Name) -> bytes:
    return name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")


def to_text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def to_ns(time: Union[Seconds, None], none: int = FOR_EVER_NS) -> int:
    """Nanoseconds; `none` is what None means."""
    if time is None:
        return none
    seconds = time.total_seconds() if isinstance(time, timedelta) else time
    if seconds < 0 or math.isnan(seconds):
        raise ValueError(f"a time of {seconds} s; allowed are 0 and more, and math.inf for without end")
    return FOR_EVER_NS if seconds * 1e9 > _YEARS_10_NS else round(seconds * 1e9)


def to_seconds(nanoseconds: int) -> float:
    return nanoseconds / 1e9


def deadline_to_seconds(nanoseconds: int) -> float:
    """Without end where the node needs nobody to be valid."""
    return math.inf if nanoseconds > 10 * _YEARS_10_NS else nanoseconds / 1e9
