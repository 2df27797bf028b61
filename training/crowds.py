"""Frames with nobody to five people in them, put together from drawn ones, their boxes, and what of a body each cell
shows: what the detector learns from.

Boxes are (M, 4) float32 xyxy pixels of the detector's input. Maps (H / 4, W / 4) int8 are of cells of 4 x 4 pixels of
it, as `crowd_parts` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from models.joints import BODY_JOINTS
from models.networks.config import DetectorConfig
from training.backgrounds import Image, Pool, pool_of, random_colour
from training.camera_noise import spoiled
from training.chances import Rng, chosen
from training.crowd_parts import CELL_PX, IGNORED, NOBODY, kinds
from training.fabric import dressed
from training.loaders import loader_rng
from training.neighbours import HEAD_POINTS, HEADS_M, IN_ROWS, ROWS_M, ROWS_NEARER, head_px, metre_px
from training.pictures import Sprite, bounds, fill_box, moved, over, weighted
from training.scene import DENSE_PX
from training.store import Store
from training.targets import BODY_POINTS, Person
from training.things import cutout, read_things, solid

Boxes = NDArray[np.float32]
Point = NDArray[np.floating[Any]]
Owner = NDArray[np.int8]  # (H, W) whose a pixel is, by number from the farthest on; -1 nobody's
Kinds = NDArray[np.int8]  # (H, W) what of a body a pixel or a cell shows, see `crowd_parts`

_GREY = 114  # beside the frame, as the tracker's letterbox has it
_ASPECTS = ((0.42, 4 / 3), (0.4, 16 / 9), (0.06, 1.0), (0.06, 3 / 4), (0.06, 9 / 16))
_COUNTS = ((0.16, 0), (0.33, 1), (0.19, 2), (0.13, 3), (0.12, 4), (0.07, 5))
_WITH_THINGS = 0.55  # of the frames
_REAL = 0.8  # of the things are cutouts, where there are any
_TOGETHER = 0.6  # of several people: as a group, instead of anywhere
_GROUP_METRE = (0.2, 1.4)  # what a metre is of the frame's height
_GAP_M = (0.25, 0.9)  # from one to the next
_LEAST_HIGH_PX = 26  # a person
_USUAL_HIGH_PX = 70  # half of the people are at least so high, where the frame is
_LEAST_SEEN = 0.35  # of a person's pixels in the frame, else it is nobody's box
_LEAST_PX = 9  # a box
_LEAST_FRAME_PX = 90  # the coarsest height that a frame is reduced to
_POOL = 200
_USES = 8

# Who counts as a person: the head and so many of the 25 joints are in the sprite, as before a webcam. A leg that comes
# into the picture does not.
_LEAST_JOINTS = 8
_TRIES = 8
_LIMBS = [BODY_JOINTS.index(f"{side}_{name}") for side in "LR" for name in ("Elbow", "Wrist", "Knee", "Ankle")]


class Crowd(NamedTuple):
    """A letterboxed frame (H, W, 3) uint8 RGB, the boxes in it, and its map."""

    image: Image
    boxes: Boxes
    kinds: Kinds


class Placed(NamedTuple):
    """Someone in a frame: a weighted sprite of its size, where the head is (2,) xy, and what of the body each pixel
    shows, no matter what is before it."""

    sprite: Sprite
    head: Point
    kinds: Kinds


class Crowds(IterableDataset[Crowd]):
    """An endless stream of frames. Each loader process draws its own."""

    def __init__(
        self,
        folder: Path,
        config: DetectorConfig,
        seed: int,
        panoramas: Path | None = None,
        things: Path | None = None,
    ) -> None:
        """folder: of a `Store`. panoramas: for backgrounds, see `read_panoramas`. things: see `read_things`."""
        self._folder, self._config, self._seed = folder, config, seed
        self._panoramas, self._things = panoramas, things

    def __iter__(self) -> Iterator[Crowd]:
        rng = loader_rng(self._seed)
        store, pool = Store(self._folder), pool_of(rng, _POOL, self._panoramas)
        things = [] if self._things is None else read_things(self._things)
        while True:
            pool.renew(rng)
            for _ in range(_USES):
                yield crowd(rng, store, self._config.input_hw, pool, things)


def crowd(rng: Rng, store: Store, input_hw: tuple[int, int], pool: Pool, things: Sequence[Sprite] = ()) -> Crowd:
    """One frame. things: weighted sprites of what is nobody."""
    aspect = chosen(rng, _ASPECTS)
    scale = min(input_hw[1] / aspect, input_hw[0])
    width, height = round(aspect * scale), round(scale)
    image, kinds_behind = _backdrop(rng, store, pool, things, (width, height))
    owner, body = np.full((height, width), -1, np.int8), np.full((height, width), NOBODY, np.int8)
    drawn_px: list[int] = []
    heads: list[Point] = []
    count, ends = chosen(rng, _COUNTS), height
    if count > 1 and rng.random() < _TOGETHER:
        people, ends = _group(rng, store, count, (width, height))
    else:
        people = _strangers(rng, store, count, (width, height))
    for someone in people:
        placed = dressed(rng, someone.sprite)
        image, mask = over(placed, image), placed[..., 3] > 127
        owner[mask], body[mask] = len(drawn_px), someone.kinds[mask]
        drawn_px.append(int(mask.sum()))
        heads.append(someone.head)
    if ends < height:  # a table
        cover = pool.whole(rng, (width, height)) if rng.random() < 0.5 else random_colour(rng).astype(np.uint8)
        table = np.arange(height)[:, None] >= ends
        image, owner = np.where(table[..., None], cover, image), np.where(table, np.int8(-1), owner)
    if rng.random() < 0.25:
        image, owner = _hidden(rng, image, owner)
    framed, shown = np.full((*input_hw, 3), _GREY, np.uint8), np.full(input_hw, NOBODY, np.int8)
    framed[:height, :width] = spoiled(rng, image, _LEAST_FRAME_PX)
    shown[:height, :width] = np.where(owner < 0, kinds_behind, body)
    middles = slice(CELL_PX // 2, None, CELL_PX)
    return Crowd(framed, boxes_of(owner, drawn_px, heads), np.ascontiguousarray(shown[middles, middles]))


def _backdrop(
    rng: Rng, store: Store, pool: Pool, things: Sequence[Sprite], size_wh: tuple[int, int]
) -> tuple[Image, Kinds]:
    """What is behind people, and its kinds: nothing is asked of people who are far too small, and of limbs."""
    image = plain = pool.whole(rng, size_wh)
    if rng.random() < 0.2:
        image = _with_spectators(rng, store, image)
    if rng.random() < 0.4:
        image = _with_limbs(rng, store, image)
    unasked = (image != plain).any(-1)
    if rng.random() < _WITH_THINGS:
        bare, image = image, _with_things(rng, pool, things, image)
        unasked &= (image == bare).all(-1)
    return image, np.where(unasked, IGNORED, NOBODY)


def boxes_of(owner: Owner, drawn_px: Sequence[int], heads: Sequence[Point]) -> Boxes:
    """Around what is seen of each person of whom enough is, and whose head nothing in the frame hides: legs behind a
    table are nobody's. drawn_px: pixels each covered before others hid them; heads: where each one's is, (2,) xy."""
    boxes = []
    for number, (pixels, head) in enumerate(zip(drawn_px, heads, strict=True)):
        seen = owner == number
        box = bounds(seen)
        if box is None or seen.sum() < _LEAST_SEEN * pixels or _head_hidden(owner, head, number):
            continue
        if min(box[2] - box[0], box[3] - box[1]) >= _LEAST_PX:
            boxes.append(box)
    return np.array(boxes, np.float32).reshape(-1, 4)


def _head_hidden(owner: Owner, head: Point, number: int) -> bool:
    """Whether a person's head (2,) xy is in the frame, but the pixel there is not theirs."""
    x, y = np.rint(head).astype(int)
    height, width = owner.shape
    return 0 <= x < width and 0 <= y < height and bool(owner[y, x] != number)


