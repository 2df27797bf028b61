"""Named hand shapes and whole-body poses in SMPL-X's rotations, for pictures, for tests and for synthetic people.

In the rest pose the left arm points to +x, palm down, fingers straight and thumb forward; the right side is its mirror
image. Angles are in degrees here, in radians in what the functions give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.joints import HAND_ROTATIONS, LEFT_HAND, RIGHT_HAND, SMPLX_JOINTS
from models.rotations import axis_angle_to_matrix, matrix_to_axis_angle

Array = NDArray[np.float64]
Degrees = tuple[float, float, float]

MIRROR = np.array((1.0, -1.0, -1.0))
"""What the axis-angle of one side is multiplied with to give that of the other."""

_FINGERS = ("index", "middle", "ring", "pinky")
_FINGER_YAW = {"index": 9.0, "middle": -8.0, "ring": -18.0, "pinky": -27.0}
"""Where the straight fingers of a left hand point: from +x towards the thumb."""
_THUMB_HINGE = (0.48, 0.84, -0.25)


@dataclass(frozen=True)
class Hand:
    """A left hand: of each finger the flexion of its three joints, from the palm outwards, and its turn towards the
    thumb's side; of the thumb the axis-angle of its first joint and the flexion of the others."""

    index: tuple[Degrees, float]
    middle: tuple[Degrees, float]
    ring: tuple[Degrees, float]
    pinky: tuple[Degrees, float]
    thumb: tuple[Degrees, float, float]

    def rotations(self) -> Array:
        """(15, 3) axis-angle in the order of `joints.HAND_ROTATIONS`."""
        first, *flexions = self.thumb
        parts = {"thumb": [np.radians(first), *(np.radians(f) * np.array(_THUMB_HINGE) for f in flexions)]}
        for finger in _FINGERS:
            bends, turn = getattr(self, finger)
            parts[finger] = _finger(bends, turn, _FINGER_YAW[finger])
        return np.stack([parts[name[:-1]][int(name[-1]) - 1] for name in HAND_ROTATIONS])


_STRAIGHT = (0.0, 0.0, 0.0)
_THUMB_STRAIGHT = (_STRAIGHT, 0.0, 0.0)
# Fingers curled until they touch the palm.
_INDEX, _MIDDLE = ((77, 88, 32), -9), ((82, 96, 38), 6)
_RING, _PINKY = ((80, 90, 30), 16), ((72, 84, 28), 26)

HANDS: Mapping[str, Hand] = {
    "flat": Hand((_STRAIGHT, 0), (_STRAIGHT, 0), (_STRAIGHT, 0), (_STRAIGHT, 0), _THUMB_STRAIGHT),
    "relaxed": Hand(
        ((22, 38, 14), -3), ((30, 40, 18), 3), ((36, 38, 20), 9), ((38, 34, 14), 14), ((25, 8, 0), 8, 18)
    ),
    "fist": Hand(_INDEX, _MIDDLE, _RING, _PINKY, ((26, -15, -14), 50, 60)),
    "point": Hand(((8, 8, 5), -6), _MIDDLE, _RING, _PINKY, ((38, -8, -16), 50, 52)),
    "pinch": Hand(
        ((50, 63, 30), -6), ((30, 40, 18), 3), ((26, 34, 18), 8), ((20, 30, 14), 10), ((20, -20, -20), 46, 39)
    ),
    "spread": Hand(((-6, 0, 0), 6), ((-6, 0, 0), 2), ((-6, 0, 0), -4), ((-6, 0, 0), -10), ((-10, -15, 0), -5, -10)),
    "thumb up": Hand(_INDEX, _MIDDLE, _RING, _PINKY, ((-5, -20, 0), -5, -15)),
    "victory": Hand(((2, 4, 2), 8), ((2, 4, 2), -4), _RING, _PINKY, ((27, 24, -11), 42, 36)),
    "three": Hand(((2, 4, 2), 4), ((2, 4, 2), 0), ((2, 4, 2), -2), _PINKY, ((32, 36, -16), 49, 34)),
    "claw": Hand(((20, 60, 40), 4), ((20, 60, 40), 2), ((20, 60, 40), 2), ((20, 60, 40), 2), ((20, -5, -5), 10, 40)),
}


@dataclass(frozen=True)
class Pose:
    """Axis-angles of the joints that turn, and the names of the hands' shapes."""

    joints: Mapping[str, Degrees] = field(default_factory=dict)
    left_hand: str = "flat"
    right_hand: str = "flat"

    def rotations(self) -> Array:
        """(55, 3, 3), each relative to its parent."""
        vectors = np.zeros((len(SMPLX_JOINTS), 3))
        vectors[LEFT_HAND] = HANDS[self.left_hand].rotations()
        vectors[RIGHT_HAND] = HANDS[self.right_hand].rotations() * MIRROR
        for name, degrees in self.joints.items():
            vectors[SMPLX_JOINTS.index(name)] = np.radians(degrees)
        return np.asarray(axis_angle_to_matrix(vectors))


def _finger(bends: Degrees, turn: float, yaw: float) -> Array:
    """(3, 3) axis-angle of a finger that points to `yaw` when straight: turned in the palm's plane, then bent about
    hinges across it."""
    knuckle = _about((0, 0, -1), bends[0]) @ _about((0, -1, 0), turn)
    hinge = (np.sin(np.radians(yaw)), 0.0, -np.cos(np.radians(yaw)))
    return np.asarray(matrix_to_axis_angle(np.stack((knuckle, *(_about(hinge, bend) for bend in bends[1:])))))


