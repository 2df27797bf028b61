"""A body turned so that its joints lie where a network's heatmaps have them.

Networks find joints in an image more exactly than the rotations that lead there (Li et al. 2021, HybrIK, sets the one
from the other). Here Gauss-Newton steps move the rotations as little as needed from those estimated: limbs swing to the
joints, twists stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.camera import FOCAL_PX, INPUT_WH
from models.joints import BODY_JOINTS, SMPLX_BODY, SMPLX_JOINTS, SMPLX_POINTS
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle
from models.smplx_body import SmplxBody

_FITTED = 1 + len(SMPLX_BODY)  # joints whose rotation is fitted, the first of `SMPLX_JOINTS`
_STEPS = 4

# How far off each is expected to be: targets in pixels of a 192 x 256 crop and in metres of depth, the network's
# rotations in radians, its camera in metres across and as a share of the depth. Of the open
# weights, chosen on the sample clip and on one real clip: depths are worth little there.
_KEYPOINT_PX = 12.0
_DEPTH_M = 0.5
_TURNS = {"pelvis": 0.3, "hip": 0.35, "knee": 0.35, "ankle": 0.2, "shoulder": 0.5, "elbow": 0.5, "collar": 0.1}
_OTHER_TURN = 0.1
_ACROSS_M, _AWAY = 0.5, 0.2
_OUTLIER = 1.5  # deviations from which a keypoint counts less and less

# The joint each point of the surface moves with.
_CARRIERS = {"toe": "foot", "heel": "ankle", "ear": "head", "eye": "head", "nose": "head"}


class JointTargets(NamedTuple):
    """BodyNet's 25 joints: px (25, 2) in pixels of a 192 x 256 crop, depth_m (25,) behind the pelvis, sure (25,) in
    [0, 1]."""

    px: Array
    depth_m: Array
    sure: Array


class Posture(NamedTuple):
    """rotations (55, 3, 3), each relative to its parent; translation_m (3,) before Hand4Whole's virtual camera."""

    rotations: Array
    translation_m: Array


@dataclass(frozen=True)
class _Posed:
    """world (22, 3, 3) rotations, origins (22, 3) of joints, points (25, 3): metres before the camera."""

    world: Array
    origins: Array
    points: Array


