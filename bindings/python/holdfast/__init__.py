# SPDX-License-Identifier: Apache-2.0
"""holdfast: locks that a whole cluster agrees on.

    import holdfast

    with holdfast.connect(label="nightly") as client:
        with client.lock("orders/17", "EX", timeout=0.25) as lock:
            store.write(order, token=str(lock.token))
"""

from ._awaiting import LockRequest
from ._client import Client, Lockspace, connect
from ._errors import (
    BadArgument,
    Blocked,
    Blocker,
    Busy,
    Cancelled,
    CannotConnect,
    Deadlock,
    Error,
    HasChildren,
    LeaseExpired,
    Lost,
    NoOrphan,
    NoQuorum,
    NoSuch,
    NoSuchLock,
    NotPermitted,
    Recovering,
    Refused,
    SessionEnded,
    TimedOut,
    TooMany,
)
from ._lock import Lock
from ._reports import (
    LeaseWait,
    LockReport,
    LockspaceReport,
    Member,
    NodeStatus,
    Owner,
    Resource,
    Resources,
    View,
)
from ._words import Mode, Phase, Standing, Token, ValueState

__all__ = [
    "BadArgument",
    "Blocked",
    "Blocker",
    "Busy",
    "Cancelled",
    "CannotConnect",
    "Client",
    "Deadlock",
    "Error",
    "HasChildren",
    "LeaseExpired",
    "LeaseWait",
    "Lock",
    "LockReport",
    "LockRequest",
    "Lockspace",
    "LockspaceReport",
    "Lost",
    "Member",
    "Mode",
    "NoOrphan",
    "NoQuorum",
    "NoSuch",
    "NoSuchLock",
    "NodeStatus",
    "NotPermitted",
    "Owner",
    "Phase",
    "Recovering",
    "Refused",
    "Resource",
    "Resources",
    "SessionEnded",
    "Standing",
    "TimedOut",
    "Token",
    "TooMany",
    "ValueState",
    "View",
    "connect",
]
