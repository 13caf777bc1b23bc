# SPDX-License-Identifier: Apache-2.0
"""The differences from the recorded Linux DLM that are allowed, by name; everything else is a bug. Names are those
of ../kernel/README.md, reasons stand in docs/libdlm.md ("where we differ and why").

A rule says about one operation which parts of the record it explains, and what is not known from there on: the
original may have written nobody knows what into a value block (recorded as "?"), or not have written where we
did. Such a block, and every buffer it is read into, is compared again when both sides agree again.

Where a rule changes which lock has what, the lines behind it differ too. What we answer there, exactly, stands in
other_answers.json, line by line, with the rule's name."""

import json
from collections import Counter
from pathlib import Path

OTHER_ANSWERS = json.loads((Path(__file__).resolve().parent / "other_answers.json").read_text())

UNKNOWN = "?"
NOTHING = "00000000"


def our_line(story, line):
    """The line as we are to answer it, and the name of the rule if that is not as it was recorded."""
    other = OTHER_ANSWERS.get(story, {}).get(str(line["n"]))
    if other is None:
        return line, None
    state = {name: queues for name, queues in (line["state"] | other.get("state", {})).items() if queues}
    return line | other | {"state": state}, other["rule"]


class Rules:
    """One for each transcript."""

    def __init__(self):
        self.used = Counter()
        self.unknown_blocks = set()   # resources
        self.unknown_buffers = set()  # locks
        self.refused_values = {}      # by lock: what a conversion sent that was refused since the lock waited

    def unexplained(self, operation, recorded, ours, resource_of):
        """The differences that no rule allows, as text."""
        left = []
        words = operation.split(" ")
        if words[0] == "conv" and recorded.errno == "EBUSY" and len(words) > 4:
            self.refused_values[words[1]] = words[4]
        if (ours.rc, ours.errno) != (recorded.rc, recorded.errno) and not self._call(operation, recorded, ours):
            left.append(f"returned {ours.rc} {ours.errno}, recorded {recorded.rc} {recorded.errno}")
        if ours.lksb != recorded.lksb and not self._lksb(recorded, ours):
            left.append(f"lksb {ours.lksb}, recorded {recorded.lksb}")
        # Blocks first: whoever is granted by this operation may have read one already.
        left += self._state(operation, recorded, ours, resource_of)
        left += self._events(recorded, ours, resource_of)
        self.unknown_blocks &= ours.state.keys()  # the value goes with the last lock
        return left

    def _allow(self, name):
        self.used[name] += 1
        return True

    def _call(self, operation, recorded, ours):
        words = operation.split(" ")
        if words[0] == "cancel" and (recorded.errno, ours.rc) == ("EINVAL", 0) and not ours.events:
            return self._allow("second-cancel")
        if words[0] == "lock" and "ORPHAN" in words[5] and (recorded.errno, ours.errno) == ("EAGAIN", "ENOENT"):
            return self._allow("orphan-of-a-waiter")
        return False

    def _lksb(self, recorded, ours):
        known = {k: v for k, v in recorded.lksb.items() if v != UNKNOWN}
        return all(ours.lksb.get(k) == v for k, v in known.items()) and ours.lksb.get("flags") == recorded.lksb.get("flags")

    def _events(self, recorded, ours, resource_of):
        left = []
        for key in sorted(recorded.events.keys() | ours.events.keys()):
            theirs, mine = recorded.events.get(key, []), ours.events.get(key, [])
            without = [[{k: v for k, v in e.items() if k != "lvb"} for e in side] for side in (theirs, mine)]
            if without[0] != without[1] and not self._flags(theirs, mine):
                left.append(f"{key[0]} heard {mine}, recorded {theirs}")
                continue
            for a, b in zip(theirs, mine):
                if "lvb" in a and not self._buffer(key[1], resource_of(key[1]), a["lvb"], b["lvb"]):
                    left.append(f"{key[1]}: buffer {b['lvb']}, recorded {a['lvb']}")
        return left

    def _flags(self, theirs, mine):
        """VALNOTVALID of a block whose bytes the original does not know itself."""
        strip = lambda side: [{k: v for k, v in e.items() if k not in ("lvb", "flags")} for e in side]
        unknown = all(a.get("flags") == b.get("flags") or
                      (a.get("lvb") == UNKNOWN and set(a.get("flags", [])) ^ set(b.get("flags", [])) == {"VALNOTVALID"})
                      for a, b in zip(theirs, mine))
        return strip(theirs) == strip(mine) and unknown and self._allow("unlock-garbage")

    def _buffer(self, lock, resource, theirs, mine):
        if theirs == mine:
            self.unknown_buffers.discard(lock)
            return True
        # The caller's buffer has what the refused call put there; the original brings back what its own copy has.
        if self.refused_values.get(lock) in (theirs, mine):
            self.unknown_buffers.add(lock)
            return self._allow("refused-conversion")
        if theirs == UNKNOWN:
            self.unknown_buffers.add(lock)
            return True
        if lock not in self.unknown_buffers and resource not in self.unknown_blocks:
            return False
        self.unknown_buffers.add(lock)
        return self._allow("unknown-bytes")

    def _state(self, operation, recorded, ours, resource_of):
        left = []
        for name in sorted(recorded.state.keys() | ours.state.keys()):
            theirs, mine = recorded.state.get(name), ours.state.get(name)
            if theirs is None or mine is None:
                left.append(f"{name} is {mine}, recorded {theirs}")
                continue
            for queue in ("granted", "convert", "waiting"):
                if theirs[queue] != mine[queue]:
                    left.append(f"{name} {queue} {mine[queue]}, recorded {theirs[queue]}")
            if not self._block(operation, name, theirs["lvb"], mine["lvb"], resource_of):
                left.append(f"{name} value {mine['lvb']}, recorded {theirs['lvb']}")
        return left

    def _block(self, operation, name, theirs, mine, resource_of):
        if theirs == mine:
            self.unknown_blocks.discard(name)
            return True
        words = operation.split(" ")
        writes = words[0] in ("unlock", "unlockv") and resource_of(words[1]) == name
        if UNKNOWN in theirs:
            self.unknown_blocks.add(name)
            return not writes or self._allow("unlock-garbage")
        if writes and "VALBLK" in words[2]:
            self.unknown_blocks.add(name)
            return self._allow("unlock-unused")
        return name in self.unknown_blocks and self._allow("unknown-bytes")
