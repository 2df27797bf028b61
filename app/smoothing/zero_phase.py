"""Smoothing that looks ahead as far as it looks back, so that it lags nothing: for files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.smoothing.motion import Point, Units, stacked
from models.rotations import Array

_STIFFNESS = 1e-3  # keeps slope and curvature small where samples are too few to tell
_STRAIGHT = 0.3  # how much flatter, where all samples are carried: a parabola through few goes along with their noise
_CARRIED_TRUST = 1e-3  # in units that were not measured then: so little that only where nothing else is near it counts


@dataclass(frozen=True, eq=False)
class Sample:
    """What was estimated at a time, how far each unit is to be trusted (U,), in (0, 1], and which were measured then
    (U,); in the others the point is as it was when they were."""

    time_s: float
    point: Point
    trust: Array
    measured: Units


def smoothed(samples: Sequence[Sample], at: int, reach_s: Array) -> Point:
    """The point at one of the samples, from all within reach of it.

    Local quadratic regression with tricube weights (Cleveland 1979, section 2; on even frames that is a filter of
    Savitzky and Golay 1964) in the tangent space of that sample. reach_s: (U,), how far each unit looks either way.
    """
    centre = samples[at]
    steps = centre.point.spread().to(stacked(*(sample.point for sample in samples)))  # (3, K, U)
    offset = np.array([sample.time_s for sample in samples]) - centre.time_s
    x = np.clip(offset[:, None] / reach_s, -1.0, 1.0)  # (K, U)
    measured = np.array([sample.measured for sample in samples])  # (K, U)
    trust = np.where(measured, np.array([sample.trust for sample in samples]), _CARRIED_TRUST)
    weight = (1.0 - np.abs(x) ** 3) ** 3 * trust
    near = np.abs(x) < 1.0
    carried = (near & ~measured).sum(0) / near.sum(0)  # (U,) share of the samples
    return centre.point.moved(_intercept(x, weight, steps, _STIFFNESS + _STRAIGHT * carried))


def _intercept(x: Array, weight: Array, values: Array, bend_stiffness: Array) -> Array:
    """The constant terms (3, U) of the weighted least squares parabolas through values (3, K, U) at x (K, U), whose
    bend is held small by a stiffness (U,)."""
    wx = weight * x
    wxx = wx * x
    s0, s1, s2 = weight.sum(0), wx.sum(0), wxx.sum(0)
    s3, s4 = (wxx * x).sum(0), (wxx * x * x).sum(0)
    s2_stiff, s4_stiff = s2 + _STIFFNESS, s4 + bend_stiffness
    t0, t1, t2 = (np.einsum("ku,cku->cu", w, values) for w in (weight, wx, wxx))
    # Cramer's rule for [[s0 s1 s2] [s1 s2 s3] [s2 s3 s4]] with the stiffness on the diagonal.
    minor0 = s2_stiff * s4_stiff - s3 * s3
    minor1 = s1 * s4_stiff - s2 * s3
    minor2 = s1 * s3 - s2 * s2_stiff
    determinant = s0 * minor0 - s1 * minor1 + s2 * minor2
    return np.asarray((t0 * minor0 - t1 * minor1 + t2 * minor2) / determinant)
