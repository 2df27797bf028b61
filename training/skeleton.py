"""A body's joints in space: where rotations bring them, and which rotations bring a wrist somewhere.

Rotations are (3, 3), poses (55, 3, 3), each joint's relative to its parent as SMPL-X has them; metres and degrees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.joints import SMPLX_JOINTS
from training.chances import Rng

Array = NDArray[np.float64]

INDEX = {name: row for row, name in enumerate(SMPLX_JOINTS)}
SIGNS = {"left": 1.0, "right": -1.0}  # of x on each side, and of turns about y and z

# Ellipsoids that no hand or elbow is to be in: a joint, how far up from it the middle lies, radii.
_SOLIDS = (("spine2", 0.02, (0.165, 0.2, 0.125)), ("head", 0.07, (0.085, 0.14, 0.105)))
_SOLID_FORWARD_M = 0.02

_SHORTEST, _LONGEST = 0.25, 0.995  # from shoulder to wrist, of the straight arm's length


def turn(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    """(3, 3) rotation by an axis-angle in degrees."""
    return np.asarray(Rotation.from_rotvec(np.radians((x, y, z))).as_matrix())


def mirrored(rotation: Array) -> Array:
    """The other side's rotations (..., 3, 3)."""
    signs = np.array((-1.0, 1.0, 1.0))
    return np.asarray(rotation * np.outer(signs, signs))


def unit(vector: Array) -> Array:
    """(3,) of length one."""
    return np.asarray(vector / np.linalg.norm(vector))


class Skeleton:
    """Joints at rest (55, 3) in metres and the parent of each (55,)."""

    def __init__(self, joints: Array, parents: NDArray[np.int64]) -> None:
        self._rest = joints
        self._parents = parents.tolist()

    def place(self, pose: Array, name: str) -> tuple[Array, Array]:
        """World rotation (3, 3) and place (3,) of a joint; the root stays where it is at rest."""
        chain = [INDEX[name]]
        while chain[-1] > 0:
            chain.append(self._parents[chain[-1]])
        world, place = pose[0], self._rest[0]
        for joint in chain[-2::-1]:
            place = place + world @ (self._rest[joint] - self._rest[self._parents[joint]])
            world = world @ pose[joint]
        return world, place

    def reach(self, rng: Rng, pose: Array, side: str, target: Array, swivel_deg: float) -> None:
        """Turn collar, shoulder and elbow so that the wrist comes to a target (3,) in the world, or as near as the arm
        can; the elbow hangs, turned by the swivel about the line from shoulder to wrist. The hand is turned at random.
        """
        self._turn_collar(rng, pose, side, target)
        self._bend_elbow(pose, side, target)
        self._turn_shoulder(pose, side, target, swivel_deg)
        sign = SIGNS[side]
        forearm = turn(np.clip(rng.normal(-10, 35), -85, 85))
        twist, sideways, bent = rng.normal(0, 4), rng.normal(0, 12), np.clip(rng.normal(0, 26), -70, 70)
        pose[INDEX[f"{side}_wrist"]] = forearm @ turn(twist, sign * sideways, -sign * bent)

    def inside(self, pose: Array, side: str) -> bool:
        """Whether the hand or the elbow is in the trunk or the head."""
        points = np.stack([self.place(pose, f"{side}_{name}")[1] for name in ("elbow", "wrist", "middle1", "index3")])
        for name, up, radii in _SOLIDS:
            world, at = self.place(pose, name)
            centre = at + world @ np.array((0.0, up, _SOLID_FORWARD_M))
            if (np.linalg.norm((points - centre) @ world / radii, axis=1) < 1.0).any():
                return True
        return False

    def _turn_collar(self, rng: Rng, pose: Array, side: str, target: Array) -> None:
        """Shoulders go up and forward with the hand."""
        sign, collar = SIGNS[side], INDEX[f"{side}_collar"]
        pose[collar] = np.eye(3)
        _, shoulder = self.place(pose, f"{side}_shoulder")
        aim = target - shoulder
        raised, ahead = float(np.clip(aim[1] / 0.5, -0.3, 1.0)), float(np.clip(aim[2] / 0.5, -0.5, 1.0))
        pose[collar] = turn(0, -sign * 12 * ahead + rng.normal(0, 4), sign * (16 * raised + rng.normal(0, 4)))

    def _bend_elbow(self, pose: Array, side: str, target: Array) -> None:
        """The wrist as far from the shoulder as the target, by a turn about y."""
        upper, fore = self._bones(side)
        _, shoulder = self.place(pose, f"{side}_shoulder")
        # A forearm turned by phi gives a squared distance of fixed + 2 (b cos phi + c sin phi), which is largest at the
        # turn that straightens the arm: at rest it is not quite straight.
        fixed = upper @ upper + fore @ fore + 2 * upper[1] * fore[1]
        b, c = upper[0] * fore[0] + upper[2] * fore[2], upper[0] * fore[2] - upper[2] * fore[0]
        amplitude, straight = np.hypot(b, c), np.arctan2(c, b)
        longest = np.sqrt(fixed + 2 * amplitude)
        distance = np.clip(np.linalg.norm(target - shoulder), _SHORTEST * longest, _LONGEST * longest)
        bent = np.arccos(np.clip((distance**2 - fixed) / (2 * amplitude), -1, 1))
        pose[INDEX[f"{side}_elbow"]] = turn(0, np.degrees(straight - SIGNS[side] * bent), 0)

    def _turn_shoulder(self, pose: Array, side: str, target: Array, swivel_deg: float) -> None:
        """The wrist in the direction of the target, the elbow low, somewhat outwards and back."""
        sign, shoulder = SIGNS[side], INDEX[f"{side}_shoulder"]
        world, at = self.place(pose, f"{side}_shoulder")
        parent = world @ pose[shoulder].T
        upper, fore = self._bones(side)
        aim = parent.T @ unit(target - at)
        base = _shortest(upper + pose[INDEX[f"{side}_elbow"]] @ fore, aim)
        across = _without(base @ upper, aim)
        wanted = _without(parent.T @ unit(np.array((sign * 0.45, -1.0, -0.25))), aim)
        angle = np.arctan2(np.cross(across, wanted) @ aim, across @ wanted)
        swivelled = Rotation.from_rotvec(aim * (angle + np.radians(sign * swivel_deg))).as_matrix()
        pose[shoulder] = swivelled @ base

    def _bones(self, side: str) -> tuple[Array, Array]:
        """Upper arm and forearm at rest, (3,) each."""
        shoulder, elbow, wrist = (self._rest[INDEX[f"{side}_{name}"]] for name in ("shoulder", "elbow", "wrist"))
        return elbow - shoulder, wrist - elbow


def _without(vector: Array, axis: Array) -> Array:
    """What of a vector (3,) is at right angles to a unit axis (3,)."""
    return np.asarray(vector - axis * (axis @ vector))


def _shortest(source: Array, target: Array) -> Array:
    """(3, 3): the smallest turn of one direction (3,) to another."""
    a, b = unit(source), unit(target)
    axis = np.cross(a, b)
    length = np.linalg.norm(axis)
    if length < 1e-9:
        return np.eye(3)
    return np.asarray(Rotation.from_rotvec(axis / length * np.arctan2(length, a @ b)).as_matrix())
