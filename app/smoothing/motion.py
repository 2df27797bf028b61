"""What is smoothed of a person, as one point of a manifold: rotations on SO(3), everything else in the plain.

A point has U units: N rotations, then M numbers or short vectors. The difference of two points is (3, U): rotation
vectors in the axes of the first point's joints, and plain differences. Filters work on differences alone, so they never
see which way a rotation is written, and turning the world turns what they give (they are left-invariant).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.frame import JAW, LEFT_HAND, RIGHT_HAND, BodyParams, Measured
from app.scene import Placed
from app.smoothing import quaternions
from models.joints import SMPLX_BODY
from models.rotations import Array

Units = NDArray[np.bool_]  # some of them, (U,)

_LEAST_DEPTH_M = 0.1


@dataclass(frozen=True)
class Point:
    """rotations: (4, ..., N) unit quaternions. flat: (3, ..., M), the rest, its unused rows zero. Several points in one
    have further dimensions in the middle."""

    rotations: Array
    flat: Array

    def to(self, other: Point) -> Array:
        """The step (3, ..., U) from here to another point, or to several."""
        flat = other.flat - self.flat
        if not self.rotations.shape[-1]:
            return flat
        return np.concatenate((quaternions.between(self.rotations, other.rotations), flat), -1)

    def spread(self) -> Point:
        """With a dimension in the middle, to be compared with several points."""
        return Point(self.rotations[:, None], self.flat[:, None])

    def with_rotations(self, rotations: Array) -> Point:
        """The same with other rotations."""
        return Point(rotations, self.flat)

    def split(self) -> tuple[Point, Point]:
        """A person's pose and place."""
        nobody = self.rotations[..., :0]
        return Point(self.rotations, self.flat[..., :-PLACE_UNITS]), Point(nobody, self.flat[..., -PLACE_UNITS:])

    def joined(self, other: Point) -> Point:
        """All units of both."""
        return Point(np.concatenate((self.rotations, other.rotations), -1), np.concatenate((self.flat, other.flat), -1))

    def where(self, units: Units, other: Point) -> Point:
        """This point in some of the units (U,), another one in the rest."""
        count = self.rotations.shape[-1]
        return Point(
            np.where(units[:count], self.rotations, other.rotations), np.where(units[count:], self.flat, other.flat)
        )

    def moved(self, step: Array) -> Point:
        """This point after a step (3, U)."""
        count = self.rotations.shape[1]
        if not count:
            return Point(self.rotations, self.flat + step)
        return Point(quaternions.turned(self.rotations, step[:, :count]), self.flat + step[:, count:])


def stacked(*points: Point) -> Point:
    """Several points in one, along a dimension in the middle."""
    rotations, flat = np.array([point.rotations for point in points]), np.array([point.flat for point in points])
    return Point(rotations.swapaxes(0, 1), flat.swapaxes(0, 1))


# Units of a person: a pose's 53 rotations and 10 coefficients of expression; a place's direction and log of depth.
EXPRESSION = slice(53, 63)
POSE_UNITS, PLACE_UNITS = 63, 2


def rows(*names: str) -> list[int]:
    """Rows of `BodyParams.rot6d` of body joints by name, without their side where both are meant."""
    return [1 + row for row, joint in enumerate(SMPLX_BODY) if joint in names or joint.split("_")[-1] in names]


ROOT_ROWS = [0]
TORSO = rows("spine1", "spine2", "spine3", "neck", "head")
ARMS = rows("collar", "shoulder", "elbow", "wrist")
LEGS = rows("hip", "knee", "ankle", "foot")
FINGERS = [*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)]
JAW_ROWS = [JAW.start]
_LEFT_WRIST, _RIGHT_WRIST = rows("wrist")


def person_at(params: BodyParams, pelvis_m: Array) -> Point:
    """A person as a point: pose, and the pelvis (3,) in camera axes.

    Where the pelvis is seen is apart from how far away it is, so that a mistake in depth moves nothing in the picture.
    """
    x, y, z = pelvis_m
    depth = max(float(z), _LEAST_DEPTH_M)
    flat = np.zeros((3, len(params.expression) + PLACE_UNITS))
    flat[0, :-2] = params.expression
    flat[:2, -2] = x / depth, y / depth
    flat[0, -1] = np.log(depth)
    return Point(quaternions.from_rot6d(params.rot6d), flat)


def measured_units(measured: Measured) -> Units:
    """(U,) of a pose and a place, which are new where these parts were looked at. A wrist is a hand's: the wrist head
    goes by what HandNet saw, and hardly turns it before HandNet looks again."""
    units = np.ones(POSE_UNITS + PLACE_UNITS, np.bool_)
    units[LEFT_HAND] = units[_LEFT_WRIST] = measured.left_hand
    units[RIGHT_HAND] = units[_RIGHT_WRIST] = measured.right_hand
    units[JAW] = units[EXPRESSION] = measured.face
    return units


def moved_to(placed: Placed, point: Point) -> Placed:
    """A person brought to a point."""
    depth = np.exp(point.flat[0, -1])
    pelvis = np.array((*point.flat[:2, -2], 1.0)) * depth
    shift = pelvis - placed.joints_m[0]
    params = replace(
        placed.params,
        rot6d=quaternions.to_rot6d(point.rotations),
        expression=point.flat[0, :-2].astype(placed.params.expression.dtype),
        translation_m=placed.params.translation_m + shift,
    )
    return replace(placed, params=params, joints_m=placed.joints_m + shift)
