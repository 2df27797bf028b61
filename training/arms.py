"""What arms do: hang, reach, rest on the hips, touch the face. Plans turn one arm of a pose (55, 3, 3) in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.chances import Rng
from training.skeleton import INDEX, SIGNS, Array, Skeleton, turn, unit

ArmPlan = Callable[[Skeleton, Rng, Array, str], None]  # skeleton, rng, pose, side
Triple = tuple[float, float, float]


def hang(_skeleton: Skeleton, rng: Rng, pose: Array, side: str) -> None:
    """An arm at the side."""
    sign = SIGNS[side]
    pose[INDEX[f"{side}_collar"]] = turn(*(rng.normal(0, 4, 3) * (1, sign, sign)))
    down = turn(0, 0, -sign * rng.normal(72, 8))
    pose[INDEX[f"{side}_shoulder"]] = turn(rng.normal(0, 16)) @ down @ turn(rng.normal(0, 22))
    pose[INDEX[f"{side}_elbow"]] = turn(0, -sign * abs(rng.normal(16, 18)), 0)
    pose[INDEX[f"{side}_wrist"]] = turn(rng.normal(0, 30), sign * rng.normal(0, 10), -sign * rng.normal(5, 15))


def _anywhere(skeleton: Skeleton, rng: Rng, pose: Array, side: str) -> None:
    """The hand anywhere within reach, mostly in front."""
    world, _ = skeleton.place(pose, "spine3")
    _, at = skeleton.place(pose, f"{side}_shoulder")
    direction = unit(rng.normal(0, 1, 3) + np.array((SIGNS[side] * 0.35, -0.1, 0.75)))
    target = at + world @ (direction * rng.uniform(0.22, 0.56))
    skeleton.reach(rng, pose, side, target, rng.normal(0, 30))


def _swing(_skeleton: Skeleton, rng: Rng, pose: Array, side: str) -> None:
    """Every joint turned at random."""
    sign = SIGNS[side]
    pose[INDEX[f"{side}_collar"]] = turn(*(rng.normal(0, (3, 8, 10)) * (1, sign, sign)))
    shoulder = rng.uniform((-70, -110, -85), (70, 35, 85))
    pose[INDEX[f"{side}_shoulder"]] = turn(*(shoulder * (1, sign, sign)))
    pose[INDEX[f"{side}_elbow"]] = turn(0, -sign * rng.uniform(0, 135), 0)
    pose[INDEX[f"{side}_wrist"]] = turn(rng.uniform(-75, 75), sign * rng.uniform(-25, 25), -sign * rng.uniform(-65, 70))


def _at(centre_m: Triple, spread_m: Triple, joint: str) -> ArmPlan:
    """A plan that brings the wrist near a point in a joint's axes; x away from the middle on the arm's own side."""

    def plan(skeleton: Skeleton, rng: Rng, pose: Array, side: str) -> None:
        world, at = skeleton.place(pose, joint)
        local = (np.array(centre_m) + rng.normal(0, spread_m)) * (SIGNS[side], 1, 1)
        skeleton.reach(rng, pose, side, at + world @ local, rng.normal(0, 22))

    return plan


ARM_PLANS: tuple[tuple[float, ArmPlan], ...] = (
    (0.35, hang),
    (0.14, _anywhere),
    (0.04, _swing),
    (0.05, _at((0.19, 0.02, 0.04), (0.03, 0.04, 0.05), "pelvis")),  # on the hips
    (0.04, _at((0.15, -0.1, 0.1), (0.04, 0.05, 0.04), "pelvis")),  # in a pocket, on a thigh
    (0.06, _at((0.06, 0.02, 0.17), (0.07, 0.07, 0.04), "head")),  # at the face
    (0.03, _at((0.13, 0.06, 0.05), (0.03, 0.05, 0.04), "head")),  # at the ear
    (0.02, _at((0.05, 0.17, 0.0), (0.05, 0.04, 0.08), "head")),  # on the head
    (0.09, _at((-0.14, -0.05, 0.19), (0.06, 0.05, 0.03), "spine3")),  # crossed
    (0.05, _at((0.06, -0.02, 0.22), (0.08, 0.1, 0.06), "spine3")),  # before the chest
    (0.06, _at((0.12, 0.02, 0.42), (0.07, 0.08, 0.08), "spine2")),  # at a keyboard
    (0.05, _at((0.03, -0.04, 0.22), (0.05, 0.09, 0.06), "spine1")),  # before the belly, in the lap
    (0.02, _at((0.05, 0.05, -0.18), (0.06, 0.08, 0.03), "spine1")),  # behind the back
)
"""How often each is drawn, and the plan."""
