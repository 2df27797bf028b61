"""From where a picture is seen: the one owner of the way from the take's camera to pixels of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.frame import Person
from app.pinhole import Array, Pinhole
from app.rendering.fit import Fit
from app.rendering.scene import View

_HALF_ANGLE_RAD = math.radians(15)  # of the views around people: long enough a lens to show their proportions
_REACH_M = 1.15  # from the pelvis to about a raised hand
_SMALLEST_ZOOM = 1e-3


@dataclass(frozen=True)
class Eye:
    """A pinhole of the picture, and where it stands.

    rotation (3, 3), shift_m (3,): from the axes of the take's camera to the eye's own (+x right, +y down, +z forward),
    x -> rotation @ x + shift_m.
    """

    pinhole: Pinhole
    rotation: Array
    shift_m: Array

    @classmethod
    def at_camera(cls, camera: Pinhole, fit: Fit) -> Eye:
        """Where the image was taken from."""
        return cls(fit.picture_camera(camera), np.eye(3), np.zeros(3))

    @classmethod
    def around(cls, people: Sequence[Person], view: View, size_wh: tuple[int, int]) -> Eye:
        """Outside of everyone, looking at the middle between their pelvises."""
        pelvises = np.array([person.joints_m[0] for person in people], np.float64).reshape(-1, 3)  # (N, 3)
        middle = 0.5 * (pelvises.min(0) + pelvises.max(0)) if people else np.array((0.0, 0.0, 1.0))
        reach_m = _REACH_M + float(np.linalg.norm(pelvises - middle, axis=1).max(initial=0.0))
        rotation = _turned(*_ANGLES_DEG.get(view.kind, (view.yaw_deg, view.pitch_deg)))
        away = np.array((0.0, 0.0, reach_m / math.sin(_HALF_ANGLE_RAD)))
        width, height = size_wh
        focal_px = max(view.zoom, _SMALLEST_ZOOM) * 0.5 * min(size_wh) / math.tan(_HALF_ANGLE_RAD)
        right, down = view.pan
        pinhole = Pinhole(focal_px, focal_px, 0.5 * (width - 1) + right * height, 0.5 * (height - 1) + down * height)
        return cls(pinhole, rotation, away - rotation @ middle)

    def seen(self, points_m: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """(..., 3) in axes of the take's camera -> in the eye's, metres."""
        return np.asarray(points_m @ self.rotation.T.astype(np.float32) + self.shift_m, np.float32)

    def project(self, points_m: NDArray[np.floating[Any]]) -> Array:
        """(..., 3) in axes of the take's camera -> (..., 2) pixels of the picture."""
        return self.pinhole.project(self.seen(points_m))


_ANGLES_DEG = {"side": (90.0, 0.0), "top": (0.0, 90.0)}


def _turned(yaw_deg: float, pitch_deg: float) -> Array:
    """(3, 3): from the camera's axes to those of an eye that went right around the people, then up over them."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    about_y = np.array(((math.cos(yaw), 0, math.sin(yaw)), (0, 1, 0), (-math.sin(yaw), 0, math.cos(yaw))))
    about_x = np.array(((1, 0, 0), (0, math.cos(pitch), -math.sin(pitch)), (0, math.sin(pitch), math.cos(pitch))))
    return np.asarray(about_x @ about_y)
