"""The SMPL-X body (Pavlakos et al. 2019): shape, expression and pose to a mesh, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.body_file import SMPLX_SHAPE_SPACE, BodyArrays, read_body_file
from models.joints import SMPLX_JOINTS
from models.pose_correctives import Floats, PoseCorrectives, planar
from models.rotations import Array

_HEAD_CHAIN_FROM = SMPLX_JOINTS.index("neck")
_CONTOUR_LIMIT_DEG = 39
_OUTLINE_POINTS = 400


class BodyMesh(NamedTuple):
    """vertices_m (V, 3); joints_m (144, 3): 55 joints, 21 vertex points, 51 face landmarks, 17 of the contour."""

    vertices_m: Floats
    joints_m: Floats

    def moved(self, by_m: Array) -> BodyMesh:
        """The mesh, translated by (3,) metres. Last of all, since people stand tens of metres from Hand4Whole's camera
        and skinning in float32 out there would cost a hundredth of a millimetre."""
        offset = np.asarray(by_m, np.float32)
        return BodyMesh(self.vertices_m + offset, self.joints_m + offset)


@dataclass(frozen=True)
class _Barycentric:
    """Points on faces: corners (..., 3) vertex indices, weights (..., 3)."""

    corners: NDArray[np.int64]
    weights: Array

    def __getitem__(self, row: int) -> _Barycentric:
        return _Barycentric(self.corners[row], self.weights[row])

    def on(self, vertices: Floats) -> Array:
        return np.asarray(np.einsum("pkc,pk->pc", vertices[self.corners], self.weights))


@dataclass(frozen=True)
class _Outline:
    """Every so many vertices of a body: template (P, 3), directions (P, 3, 20), weights (P, 55)."""

    template: Array
    directions: Array
    weights: Array

    @classmethod
    def of(cls, arrays: BodyArrays) -> _Outline:
        some = slice(None, None, max(1, len(arrays.template) // _OUTLINE_POINTS))
        return cls(arrays.template[some], arrays.shape_directions[some], arrays.weights[some])

    def skinned(self, coefficients: Array, world: Array, shift: Array) -> Array:
        """coefficients (20,), world (55, 3, 3), shift (55, 3) -> (P, 3)."""
        shaped = self.template + self.directions @ coefficients
        blended = np.tensordot(self.weights, np.concatenate((world, shift[:, :, None]), 2), 1)  # (P, 3, 4)
        return np.asarray(np.einsum("pab,pb->pa", blended[..., :3], shaped) + blended[..., 3])


class SmplxBody:
    """A body model with 10 shape and 10 expression coefficients.

    `shape_space` names what those coefficients mean: they fit only networks that estimate them for the same space.
    `licence` is the file's, in one line.

    Axes are those of the model: in the rest pose y is up, the body faces +z, its left is +x. Poses here are absolute:
    the mean hands, `hand_mean`, are the caller's to add where a network's hand poses are relative to them.
    """

    def __init__(self, arrays: BodyArrays, name: str = "SMPL-X") -> None:
        self.name = name
        self.shape_space = arrays.shape_space
        self.licence = arrays.licence
        self.faces = arrays.faces  # (F, 3) int32
        self.hand_mean = arrays.hand_mean  # (2, 15, 3) axis-angle, left and right
        self._template = planar(arrays.template)  # (3 * V,)
        self._shape_directions = planar(arrays.shape_directions)  # (20, 3 * V)
        self._correctives = PoseCorrectives(arrays.pose_directions)
        self._weights = np.ascontiguousarray(arrays.weights.T, np.float32)  # (55, V)
        self._joint_template = arrays.regressor @ arrays.template  # (55, 3)
        self._joint_directions = np.tensordot(arrays.regressor, arrays.shape_directions, 1)  # (55, 3, 20)
        points = arrays.vertex_points
        self._rest_points = np.concatenate((self._joint_template, arrays.template[points]))  # (76, 3)
        self._point_directions = np.concatenate((self._joint_directions, arrays.shape_directions[points]))
        self._parents = arrays.parents
        self._below = arrays.parents[1:].tolist()  # parents of all joints but the root
        self._ancestry = ancestry(arrays.parents).astype(np.float64)  # (55, 55)
        self._vertex_points = arrays.vertex_points
        faces = arrays.faces.astype(np.int64)
        self._landmarks = _Barycentric(faces[arrays.landmark_faces], arrays.landmark_weights)
        self._contours = _Barycentric(faces[arrays.contour_faces], arrays.contour_weights)
        self._head_chain = _chain(arrays.parents, _HEAD_CHAIN_FROM)
        self._outline = _Outline.of(arrays)

    @classmethod
    def load(cls, path: Path) -> SmplxBody:
        """Read a body in SMPL-X's layout from .npz or .pkl. SMPL-X is named after its file, others after their space.

        Raises BodyFileError or FileNotFoundError with one sentence.
        """
        arrays = read_body_file(path)
        return cls(arrays, path.stem if arrays.shape_space == SMPLX_SHAPE_SPACE else arrays.shape_space)

    @property
    def vertex_count(self) -> int:
        return int(self._weights.shape[1])

    def forward(
        self, rotations: Array, betas: Array, expression: Array, translation_m: Array | None = None
    ) -> BodyMesh:
        """Pose the body.

        rotations: (55, 3, 3), each relative to its parent, in the order of `joints.SMPLX_JOINTS`. betas, expression:
        (10,). translation_m: (3,), added to everything. Linear blend skinning with shape, expression and pose
        correctives, equations 6 to 10 of the paper; the contour follows the head's turn, as in the authors' code.
        """
        rotations = np.asarray(rotations, np.float64)
        coefficients = np.concatenate((betas, expression)).astype(np.float64)  # (20,)

        joints = self._joint_template + self._joint_directions @ coefficients  # (55, 3)
        world, origins = self._placed(rotations, joints)

        shaped = self._template + coefficients.astype(np.float32) @ self._shape_directions
        self._correctives.add_to(shaped, rotations)
        vertices = self._skinned(shaped.reshape(3, -1), world, origins - np.einsum("jab,jb->ja", world, joints))

        points = (
            origins,
            vertices[self._vertex_points],
            self._landmarks.on(vertices),
            self._contours[self._contour_row(rotations)].on(vertices),
        )
        mesh = BodyMesh(vertices, np.concatenate(points).astype(np.float32))
        return mesh if translation_m is None else mesh.moved(translation_m)

    def skeleton(self, rotations: Array, coefficients: Array) -> Array:
        """Joints (K, 55, 3) in metres of K shapes in one pose (55, 3, 3), without a mesh. coefficients: (K, 20)."""
        joints = self._joint_template + np.moveaxis(self._joint_directions @ coefficients.T, -1, 0)  # (K, 55, 3)
        return self._placed(np.asarray(rotations, np.float64), joints)[1]

    def outline(self, rotations: Array, coefficients: Array) -> Array:
        """Some of the vertices (P, 3) in metres, without pose correctives: where the body ends, to a centimetre or so,
        in a fraction of the time. rotations: (55, 3, 3). coefficients: (20,)."""
        joints = self._joint_template + self._joint_directions @ coefficients
        world, origins = self._placed(np.asarray(rotations, np.float64), joints)
        return self._outline.skinned(coefficients, world, origins - np.einsum("jab,jb->ja", world, joints))

    @property
    def parents(self) -> NDArray[np.int64]:
        """(55,) the joint that each hangs from, -1 for the root."""
        return self._parents

    def rest_points(self, betas: Array) -> Array:
        """(76, 3) metres, model axes: joints and vertex points, the first of `joints.SMPLX_POINTS`, of a shape (10,) in
        the rest pose."""
        return np.asarray(self._rest_points + self._point_directions[..., : len(betas)] @ betas)

    @property
    def pelvis_template(self) -> Array:
        """(3,) metres: where the root joint of the mean shape is at rest, the point the root rotates about."""
        return np.asarray(self._joint_template[0])

    @property
    def pelvis_directions(self) -> Array:
        """(3, 20) metres for each coefficient of shape, then of expression."""
        return np.asarray(self._joint_directions[0])

    def _placed(self, rotations: Array, joints: Array) -> tuple[Array, Array]:
        """Rotations (55, 3, 3) and origins (..., 55, 3) of joints (..., 55, 3), down the tree.

        A joint's origin is the sum of the turned bones above it. Small products one by one cost NumPy less than
        gathering those of a level.
        """
        chain = [rotations[0]]
        for parent, rotation in zip(self._below, rotations[1:], strict=True):
            chain.append(chain[parent].dot(rotation))
        world = np.array(chain)
        bones = joints.copy()
        bones[..., 1:, :] -= joints[..., self._below, :]
        turned = bones[..., None, :] @ world[self._parents].swapaxes(-1, -2)  # (..., 55, 1, 3)
        turned[..., 0, 0, :] = joints[..., 0, :]
        return world, self._ancestry @ turned[..., 0, :]

    def _skinned(self, shaped: Floats, world: Array, shift: Array) -> Floats:
        """shaped (3, V), world (55, 3, 3), shift (55, 3) -> (V, 3)."""
        transforms = np.concatenate((world, shift[:, :, None]), 2).reshape(len(world), 12)
        blended = transforms.T.astype(np.float32) @ self._weights  # (12, V)
        x, y, z = shaped
        out = np.empty((shaped.shape[1], 3), np.float32)
        for axis in range(3):
            bx, by, bz, b1 = blended[4 * axis : 4 * axis + 4]
            out[:, axis] = bx * x + by * y + bz * z + b1
        return out

    def _contour_row(self, rotations: Array) -> int:
        """Row of the contour table for the head's turn about the vertical: degrees, 0..39 one way, 40..78 the other."""
        head = np.eye(3)
        for joint in self._head_chain:
            head = rotations[joint] @ head
        turn = -np.degrees(np.arctan2(-head[2, 0], np.hypot(head[0, 0], head[1, 0])))
        degrees = int(np.rint(np.clip(turn, -_CONTOUR_LIMIT_DEG, _CONTOUR_LIMIT_DEG)))
        return degrees if degrees >= 0 else _CONTOUR_LIMIT_DEG - degrees


def ancestry(parents: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(J, J): whether the second joint is the first or above it. parents (J,): each before its children."""
    above = np.eye(len(parents), dtype=bool)
    for joint in range(1, len(parents)):
        above[joint] |= above[parents[joint]]
    return above


def _chain(parents: NDArray[np.int64], joint: int) -> list[int]:
    """The joint and its ancestors, root last."""
    chain = []
    while joint >= 0:
        chain.append(joint)
        joint = int(parents[joint])
    return chain
