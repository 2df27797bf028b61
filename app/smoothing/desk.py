"""Legs of people at a desk, whom the camera sees from the waist up: seated, at rest."""

from __future__ import annotations

import numpy as np

from app.smoothing import quaternions
from app.smoothing.motion import LEGS, rows
from models.joints import SMPLX_JOINTS
from models.rotations import Array

_AFTER_S = 0.5  # out of view, or back in it, for that long
_BLEND_S = 0.5
_HIP_DEG, _APART_DEG, _KNEE_DEG = -85.0, 6.0, 85.0

_WATCHED = [SMPLX_JOINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee")]


class Desk:
    """Of one person: whether their legs are seated, and how far on the way there."""

    def __init__(self, *, always: bool) -> None:
        self._always = always
        self._seated: bool | None = None
        self._otherwise_s = 0.0  # how long the view has said otherwise
        self._share = 0.0
        self._last_s = 0.0

    def __call__(self, time_s: float, rotations: Array, px: Array, frame_wh: tuple[int, int]) -> Array:
        """Rotations (4, 53), of which those of the legs are seated where they cannot be seen. px: (55, 2) the joints in
        the frame."""
        watched = px[_WATCHED]
        unseen = not ((watched >= 0) & (watched < frame_wh)).all(-1).any()
        wanted = self._always or unseen
        if self._seated is None:
            self._seated, self._share, self._last_s = wanted, float(wanted), time_s
        dt, self._last_s = time_s - self._last_s, time_s
        self._otherwise_s = self._otherwise_s + dt if wanted != self._seated else 0.0
        if self._otherwise_s >= _AFTER_S:
            self._seated, self._otherwise_s = wanted, 0.0
        step = dt / _BLEND_S if self._seated else -dt / _BLEND_S
        self._share = min(max(self._share + step, 0.0), 1.0)
        if not self._share:
            return rotations
        seated = rotations.copy()
        legs = rotations[:, LEGS]
        seated[:, LEGS] = quaternions.turned(legs, self._share * quaternions.between(legs, _SEATED))
        return seated


def _seated_legs() -> Array:
    """(4, 8): of `LEGS`."""
    vectors = np.zeros((3, 53))
    vectors[:, rows("hip")] = np.radians(((_HIP_DEG, _HIP_DEG), (0.0, 0.0), (_APART_DEG, -_APART_DEG)))
    vectors[0, rows("knee")] = np.radians(_KNEE_DEG)
    return quaternions.exponential(vectors)[:, LEGS]


_SEATED = _seated_legs()
