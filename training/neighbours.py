"""Other people in somebody's crop: beside them, as in a group, or anywhere behind; and how people of a group stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.joints import BODY_JOINTS
from training.chances import Rng
from training.fabric import dressed
from training.pictures import Matrix, Sprite, moved, weighted
from training.store import Store
from training.targets import BODY_POINTS, Person

Array = NDArray[np.floating[Any]]

_BEHIND = 0.18  # of the people have somebody of any size behind them
_IN_A_GROUP = 0.45  # have others beside them
_BEFORE = 0.35  # of these stand before them
_GAP_M = (0.25, 0.8)  # from one to the next
HEADS_M = 0.12  # how unlike their heights are
_AS_FAR = 0.1  # how unlike their distances are, in the logarithm
IN_ROWS = 0.4  # of the groups
ROWS_NEARER, ROWS_M = 0.35, 0.45  # at most: in the logarithm, and how much lower the heads before are
_TRIES = 6

HEAD_POINTS = [BODY_POINTS[BODY_JOINTS.index(name)] for name in ("Nose", "L_Ear", "R_Ear")]


def neighbours(
    rng: Rng, store: Store, person: Person, matrix: Matrix, size_wh: tuple[int, int]
) -> tuple[list[Sprite], list[Sprite]]:
    """Weighted sprites in a crop of the size, those behind the person and those before, in the order they are
    drawn in. matrix: from the person's sprite to the crop."""
    behind: list[Sprite] = [_anywhere(rng, store, size_wh)] if rng.random() < _BEHIND else []
    before: list[Sprite] = []
    if rng.random() < _IN_A_GROUP:
        for sprite, is_before in _beside(rng, store, person, matrix, size_wh):
            (before if is_before else behind).append(sprite)
    return behind, before


def _anywhere(rng: Rng, store: Store, size_wh: tuple[int, int]) -> Sprite:
    """Someone of any size."""
    width, height = size_wh
    other = store.arrays["body"][store.random_row(rng)]
    scale = rng.uniform(0.3, 1.1) * height / other.shape[0]
    x, y = rng.uniform(-0.4, 0.9) * width, rng.uniform(-0.2, 0.5) * height
    return moved(weighted(other), np.array(((scale, 0, x), (0, scale, y))), size_wh)


def _beside(
    rng: Rng, store: Store, person: Person, matrix: Matrix, size_wh: tuple[int, int]
) -> Iterator[tuple[Sprite, bool]]:
    """People at one side or both, and whether each stands before the person: about as far away, heads at about one
    height, or in rows, those before larger and lower."""
    scale, shift = matrix[0, 0], matrix[:, 2]
    metre, head = scale * metre_px(person["pelvis"]), scale * head_px(person["points"]) + shift
    ends = min(scale * person["window"][3] + shift[1], size_wh[1])
    in_rows = rng.random() < IN_ROWS
    for side in rng.permutation((-1, 1))[: rng.integers(1, 3)]:
        across_m = 0.0
        for _ in range(rng.integers(1, 3)):
            across_m += side * rng.uniform(*_GAP_M)
            before = bool(rng.random() < _BEFORE)
            nearer, lower = rng.normal(0, _AS_FAR), rng.normal(0, HEADS_M)
            if in_rows:
                way = 1 if before else -1
                nearer, lower = way * rng.uniform(0, ROWS_NEARER), lower + way * rng.uniform(0, ROWS_M)
            place = head + metre * np.array((across_m, lower))
            yield _placed(rng, store, place, metre * np.exp(nearer), size_wh, ends=ends), before


def _placed(rng: Rng, store: Store, head: Array, metre: float, size_wh: tuple[int, int], *, ends: float) -> Sprite:
    """Someone with their head at a place (2,), where a metre is so many pixels; whom their frame cuts off no higher
    than at the row where this one ends, if so many tries find one."""
    for _ in range(_TRIES):
        row, arrays = store.random_row(rng), store.arrays
        scale = metre / metre_px(arrays["pelvis"][row])
        x, y = head - scale * head_px(arrays["points"][row])
        if scale * arrays["window"][row, 3] + y >= ends:
            break
    return dressed(rng, moved(weighted(arrays["body"][row]), np.array(((scale, 0, x), (0, scale, y))), size_wh))


def metre_px(pelvis: Array) -> float:
    """Pixels of a sprite that a metre is where its person stands, of `Sprites.pelvis` (4,)."""
    return float(pelvis[3] / pelvis[2])


def head_px(points: Array) -> Array:
    """(2,) where the head is, of a person's points (76, 3) in pixels of their sprite."""
    return np.asarray(points[HEAD_POINTS, :2].mean(0))
