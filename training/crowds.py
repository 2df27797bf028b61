"""Frames with nobody to five people in them, put together from drawn ones, their boxes, and what of a body each cell
shows: what the detector learns from.

Boxes are (M, 4) float32 xyxy pixels of the detector's input. Maps (H / 4, W / 4) int8 are of cells of 4 x 4 pixels of
it, as `crowd_parts` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from models.networks.config import PARTS_STRIDE, DetectorConfig
from training.backdrop import backdrop
from training.backgrounds import Image, Pool, pool_of, random_colour
from training.camera_noise import spoiled
from training.chances import Rng, chosen
from training.crowd_parts import NOBODY, Kinds
from training.fabric import dressed
from training.loaders import loader_rng
from training.pictures import Sprite, bounds, fill_box, over
from training.placed import Point, close_up, group, strangers
from training.store import Store
from training.things import read_things

Boxes = NDArray[np.float32]
Owner = NDArray[np.int8]  # (H, W) whose a pixel is, by number from the farthest on; -1 nobody's

_GREY = 114  # beside the frame, as the tracker's letterbox has it
_ASPECTS = ((0.42, 4 / 3), (0.4, 16 / 9), (0.06, 1.0), (0.06, 3 / 4), (0.06, 9 / 16))
_COUNTS = ((0.16, 0), (0.33, 1), (0.19, 2), (0.13, 3), (0.12, 4), (0.07, 5))
_TOGETHER = 0.6  # of several people: as a group, instead of anywhere
_CLOSE = 0.35  # of people alone: close up; where none were, portraits were what the detector missed most
_LEAST_SEEN = 0.35  # of a person's pixels in the frame, else it is nobody's box
_LEAST_PX = 9  # a box
_LEAST_FRAME_PX = 90  # the coarsest height that a frame is reduced to
_POOL = 200
_USES = 8


class Crowd(NamedTuple):
    """A letterboxed frame (H, W, 3) uint8 RGB, the boxes in it, and its map."""

    image: Image
    boxes: Boxes
    kinds: Kinds


class Crowds(IterableDataset[Crowd]):
    """An endless stream of frames. Each loader process draws its own."""

    def __init__(
        self,
        folder: Path,
        config: DetectorConfig,
        seed: int,
        places: Path | None = None,
        things: Path | None = None,
    ) -> None:
        """folder: of a `Store`. places: for backgrounds, see `read_places`. things: see `read_things`."""
        self._folder, self._config, self._seed = folder, config, seed
        self._places, self._things = places, things

    def __iter__(self) -> Iterator[Crowd]:
        rng = loader_rng(self._seed)
        store, pool = Store(self._folder), pool_of(rng, _POOL, self._places)
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
    image, kinds_behind = backdrop(rng, store, pool, things, (width, height))
    owner, body = np.full((height, width), -1, np.int8), np.full((height, width), NOBODY, np.int8)
    drawn_px: list[int] = []
    heads: list[Point] = []
    count, ends = chosen(rng, _COUNTS), height
    if count > 1 and rng.random() < _TOGETHER:
        people, ends = group(rng, store, count, (width, height))
    elif count == 1 and rng.random() < _CLOSE:
        people = close_up(rng, store, (width, height))
    else:
        people = strangers(rng, store, count, (width, height))
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
    middles = slice(PARTS_STRIDE // 2, None, PARTS_STRIDE)
    return Crowd(framed, boxes_of(owner, drawn_px, heads), np.ascontiguousarray(shown[middles, middles]))


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


def collated(items: Sequence[Crowd]) -> tuple[Tensor, list[Tensor], Tensor]:
    """Images (N, H, W, 3), each one's boxes, and maps (N, H / 4, W / 4)."""
    images, boxes, maps = zip(*items, strict=True)
    return torch.from_numpy(np.stack(images)), list(map(torch.from_numpy, boxes)), torch.from_numpy(np.stack(maps))


def _hidden(rng: Rng, image: Image, owner: Owner) -> tuple[Image, Owner]:
    """Something in front."""
    mask = np.zeros(owner.shape, np.uint8)
    if rng.random() < 0.5:
        mask[int(len(mask) * rng.uniform(0.65, 0.95)) :] = 255
    else:
        fill_box(rng, mask, 8, 60)
    cover = random_colour(rng).astype(np.uint8)
    return np.where(mask[..., None] > 0, cover, image), np.where(mask > 0, np.int8(-1), owner)
