"""Named hand shapes and whole-body poses in SMPL-X's rotations, for pictures, for tests and for synthetic people.

In the rest pose the left arm points to +x, palm down, fingers straight and thumb forward; the right side is its mirror
image. Tables are in degrees, what methods give is not.
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
Finger = tuple[Degrees, float]
Thumb = tuple[Degrees, float, float]

MIRROR = np.array((1.0, -1.0, -1.0))
"""Times the axis-angle of one side, this is the other side's."""

# Where straight fingers point, from +x towards the thumb, and what the thumb's outer joints bend about; of a left hand.
_FINGER_YAW = {"index": 9.0, "middle": -8.0, "ring": -18.0, "pinky": -27.0}
THUMB_HINGE = (0.48, 0.84, -0.25)


@dataclass(frozen=True)
class Hand:
    """A left hand: how far each finger's joints are bent, from the palm outwards, and how far it is turned to the
    thumb's side; of the thumb the axis-angle of its first joint, and how far the others are bent."""

    index: Finger
    middle: Finger
    ring: Finger
    pinky: Finger
    thumb: Thumb

    def rotations(self) -> Array:
        """(15, 3) axis-angle in radians, in the order of `joints.HAND_ROTATIONS`."""
        fingers = {"index": self.index, "middle": self.middle, "ring": self.ring, "pinky": self.pinky}
        rows = {name: _finger(bends, turn, _FINGER_YAW[name]) for name, (bends, turn) in fingers.items()}
        rows["thumb"] = _thumb(*self.thumb)
        return np.stack([rows[name[:-1]][int(name[-1]) - 1] for name in HAND_ROTATIONS])


@dataclass(frozen=True)
class Pose:
    """Axis-angles of the joints that turn, and the shapes of the hands by name."""

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
    """(3, 3): turned in the palm's plane, then bent about hinges across the finger."""
    knuckle = _about((0, 0, -1), bends[0]) @ _about((0, -1, 0), turn)
    hinge = (np.sin(np.radians(yaw)), 0.0, -np.cos(np.radians(yaw)))
    return np.asarray(matrix_to_axis_angle(np.stack((knuckle, *(_about(hinge, bend) for bend in bends[1:])))))


def _thumb(first: Degrees, *bends: float) -> Array:
    """(3, 3)."""
    rows = np.array([first, *(np.multiply(bend, THUMB_HINGE) for bend in bends)])
    return np.asarray(np.radians(rows))


def _about(axis: Degrees, degrees: float) -> Array:
    return np.asarray(axis_angle_to_matrix(np.radians(degrees) * np.array(axis, float)))


def _left(**joints: Degrees) -> dict[str, Degrees]:
    return {f"left_{name}": degrees for name, degrees in joints.items()}


def _right(**joints: Degrees) -> dict[str, Degrees]:
    return {f"right_{name}": degrees for name, degrees in joints.items()}


def _middle(**joints: Degrees) -> dict[str, Degrees]:
    return joints


def _both(**joints: Degrees) -> dict[str, Degrees]:
    """The left side, and the right as its mirror image."""
    return _left(**joints) | _right(**{name: (x, -y, -z) for name, (x, y, z) in joints.items()})


_STRAIGHT = (0.0, 0.0, 0.0)
_THUMB_STRAIGHT = (_STRAIGHT, 0.0, 0.0)
# Fingers curled until they touch the palm.
_INDEX, _MIDDLE = ((77, 88, 32), -9), ((82, 96, 38), 6)
_RING, _PINKY = ((80, 90, 30), 16), ((72, 84, 28), 26)

