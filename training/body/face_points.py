"""Points on the triangles of a mesh, found by where they appear from the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.body.source import Array
from training.raster import rasterise

PIXELS_PER_M = 8000.0
_FAR_M = 10.0

Faces = NDArray[np.integer]


@dataclass(frozen=True)
class FacePoints:
    """Points on faces: triangle index (...,) and barycentric weights (..., 3)."""

    faces: Faces
    weights: Array

    @classmethod
    def joined(cls, first: FacePoints, second: FacePoints) -> FacePoints:
        """Both, one after the other."""
        faces, weights = zip((first.faces, first.weights), (second.faces, second.weights), strict=True)
        return cls(np.concatenate(faces), np.concatenate(weights))

    def on(self, vertices: Array, faces: Faces) -> Array:
        """(..., 3) positions."""
        return np.asarray((vertices[faces[self.faces]] * self.weights[..., None]).sum(-2))


class Front:
    """A body seen from the front without perspective."""

    def __init__(self, vertices: Array, faces: Faces, low: Array, high: Array) -> None:
        """low, high: (2,) metres, the part looked at."""
        self._low = low
        size = np.ceil((high - low) * PIXELS_PER_M).astype(int) + 1
        self.size_wh = (int(size[0]), int(size[1]))
        px = np.concatenate(((vertices[:, :2] - low) * PIXELS_PER_M, _FAR_M - vertices[:, 2:]), 1)
        # Depths that differ little: perspective correction then changes nothing that matters.
        px[:, 2] += 1e3
        seen = rasterise(
            torch.from_numpy(px.astype(np.float32))[None], torch.from_numpy(faces.astype(np.int32)), self.size_wh, 0.1
        )
        self._face = seen.face[0].numpy()  # (H, W), rows upwards, -1 where nothing is
        self._barycentric = seen.barycentric[0].numpy()

    def at(self, xy_m: Array) -> FacePoints:
        """What is seen at points (..., 2), metres in the body's axes."""
        pixel = np.rint((xy_m - self._low) * PIXELS_PER_M).astype(int)
        column, row = np.moveaxis(np.clip(pixel, 0, np.array(self.size_wh) - 1), -1, 0)
        face = self._face[row, column]
        if (face < 0).any():
            raise ValueError("a landmark lies beside the face; the body's face is not where it is expected")
        return FacePoints(face, self._barycentric[row, column].astype(np.float64))

    def where(self, shown: NDArray[np.bool_]) -> Array:
        """(K, 2) metres of the pixels in which triangles of a mask (F,) are seen."""
        rows, columns = np.nonzero(np.append(shown, False)[self._face])
        return np.asarray(np.stack((columns, rows), 1) / PIXELS_PER_M + self._low)


def on_vertices(indices: NDArray[np.intp], faces: Faces) -> FacePoints:
    """Vertices as points on faces."""
    flat = faces.ravel()
    order = np.argsort(flat, kind="stable")
    first = order[np.searchsorted(flat[order], indices)]
    return FacePoints(first // 3, np.eye(3)[first % 3])
