"""Pose correctives: how much further than skinning the surface moves where joints bend."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.rotations import Array

Floats = NDArray[np.float32]

_PER_JOINT = 9
_LOCAL_SHARE = 0.5  # of the vertices: a joint that moves more of them takes less time in the dense product


class PoseCorrectives:
    """Directions along which rotations move vertices, for every joint but the root.

    SMPL-X's joints move nearly every vertex a little: one dense product. Joints that move only what is near them, as
    the open body's, each have a block over their own vertices. A body may have both kinds.
    """

    def __init__(self, directions: NDArray[Any]) -> None:
        """directions: (V, 3, 9 * (J - 1)) metres for each entry of a rotation minus the identity, row-major."""
        moved = _moved_vertices(directions)  # (J - 1, V)
        wide = moved.mean(1) > _LOCAL_SHARE
        self._wide = slice(None) if wide.all() else np.flatnonzero(np.repeat(wide, _PER_JOINT))
        self._wide_directions = planar(directions[:, :, self._wide])  # (K, 3 * V)
        self._local: list[int] = np.flatnonzero(moved.any(1) & ~wide).tolist()
        near = [np.flatnonzero(moved[joint]) for joint in self._local]
        self._blocks = [  # (9, 3 * n) each
            planar(_of_joint(directions, joint)[vertices]) for joint, vertices in zip(self._local, near, strict=True)
        ]
        axes = len(directions) * np.arange(3)[:, None]
        self._targets = np.concatenate([np.zeros(0, np.intp), *((axes + vertices).reshape(-1) for vertices in near)])

    def add_to(self, shaped: Floats, rotations: Array) -> None:
        """Move shaped vertices (3 * V,), planar, in place; rotations (J, 3, 3) relative to the parents."""
        features = (rotations[1:] - np.eye(3)).reshape(-1, _PER_JOINT).astype(np.float32)
        if len(self._wide_directions):
            shaped += features.reshape(-1)[self._wide] @ self._wide_directions
        if self._blocks:
            moves = [features[joint] @ block for joint, block in zip(self._local, self._blocks, strict=True)]
            np.add.at(shaped, self._targets, np.concatenate(moves))


def planar(values: NDArray[Any]) -> Floats:
    """(V, 3) -> (3 * V,), (V, 3, K) -> (K, 3 * V): one product then gives x, y and z, each in one run."""
    moved = np.moveaxis(values, (0, 1), (-1, -2))  # (..., 3, V)
    return np.ascontiguousarray(moved, np.float32).reshape(*moved.shape[:-2], 3 * len(values))


def _of_joint(directions: NDArray[Any], joint: int) -> NDArray[Any]:
    return directions[:, :, _PER_JOINT * joint : _PER_JOINT * (joint + 1)]


def _moved_vertices(directions: NDArray[Any]) -> NDArray[np.bool_]:
    """(J - 1, V): whether any rotation of the joint moves the vertex. A joint at a time, since files keep them so."""
    joints = directions.shape[2] // _PER_JOINT
    return np.array([_of_joint(directions, joint).any((1, 2)) for joint in range(joints)])