HANDS: Mapping[str, Hand] = {
    "flat": Hand((_STRAIGHT, 0), (_STRAIGHT, 0), (_STRAIGHT, 0), (_STRAIGHT, 0), _THUMB_STRAIGHT),
    "relaxed": Hand(((22, 38, 14), -3), ((30, 40, 18), 3), ((36, 38, 20), 9), ((38, 34, 14), 14), ((25, 8, 0), 8, 18)),
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

_RELAXED = ("relaxed", "relaxed")

POSES: Mapping[str, Pose] = {
    "standing": Pose(
        _both(hip=(0, 0, 3), collar=(0, 0, -6), shoulder=(8, 4, -62), elbow=(0, -18, 0), wrist=(0, 0, -4)), *_RELAXED
    ),
    "sitting": Pose(
        _both(hip=(-86, -8, 4), knee=(86, 0, 0), collar=(0, -5, -10), shoulder=(18, -29, -44), elbow=(18, -68, 0))
        | _both(wrist=(31, 14, 26))
        | _middle(spine1=(6, 0, 0), neck=(6, 0, 0)),
        *_RELAXED,
    ),
    "arms up": Pose(_both(collar=(0, 0, 20), shoulder=(0, -10, 68), elbow=(0, -12, 0)), "spread", "spread"),
    "arms crossed": Pose(
        _left(collar=(3, 8, 10), shoulder=(24, -93, -53), elbow=(-11, -93, 0), wrist=(-24, -3, -10))
        | _right(collar=(3, -8, -10), shoulder=(30, 93, 53), elbow=(-4, 94, 0), wrist=(-16, 7, 5))
        | _middle(head=(4, 0, 0)),
        *_RELAXED,
    ),
    "walking": Pose(
        _left(hip=(-32, 0, 3), knee=(12, 0, 0), ankle=(4, 0, 0), shoulder=(30, 6, -60), elbow=(0, -20, 0))
        | _left(collar=(0, 0, -6))
        | _right(hip=(20, 0, -3), knee=(28, 0, 0), ankle=(12, 0, 0), foot=(-22, 0, 0), shoulder=(-22, -14, 58))
        | _right(elbow=(0, 40, 0), collar=(0, 0, 6))
        | _middle(spine1=(2, 4, 0), spine3=(0, 6, 0)),
        *_RELAXED,
    ),
    "squatting": Pose(
        _both(hip=(-110, 22, 14), knee=(124, 0, 0), ankle=(-28, 0, 0), shoulder=(0, -62, -28), elbow=(0, -30, 0))
        | _middle(pelvis=(24, 0, 0), spine1=(14, 0, 0), spine2=(8, 0, 0), neck=(-18, 0, 0), head=(-12, 0, 0)),
        *_RELAXED,
    ),
    "reaching": Pose(
        _left(hip=(-30, 0, 4), knee=(22, 0, 0), ankle=(-8, 0, 0), shoulder=(18, 14, -58), elbow=(0, -30, 0))
        | _right(hip=(4, 0, -4), knee=(8, 0, 0), ankle=(-10, 0, 0), collar=(0, 10, -8), shoulder=(-10, 58, -18))
        | _right(elbow=(0, 14, 0))
        | _middle(pelvis=(14, 0, 0), spine1=(8, 6, -4), spine2=(6, 8, -4), spine3=(4, 8, -4), neck=(-12, 0, 0))
        | _middle(head=(-8, 0, 0)),
        "relaxed",
        "spread",
    ),
    "hands on hips": Pose(
        _both(hip=(0, 0, 6), collar=(5, 9, -9), shoulder=(66, -5, -17), elbow=(0, -122, 0), wrist=(-16, 8, 34)),
        *_RELAXED,
    ),
    "hand at the face": Pose(
        _left(collar=(0, 2, 8), shoulder=(30, -88, -61), elbow=(-9, -81, 0), wrist=(-24, -2, -16))
        | _right(collar=(4, -9, -10), shoulder=(-10, 77, 55), elbow=(-23, 128, 0), wrist=(-22, 4, -14))
        | _middle(neck=(8, 0, 4), head=(6, 4, 4)),
        "relaxed",
        "point",
    ),
    "throwing": Pose(
        _left(hip=(-52, 12, 14), knee=(48, 0, 0), shoulder=(-20, -16, 8), elbow=(50, -14, 0), wrist=(40, 0, 0))
        | _right(hip=(22, 10, -18), knee=(24, 0, 0), ankle=(6, 0, 0), foot=(-24, 0, 0), shoulder=(-72, -14, 10))
        | _right(elbow=(-40, 92, 0), wrist=(-50, 0, 24))
        | _middle(pelvis=(0, -24, 0), spine1=(0, -10, 0), spine2=(-4, -12, 4), spine3=(-4, -12, 4), neck=(0, 28, 0))
        | _middle(head=(0, 26, 0)),
        "spread",
        "claw",
    ),
}