def _sizes_px(rng: Rng, count: int, height: int) -> NDArray[np.float64]:
    """(count,) heights of people, up to a little more than the frame's height in pixels: uniform in the logarithm."""
    least = np.minimum(rng.choice((_LEAST_HIGH_PX, _USUAL_HIGH_PX), count), height)
    return np.asarray(np.exp(rng.uniform(np.log(least), np.log(1.25 * height))))


def collated(items: Sequence[Crowd]) -> tuple[Tensor, list[Tensor], Tensor]:
    """Images (N, H, W, 3), each one's boxes, and maps (N, H / 4, W / 4)."""
    images, boxes, maps = zip(*items, strict=True)
    return torch.from_numpy(np.stack(images)), list(map(torch.from_numpy, boxes)), torch.from_numpy(np.stack(maps))


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


def _with_spectators(rng: Rng, store: Store, image: Image) -> Image:
    """A band of people far too small to be asked for, behind everything."""
    height, width = image.shape[:2]
    image = image.copy()
    size_px, top = rng.uniform(5, 14), rng.uniform(0, 0.7) * height
    for _ in range(rng.integers(3, 40)):
        sprite = _cut(store.arrays["body"][store.random_row(rng)])
        place = rng.uniform((0, top), (width, top + 0.25 * height))
        _paste(image, sprite, size_px * rng.uniform(0.8, 1.2), place)
    return image


