"""What legs do: stand, walk, sit, crouch, lunge.

Stances turn root and legs of a pose (55, 3, 3) in place; angles are degrees.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.chances import Rng
from training.skeleton import INDEX, SIGNS, Array, turn

Stance = Callable[[Rng, Array], None]


def _leg(pose: Array, side: str, hip: Array, knee_deg: float, ankle: Array) -> None:
    """hip, ankle: (3,) axis-angles of a left leg."""
    flip = np.array((1.0, SIGNS[side], SIGNS[side]))
    pose[INDEX[f"{side}_hip"]] = turn(*(hip * flip))
    pose[INDEX[f"{side}_knee"]] = turn(max(knee_deg, 0.0))
    pose[INDEX[f"{side}_ankle"]] = turn(*(ankle * flip))


def _stand(rng: Rng, pose: Array) -> None:
    apart = rng.normal(2, 6)
    for side in SIGNS:
        knee = abs(rng.normal(4, 6))
        hip = rng.normal(0, (5, 8, 4)) + np.array((-knee / 2, 0, apart))
        _leg(pose, side, hip, knee, rng.normal(0, (5, 5, 4)))
    if rng.random() < 0.3:  # weight on one leg
        side = ("left", "right")[rng.integers(2)]
        _leg(pose, side, rng.normal((-18, 15, 8), (8, 10, 6)), rng.uniform(15, 45), rng.normal(0, (10, 6, 5)))


def _walk(rng: Rng, pose: Array) -> None:
    phase, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.9)
    for side, sign in SIGNS.items():
        p = phase + (0 if sign > 0 else np.pi)
        hip = -22 * speed * np.sin(p) - 6 * speed
        knee = 8 + 34 * speed * max(0.0, np.cos(p)) ** 1.5 + rng.uniform(0, 8)
        _leg(pose, side, np.array((hip, 0, 0)) + rng.normal(0, (5, 6, 4)), knee, rng.normal(0, (10, 5, 4)))
    pose[INDEX["spine2"]] = turn(0, 8 * speed * np.sin(phase), 0)


def _sit(rng: Rng, pose: Array) -> None:
    lean, recline, aslant, knees = rng.normal(-5, 12), rng.normal(0, 10), rng.normal(0, 12), rng.normal(82, 18)
    pose[0] = turn(lean, 0, rng.normal(0, 4))
    thigh = -88 - lean + recline  # level, whichever way the trunk leans
    for side, sign in SIGNS.items():
        hip = np.array((thigh, sign * aslant + rng.normal(0, 7), abs(rng.normal(6, 10))))
        _leg(pose, side, hip + rng.normal(0, (8, 0, 0)), knees + rng.normal(0, 12), rng.normal(0, (12, 8, 6)))
    if rng.random() < 0.3:  # legs crossed
        side = ("left", "right")[rng.integers(2)]
        hip = np.array((thigh - 17, SIGNS[side] * aslant + 10, -14))
        _leg(pose, side, hip, rng.uniform(50, 105), rng.normal(0, 8, 3))


def _crouch(rng: Rng, pose: Array) -> None:
    depth = rng.uniform(0.3, 1.0)
    for side in SIGNS:
        hip = np.array((-115 * depth, rng.normal(0, 10), rng.uniform(0, 30))) + rng.normal(0, (8, 5, 4))
        _leg(pose, side, hip, 125 * depth + rng.normal(0, 8), np.array((-25 * depth, 0, 0)) + rng.normal(0, 5, 3))
    pose[0] = turn(rng.uniform(0, 35) * depth)


def _lunge(rng: Rng, pose: Array) -> None:
    front, back = (("left", "right"), ("right", "left"))[rng.integers(2)]
    depth = rng.uniform(0.3, 1.1)
    spread = rng.uniform(0, 35)
    _leg(pose, front, np.array((-70 * depth, rng.normal(0, 15), spread)), 75 * depth, rng.normal(0, (10, 6, 6)))
    _leg(pose, back, np.array((22 * depth, rng.normal(0, 15), spread)), rng.uniform(5, 50), rng.normal(-8, (10, 6, 6)))
    pose[0] = turn(rng.uniform(-5, 30), rng.normal(0, 8), rng.normal(0, 8))


def _wild(rng: Rng, pose: Array) -> None:
    for side in SIGNS:
        hip = rng.uniform((-110, -35, -15), (25, 35, 55))
        _leg(pose, side, hip, rng.uniform(0, 125), rng.uniform((-25, -20, -15), (35, 20, 15)))
    pose[0] = turn(*rng.normal(0, (20, 0, 15)))


STANCES: tuple[tuple[float, Stance], ...] = (
    *((0.34, _stand), (0.2, _walk), (0.2, _sit)),
    *((0.07, _crouch), (0.1, _lunge), (0.09, _wild)),
)
"""How often each is drawn, and the stance."""
