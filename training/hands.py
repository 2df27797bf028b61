"""Random hand shapes: fingers curled alone and together, spread, thumbs opposed. Left hands; degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from training.chances import Rng
from training.poses import THUMB_HINGE

Array = NDArray[np.float64]
Degrees = tuple[float, float, float]

_FINGERS = ("index", "middle", "pinky", "ring")
_SPREAD_SIDE = {"index": 1.0, "middle": 0.3, "ring": -0.4, "pinky": -1.0}

# How far each finger is curled (0 straight, 1 closed), in the order index, middle, ring, pinky, and the thumb's
# (across the palm, bent): the shapes people make most.
_SHAPES: tuple[tuple[float, float, float, float, float, float], ...] = (
    (0.0, 0.0, 0.0, 0.0, 0.1, 0.0),  # open
    (0.22, 0.28, 0.32, 0.34, 0.3, 0.2),  # relaxed
    (0.45, 0.5, 0.55, 0.6, 0.4, 0.3),  # half closed
    (1.0, 1.0, 1.0, 1.0, 0.8, 0.8),  # fist
    (0.0, 1.0, 1.0, 1.0, 0.8, 0.7),  # point
    (0.5, 0.1, 0.1, 0.1, 0.75, 0.35),  # pinch, the others open
    (0.55, 0.6, 0.65, 0.7, 0.75, 0.35),  # pinch
    (0.0, 0.0, 1.0, 1.0, 0.9, 0.7),  # victory
    (0.0, 0.0, 0.0, 1.0, 0.9, 0.6),  # three
    (0.0, 0.0, 0.0, 0.0, 1.0, 0.6),  # four
    (1.0, 1.0, 1.0, 1.0, -0.3, 0.0),  # thumb up
    (1.0, 1.0, 1.0, 0.0, -0.2, 0.0),  # little finger and thumb
    (0.0, 1.0, 1.0, 0.0, 0.8, 0.7),  # horns
    (0.35, 0.4, 0.45, 0.5, 0.6, 0.2),  # around a cup
    (0.7, 0.7, 0.72, 0.75, 0.5, 0.5),  # around a handle
)


def random_hand(rng: Rng) -> Array:
    """(15, 3, 3) rotations of a left hand, in the order of `joints.HAND_ROTATIONS`: index, middle, pinky, ring, thumb,
    each from the palm outwards."""
    shape = _mixed_shape(rng)
    curl = dict(zip(("index", "middle", "ring", "pinky"), shape[:4] + rng.normal(0, 0.06, 4), strict=True))
    spread_deg = rng.normal(2, 5)
    hook = float(np.clip(rng.normal(1.0, 0.25), 0.4, 1.6))  # how much more the outer joints bend than the knuckle
    vectors: list[Degrees] = []
    for finger in _FINGERS:
        closed = float(np.clip(curl[finger], -0.12, 1.05))
        vectors += _finger(rng, closed, _SPREAD_SIDE[finger] * spread_deg, hook)
    vectors += _thumb(rng, shape[4] + rng.normal(0, 0.1), shape[5] + rng.normal(0, 0.1))
    return np.asarray(Rotation.from_rotvec(np.radians(vectors)).as_matrix())


def _mixed_shape(rng: Rng) -> Array:
    """(6,) as a row of `_SHAPES`: one of them, one between two, or any."""
    shape = np.array(_SHAPES[rng.integers(len(_SHAPES))], float)
    if rng.random() < 0.5:
        other = np.array(_SHAPES[rng.integers(len(_SHAPES))], float)
        shape += (other - shape) * rng.uniform(0, 1)
    if rng.random() < 0.15:
        shape = rng.uniform((0, 0, 0, 0, -0.3, 0), 1.0)
    return shape


def _finger(rng: Rng, closed: float, spread_deg: float, hook: float) -> list[Degrees]:
    """Knuckle, middle and outer joint. Closed fingers cannot be spread."""
    sideways = spread_deg * (1 - 0.8 * max(closed, 0)) + rng.normal(0, 2)
    return [
        (rng.normal(0, 2), -sideways, -(80 * closed * (2 - hook) ** 0.5 + rng.normal(0, 4))),
        (0, 0, -(max(92 * closed * hook**0.5, -5) + rng.normal(0, 4))),
        (0, 0, -(max(35 * closed * hook**0.5, -3) + rng.normal(0, 4))),
    ]


def _thumb(rng: Rng, across: float, bent: float) -> list[Degrees]:
    """From the wrist outwards."""
    return [
        (25 * across + rng.normal(0, 5), 22 * across + rng.normal(0, 6), -18 * across + rng.normal(0, 6)),
        *(_about_hinge(most * max(bent, least) + rng.normal(0, 4)) for most, least in ((35, -0.2), (55, -0.3))),
    ]


def _about_hinge(degrees: float) -> Degrees:
    x, y, z = THUMB_HINGE
    return x * degrees, y * degrees, z * degrees
