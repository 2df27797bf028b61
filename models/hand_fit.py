"""Hands turned as HandNet's joints lie.

The wrist's rotation comes from the body's features and those of four knuckles (Moon et al. 2022, section 3.3). All 20
of HandNet's joints, with their depths, say more of a hand that is clearly seen: they are the hand that its finger
rotations make, turned. The turn that lays one on the other is Kabsch's (1976, "A solution for the best rotation to
relate two sets of vectors"); where the two are unlike, as of hands that are hidden, it says nothing.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np

from models.camera import FOCAL_PX
from models.joint_fit import Posture
from models.joints import HAND_JOINTS, SMPLX_JOINTS, hand_point
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle
from models.smplx_body import SmplxBody, ancestry

HAND_DEPTH_M = 0.3  # that the bins of HandNet's heatmaps cover, the wrist in the middle

# Mean distance of the joints when one hand lies on the other: up to the first they are one, from the second on they
# say nothing of each other. Chosen with the share on held-out people.
_ONE_M, _OTHER_M = 0.008, 0.016
_SHARE = 0.7  # of the way to HandNet's turn, at most

_WRISTS = [SMPLX_JOINTS.index(f"{side}_wrist") for side in ("left", "right")]
# (2, 5, 4) rows of `SMPLX_POINTS`: each side's fingers, from the knuckle to the tip.
_POINTS = np.array([[hand_point(side, name) for name in HAND_JOINTS] for side in ("left", "right")]).reshape(2, 5, 4)


class HandTargets(NamedTuple):
    """Both hands' 20 joints: px (2, 20, 2) of Hand4Whole's virtual camera, depth_m (2, 20) behind the wrist, sure (2,)
    in [0, 1]."""

    px: Array
    depth_m: Array
    sure: Array


class Hands(NamedTuple):
    """Of both hands: turns (2, 3, 3) before the camera, and how clearly HandNet sees them, clear (2,) in [0, 1]."""

    turns: Array
    clear: Array


class HandFit:
    """Turns hands on one body."""

    def __init__(self, body: SmplxBody) -> None:
        self._body = body
        above = ancestry(body.parents)
        self._arms = [np.flatnonzero(above[wrist])[:-1] for wrist in _WRISTS]  # what wrists hang on, the root first

    def found(self, posture: Posture, betas: Array, targets: HandTargets) -> Hands:
        """How the hands lie that a posture's finger rotations make; betas (10,)."""
        model = self._fingers(posture.rotations, betas).reshape(2, -1, 3)  # (2, 20, 3)
        metre_px = FOCAL_PX / posture.translation_m[2]
        seen = np.concatenate((targets.px / metre_px, targets.depth_m[..., None]), -1)  # (2, 20, 3)
        finite = np.isfinite(seen).all((1, 2))
        seen = np.where(finite[:, None, None], seen, 0.0)
        model, seen = model - model.mean(1, keepdims=True), seen - seen.mean(1, keepdims=True)
        turns = _kabsch(model, seen)  # (2, 3, 3)
        apart = np.linalg.norm(model @ turns.swapaxes(-1, -2) - seen, axis=-1).mean(-1)  # (2,)
        return Hands(turns, finite * targets.sure * np.clip((_OTHER_M - apart) / (_OTHER_M - _ONE_M), 0.0, 1.0))

    def turned(self, posture: Posture, hands: Hands) -> Posture:
        """The posture with other rotations of the wrists."""
        rotations = posture.rotations.astype(np.float64)
        for wrist, arm, turn, part in zip(_WRISTS, self._arms, hands.turns, _SHARE * hands.clear, strict=True):
            above = reduce(np.matmul, rotations[arm])
            between = matrix_to_axis_angle((rotations[wrist].T @ above.T @ turn)[None])
            rotations[wrist] = rotations[wrist] @ axis_angle_to_matrix(part * between)[0]
        return Posture(rotations, posture.translation_m)

    def _fingers(self, rotations: Array, betas: Array) -> Array:
        """(2, 5, 4, 3) metres from the wrist, in its axes."""
        points_m = self._body.rest_points(betas)  # (76, 3)
        rest, local = points_m[_POINTS], rotations[_POINTS[..., :3]]  # (2, 5, 4, 3), (2, 5, 3, 3, 3)
        points = [rest[..., 0, :] - points_m[_WRISTS][:, None]]
        turn = np.tile(np.eye(3), (2, 5, 1, 1))
        for knuckle in range(3):
            turn = turn @ local[..., knuckle, :, :]
            bone = rest[..., knuckle + 1, :] - rest[..., knuckle, :]
            points.append(points[-1] + (turn @ bone[..., None])[..., 0])
        return np.stack(points, -2)


def _kabsch(points: Array, onto: Array) -> Array:
    """(N, 3, 3): the turns after which points (N, P, 3) lie nearest to others, both about their middles."""
    u, _, vt = np.linalg.svd(onto.swapaxes(-1, -2) @ points)
    u[..., 2] *= np.linalg.det(u @ vt)[:, None]  # no reflections
    return np.asarray(u @ vt)
