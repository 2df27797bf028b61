"""What no body does: turn over between two frames, change sides, bend wrists backwards; and hands nobody saw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.frame import GUARDED, HELD, LEFT_HAND, RIGHT_HAND, Confidence
from app.smoothing import quaternions
from app.smoothing.limits import within_limits
from app.smoothing.motion import ARMS, FINGERS, LEGS, Units
from models.joints import SMPLX_JOINTS
from models.rotations import Array

# A turn from one frame to the next that is a mistake: what estimates shake by and how fast limbs turn, but never so
# much that half a turn would pass.
_SHAKE, _FASTEST_PER_S, _MOST = np.radians((45.0, 1350.0, 115.0))
_LONGEST_S = 0.25  # after which a mistake is the truth
_REMEMBERED = 0.5  # of where a rotation was, with every estimate that is believed: one alone may be off

# Limbs have changed sides where the other side's place explains them so much better, and the sides are so far apart.
_BETTER, _APART_M = 0.4, 0.6

_DOUBTED = 0.25  # confidence of a hand
_HOLD_S, _RELAX_S = 0.25, 0.5

_HELD_TRUST = 0.02


class Guarded(NamedTuple):
    """Rotations (4, 53) that can be, how far each is to be trusted (53,), and the flags of what was done."""

    rotations: Array
    trust: Array
    flags: int


class Guards:
    """The guards of one person, from one frame to the next."""

    def __init__(self, mean_hands: Array) -> None:
        """mean_hands: (4, 30) left and right fingers at ease."""
        self._hands = (_Hand(LEFT_HAND, mean_hands[:, :15]), _Hand(RIGHT_HAND, mean_hands[:, 15:]))
        self._last: Array | None = None  # (4, 53) as given before
        self._usual: Array = np.zeros((4, 0))  # (4, 53) about where rotations have been
        self._limbs_m: Array = np.zeros((4, 2, 3))
        self._since_s: Array = np.zeros(0)  # (53,) when each rotation was last believed

    def __call__(self, time_s: float, rotations: Array, joints_m: Array, sure: Confidence, measured: Units) -> Guarded:
        """rotations (4, 53) and joints (55, 3) as estimated at a time. measured: units, of which rotations are the
        first (53,), that were looked at then; of the others nothing new is known."""
        new = measured[: rotations.shape[1]]
        limbs_m = _limbs(joints_m)
        trust = np.ones(rotations.shape[1])
        strange = wrong = np.zeros(rotations.shape[1], np.bool_)
        if self._last is None:
            self._since_s, self._usual = np.full(rotations.shape[1], time_s), rotations
        else:
            strange = np.logical_or(self._turned_over(time_s, rotations), self._changed_sides(limbs_m))
            wrong = strange & (time_s - self._since_s <= _LONGEST_S)
            self._since_s = np.where(wrong | ~new, self._since_s, time_s)
        possible, beyond = within_limits(rotations)
        flags = GUARDED if beyond or wrong.any() else 0
        if wrong.any():
            assert self._last is not None
            possible = np.where(wrong, self._last, possible)
            trust[wrong] = _HELD_TRUST
            limbs_m = np.where(wrong[_LIMB_ROWS][:, None, None], self._limbs_m, limbs_m)
        believed = np.where(wrong, self._usual, rotations)
        self._usual = np.where(strange, believed, np.where(new, _mixed(self._usual, believed), self._usual))
        rotations = possible
        for hand, confidence in zip(self._hands, (sure.left_hand, sure.right_hand), strict=True):
            rotations, held = hand(time_s, rotations, confidence)
            if held:
                trust[hand.rows] = _HELD_TRUST
                flags |= HELD
        self._last, self._limbs_m = rotations, limbs_m
        return Guarded(rotations, trust, flags)

    def _turned_over(self, time_s: float, rotations: Array) -> Array:
        """(53,): which turned farther than anything turns."""
        angle = 2.0 * np.arccos(np.minimum(np.abs((self._usual * rotations).sum(0)), 1.0))
        return np.asarray(angle > np.minimum(_SHAKE + _FASTEST_PER_S * (time_s - self._since_s), _MOST))

    def _changed_sides(self, limbs_m: Array) -> Array:
        """(53,): which belong to arms or legs that are where the other side's were."""
        swapped = np.zeros(53, bool)
        for pair, concerned in ((slice(0, 2), ARMS + FINGERS), (slice(2, 4), LEGS)):
            stayed = _distance(limbs_m[pair], self._limbs_m[pair])
            if stayed <= _APART_M:
                continue
            crossed = _distance(limbs_m[pair], self._limbs_m[pair][::-1])
            if crossed < _BETTER * stayed:
                swapped[concerned] = True
        return swapped


def _mixed(usual: Array, rotations: Array) -> Array:
    """Between rotations (4, 53): the mean of the quaternions, near enough for small turns."""
    same = np.where((usual * rotations).sum(0) < 0.0, -1.0, 1.0)
    mixed = _REMEMBERED * usual + (1.0 - _REMEMBERED) * same * rotations
    return np.asarray(mixed / np.sqrt((mixed * mixed).sum(0)))


class _Hand:
    """Keeps the fingers of a hand that is not seen, then lets them relax."""

    def __init__(self, rows: slice, mean: Array) -> None:
        self.rows = rows
        self._mean = mean
        self._seen_s: float | None = None
        self._seen = mean

    def __call__(self, time_s: float, rotations: Array, confidence: float) -> tuple[Array, bool]:
        """Rotations (4, 53), and whether the hand's are made up."""
        if confidence >= _DOUBTED:
            self._seen_s, self._seen = time_s, rotations[:, self.rows]
            return rotations, False
        unseen_s = np.inf if self._seen_s is None else time_s - self._seen_s
        share = min(max((unseen_s - _HOLD_S) / _RELAX_S, 0.0), 1.0)
        kept = rotations.copy()
        kept[:, self.rows] = quaternions.turned(self._seen, share * quaternions.between(self._seen, self._mean))
        return kept, True


def _distance(points_m: Array, others_m: Array) -> float:
    """The sum over points (..., 3)."""
    apart = points_m - others_m
    return float(np.sqrt((apart * apart).sum(-1)).sum())


def _limbs(joints_m: Array) -> Array:
    """(4, 2, 3): left and right arm (elbow, wrist), left and right leg (knee, ankle), from the pelvis."""
    return np.asarray(joints_m[_LIMB_JOINTS] - joints_m[0])


_LIMB_JOINTS = np.array(
    [
        [SMPLX_JOINTS.index(f"{side}_{name}") for name in names]
        for names in (("elbow", "wrist"), ("knee", "ankle"))
        for side in ("left", "right")
    ]
)
_LIMB_ROWS = _LIMB_JOINTS[:, 0]  # of body joints, rows of rotations are those of joints
