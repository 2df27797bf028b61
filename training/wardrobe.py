"""The open body with what hangs from it: a skirt and long hair as tubes, always in the mesh, shrunk to nothing when not
worn. What each vertex carries for drawing."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from training.garments import HANGING_HAIR, SKIRT, push_out
from training.looks import HANGS_FROM, Looks
from training.parts import (
    face_vertices,
    hand_vertices,
    landmarks_at_rest,
    part_of_hand_vertices,
    part_of_vertices,
)
from training.proportions import HEAD
from training.shading import Surface
from training.torch_body import TorchBody

_AROUND, _DOWN = 24, 8  # vertices of a tube
_TUBE = _AROUND * _DOWN
_SKIRT_TOP_M = -0.30
_HAIR_TOP_M = 0.36
_HAIR_M, _LONG_HAIR_M = 0.25, 0.42
_BROWS = slice(0, 10)
_LIPS = slice(31, 43)
_ON_EYE_M = 4e-3
_LIPS_BEHIND_M = 0.012  # how far lips reach back from the backmost point of their outline


class Wardrobe(nn.Module):
    """Dressed people: vertices in model axes and, once, what vertices carry. The body's V vertices come first, then the
    skirt's and the hair's."""

    faces: Tensor  # (F, 3) int32, of body and tubes
    attributes: Tensor  # (V + tubes, 8), see `surface`
    brow_points: Tensor  # (10, 3) at rest
    hands: Tensor  # (2, V) bool, left first
    face: Tensor  # (V,) bool
    part: Tensor  # (V,) see `parts.part_of_vertices`
    hand_part: Tensor  # (2, V) see `parts.part_of_hand_vertices`
    landmark_corners: Tensor  # (51, 3) vertices
    landmark_weights: Tensor  # (51, 3) of them
    points: Tensor  # (21,) the vertices that are points of `joints.SMPLX_POINTS`

    def __init__(self, arrays: BodyArrays) -> None:
        super().__init__()
        self.body = TorchBody(arrays)
        self._count = len(arrays.template)
        skirt, hair = _tube_faces(closed=True) + self._count, _tube_faces(closed=False) + self._count + _TUBE
        constants = {
            "faces": np.concatenate((arrays.faces, skirt, hair)).astype(np.int32),
            "attributes": _attributes(arrays),
            "brow_points": landmarks_at_rest(arrays)[_BROWS].astype(np.float32),
            "hands": hand_vertices(arrays),
            "face": face_vertices(arrays),
            "part": part_of_vertices(arrays),
            "hand_part": part_of_hand_vertices(arrays),
            "landmark_corners": arrays.faces[arrays.landmark_faces],
            "landmark_weights": arrays.landmark_weights.astype(np.float32),
            "points": arrays.vertex_points,
        }
        for name, value in constants.items():
            self.register_buffer(name, torch.from_numpy(value), persistent=False)

    def forward(self, rotations: Tensor, coefficients: Tensor, look: Looks) -> tuple[Tensor, Tensor, Tensor]:
        """Dressed (N, V + tubes, 3), bare (N, V, 3), joints (N, 55, 3), of what `TorchBody` takes and N looks."""
        bare, joints = self.body(rotations, coefficients)
        normals = vertex_normals(bare, self.body.faces)
        stand_off = push_out(look, self.attributes[None, : self._count, :3])  # (N, V)
        dressed = bare + normals * stand_off[..., None]
        tubes = (self._skirt(rotations, coefficients, look), self._hair(rotations, coefficients, look))
        return torch.cat((dressed, *tubes), 1), bare, joints

    def all_points(self, bare: Tensor, joints: Tensor) -> Tensor:
        """(N, 76, 3): the joints and vertex points, the first of `joints.SMPLX_POINTS`."""
        return torch.cat((joints, bare[:, self.points]), 1)

    def landmarks(self, bare: Tensor) -> Tensor:
        """(N, 51, 3): the face's."""
        return (bare[:, self.landmark_corners] * self.landmark_weights[..., None]).sum(2)

    def surface(self, corners: Tensor, weights: Tensor) -> Surface:
        """What P pixels show whose faces have these corners (P, 3) and weights of them (P, 3)."""
        return surface_of(self.attributes, corners, weights)

    def _skirt(self, rotations: Tensor, coefficients: Tensor, look: Looks) -> Tensor:
        """(N, P, 3), a cone that follows pelvis and thighs."""
        on, hem, flare = look["skirt"].unbind(-1)
        share = torch.linspace(0, 1, _DOWN, device=on.device)[None, :, None]
        angle = torch.linspace(0, 2 * np.pi, _AROUND + 1, device=on.device)[:-1][None, None]
        wide = 0.165 + share * (0.03 + flare[:, None, None])  # (N, _DOWN, 1)
        x = wide * angle.cos() * 1.05
        z = 0.02 + wide * 0.85 * angle.sin()
        y = (_SKIRT_TOP_M + share * (hem[:, None, None] - _SKIRT_TOP_M)).expand_as(x)
        left = torch.sigmoid(x / 0.05).flatten(1)
        leg = (share.expand_as(x).flatten(1) * 1.4).clamp(0, 0.92)
        weights = {"pelvis": 1 - leg, "left_hip": leg * left, "right_hip": leg * (1 - left)}
        place = torch.stack((x, y, z), -1).flatten(1, 2)
        return self._hung(rotations, coefficients, place, weights, on)

    def _hair(self, rotations: Tensor, coefficients: Tensor, look: Looks) -> Tensor:
        """(N, P, 3), half a tube behind the head or more that follows head and back."""
        kind, out = look["hair_kind"][:, 0], look["thickness"][:, 2, None, None]
        on = (kind >= HANGS_FROM).float()
        length = torch.where(kind > HANGS_FROM, _LONG_HAIR_M, _HAIR_M)
        share = torch.linspace(0, 1, _DOWN, device=on.device)[None, :, None]
        forward = look["hair_front"][:, None]
        around = torch.linspace(0, 1, _AROUND, device=on.device)[None, None]
        angle = np.pi * 0.98 - forward + around * (np.pi * 1.03 + 2 * forward)
        wide = 0.086 + 0.5 * out + 0.02 * torch.sin(share * np.pi)  # (N, _DOWN, 1)
        x = wide * angle.cos()
        z = 0.035 + (wide + 0.03) * angle.sin()
        y = (_HAIR_TOP_M - share * length[:, None, None]).expand_as(x)
        low = (share.expand_as(x).flatten(1) * 1.3 - 0.5).clamp(0, 0.8)
        place = torch.stack((x, y, z), -1).flatten(1, 2)
        if coefficients.shape[1] > HEAD:
            head = self.body.joint_template[SMPLX_JOINTS.index("head")]
            place = head + (1 + coefficients[:, None, HEAD, None]) * (place - head)
        return self._hung(rotations, coefficients, place, {"head": 1 - low, "spine3": low}, on)

    def _hung(
        self, rotations: Tensor, coefficients: Tensor, place: Tensor, weights: dict[str, Tensor], on: Tensor
    ) -> Tensor:
        """Places at rest (N, P, 3), skinned by weights (N, P) of joints; all at the pelvis where on (N,) is 0."""
        rest, world, joints = self.body.joints(rotations, coefficients)
        moved = torch.zeros_like(place)
        for name, weight in weights.items():
            j = SMPLX_JOINTS.index(name)
            shaped = place + (rest[:, j] - self.body.joint_template[j])[:, None]  # follows the body's shape
            moved = moved + weight[..., None] * ((shaped - rest[:, j : j + 1]) @ world[:, j].mT + joints[:, j : j + 1])
        return torch.where(on[:, None, None] > 0, moved, joints[:, :1])