def _with_limbs(rng: Rng, store: Store, image: Image) -> Image:
    """An arm or a leg by itself, turned anyhow: what a limb looks like, but nobody."""
    image = image.copy()
    for _ in range(rng.integers(1, 4)):
        row = store.random_row(rng)
        sprite = store.arrays["body"][row]
        x, y = store.arrays["points"][row, BODY_POINTS[_LIMBS[rng.integers(len(_LIMBS))]], :2].astype(int)
        half = int(rng.uniform(0.08, 0.16) * len(sprite))
        piece = _cut(sprite[max(y - half, 0) : max(y + half, 0), max(x - half, 0) : max(x + half, 0)])
        piece = np.rot90(piece, int(rng.integers(4)))
        size_px = np.exp(rng.uniform(np.log(10), np.log(0.5 * len(image))))
        _paste(image, piece, size_px, rng.uniform((0, 0), image.shape[1::-1]))
    return image


def _with_things(rng: Rng, pool: Pool, things: Sequence[Sprite], image: Image) -> Image:
    """What stands about as high as people do."""
    image = image.copy()
    for high_px in _sizes_px(rng, int(rng.integers(1, 4)), len(image)):
        thing = cutout(rng, things, high_px) if things and rng.random() < _REAL else solid(rng, pool, high_px)
        _paste(image, thing, max(thing.shape[:2]), rng.uniform(0, image.shape[1::-1]) - (thing.shape[1] / 2, 0))
    return image


def _cut(sprite: Sprite) -> Sprite:
    """What there is in a sprite, which may be nothing: colours weighted."""
    box = bounds(sprite[..., 3] > 127)
    if box is None:
        return np.zeros((0, 0, 4), np.uint8)
    return weighted(np.ascontiguousarray(sprite[box[1] : box[3], box[0] : box[2]]))


def _paste(image: Image, piece: Sprite, size_px: float, place: Point) -> None:
    """Draw a weighted piece, its longer side so large, its upper left corner at a place (2,)."""
    if not piece.size:
        return
    scale = size_px / max(piece.shape[:2])
    size = max(round(piece.shape[1] * scale), 1), max(round(piece.shape[0] * scale), 1)
    small = cv2.resize(piece, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    x, y = place.astype(int)
    left, top = max(-x, 0), max(-y, 0)
    there = image[max(y, 0) : max(y + size[1], 0), max(x, 0) : max(x + size[0], 0)]
    if there.size:
        there[:] = over(np.ascontiguousarray(small[top : top + len(there), left : left + there.shape[1]]), there)


def _strangers(rng: Rng, store: Store, count: int, frame_wh: tuple[int, int]) -> list[Placed]:
    """People of any sizes anywhere, the farthest first."""
    sizes_px = np.sort(_sizes_px(rng, count, frame_wh[1]))
    return [_anywhere(rng, store.person(_someone(rng, store)), size_px, frame_wh) for size_px in sizes_px]


def _group(rng: Rng, store: Store, count: int, frame_wh: tuple[int, int]) -> tuple[list[Placed], int]:
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


def _hidden(rng: Rng, image: Image, owner: Owner) -> tuple[Image, Owner]:
    """Something in front."""
    mask = np.zeros(owner.shape, np.uint8)
    if rng.random() < 0.5:
        mask[int(len(mask) * rng.uniform(0.65, 0.95)) :] = 255
    else:
        fill_box(rng, mask, 8, 60)
    cover = random_colour(rng).astype(np.uint8)
    return np.where(mask[..., None] > 0, cover, image), np.where(mask > 0, np.int8(-1), owner)
