"""Where somebody stands before the take's camera who is seen in a crop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.crop import Crop
from app.frame import BodyParams
from app.pinhole import Pinhole
from models import joints
from models.joint_fit import Posture
from models.rotations import Array, axis_angle_to_matrix
from models.smplx_body import SmplxBody

_STEPS = 4  # of Gauss-Newton, which starts within a few pixels
_CLOSE_M = 1e-7  # a step this short is the last
_NEAREST_M = 0.1


BODY_ROWS = tuple(range(22))  # rows of SMPL-X's joints: all but those of jaw, eyes and fingers


@dataclass(frozen=True)
class Stand:
    """Takes postures from the crop's camera to another.

    frame_wh: the size of the frame, pixels. helping: rows of the 55 joints that say where somebody stands.
    """

    crop: Crop
    camera: Pinhole
    frame_wh: tuple[int, int]
    helping: Sequence[int] = BODY_ROWS

    def __call__(self, given: Posture, joints_m: Array, about: Callable[[Array], Array]) -> Posture:
        """A posture before the crop's camera, turned with the line of sight, at the place where its joints are seen
        nearest to where they were.

        joints_m: (55, 3) before the crop's camera. about: from rotations (55, 3, 3) to joints (55, 3), metres about the
        origin, maybe of another shape.
        """
        some, before = list(self.helping), self.crop.camera
        turned = given.rotations.copy()
        turned[joints.ROOT] = towards(self.camera, self.crop.centre_px) @ turned[joints.ROOT]
        start = given.translation_m + self.camera.shift_from(before, joints_m[0])
        px = before.project(joints_m[some])
        shift = fitted_shift(self.camera, about(turned)[some], px, start, self.frame_wh)
        return Posture(turned, shift)


def joints_of(body: SmplxBody, params: BodyParams, posture: Posture) -> Array:
    """(55, 3) metres before the posture's camera, of the params' shape and expression."""
    return joints_about(body, params, posture.rotations) + posture.translation_m


def joints_about(body: SmplxBody, params: BodyParams, rotations: Array) -> Array:
    """The same about the origin, of rotations (55, 3, 3)."""
    coefficients = np.concatenate((params.betas, params.expression))[None]
    return np.asarray(body.skeleton(rotations, coefficients)[0])


def towards(camera: Pinhole, pixel: Array) -> Array:
    """(3, 3): the smallest turn of the optical axis to the ray through a pixel (2,).

    The networks see a crop and nothing of where it was cut out: the root's rotation that they give is about the line of
    sight to the crop's middle. Before one camera for everyone it is turned with that line.
    """
    x, y = (np.asarray(pixel) - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    across = float(np.hypot(x, y))
    if across < 1e-12:
        return np.eye(3)
    return axis_angle_to_matrix(np.array((-y, x, 0.0)) / across * np.arctan(across))


def fitted_shift(camera: Pinhole, points_m: Array, px: Array, start_m: Array, frame_wh: tuple[int, int]) -> Array:
    """The translation (3,) after which a camera sees points (P, 3) nearest to pixels (P, 2).

    Least squares over the points inside the frame (over all of them, where fewer than three are), by Gauss-Newton from
    `start_m`.
    """
    points = points_m
    inside = ((px >= 0) & (px < frame_wh)).all(-1)
    if inside.sum() >= 3:
        points, px = points[inside], px[inside]
    focal = np.array((camera.fx, camera.fy))
    shift = np.array(start_m, np.float64)
    for _ in range(_STEPS):
        moved = points + shift
        depth = np.maximum(moved[:, 2], _NEAREST_M)
        flat = moved[:, :2] / depth[:, None]
        missing = px - (flat * focal + (camera.cx, camera.cy))  # (P, 2)
        slope = np.zeros((*missing.shape, 3))
        slope[:, 0, 0], slope[:, 1, 1] = camera.fx / depth, camera.fy / depth
        slope[:, :, 2] = -flat * focal / depth[:, None]
        jacobian = slope.reshape(-1, 3)
        normal = jacobian.T @ jacobian
        step = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(3), jacobian.T @ missing.reshape(-1))
        shift = shift + step
        if np.abs(step).max() < _CLOSE_M:
            break
    return shift