class JointFit:
    """Fits people on one body."""

    def __init__(self, body: SmplxBody) -> None:
        self._body = body
        self._parents = body.parents[:_FITTED].tolist()
        self._rows = np.array([_point(name) for name in BODY_JOINTS])  # (25,) of `SMPLX_POINTS`
        self._carriers = np.array([_carrier(row) for row in self._rows])  # (25,)
        self._moves = _ancestry(self._parents)[self._carriers]  # (25, 22): whether a joint's turn moves a point
        self._moves[np.arange(len(self._rows)), self._carriers] &= self._rows >= _FITTED  # none moves itself
        turns = [_expected_turn(name) for name in SMPLX_JOINTS[:_FITTED]]
        self._turn_weights = np.repeat(1.0 / np.square(turns), 3)  # (66,)

    def __call__(self, placed: Posture, betas: Array, targets: JointTargets) -> Posture:
        """The nearest pose whose joints fit; betas (10,)."""
        rest = self._body.rest_points(betas)  # (76, 3)
        guess = placed.rotations[:_FITTED].astype(np.float64)
        local, translation = guess.copy(), np.asarray(placed.translation_m, np.float64)
        for _ in range(_STEPS):
            posed = self._posed(local, rest, translation)
            step = self._step(posed, local, guess, translation - placed.translation_m, targets)
            turns, shift = step[:-3].reshape(_FITTED, 3), step[-3:]
            before = np.concatenate((np.eye(3)[None], posed.world[self._parents[1:]]))  # (22, 3, 3) of parents
            inner = np.einsum("jba,jb->ja", before, turns)  # in each parent's axes
            local = axis_angle_to_matrix(inner) @ local
            translation = translation + shift
        rotations = placed.rotations.astype(np.float64)
        rotations[:_FITTED] = local
        return Posture(rotations, translation)

    def projected(self, posture: Posture, betas: Array) -> Array:
        """(25, 2) where the keypoints of a posture are, pixels of a 192 x 256 crop."""
        local, shift = posture.rotations[:_FITTED].astype(np.float64), np.asarray(posture.translation_m, np.float64)
        return _projected(self._posed(local, self._body.rest_points(betas), shift).points)

    def _posed(self, local: Array, rest: Array, translation: Array) -> _Posed:
        world, origins = local.copy(), rest[:_FITTED].copy()
        for joint in range(1, _FITTED):
            parent = self._parents[joint]
            world[joint] = world[parent] @ local[joint]
            origins[joint] = origins[parent] + world[parent] @ (rest[joint] - rest[parent])
        arm = rest[self._rows] - rest[self._carriers]  # (25, 3), zero for joints themselves
        points = origins[self._carriers] + np.einsum("pab,pb->pa", world[self._carriers], arm)
        return _Posed(world, origins + translation, points + translation)

    def _step(self, posed: _Posed, local: Array, guess: Array, shifted: Array, targets: JointTargets) -> Array:
        """(69,): turns of the 22 joints about the camera's axes, and a translation, that least squares asks for."""
        arms = posed.points[:, None] - posed.origins[None]  # (25, 22, 3)
        arms = arms * self._moves[..., None]
        x, y, z = np.moveaxis(arms, -1, 0)
        zero = np.zeros_like(x)
        # How points move with turns: of w x arm, the matrix that w is multiplied by. (25, 3, 22, 3)
        by_turn = np.stack((np.stack((zero, z, -y), -1), np.stack((-z, zero, x), -1), np.stack((y, -x, zero), -1)), 1)
        moved = np.concatenate((by_turn.reshape(len(arms), 3, -1), np.tile(np.eye(3), (len(arms), 1, 1))), 2)

        depth = posed.points[:, 2:]
        px = _projected(posed.points)
        of_px = FOCAL_PX / depth[..., None] * (moved[:, :2] - (posed.points[:, :2] / depth)[..., None] * moved[:, 2:])
        across = (targets.px - px) / _KEYPOINT_PX  # (25, 2)
        behind = (targets.depth_m - (posed.points[:, 2] - posed.points[0, 2])) / _DEPTH_M  # (25,)
        of_depth = (moved[:, 2] - moved[0, 2]) / _DEPTH_M  # (25, 69)

        off = np.sqrt(np.square(across).sum(-1))
        sure = targets.sure / (1.0 + np.square(off / _OUTLIER))  # Geman and McClure's, as weights
        rows = np.concatenate((of_px.reshape(-1, of_px.shape[-1]) / _KEYPOINT_PX, of_depth))  # (75, 69)
        errors = np.concatenate((across.ravel(), behind))
        weights = np.concatenate((np.repeat(sure, 2), sure))

        before = np.concatenate((np.eye(3)[None], posed.world[self._parents[1:]]))
        turned = matrix_to_axis_angle(local @ guess.swapaxes(-1, -2))  # (22, 3) in each parent's axes
        away = np.array((_ACROSS_M, _ACROSS_M, _AWAY * posed.origins[0, 2]))
        prior = np.concatenate((self._turn_weights, 1.0 / np.square(away)))  # (69,)
        left = np.concatenate((np.einsum("jab,jb->ja", before, turned).ravel(), shifted))
        normal = (rows * weights[:, None]).T @ rows + np.diag(prior)
        return np.asarray(np.linalg.solve(normal, rows.T @ (weights * errors) - prior * left))


def _projected(points_m: Array) -> Array:
    """(P, 3) metres before the virtual camera -> (P, 2) pixels of a 192 x 256 crop."""
    return np.asarray(FOCAL_PX * points_m[:, :2] / points_m[:, 2:] + np.array(INPUT_WH) / 2)


def _point(keypoint: str) -> int:
    """Row of `SMPLX_POINTS` of one of Hand4Whole's body targets."""
    return SMPLX_POINTS.index(keypoint.replace("L_", "left_").replace("R_", "right_").lower())


def _carrier(row: int) -> int:
    """The fitted joint that a point of `SMPLX_POINTS` moves with."""
    if row < _FITTED:
        return row
    name = SMPLX_POINTS[row]
    part = next(carrier for point, carrier in _CARRIERS.items() if point in name)
    side = name.split("_")[0]
    return SMPLX_JOINTS.index(part if part == "head" else f"{side}_{part}")


def _ancestry(parents: list[int]) -> NDArray[np.bool_]:
    """(J, J): whether the second joint is the first or above it."""
    above = np.eye(len(parents), dtype=bool)
    for joint, parent in enumerate(parents[1:], start=1):
        above[joint] |= above[parent]
    return above


def _expected_turn(joint: str) -> float:
    return next((turn for part, turn in _TURNS.items() if joint.endswith(part)), _OTHER_TURN)