def surface_of(attributes: Tensor, corners: Tensor, weights: Tensor) -> Surface:
    """The same, of vertices that carry attributes (V, 8)."""
    carried = (attributes[corners] * weights[..., None]).sum(1)  # (P, 8)
    eye = carried[:, 3:6]
    # Where a face joins an eyeball to a lid, what is carried fades to nothing and has no direction to read.
    eye = torch.where((eye.abs().sum(-1) > _ON_EYE_M)[:, None], eye, torch.zeros_like(eye))
    return Surface(carried[:, :3], eye, carried[:, 6], carried[:, 7].round())


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(N, V, 3) of unit length: the mean of the faces around each vertex, by area."""
    corners = faces.long()
    a, b, c = (vertices[:, corners[:, k]] for k in range(3))
    of_face = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(vertices)
    for k in range(3):
        normals.index_add_(1, corners[:, k], of_face)
    return torch.nn.functional.normalize(normals, dim=-1)


def _tube_faces(*, closed: bool) -> NDArray[np.int64]:
    """(F, 3) indices into a tube's vertices, rows from the top down."""
    faces = []
    for row in range(_DOWN - 1):
        for column in range(_AROUND if closed else _AROUND - 1):
            a, b = row * _AROUND + column, row * _AROUND + (column + 1) % _AROUND
            faces += [(a, b, a + _AROUND), (b, b + _AROUND, a + _AROUND)]
    return np.array(faces)


def _attributes(arrays: BodyArrays) -> NDArray[np.float32]:
    """(V + tubes, 8): place at rest, place on the eyeball (0 elsewhere), lips, material."""
    template, count = arrays.template, len(arrays.template)
    joints = arrays.regressor @ template
    table = np.zeros((count + 2 * _TUBE, 8), np.float32)
    body, skirt, hair = table[:count], table[count : count + _TUBE], table[count + _TUBE :]
    body[:, :3] = template
    for joint in (SMPLX_JOINTS.index("left_eye_smplhf"), SMPLX_JOINTS.index("right_eye_smplhf")):
        on = arrays.weights[:, joint] > 0.5
        body[on, 3:6] = template[on] - joints[joint]
    body[:, 6] = _lips(arrays)
    skirt[:, 7], hair[:, 7] = SKIRT, HANGING_HAIR
    # Tubes have a place at rest too, for their patterns.
    share = np.repeat(np.linspace(0, 1, _DOWN), _AROUND)
    angle = np.tile(np.linspace(0, 2 * np.pi, _AROUND), _DOWN)
    skirt[:, :3] = np.stack((0.2 * np.cos(angle), -0.3 - 0.6 * share, 0.2 * np.sin(angle)), 1)
    hair[:, :3] = skirt[:, :3] * 0.5 + np.array((0, 0.5, 0))
    return table


def _lips(arrays: BodyArrays) -> NDArray[np.bool_]:
    """(V,): inside the outline of the lips as seen from the front, and not behind it."""
    outline = landmarks_at_rest(arrays)[_LIPS]
    shallow = arrays.template[:, 2] > outline[:, 2].min() - _LIPS_BEHIND_M
    return np.asarray(_in_polygon(arrays.template[:, :2], outline[:, :2]) & shallow)


def _in_polygon(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points (P, 2) lie in a polygon (K, 2): a line from there crosses its border an odd number of times."""
    inside = np.zeros(len(points), bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        crosses = (y1 > points[:, 1]) != (y2 > points[:, 1])
        at = (x2 - x1) * (points[:, 1] - y1) / np.where(y2 == y1, 1e-12, y2 - y1) + x1
        inside ^= crosses & (points[:, 0] < at)
    return inside
