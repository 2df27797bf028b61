"""The part of a picture, and of the depth before it, that people take up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.pinhole import Array
from app.rendering.eye import Eye
from app.rendering.patch import Mesh

_NEAREST_M = 0.05
_MARGIN_PX = 2


@dataclass(frozen=True)
class Extent:
    """A rectangle of the picture, its top left pixel at corner_px (x, y), and depths in metres, of what lies in it."""

    corner_px: tuple[int, int]
    size_wh: tuple[int, int]
    depths_m: tuple[float, float]

    @classmethod
    def of(cls, meshes: Sequence[Mesh], eye: Eye, picture_wh: tuple[int, int]) -> Extent | None:
        """What the meshes cover, cut at the borders of the picture; None where they cover nothing."""
        seen = np.concatenate([eye.seen(mesh.vertices_m) for mesh in meshes]) if meshes else np.zeros((0, 3))
        before = seen[seen[:, 2] > _NEAREST_M]  # (N, 3); not those that are no numbers either
        if not len(before):
            return None
        across, down = np.ascontiguousarray(
            eye.pinhole.project(before).T
        )  # a reduction along rows is ten times as slow
        low = np.clip(np.floor((across.min(), down.min())) - _MARGIN_PX, 0, picture_wh).astype(int)
        high = np.clip(np.ceil((across.max(), down.max())) + _MARGIN_PX + 1, 0, picture_wh).astype(int)
        if len(before) < len(seen):  # what passes beside the eye reaches the border
            low, high = np.zeros(2, int), np.array(picture_wh)
        if (high <= low).any():
            return None
        width, height = high - low
        nearest, farthest = float(before[:, 2].min()), float(before[:, 2].max())
        return cls((int(low[0]), int(low[1])), (int(width), int(height)), (0.95 * nearest, 1.05 * farthest))

    def clip_from_camera(self, eye: Eye) -> Array:
        """(4, 4): axes of the take's camera to OpenGL's clip space, of which the rectangle is the whole.

        The first row in memory is the top one of the picture, so nothing is turned over when it is read. Pixel centres
        are whole numbers in `Pinhole` and lie between whole numbers in OpenGL.
        """
        pinhole, (x, y), (width, height) = eye.pinhole, self.corner_px, self.size_wh
        near, far = self.depths_m
        clip_from_eye = np.array(
            (
                (2 * pinhole.fx / width, 0, 2 * (pinhole.cx + 0.5 - x) / width - 1, 0),
                (0, 2 * pinhole.fy / height, 2 * (pinhole.cy + 0.5 - y) / height - 1, 0),
                (0, 0, (far + near) / (far - near), -2 * far * near / (far - near)),
                (0, 0, 1, 0),
            )
        )
        eye_from_camera = np.eye(4)
        eye_from_camera[:3, :3], eye_from_camera[:3, 3] = eye.rotation, eye.shift_m
        return np.asarray(clip_from_eye @ eye_from_camera)
