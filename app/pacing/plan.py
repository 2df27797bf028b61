"""Which parts of which people are looked at in a frame, and which are carried on from an earlier one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# How much a part's motion counts, and how much each frame since it was looked at: fingers move in a hand at rest too.
_WEIGHTS: Mapping[str, float] = {"hands": 1.0, "face": 0.5}
_REST = 0.05


@dataclass(frozen=True)
class Part:
    """What can be left out of a frame. kind: one of `_WEIGHTS`. age: frames since it was last looked at, 1 for the one
    before. motion: how far it has moved since, in its own size. cost_s: of looking at it."""

    track_id: int
    kind: str
    age: int
    motion: float
    cost_s: float


def chosen(parts: Sequence[Part], spare_s: float, bank_s: float, most_frames: int) -> list[Part]:
    """What to look at, with so much time to spare in this frame.

    First what has to be, lest anything goes more than `most_frames` without; then what moved most, hands before faces,
    for as long as there is time. What cannot be afforded is saved for, rather than something cheaper run instead; what
    costs more than can be saved, `bank_s`, is run on credit.
    """
    oldest_first = sorted(parts, key=lambda part: -part.age)
    forced = oldest_first[: _overdue(parts, most_frames)]
    spare_s -= sum(part.cost_s for part in forced)
    rest = sorted((part for part in parts if part not in forced), key=lambda part: -_urgency(part))
    affordable = []
    for part in rest:
        if spare_s < min(part.cost_s, bank_s):
            break
        spare_s -= part.cost_s
        affordable.append(part)
    return forced + affordable


def _urgency(part: Part) -> float:
    return _WEIGHTS[part.kind] * (part.motion + _REST * part.age)


def _overdue(parts: Sequence[Part], most_frames: int) -> int:
    """How many have to be looked at now, so that none ever waits longer though each frame looks at equally few: of the
    c(i) that are due within i more frames, those are left over that these frames cannot take."""
    each_frame = math.ceil(len(parts) / most_frames)
    needed = 0
    for later in range(most_frames):
        due = sum(part.age >= most_frames - later for part in parts)
        needed = max(needed, due - later * each_frame)
    return needed
