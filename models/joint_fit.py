"""A body turned so that its joints lie where a network's heatmaps have them.

Networks find joints in an image more exactly than the rotations that lead there (Li et al. 2021, HybrIK, sets the one
from the other). Here steps of Levenberg and Marquardt move the rotations as little as needed from those estimated:
limbs swing to the joints, twists stay. The same steps take a body from one camera to another in whose picture its
joints stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.camera import VIRTUAL, Intrinsics
from models.joints import (
    BODY_JOINTS,
    HAND_JOINTS,
    MCP_JOINTS,
    SMPLX_BODY,
    SMPLX_JOINTS,
    SMPLX_POINTS,
    body_point,
    hand_point,
)
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle
from models.smplx_body import SmplxBody, ancestry

_FITTED = 1 + len(SMPLX_BODY)  # joints whose rotation is fitted, the first of `SMPLX_JOINTS`

# Rows of `SMPLX_POINTS` that are fitted: BodyNet's joints, and the knuckles of each hand, which HandNet finds.
_BODY = [body_point(name) for name in BODY_JOINTS]  # 25
_KNUCKLES = [hand_point(side, HAND_JOINTS[row]) for side in ("left", "right") for row in MCP_JOINTS]  # 8

# How far off the network's rotations are expected to be, radians, and its camera, metres across and as a share of the
# depth. For the open weights, chosen on the sample clip, one real clip and photographs.
_TURNS = {"pelvis": 0.3, "hip": 0.12, "knee": 0.12, "ankle": 0.07, "shoulder": 0.5, "elbow": 0.5, "collar": 0.1}
_OTHER_TURN = 0.1
_ACROSS_M, _AWAY = 0.5, 0.2

_FAR_COSINE = -0.9  # of a turn from which on an axis cannot be told well from the antisymmetric part
_TINY = 1e-12

# Steps are damped as little as they can be: undamped ones of somebody near a wide lens, whose hands come towards it, go
# too far. Factors from trials on photographs.
_DAMPING, _LESS, _MORE = 1e-2, 1 / 3, 10.0
_NEAREST_M = 0.1  # before the camera; no step takes what is seen nearer

# The joint each point of the surface moves with.
_CARRIERS = {
    **dict.fromkeys(("index", "middle", "ring", "pinky"), "wrist"),
    **{"toe": "foot", "heel": "ankle", "ear": "head", "eye": "head", "nose": "head"},
}


class Trust(NamedTuple):
    """How far off targets are expected to be: in pixels of the camera's picture, knuckles that are clearly seen by
    knuckle_px (None: hands stay with their wrists), and in metres of depth, infinite where depths are left alone.
    outlier: deviations from which a keypoint counts less and less. steps: tried at most; one that moves no keypoint by
    still_px is the last."""

    keypoint_px: float
    knuckle_px: float | None
    depth_m: float
    outlier: float
    steps: int
    still_px: float


HEATMAPS = Trust(12.0, 4.0, 0.5, 1.5, 4, 0.1)  # the open weights', in a 192 x 256 crop; their depths are worth little
SEEN = Trust(0.7, None, np.inf, np.inf, 6, 0.3)  # where another camera sees a body, which is known


class JointTargets(NamedTuple):
    """Of K keypoints, BodyNet's 25 joints and, where knuckles are fitted, the four of each hand: px (K, 2) in the
    camera's picture, depth_m (K,) behind the pelvis, NaN where nothing says, sure (K,) in [0, 1]."""

    px: Array
    depth_m: Array
    sure: Array


class Posture(NamedTuple):
    """rotations (55, 3, 3), each relative to its parent; translation_m (3,) before a camera."""

    rotations: Array
    translation_m: Array


@dataclass(frozen=True)
class _Posed:
    """world (22, 3, 3) rotations, parents (22, 3, 3) those of the parents, origins (22, 3) of joints, points (K, 3):
    metres before the camera."""

    world: Array
    parents: Array
    origins: Array
    points: Array


