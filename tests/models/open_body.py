"""The open body, and what its tests share: poses in degrees, the other side, rings around limbs."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from models.body_file import OPEN_BODY, BodyArrays, read_body_file
from models.joints import SMPLX_JOINTS, SMPLX_POINTS
from models.rotations import axis_angle_to_matrix
from models.smplx_body import BodyMesh, SmplxBody

Array = NDArray[np.float64]
Degrees = tuple[float, float, float]

NONE = np.zeros(10)
FLIP = np.array((-1.0, 1.0, 1.0))


@cache
def arrays() -> BodyArrays:
    return read_body_file(OPEN_BODY)


@cache
def body() -> SmplxBody:
    return SmplxBody(arrays())


def pose(**degrees: Degrees) -> Array:
    """(55, 3, 3): the rest pose but for the axis-angles of the joints named."""
    vectors = np.zeros((len(SMPLX_JOINTS), 3))
    for name, turn in degrees.items():
        vectors[SMPLX_JOINTS.index(name)] = np.radians(turn)
    return np.asarray(axis_angle_to_matrix(vectors))


def mesh(rotations: Array, betas: Array = NONE, expression: Array = NONE) -> BodyMesh:
    return body().forward(rotations, betas, expression)


def points(found: BodyMesh) -> dict[str, Array]:
    """The mesh's points by name, metres."""
    return dict(zip(SMPLX_POINTS, found.joints_m.astype(np.float64), strict=True))


def owned(*joints: str, share: float = 0.5) -> NDArray[np.bool_]:
    """(V,): what follows these joints by more than a share."""
    return np.asarray(arrays().weights[:, [SMPLX_JOINTS.index(joint) for joint in joints]].sum(1) > share)


@cache
def mirror() -> NDArray[np.intp]:
    """(V,): the vertex at the same place on the other side."""
    distance, nearest = cKDTree(arrays().template).query(arrays().template * FLIP)
    assert np.max(distance) < 1e-5
    return np.asarray(nearest)


def other_side(rotations: Array) -> Array:
    """(55, 3, 3): the pose in a mirror."""
    swapped = [SMPLX_JOINTS.index(swap(name)) for name in SMPLX_JOINTS]
    return rotations[swapped] * np.outer(FLIP, FLIP)


def swap(name: str) -> str:
    """The name of the same thing on the other side."""
    side, _, rest = name.partition("_")
    return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, name)


class Ring:
    """Where a plane across a limb at rest cuts its skin; followed when the limb moves."""

    def __init__(self, start: str, end: str, share: float) -> None:
        """start, end: joints of the limb; share: how far along."""
        at = points(mesh(pose()))
        axis = at[end] - at[start]
        height = (arrays().template - at[start] - share * axis) @ axis  # (V,)
        limb = owned(start, end, "left_collar", "left_wrist", share=0.3)
        loop = _loop(arrays().faces[limb[arrays().faces].all(1)], height > 0)
        self._low, self._high = loop.T
        self._share = (height[self._low] / (height[self._low] - height[self._high]))[:, None]

    def girth_m(self, rotations: Array) -> float:
        vertices = mesh(rotations).vertices_m.astype(np.float64)
        around = vertices[self._low] * (1 - self._share) + vertices[self._high] * self._share
        return float(np.linalg.norm(around - np.roll(around, 1, 0), axis=1).sum())


def _loop(faces: NDArray[np.int32], above: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(K, 2): edges of the longest closed loop of those that have one end above, in order around the limb."""
    crossing: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for a, b, c in faces.tolist():
        cut = [(min(e), max(e)) for e in ((a, b), (b, c), (c, a)) if above[e[0]] != above[e[1]]]
        if cut:
            crossing.setdefault(cut[0], []).append(cut[1])
            crossing.setdefault(cut[1], []).append(cut[0])
    loops: list[list[tuple[int, int]]] = []
    while crossing:
        edge: tuple[int, int] | None = next(iter(crossing))
        loops.append([])
        while edge is not None:
            loops[-1].append(edge)
            edge = next((other for other in crossing.pop(edge) if other in crossing), None)
    return np.array(max(loops, key=len))
