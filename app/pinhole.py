"""A pinhole camera without distortion."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.camera import Intrinsics

Array = NDArray[np.floating[Any]]
CameraOf = Callable[[tuple[int, int]], "Pinhole"]  # from the size of the frames to the camera of the take


@dataclass(frozen=True)
class Pinhole:
    """Focal lengths and principal point in pixels. Camera axes: +x right, +y down, +z forward."""

    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def from_fov(cls, fov_deg: float, size_wh: tuple[int, int]) -> Pinhole:
        """A camera of that horizontal field of view, looking through the middle of the image."""
        return cls.from_focal(0.5 * size_wh[0] / math.tan(math.radians(0.5 * fov_deg)), size_wh)

    @classmethod
    def from_focal(cls, focal_px: float, size_wh: tuple[int, int]) -> Pinhole:
        """A camera of that focal length, looking through the middle of the image."""
        return cls(focal_px, focal_px, 0.5 * (size_wh[0] - 1), 0.5 * (size_wh[1] - 1))

    @property
    def intrinsics(self) -> Intrinsics:
        return Intrinsics(self.fx, self.fy, self.cx, self.cy)

    def project(self, points_m: Array) -> Array:
        """(..., 3) metres in camera axes -> (..., 2) pixels. Points at or behind the camera come out as they fall."""
        with np.errstate(divide="ignore", invalid="ignore"):
            xy = points_m[..., :2] / points_m[..., 2:]
        return np.asarray(xy * np.array([self.fx, self.fy]) + np.array([self.cx, self.cy]))

    def shift_from(self, other: Pinhole, anchor_m: Array) -> Array:
        """How far a body must move so that this camera sees it where and as large as `other` did.

        anchor_m: (3,), the point of the body that stays exactly where it was in the image. Returns (3,) metres to add.
        Depth scales with the focal length; x and y follow from the anchor's pixel.
        """
        depth = anchor_m[2] * math.sqrt(self.fx * self.fy / (other.fx * other.fy))
        u, v = other.project(anchor_m)
        seen_again = np.array([(u - self.cx) / self.fx * depth, (v - self.cy) / self.fy * depth, depth])
        return seen_again - anchor_m
