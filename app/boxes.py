"""Where to look for whom in each frame."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from app.following.cuts import Cuts
from app.following.meshes import projected
from app.frame import Box, Frame, Person


@dataclass(frozen=True)
class Track:
    """Whose box it is.

    begins: nothing earlier says how they move: they were not there a frame before, or there was a cut. missed: for how
    many looks of the detector they have been lost; their box is predicted where it is not 0.
    """

    track_id: int
    box: Box
    begins: bool
    missed: int = 0


@dataclass(frozen=True)
class Sighting:
    """A frame and who to look for in it."""

    frame: Frame
    tracks: tuple[Track, ...]


class BoxPolicy(Protocol):
    """Decides whom to look for and where. `seen` tells it what was made of a frame, sooner or later.

    sequential: whether a frame's boxes depend on the last frame's meshes, so that frames cannot overlap. cut: the frame
    does not go on from the one before.
    """

    @property
    def sequential(self) -> bool: ...

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]: ...

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None: ...


class FixedBox:
    """One region for every frame (`--box`)."""

    sequential = False

    def __init__(self, box: Box) -> None:
        self._box = box
        self._begins = True

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:  # noqa: ARG002 - the same for all
        begins, self._begins = self._begins or cut, False
        return (Track(1, self._box, begins),)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """Changes nothing."""


class FollowedBox:
    """Without a detector: the whole frame first and after a cut, then the box of the last mesh."""

    sequential = True

    def __init__(self) -> None:
        self._last: Box | None = None
        self._lock = threading.Lock()  # `seen` is called from the last stage's thread

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:
        with self._lock:
            last = None if cut else self._last
        width, height = frame.size_wh
        return (Track(1, last or Box((0.0, 0.0, width, height), 1.0), begins=last is None),)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        last = projected(people[0], frame.size_wh) if people else None
        with self._lock:
            self._last = last


class Detect:
    """Stage: Frame -> Sighting. Where a new segment of the source begins, there is a cut."""

    def __init__(self, policy: BoxPolicy) -> None:
        self._policy = policy
        self._cuts = Cuts()
        self._segment: int | None = None
        self._anew = False

    def __call__(self, frame: Frame) -> Sighting:
        interrupted = self._segment not in (None, frame.segment)
        self._segment = frame.segment
        cut = self._cuts(frame) or interrupted or self._anew
        self._anew = False
        return Sighting(frame, self._policy.tracks(frame, cut=cut))

    def reset(self) -> None:
        """The next frame does not go on from the last."""
        self._cuts, self._segment, self._anew = Cuts(), None, True
