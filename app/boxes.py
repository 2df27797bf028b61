"""Where to look for the person in each frame."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.detectors.detector import Detector
from app.frame import Box, Frame, Person

_SAME_PERSON = 0.2  # overlap from one frame to the next
_SMALLEST_PX = 16.0


class BoxPolicy(Protocol):
    """Decides the box to look in. `seen` tells it what was made of the last one.

    sequential: whether a frame's box depends on the last frame's mesh, so that frames cannot overlap.
    """

    @property
    def sequential(self) -> bool: ...

    def boxes(self, frame: Frame) -> tuple[Box, ...]: ...

    def seen(self, frame_wh: tuple[int, int], people: tuple[Person, ...]) -> None: ...

    def reset(self) -> None:
        """Forget everyone: the source was interrupted."""
        ...


@dataclass(frozen=True)
class FixedBox:
    """One region for every frame (`--box`)."""

    box: Box
    sequential = False

    def boxes(self, frame: Frame) -> tuple[Box, ...]:  # noqa: ARG002 - the same for all
        return (self.box,)

    def seen(self, frame_wh: tuple[int, int], people: tuple[Person, ...]) -> None:
        """Changes nothing."""

    def reset(self) -> None:
        """Changes nothing."""


class DetectedBox:
    """The detector's box of one person: the one held so far, or else the largest of the sure ones."""

    sequential = False

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._held: Box | None = None

    def boxes(self, frame: Frame) -> tuple[Box, ...]:
        found = self._detector.detect(frame.rgb)
        if not found:
            return ()
        held = self._held
        chosen = max(found, key=held.overlap) if held else found[0]
        if held is None or held.overlap(chosen) < _SAME_PERSON:
            chosen = max(found, key=lambda box: box.score * box.area_px2)
        self._held = chosen
        return (chosen,)

    def seen(self, frame_wh: tuple[int, int], people: tuple[Person, ...]) -> None:
        """The detector looks afresh at every frame."""

    def reset(self) -> None:
        self._held = None


class FollowedBox:
    """Without a detector: the whole frame first, then the box of the last mesh."""

    sequential = True

    def __init__(self) -> None:
        self._last: Box | None = None
        self._lock = threading.Lock()  # `seen` is called from the last stage's thread

    def boxes(self, frame: Frame) -> tuple[Box, ...]:
        with self._lock:
            last = self._last
        width, height = frame.size_wh
        return (last or Box((0.0, 0.0, width, height), 1.0),)

    def seen(self, frame_wh: tuple[int, int], people: tuple[Person, ...]) -> None:
        last = _around(people[0], frame_wh) if people else None
        with self._lock:
            self._last = last

    def reset(self) -> None:
        with self._lock:
            self._last = None


@dataclass(frozen=True)
class Track:
    """Whose box it is. begins: the person was not there a frame before, so nothing earlier says how they move."""

    track_id: int
    box: Box
    begins: bool


@dataclass(frozen=True)
class Sighting:
    """A frame and who to look for in it."""

    frame: Frame
    tracks: tuple[Track, ...]


class Detect:
    """Stage: Frame -> Sighting. Where a new segment of the source begins, everyone is new."""

    def __init__(self, policy: BoxPolicy) -> None:
        self._policy = policy
        self._before: frozenset[int] = frozenset()
        self._segment = 0

    def __call__(self, frame: Frame) -> Sighting:
        if frame.segment != self._segment:
            self._segment = frame.segment
            self.reset()
        boxes = dict(enumerate(self._policy.boxes(frame), start=1))
        tracks = tuple(Track(track_id, box, track_id not in self._before) for track_id, box in boxes.items())
        self._before = frozenset(boxes)
        return Sighting(frame, tracks)

    def reset(self) -> None:
        """Everyone in the next frame begins."""
        self._policy.reset()
        self._before = frozenset()


def _around(person: Person, frame_wh: tuple[int, int]) -> Box | None:
    """The part of the mesh's projection that is in the frame, or None where next to nothing is."""
    points: NDArray[np.floating] = person.camera.project(person.vertices_m.astype(np.float64))
    if not np.isfinite(points).all():
        return None
    x1, y1 = np.maximum(points.min(0), 0.0)
    x2, y2 = np.minimum(points.max(0) + 1.0, frame_wh)
    if x2 - x1 < _SMALLEST_PX or y2 - y1 < _SMALLEST_PX:
        return None
    return Box((float(x1), float(y1), float(x2), float(y2)), 1.0)
