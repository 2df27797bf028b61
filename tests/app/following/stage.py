"""Coloured figures walking before a background, and a detector that knows where they are, with its faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.boxes import Track
from app.detectors.detector import SURE, Detector
from app.following.cuts import Cuts
from app.following.follower import Follower
from app.frame import BodyParams, Box, Confidence, Frame, Person
from app.pinhole import Pinhole

SIZE_WH = (320, 180)
_LEAST_SEEN = 0.35

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Figure:
    """Someone in a frame: head, shirt, trousers (3, 3) RGB; middle of the feet and height in pixels."""

    colours: NDArray[np.uint8]
    x: float
    y: float
    height: float

    def draw(self, image: Image, owner: NDArray[np.int8], number: int) -> int:
        """Paint, note whose the pixels are; how many there would be if nothing hid them."""
        mask = np.zeros(image.shape[:2], np.uint8)
        unit = self.height / 10
        top = self.y - self.height
        parts = ((0.0, 2.0, 0.9), (2.0, 5.5, 2.0), (5.5, 10.0, 1.4))  # from and to, half a width
        for colour, (start, end, half) in zip(self.colours, parts, strict=True):
            corners = (self.x - half * unit, top + start * unit), (self.x + half * unit, top + end * unit - 1)
            (x1, y1), (x2, y2) = (tuple(round(value) for value in corner) for corner in corners)
            cv2.rectangle(image, (x1, y1), (x2, y2), tuple(int(c) for c in colour), -1)
            cv2.rectangle(mask, (x1, y1), (x2, y2), 1, -1)
        owner[mask > 0] = number
        return round(self.height * unit * (0.36 + 1.4 + 1.26))


def figure(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Colours of someone."""
    return np.stack([rng.integers(60, 230, 3), rng.integers(0, 255, 3), rng.integers(0, 255, 3)]).astype(np.uint8)


def background(rng: np.random.Generator) -> Image:
    """Blotches."""
    coarse = rng.integers(0, 255, (5, 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, SIZE_WH, interpolation=cv2.INTER_CUBIC), np.uint8)


class Stand(Detector):
    """Stands in for a detector: true boxes with noise, some missed, and some of nobody."""

    def __init__(self, rng: np.random.Generator, miss: float = 0.0, alarm: float = 0.0, noise: float = 0.02) -> None:
        self._rng, self._miss, self._alarm, self._noise = rng, miss, alarm, noise
        self.truth: Sequence[Box] = ()
        self.doubt = 1.0  # of its scores
        self.looks = 0

    def detect(self, rgb: Image, least: float = SURE) -> tuple[Box, ...]:  # noqa: ARG002 - it knows
        self.looks += 1
        rng = self._rng
        found = [_noisy(rng, box, self._noise) for box in self.truth if rng.random() >= self._miss]
        if rng.random() < self._alarm:
            x, y, size = rng.uniform(-20, 280), rng.uniform(-20, 120), rng.uniform(30, 150)
            found.append(Box((x, y, x + 0.4 * size, y + size), float(rng.uniform(0.4, 0.7))))
        found = [replace(box, score=box.score * self.doubt) for box in found]
        kept: list[Box] = []
        for box in sorted(found, key=lambda box: -box.score):
            if all(box.overlap(other) <= 0.5 for other in kept):
                kept.append(box)
        return tuple(box for box in kept if box.score >= least)


def _noisy(rng: np.random.Generator, box: Box, noise: float) -> Box:
    x1, y1, x2, y2 = (float(v) for v in box.xyxy_px + rng.normal(0, noise * box.height_px, 4))
    return Box((x1, y1, x2, y2), float(rng.uniform(0.6, 0.95)))


@dataclass(frozen=True)
class Seen:
    """What a follower made of a frame. truth: the boxes of who can be seen. tracks: what was shown."""

    truth: Mapping[str, Box]
    tracks: tuple[Track, ...]
    cut: bool

    def who(self) -> dict[str, Track]:
        """The track of each who has one."""
        tracks = {}
        for name, box in self.truth.items():
            best = max(self.tracks, key=lambda track: track.box.overlap(box), default=None)
            if best is not None and best.box.overlap(box) > 0.3:
                tracks[name] = best
        return tracks


Shot = tuple[Image, dict[str, Figure]]


def followed(shots: Iterable[Shot], detector: Stand, *, people: int = 1, fps: float = 30.0) -> list[Seen]:
    """Follow figures, the farthest first in each frame."""
    follower, cuts, seen = Follower(detector, people, 3), Cuts(), []
    for index, (behind, figures) in enumerate(shots):
        image, truth = filmed(behind, figures)
        detector.truth = tuple(truth.values())
        frame = Frame(index, index / fps, image, 0.0)
        cut = cuts(frame)
        seen.append(Seen(truth, follower.tracks(frame, cut=cut), cut))
    return seen


def filmed(behind: Image, figures: Mapping[str, Figure]) -> tuple[Image, dict[str, Box]]:
    """A frame, and boxes of who can be seen in it."""
    image, owner = behind.copy(), np.full(behind.shape[:2], -1, np.int8)
    whole = [one.draw(image, owner, number) for number, one in enumerate(figures.values())]
    truth = {}
    for number, name in enumerate(figures):
        rows, columns = np.nonzero(owner == number)
        if len(rows) > _LEAST_SEEN * whole[number]:
            corners = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            x1, y1, x2, y2 = (float(value) for value in corners)
            truth[name] = Box((x1, y1, x2, y2), 1.0)
    return image, truth


def mesh(track_id: int, box: Box) -> Person:
    """A mesh that just fills a box, ten metres away."""
    camera = Pinhole(1000.0, 1000.0, SIZE_WH[0] / 2, SIZE_WH[1] / 2)
    x1, y1, x2, y2 = box.xyxy_px
    corners = np.array([(x1, y1), (x2 - 1, y2 - 1)])
    points = np.column_stack(((corners - (camera.cx, camera.cy)) / 100, np.full(2, 10.0))).astype(np.float32)
    params = BodyParams(np.zeros((53, 6)), np.zeros(10), np.zeros(10), np.zeros(3))
    return Person(track_id, box, params, camera, points, points[:1], Confidence(0.9, 1.0, 1.0, 1.0))


def scene(seed: int = 0) -> tuple[np.random.Generator, Figure]:
    """Someone in the middle, and chance."""
    rng = np.random.default_rng(seed)
    return rng, Figure(figure(rng), 160, 170, 110)


def ids(seen: Sequence[Seen], name: str) -> set[int]:
    """The numbers that someone was shown by."""
    return {track.track_id for one in seen if (track := one.who().get(name)) is not None}
