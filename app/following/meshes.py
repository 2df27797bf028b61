"""What became of the boxes: the meshes that the last stage made, and whether they are where the boxes were."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.frame import Box, Frame, Person

_SMALLEST_PX = 16.0
_SAME = 0.4  # overlap of a mesh with the box it was looked for in
_SURE = 0.3  # of the body
_FRAMES = 64  # that may be under way


@dataclass(frozen=True)
class Seen:
    """A box that was looked in, and the one around the mesh that came of it. agrees: there is someone, and there."""

    box: Box
    mesh: Box | None
    agrees: bool


class Meshes:
    """Boxes on their way to become meshes. `arrived` is called in the last stage's thread, the rest in the first's.

    With a lag, `known` is what became of the boxes that many frames before, however much more has arrived: where the
    lag is one after which meshes are sure to have arrived, results do not depend on the threads' timing. Without, it
    is the newest there is.
    """

    def __init__(self, lag_frames: int | None) -> None:
        self._lag = lag_frames
        self._asked: dict[int, Mapping[int, Box]] = {}  # by frame, in their order
        self._arrived: dict[int, Mapping[int, tuple[Box | None, float]]] = {}
        self._lock = threading.Lock()

    def asked(self, frame: Frame, boxes: Mapping[int, Box]) -> None:
        """In this frame these boxes, by track, are looked in."""
        self._asked[frame.index] = boxes
        _drop_oldest(self._asked, self._lag or _FRAMES)

    def arrived(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """These meshes were made of this frame."""
        meshes = {one.track_id: (projected(one, frame.size_wh), one.confidence.body) for one in people}
        with self._lock:
            self._arrived[frame.index] = meshes
            _drop_oldest(self._arrived, _FRAMES)

    def known(self) -> Mapping[int, Seen]:
        """By track, what became of the boxes of one earlier frame. Each frame's news are told once."""
        with self._lock:
            index = self._newest() if self._lag is None else self._lagging(self._lag)
            meshes = self._arrived.pop(index, {})
            if self._lag is None:
                self._arrived.clear()  # older than what is told now
        boxes = self._asked.get(index, {})
        return {track: _compared(boxes[track], *meshes[track]) for track in meshes.keys() & boxes.keys()}

    def forget(self) -> None:
        """After a cut: what is under way says nothing about the frames to come."""
        self._asked = {index: {} for index in self._asked}

    def _lagging(self, lag: int) -> int:
        """The frame so long ago, -1 where there is none."""
        return next(iter(self._asked)) if len(self._asked) == lag else -1

    def _newest(self) -> int:
        return max(self._arrived, default=-1)


def _compared(box: Box, mesh: Box | None, confidence: float) -> Seen:
    return Seen(box, mesh, mesh is not None and confidence >= _SURE and box.overlap(mesh) >= _SAME)


def _drop_oldest(by_frame: dict[int, Any], most: int) -> None:
    while len(by_frame) > most:
        del by_frame[next(iter(by_frame))]


def projected(person: Person, frame_wh: tuple[int, int]) -> Box | None:
    """The part of the mesh's projection that is in the frame, or None where next to nothing is."""
    points: NDArray[np.floating] = person.camera.project(person.vertices_m.astype(np.float64))
    if not np.isfinite(points).all():
        return None
    x1, y1 = np.maximum(points.min(0), 0.0)
    x2, y2 = np.minimum(points.max(0) + 1.0, frame_wh)
    if x2 - x1 < _SMALLEST_PX or y2 - y1 < _SMALLEST_PX:
        return None
    return Box((float(x1), float(y1), float(x2), float(y2)), 1.0)
