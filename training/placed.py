"""People placed in a frame: as a group, or of any size anywhere."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training.chances import Rng
from training.crowd_parts import IGNORED, Kinds, kinds
from training.neighbours import HEAD_POINTS, HEADS_M, IN_ROWS, ROWS_M, ROWS_NEARER, head_px, metre_px
from training.pictures import Sprite, bounds, moved, weighted
from training.scene import DENSE_PX
from training.store import Store
from training.targets import BODY_POINTS, Person

Point = NDArray[np.floating[Any]]

_GROUP_METRE = (0.2, 1.4)  # what a metre is of the frame's height
_GAP_M = (0.25, 0.9)  # from one to the next
_LEAST_HIGH_PX = 26  # a person
_USUAL_HIGH_PX = 70  # half of the people are at least so high, where the frame is

_HEAD_M = 0.25
_CLOSE_HEAD = (0.3, 0.8)  # how high the head is close up, of the frame

# Who counts as a person: the head and so many of the 25 joints are in the sprite, as before a webcam. A leg that comes
# into the picture does not.
_LEAST_JOINTS = 8
_TRIES = 8


class Placed(NamedTuple):
    """Someone in a frame: a weighted sprite of its size, where the head is (2,) xy, and what of the body each pixel
    shows, no matter what is before it."""

    sprite: Sprite
    head: Point
    kinds: Kinds


def strangers(rng: Rng, store: Store, count: int, frame_wh: tuple[int, int]) -> list[Placed]:
    """People of any sizes anywhere, the farthest first."""
    farthest_first = np.sort(sizes_px(rng, count, frame_wh[1]))
    return [_anywhere(rng, store.person(_someone(rng, store)), size_px, frame_wh) for size_px in farthest_first]


def close_up(rng: Rng, store: Store, frame_wh: tuple[int, int]) -> list[Placed]:
    """One person, of whom head and shoulders fill much of the frame: of several, the one who is drawn finest."""
    width, height = frame_wh
    people = [store.person(_someone(rng, store)) for _ in range(_TRIES)]
    person = max(people, key=lambda each: metre_px(each["pelvis"]))
    scale = height * rng.uniform(*_CLOSE_HEAD) / _HEAD_M / metre_px(person["pelvis"])
    head, box = head_px(person["points"]), bounds(person["body"][..., 3] > 127)
    place = np.array((width * rng.uniform(0.25, 0.75), height * rng.uniform(0.2, 0.55)))
    if box is not None:  # the sprite ends no higher than the frame
        place[1] = max(place[1], height - scale * (box[3] - head[1]))
    return [_placed(person, scale, place - scale * head, frame_wh)]


def group(rng: Rng, store: Store, count: int, frame_wh: tuple[int, int]) -> tuple[list[Placed], int]:
    """People side by side, about as far away as one another or in rows, partly before each other; and the row where a
    table hides those whom their sprite ends before the frame does."""
    width, height = frame_wh
    metre = height * np.exp(rng.uniform(*np.log(_GROUP_METRE)))
    gaps = metre * rng.uniform(*_GAP_M, count)
    xs = np.cumsum(gaps) - gaps.sum() / 2 + width * rng.uniform(0.35, 0.65)
    top, ends = height * rng.uniform(0.05, 0.5), height
    nearer = np.sort(rng.uniform(-0.5, 0.5, count)) * (rng.random() < IN_ROWS)  # the farthest first
    people = []
    for x, near in zip(rng.permutation(xs), nearer, strict=True):
        person = store.person(_someone(rng, store))
        sprite, head = person["body"], head_px(person["points"])
        scale = metre * rng.uniform(0.85, 1.2) * np.exp(near * ROWS_NEARER) / metre_px(person["pelvis"])
        place = np.array((x, top + metre * (rng.normal(0, HEADS_M) + near * ROWS_M)))
        people.append(_placed(person, scale, place - scale * head, frame_wh))
        if sprite[-1, :, 3].any():
            ends = min(ends, int(place[1] + scale * (len(sprite) - 1 - head[1])))
    return people, max(ends, 0)


def sizes_px(rng: Rng, count: int, height: int) -> NDArray[np.float64]:
    """(count,) heights of people, up to a little more than the frame's height in pixels: uniform in the logarithm."""
    least = np.minimum(rng.choice((_LEAST_HIGH_PX, _USUAL_HIGH_PX), count), height)
    return np.asarray(np.exp(rng.uniform(np.log(least), np.log(1.25 * height))))


def _someone(rng: Rng, store: Store) -> int:
    """The row of a person who counts as one, unless so many tries find none."""
    row = store.random_row(rng)
    for _ in range(_TRIES):
        window, points = store.arrays["window"][row], store.arrays["points"][row, :, :2]
        shown = ((points > window[:2]) & (points < window[2:])).all(-1)
        if shown[HEAD_POINTS].any() and shown[BODY_POINTS].sum() >= _LEAST_JOINTS:
            break
        row = store.random_row(rng)
    return row


def _anywhere(rng: Rng, person: Person, size_px: float, frame_wh: tuple[int, int]) -> Placed:
    """Someone in the frame, so high; where the sprite cuts them off, so does the frame."""
    sprite, (width, height) = person["body"], frame_wh
    box = bounds(sprite[..., 3] > 127)
    if box is None:
        return _placed(person, 1.0, np.zeros(2), frame_wh)
    x1, y1, x2, y2 = box
    scale = size_px / max(y2 - y1, 0.6 * (x2 - x1))
    high, wide = (y2 - y1) * scale, (x2 - x1) * scale
    x = _between(rng, -0.35 * wide, width - 0.65 * wide)
    y = _between(rng, -0.15 * high, height - 0.6 * high)
    if y2 == sprite.shape[0]:
        y = height - high * rng.uniform(0.75, 1.0)
    if y1 == 0:
        y = -high * rng.uniform(0.0, 0.2)
    if x1 == 0:
        x = -wide * rng.uniform(0.0, 0.2)
    elif x2 == sprite.shape[1]:
        x = width - wide * rng.uniform(0.8, 1.0)
    return _placed(person, scale, np.array((x - x1 * scale, y - y1 * scale)), frame_wh)


def _placed(person: Person, scale: float, shift: Point, frame_wh: tuple[int, int]) -> Placed:
    """Someone, scaled and then shifted."""
    x, y = shift
    sprite = _shrunk(weighted(person["body"]), scale, (x, y), frame_wh)
    cell = scale * DENSE_PX
    to_middle = shift + scale * (DENSE_PX - 1) / 2
    matrix = np.array(((cell, 0, to_middle[0]), (0, cell, to_middle[1])))
    shown = cv2.warpAffine(kinds(person["body_parts"]), matrix, frame_wh, flags=cv2.INTER_NEAREST, borderValue=IGNORED)
    return Placed(sprite, scale * head_px(person["points"]) + shift, np.asarray(shown, np.int8))


def _between(rng: Rng, one: float, other: float) -> float:
    """Of people larger than the frame the ends of the range change places."""
    return float(rng.uniform(min(one, other), max(one, other)))


def _shrunk(sprite: Sprite, scale: float, shift: tuple[float, float], frame_wh: tuple[int, int]) -> Sprite:
    """A weighted sprite, scaled and shifted."""
    x, y = shift
    while scale < 0.5:  # a linear warp would skip pixels
        sprite = np.asarray(cv2.resize(sprite, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        x, y = x + scale / 2, y + scale / 2  # the middle of a pixel is now between those of two
        scale *= 2
    return moved(sprite, np.array(((scale, 0, x), (0, scale, y))), frame_wh)
