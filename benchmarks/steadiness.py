"""How steady a motion is, how late and how far from the truth. Joints are (T, J, 3) metres, rates frames a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

_MOST_LAG_S = 0.25


@dataclass(frozen=True)
class Steadiness:
    """acceleration_error: mean distance of second differences to the truth's [m/s^2]. jitter: mean length of third
    differences [m/s^3]. error_mm, relative_mm: mean distance of joints to the truth, and with root on root."""

    acceleration_error: float
    jitter: float
    error_mm: float
    relative_mm: float


def measured(joints_m: Array, truth_m: Array, fps: float) -> Steadiness:
    """Of a motion (T, J, 3) and what it should have been."""
    relative, true_relative = joints_m - joints_m[:, :1], truth_m - truth_m[:, :1]
    return Steadiness(
        acceleration_error=_mean_length(np.diff(joints_m - truth_m, 2, 0)) * fps**2,
        jitter=_mean_length(np.diff(joints_m, 3, 0)) * fps**3,
        error_mm=1e3 * _mean_length(joints_m - truth_m),
        relative_mm=1e3 * _mean_length(relative - true_relative),
    )


def mean(parts: list[Steadiness]) -> Steadiness:
    """Of several motions."""
    return Steadiness(*(float(np.mean([getattr(part, name) for part in parts])) for name in Steadiness.__annotations__))


def lag_ms(motions_m: Sequence[Array], truths_m: Sequence[Array], fps: float) -> float:
    """By how much motions come after the truth: the shift at which the cross-correlation of their velocities, over all
    joints of all motions with root on root, peaks; between frames by a parabola through the three largest."""
    most = int(np.ceil(_MOST_LAG_S * fps))
    shifts = np.arange(-most, most + 1)
    scores = np.zeros(len(shifts))
    for motion_m, truth_m in zip(motions_m, truths_m, strict=True):
        found, true = (
            np.diff(points - points[:, :1], axis=0).reshape(len(points) - 1, -1) for points in (motion_m, truth_m)
        )
        scores += [_agreement(found, true, int(shift)) for shift in shifts]
    peak = int(np.clip(scores.argmax(), 1, len(shifts) - 2))
    before, at, after = scores[peak - 1 : peak + 2]
    between = 0.5 * (before - after) / (before - 2.0 * at + after)
    return float(1e3 / fps * (shifts[peak] + between))


def _agreement(found: Array, true: Array, shift: int) -> float:
    """The mean product of values (T, C) and the truth so many frames before."""
    length = len(true) - abs(shift)
    later, earlier = found[max(shift, 0) :][:length], true[max(-shift, 0) :][:length]
    return float((later * earlier).sum() / length)


def _mean_length(vectors: Array) -> float:
    return float(np.linalg.norm(vectors, axis=-1).mean())