@dataclass(frozen=True)
class _State:
    """A pose on the way. local (22, 3, 3), translation (3,), and moved (69,): turns from the guess about the camera's
    axes, and the way from where it was."""

    local: Array
    translation: Array
    posed: _Posed
    moved: Array


class _Asked(NamedTuple):
    """Of a fit: targets before a camera, and prior (69,), weights of moves from the guess."""

    targets: JointTargets
    camera: Intrinsics
    prior: Array


@dataclass(frozen=True)
class _Equations:
    """Least squares about a state. errors (K, 3) in deviations, sure (K, 1) their roots of weights, normal (69, 69),
    gradient (69,)."""

    errors: Array
    sure: Array
    normal: Array
    gradient: Array

    def step(self, damping: float) -> Array:
        """(69,)."""
        normal = self.normal.copy()
        normal.flat[:: len(normal) + 1] *= 1.0 + damping
        return np.asarray(np.linalg.solve(normal, self.gradient))


class JointFit:
    """Fits people on one body."""

    def __init__(self, body: SmplxBody, trust: Trust = HEATMAPS) -> None:
        self._body = body
        self._trust = trust
        self._parents = body.parents[:_FITTED].tolist()
        assert not _BODY[0], "depths are behind the pelvis, the first keypoint, which no turn moves"
        knuckles = [] if trust.knuckle_px is None else _KNUCKLES
        self._rows = np.array([*_BODY, *knuckles])  # (K,) of `SMPLX_POINTS`
        self._px = np.array([trust.keypoint_px] * len(_BODY) + [trust.knuckle_px] * len(knuckles), float)[:, None]
        self._carriers = np.array([_carrier(row) for row in self._rows])  # (K,)
        moves = ancestry(body.parents[:_FITTED])[self._carriers]  # (K, 22): whether a joint's turn moves a point
        moves[np.arange(len(self._rows)), self._carriers] &= self._rows >= _FITTED  # none moves itself
        self._moves = moves.astype(np.float64)[..., None]
        turns = [_expected_turn(name) for name in SMPLX_JOINTS[:_FITTED]]
        self._turn_weights = np.repeat(1.0 / np.square(turns), 3)  # (66,)

    def __call__(self, placed: Posture, betas: Array, targets: JointTargets, camera: Intrinsics = VIRTUAL) -> Posture:
        """The nearest pose whose joints fit before a camera, by default Hand4Whole's virtual one; betas (10,)."""
        rest = self._body.rest_points(betas)  # (76, 3)
        guess = placed.rotations[:_FITTED].astype(np.float64)
        start = np.asarray(placed.translation_m, np.float64)
        posed = self._posed(guess, rest, start)
        away = np.array((_ACROSS_M, _ACROSS_M, _AWAY * posed.origins[0, 2]))
        moved = np.zeros(3 * _FITTED + 3)
        nearest = posed.points[targets.sure > 0, 2].min(initial=np.inf)
        if nearest < 2 * _NEAREST_M:  # what is seen is not behind the camera
            moved[-1] = 2 * _NEAREST_M - nearest
            posed = self._posed(guess, rest, start + moved[-3:])
        state = _State(guess, start + moved[-3:], posed, moved)
        asked = _Asked(targets, camera, np.concatenate((self._turn_weights, 1.0 / np.square(away))))
        seen = _projected(state.posed.points, camera)
        about, damping = self._equations(state, asked), _DAMPING
        for _ in range(self._trust.steps):
            trial = self._stepped(state, about.step(damping), rest, guess, start)
            if not self._nearer(trial, state, about, asked):
                damping *= _MORE
                continue
            damping *= _LESS
            before, seen, state = seen, _projected(trial.posed.points, camera), trial
            if np.abs(seen - before)[targets.sure > 0].max(initial=0.0) < self._trust.still_px:
                break
            about = self._equations(state, asked)
        rotations = placed.rotations.astype(np.float64)
        rotations[:_FITTED] = state.local
        return Posture(rotations, state.translation)

    def projected(self, posture: Posture, betas: Array, camera: Intrinsics = VIRTUAL) -> Array:
        """(K, 2) pixels where a camera sees the keypoints of a posture."""
        local, shift = posture.rotations[:_FITTED].astype(np.float64), np.asarray(posture.translation_m, np.float64)
        return _projected(self._posed(local, self._body.rest_points(betas), shift).points, camera)

    def _posed(self, local: Array, rest: Array, translation: Array) -> _Posed:
        motions = np.zeros((_FITTED, 4, 4))  # of each joint in its parent's axes
        motions[:, :3, :3] = local
        motions[:, :3, 3] = rest[:_FITTED]
        motions[1:, :3, 3] -= rest[self._parents[1:]]
        motions[:, 3, 3] = 1.0
        motions[0, :3, 3] += translation
        placed = [motions[0]]
        for parent, motion in zip(self._parents[1:], motions[1:], strict=True):
            placed.append(placed[parent].dot(motion))
        whole = np.array(placed)  # (22, 4, 4)
        world, origins = whole[:, :3, :3], whole[:, :3, 3]
        arm = rest[self._rows] - rest[self._carriers]  # (K, 3), zero for joints themselves
        points = origins[self._carriers] + (world[self._carriers] @ arm[..., None])[..., 0]
        return _Posed(world, np.concatenate((np.eye(3)[None], world[self._parents[1:]])), origins, points)

    def _stepped(self, state: _State, step: Array, rest: Array, guess: Array, start: Array) -> _State:
        """After a step (69,)."""
        turns = step[:-3].reshape(_FITTED, 3, 1)
        inner = state.posed.parents.swapaxes(-1, -2) @ turns  # (22, 3, 1) in each parent's axes
        local = axis_angle_to_matrix(inner[..., 0]) @ state.local
        translation = state.translation + step[-3:]
        posed = self._posed(local, rest, translation)
        turned = posed.parents @ _small_axis_angle(local @ guess.swapaxes(-1, -2))[..., None]
        return _State(local, translation, posed, np.concatenate((turned.ravel(), translation - start)))

    def _nearer(self, trial: _State, state: _State, about: _Equations, asked: _Asked) -> bool:
        """Whether least squares, weighted as about the state, are better after a step."""
        if trial.posed.points[asked.targets.sure > 0, 2].min(initial=np.inf) < _NEAREST_M:
            return False
        errors = self._errors(trial.posed, asked)
        more = np.square(about.sure) * (np.square(errors) - np.square(about.errors))
        return bool(more.sum() + asked.prior @ (np.square(trial.moved) - np.square(state.moved)) <= 0.0)

    def _errors(self, posed: _Posed, asked: _Asked) -> Array:
        """(K, 3) deviations across, down and away."""
        targets = asked.targets
        depth = posed.points[:, 2]
        across = (targets.px - _projected(posed.points, asked.camera)) / self._px  # (K, 2)
        across[targets.sure == 0.0] = 0.0  # whatever they are
        behind = (targets.depth_m - (depth - depth[0])) / self._trust.depth_m  # (K,)
        return np.column_stack((across, np.where(np.isnan(behind), 0.0, behind)))

    def _equations(self, state: _State, asked: _Asked) -> _Equations:
        trust, posed, camera = self._trust, state.posed, asked.camera
        errors = self._errors(posed, asked)
        off = np.square(errors[:, :2]).sum(-1)
        sure = np.sqrt(asked.targets.sure / (1.0 + off / trust.outlier**2))  # as weights, Cauchy's
        scale = (sure / posed.points[:, 2])[:, None] * (camera.fx, camera.fy) / self._px  # (K, 2)
        depth_scale = np.where(np.isfinite(asked.targets.depth_m), sure, 0.0) / trust.depth_m
        rows = self._moved_by(posed, scale, depth_scale)  # (3 K, 69)
        if np.isinf(trust.depth_m):
            rows = rows[: 2 * len(errors)]
        normal = rows.T @ rows
        normal.flat[:: len(normal) + 1] += asked.prior
        gradient = (sure[:, None] * errors).T.ravel()[: len(rows)] @ rows - asked.prior * state.moved
        return _Equations(errors, sure[:, None], normal, gradient)

    def _moved_by(self, posed: _Posed, scale: Array, depth_scale: Array) -> Array:
        """(3 K, 69): how x, y and depth of each point move with turns and translation.

        scale (K, 2), depth_scale (K,): of what is seen across, for each metre at the point's depth, and of depth. A
        turn w about a joint moves a point by w x arm, and what is seen of it by the part across less the part along
        the line of sight.
        """
        arms = (posed.points[:, None] - posed.origins[None]) * self._moves  # (K, 22, 3)
        ax, ay, az = arms[..., 0], arms[..., 1], arms[..., 2]
        u, v = posed.points[:, :2].T / posed.points[:, 2]  # (K,) each
        sx, sy, sz = scale[:, :1], scale[:, 1:], depth_scale[:, None]
        su, sv = sx * u[:, None], sy * v[:, None]
        moved = np.empty((3, len(arms), 3 * _FITTED + 3))
        turns = moved[..., :-3].reshape(3, len(arms), _FITTED, 3)
        turns[0, ..., 0], turns[0, ..., 1], turns[0, ..., 2] = -su * ay, sx * az + su * ax, -sx * ay
        turns[1, ..., 0], turns[1, ..., 1], turns[1, ..., 2] = -sy * az - sv * ay, sv * ax, sy * ax
        turns[2, ..., 0], turns[2, ..., 1], turns[2, ..., 2] = sz * ay, -sz * ax, 0.0
        moved[..., -3:] = 0.0
        moved[0, :, -3], moved[0, :, -1] = scale[:, 0], -su[:, 0]
        moved[1, :, -2], moved[1, :, -1] = scale[:, 1], -sv[:, 0]
        return moved.reshape(3 * len(arms), -1)


