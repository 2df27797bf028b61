"""Where the picture ends and where somebody's box does, beyond what was drawn. As in photographs: feet may be just
above the picture's edge, and a box may end at a table, or too early."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.joints import BODY_JOINTS
from training.chances import Rng
from training.pictures import bounds
from training.scene import CROP_ASPECT, CROP_ENLARGEMENT
from training.targets import BODY_POINTS, Person

_ENDS_NEAR = 0.3  # of the sides that the frame cuts nothing off at
_NEAR = 0.13  # how far from the person it ends at most, of their size
_UPPER = 0.25  # of the people are boxed by their upper part
_AT_A_TABLE = 0.65  # of these
_LEAST_PX = 60  # of the sprite; an upper part that is smaller would be drawn too coarse

_SHOULDERS, _HIPS, _KNEES = (
    [BODY_POINTS[BODY_JOINTS.index(f"{side}_{name}")] for side in "LR"] for name in ("Shoulder", "Hip", "Knee")
)


class Framed(NamedTuple):
    """A person, and the row of their sprite from which a table hides them, infinite where there is none."""

    person: Person
    table_from: float


def reframed(rng: Rng, person: Person) -> Framed:
    """With another window and, maybe, another crop."""
    seen = person["body"][..., 3] > 127
    box = bounds(seen)
    if box is None:
        return Framed(person, np.inf)
    person = {**person, "window": _ending_near(rng, person["window"], np.array(box, float))}
    if rng.random() < _UPPER and (row := _row(rng, person["points"], box)) is not None:
        upper = bounds(seen[:row])
        if upper is not None:
            table = float(row) if rng.random() < _AT_A_TABLE else np.inf
            return Framed({**person, "crop": _crop(np.array(upper, float))}, table)
    return Framed(person, np.inf)


def _ending_near(rng: Rng, window: NDArray[np.float32], box: NDArray[np.float64]) -> NDArray[np.float32]:
    """A window (4,) in which sides that were beyond everything may be close to a box (4,)."""
    size = np.tile(box[2:] - box[:2], 2)
    near = box + np.array((-1, -1, 1, 1)) * rng.uniform(0, _NEAR, 4) * size
    free = np.abs(window - box) > size  # not cut off
    return np.where(free & (rng.random(4) < _ENDS_NEAR), near, window).astype(np.float32)


def _row(rng: Rng, points: NDArray[np.float32], box: tuple[int, int, int, int]) -> int | None:
    """A row of the sprite between chest and knees of somebody upright; None for others, and where too little is above
    it, or all."""
    shoulders, hips, knees = (points[at, 1].mean() for at in (_SHOULDERS, _HIPS, _KNEES))
    if not shoulders < hips < knees:
        return None
    row = int(rng.uniform(shoulders + 0.4 * (hips - shoulders), knees))
    return row if box[1] + _LEAST_PX < row < box[3] - 4 else None


def _crop(box: NDArray[np.float64]) -> NDArray[np.float32]:
    """(4,) middle and size of the crop around a box (4,)."""
    size = box[2:] - box[:2]
    height = CROP_ENLARGEMENT * max(size[1], size[0] / CROP_ASPECT)
    return np.array((*(box[:2] + box[2:]) / 2, CROP_ASPECT * height, height), np.float32)
