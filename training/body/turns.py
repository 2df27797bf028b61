"""Rotations (3, 3) from directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from training.body.source import Array

Frame = tuple[ArrayLike, ArrayLike]
"""A direction, and one across it."""


def turn(source: Frame, target: Frame) -> Array:
    """Takes the first direction to the first, and the second as near to the second as it gets."""
    return np.asarray(_axes(*target) @ _axes(*source).T)


def shortest(source: ArrayLike, target: ArrayLike) -> Array:
    """Takes a direction to another and turns no farther."""
    a, b = unit(source), unit(target)
    skew = _skew(np.cross(a, b))
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + a @ b))


def about_y(degrees: float) -> Array:
    """Takes z towards x."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array(((c, 0, s), (0, 1, 0), (-s, 0, c)))


def twist(rotation: Array, axis: Array, share: float) -> Array:
    """The part of a rotation about `axis`, times `share` (swing-twist decomposition)."""
    vector = np.array(
        (rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1])
    )
    angle = 2 * np.arctan2(axis @ vector, 1 + np.trace(rotation)) * share
    skew = _skew(axis)
    return np.asarray(np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew)


def unit(vector: ArrayLike) -> Array:
    """(3,) of length one."""
    found = np.asarray(vector, np.float64)
    return np.asarray(found / np.linalg.norm(found))


def _axes(first: ArrayLike, second: ArrayLike) -> Array:
    """Orthonormal columns: along `first`, the part of `second` across it, and their cross product."""
    x = unit(first)
    y = unit(np.asarray(second, np.float64) - x * (x @ np.asarray(second, np.float64)))
    return np.stack((x, y, np.cross(x, y)), 1)


def _skew(v: Array) -> Array:
    return np.array(((0, -v[2], v[1]), (v[2], 0, -v[0]), (-v[1], v[0], 0)))