def _about(axis: tuple[float, float, float], degrees: float) -> Array:
    return np.asarray(axis_angle_to_matrix(np.radians(degrees) * np.array(axis, float)))


def _same(**joints: Degrees) -> dict[str, Degrees]:
    """Joints of the left side, and the right side as its mirror image."""
    x = {f"left_{name}": degrees for name, degrees in joints.items()}
    return x | {f"right_{name}": (a, -b, -c) for name, (a, b, c) in joints.items()}


POSES: Mapping[str, Pose] = {
    "standing": Pose(
        _same(hip=(0, 0, 3), collar=(0, 0, -6), shoulder=(8, 4, -62), elbow=(0, -18, 0), wrist=(0, 0, -4)),
        *("relaxed", "relaxed"),
    ),
    "sitting": Pose(
        _same(hip=(-86, -8, 4), knee=(86, 0, 0), collar=(0, -5, -10), shoulder=(18, -29, -44))
        | _same(elbow=(18, -68, 0), wrist=(31, 14, 26))
        | {"spine1": (6, 0, 0), "neck": (6, 0, 0)},
        *("relaxed", "relaxed"),
    ),
    "arms up": Pose(_same(collar=(0, 0, 20), shoulder=(0, -10, 68), elbow=(0, -12, 0)), "spread", "spread"),
    "arms crossed": Pose(
        {
            **{"left_collar": (3, 8, 10), "left_shoulder": (24, -93, -53), "left_elbow": (-11, -93, 0)},
            **{"left_wrist": (-24, -3, -10), "right_collar": (3, -8, -10), "right_shoulder": (30, 93, 53)},
            **{"right_elbow": (-4, 94, 0), "right_wrist": (-16, 7, 5), "head": (4, 0, 0)},
        },
        *("relaxed", "relaxed"),
    ),
    "walking": Pose(
        {
            **{"left_hip": (-32, 0, 3), "left_knee": (12, 0, 0), "left_ankle": (4, 0, 0)},
            **{"right_hip": (20, 0, -3), "right_knee": (28, 0, 0), "right_ankle": (12, 0, 0), "right_foot": (-22, 0, 0)},
            **{"spine1": (2, 4, 0), "spine3": (0, 6, 0), "left_shoulder": (30, 6, -60), "left_elbow": (0, -20, 0)},
            **{"right_shoulder": (-22, -14, 58), "right_elbow": (0, 40, 0), "left_collar": (0, 0, -6)},
            **{"right_collar": (0, 0, 6)},
        },
        *("relaxed", "relaxed"),
    ),
    "squatting": Pose(
        _same(hip=(-110, 22, 14), knee=(124, 0, 0), ankle=(-28, 0, 0), shoulder=(0, -62, -28), elbow=(0, -30, 0))
        | {"pelvis": (24, 0, 0), "spine1": (14, 0, 0), "spine2": (8, 0, 0), "neck": (-18, 0, 0), "head": (-12, 0, 0)},
        *("relaxed", "relaxed"),
    ),
    "reaching": Pose(
        {
            **{"pelvis": (14, 0, 0), "spine1": (8, 6, -4), "spine2": (6, 8, -4), "spine3": (4, 8, -4)},
            **{"left_hip": (-30, 0, 4), "left_knee": (22, 0, 0), "left_ankle": (-8, 0, 0)},
            **{"right_hip": (4, 0, -4), "right_knee": (8, 0, 0), "right_ankle": (-10, 0, 0)},
            **{"right_collar": (0, 10, -8), "right_shoulder": (-10, 74, -18), "right_elbow": (0, 14, 0)},
            **{"left_shoulder": (18, 14, -58), "left_elbow": (0, -30, 0), "neck": (-12, 0, 0), "head": (-8, 0, 0)},
        },
        *("relaxed", "spread"),
    ),
    "hands on hips": Pose(
        _same(hip=(0, 0, 6), collar=(5, 9, -9), shoulder=(66, -5, -17), elbow=(0, -122, 0), wrist=(-16, 8, 34)),
        *("relaxed", "relaxed"),
    ),
    "hand at the chin": Pose(
        {
            **{"right_collar": (4, -9, -10), "right_shoulder": (-10, 77, 55), "right_elbow": (-23, 128, 0)},
            **{"right_wrist": (-22, 4, -14), "left_collar": (0, 2, 8), "left_shoulder": (30, -88, -61)},
            **{"left_elbow": (-9, -81, 0), "left_wrist": (-24, -2, -16), "neck": (8, 0, 4), "head": (6, 4, 4)},
        },
        *("relaxed", "point"),
    ),
    "throwing": Pose(
        {
            **{"pelvis": (0, -24, 0), "spine1": (0, -10, 0), "spine2": (-4, -12, 4), "spine3": (-4, -12, 4)},
            **{"left_hip": (-52, 12, 14), "left_knee": (48, 0, 0), "right_hip": (22, 10, -18), "right_knee": (24, 0, 0)},
            **{"right_ankle": (6, 0, 0), "right_foot": (-24, 0, 0), "neck": (0, 28, 0), "head": (0, 26, 0)},
            **{"left_shoulder": (-20, -50, 6), "left_elbow": (50, -14, 0), "left_wrist": (40, 0, 0)},
            **{"right_shoulder": (-72, -14, 10), "right_elbow": (-40, 92, 0), "right_wrist": (-50, 0, 24)},
        },
        *("spread", "claw"),
    ),
}