def _small_axis_angle(matrix: Array) -> Array:
    """(22, 3, 3) -> (22, 3) radians. What is near half a turn goes the exact way."""
    cosine = 0.5 * (matrix[:, 0, 0] + matrix[:, 1, 1] + matrix[:, 2, 2] - 1.0)
    if cosine.min() < _FAR_COSINE:
        return matrix_to_axis_angle(matrix)
    axis = 0.5 * (matrix[:, (2, 0, 1), (1, 2, 0)] - matrix[:, (1, 2, 0), (2, 0, 1)])  # (22, 3) times the sine
    sine = np.sqrt(np.square(axis).sum(-1))
    angle = np.arctan2(sine, cosine)
    return axis * np.where(sine > _TINY, angle / np.maximum(sine, _TINY), 1.0)[:, None]


def _projected(points_m: Array, camera: Intrinsics) -> Array:
    """(P, 3) metres before the camera -> (P, 2) pixels."""
    flat = points_m[:, :2] / points_m[:, 2:]
    return np.asarray(flat * (camera.fx, camera.fy) + (camera.cx, camera.cy))


def _carrier(row: int) -> int:
    """The fitted joint that a point of `SMPLX_POINTS` moves with."""
    if row < _FITTED:
        return row
    name = SMPLX_POINTS[row]
    part = next(carrier for point, carrier in _CARRIERS.items() if point in name)
    side = name.split("_")[0]
    return SMPLX_JOINTS.index(part if part == "head" else f"{side}_{part}")


def _expected_turn(joint: str) -> float:
    return next((turn for part, turn in _TURNS.items() if joint.endswith(part)), _OTHER_TURN)
