"""What is behind people, and nobody to find: a picture, people who are far too small, limbs by themselves, things."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from models.joints import BODY_JOINTS
from training.backgrounds import Image, Pool
from training.chances import Rng
from training.crowd_parts import IGNORED, NOBODY, Kinds
from training.pictures import Sprite, bounds, over, weighted
from training.placed import Point, sizes_px
from training.store import Store
from training.targets import BODY_POINTS
from training.things import cutout, solid

_WITH_THINGS = 0.55  # of the frames
_REAL = 0.8  # of the things are cutouts, where there are any
_LIMBS = [BODY_JOINTS.index(f"{side}_{name}") for side in "LR" for name in ("Elbow", "Wrist", "Knee", "Ankle")]


def backdrop(
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
    return image, np.where(unasked, np.int8(IGNORED), np.int8(NOBODY))


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
    for high_px in sizes_px(rng, int(rng.integers(1, 4)), len(image)):
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
