"""Random poses of the whole body: stances, arms by inverse kinematics, hands, face. SMPL-X rotations; degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.joints import LEFT_HAND, RIGHT_HAND, SMPLX_JOINTS
from training.arms import ARM_PLANS, hang
from training.chances import Rng, chosen
from training.hands import random_hand
from training.skeleton import INDEX, SIGNS, Array, Skeleton, mirrored, turn
from training.stances import STANCES

_TRIES = 8  # for an arm that does not end inside the body
_SPINE_SHARES = (("spine1", 0.35), ("spine2", 0.4), ("spine3", 0.25))
_INTO_CAMERA = 0.6  # of the people look into it, where they can
_FARTHEST_DEG = 110.0  # aside of the chest; beyond, nobody tries
_HEAD_LIMITS_DEG = ((-35.0, -75.0, 0.0), (40.0, 75.0, 0.0))  # down, aside, tilted


class PoseSampler:
    """Draws poses of a body with joints (55, 3) in metres at rest and the parent of each (55,)."""

    def __init__(self, joints: Array, parents: NDArray[np.int64]) -> None:
        self._skeleton = Skeleton(joints, parents)

    def __call__(self, rng: Rng, camera: Array | None = None) -> Array:
        """(55, 3, 3), each relative to its parent; the root upright, facing +z. camera: the direction (3,) in which
        there is one that people often look into, as before a webcam or a photographer, however they stand."""
        pose = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))
        chosen(rng, STANCES)(rng, pose)
        _bend_spine(rng, pose)
        if camera is None or rng.random() > _INTO_CAMERA or not self._look(rng, pose, camera):
            _look_ahead(rng, pose)
        self._move_arms(rng, pose)
        _shape_hands(rng, pose)
        return pose

    def _look(self, rng: Rng, pose: Array, direction: Array) -> bool:
        """Turn neck and head to a direction (3,), as far as they go; whether it is one in which people can look."""
        chest, _ = self._skeleton.place(pose, "spine3")
        x, y, z = chest.T @ direction
        down, aside = np.degrees((np.arctan2(-y, np.hypot(x, z)), np.arctan2(x, z)))
        if abs(aside) > _FARTHEST_DEG:
            return False
        _turn_head(pose, np.clip((down, aside, 0.0), *_HEAD_LIMITS_DEG) + rng.normal(0, (7, 8, 9)))
        return True

    def _move_arms(self, rng: Rng, pose: Array) -> None:
        """Both arms, by one plan for the two or each by its own; again where a hand or elbow ends inside the body."""
        together = rng.random() < 0.5
        shared = chosen(rng, ARM_PLANS)
        for side in SIGNS:
            plan = shared if together else chosen(rng, ARM_PLANS)
            for _ in range(_TRIES):
                plan(self._skeleton, rng, pose, side)
                if not self._skeleton.inside(pose, side):
                    break
            else:
                hang(self._skeleton, rng, pose, side)


def random_jaw(rng: Rng) -> Array:
    """(3, 3): mostly shut."""
    opened = abs(rng.normal(0, 2.0)) if rng.random() < 0.55 else rng.uniform(0, 22)
    return turn(opened, rng.normal(0, 1.5), rng.normal(0, 0.5))


def _bend_spine(rng: Rng, pose: Array) -> None:
    """The back."""
    bend = rng.normal((5, 0, 0), (10, 14, 9))
    if rng.random() < 0.15:
        bend += np.array((rng.uniform(10, 45), rng.normal(0, 15), rng.normal(0, 8)))
    for name, share in _SPINE_SHARES:
        pose[INDEX[name]] = turn(*(share * bend)) @ pose[INDEX[name]]


def _look_ahead(rng: Rng, pose: Array) -> None:
    """More or less."""
    look = rng.normal(0, (14, 22, 9))
    if rng.random() < 0.15:
        look = rng.uniform((-35, -70, -25), (45, 70, 25))
    _turn_head(pose, look)


def _turn_head(pose: Array, look: Array) -> None:
    """By an axis-angle (3,), neck and head together."""
    pose[INDEX["neck"]] = turn(*(0.45 * look))
    pose[INDEX["head"]] = turn(*(0.55 * look))


def _shape_hands(rng: Rng, pose: Array) -> None:
    """Sometimes both alike."""
    both = random_hand(rng) if rng.random() < 0.3 else None
    pose[LEFT_HAND] = random_hand(rng) if both is None else both
    pose[RIGHT_HAND] = mirrored(random_hand(rng) if both is None else both)
