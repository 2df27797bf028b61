"""The open body with what hangs from it: a skirt and long hair as tubes, always in the mesh, shrunk to nothing when not
worn. What each vertex carries for drawing."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS, SMPLX_POINTS
from training.looks import Looks, push_out
from training.torch_body import TorchBody

_AROUND, _DOWN = 24, 8
_SKIRT_TOP = -0.30
_HAIR_TOP = 0.36


class Wardrobe(nn.Module):
    """Dressed people: vertices in model axes and, once, attributes of vertices."""

    faces: Tensor
    attributes: Tensor
    brows: Tensor
    hands: Tensor
    face_part: Tensor
    points: Tensor

    def __init__(self, arrays: BodyArrays) -> None:
        super().__init__()
        self.body = TorchBody(arrays)
        template = arrays.template
        skirt_faces = _tube_faces(closed=True) + len(template)
        hair_faces = _tube_faces(closed=False) + len(template) + _AROUND * _DOWN
        faces = np.concatenate((arrays.faces, skirt_faces, hair_faces))
        self.register_buffer("faces", torch.from_numpy(faces.astype(np.int32)), persistent=False)
        self.register_buffer("attributes", _attributes(arrays), persistent=False)
        landmarks = (template[arrays.faces[arrays.landmark_faces]] * arrays.landmark_weights[..., None]).sum(1)
        self.register_buffer("brows", torch.from_numpy(landmarks[:10].astype(np.float32)), persistent=False)
        weights = torch.from_numpy(arrays.weights)
        hands = [weights[:, 20] + weights[:, 25:40].sum(1) > 0.5, weights[:, 21] + weights[:, 40:55].sum(1) > 0.5]
        self.register_buffer("hands", torch.stack(hands), persistent=False)  # (2, V)
        head = weights[:, [15, 22, 23, 24]].sum(1) > 0.5
        front = torch.from_numpy((template[:, 2] > landmarks[:, 2].mean() - 0.06) & (template[:, 1] < 0.345))
        self.register_buffer("face_part", head & front, persistent=False)  # (V,)
        self.register_buffer("points", torch.from_numpy(arrays.vertex_points), persistent=False)
        self.count = len(template)

    def forward(self, rotations: Tensor, coefficients: Tensor, look: Looks) -> tuple[Tensor, Tensor, Tensor]:
        """rotations (N, 55, 3, 3), coefficients (N, 20) -> dressed (N, V + tubes, 3), bare (N, V, 3), joints (N, 55, 3)."""
        bare, joints, _ = self.body(rotations, coefficients)
        normals = vertex_normals(bare, self.body.faces)
        rest = self.attributes[: self.count, :3][None]
        dressed = bare + normals * push_out(look, rest)[..., None]
        tubes = [self._skirt(rotations, coefficients, look), self._hair(rotations, coefficients, look)]
        return torch.cat((dressed, *tubes), 1), bare, joints

    def all_points(self, bare: Tensor, joints: Tensor) -> Tensor:
        """(N, 76, 3): the joints and vertex points of `models.joints.SMPLX_POINTS`."""
        return torch.cat((joints, bare[:, self.points]), 1)

    def _skirt(self, rotations: Tensor, coefficients: Tensor, look: Looks) -> Tensor:
        on, hem, flare = look["skirt"].unbind(-1)
        share = torch.linspace(0, 1, _DOWN, device=on.device)[None, :, None]
        angle = torch.linspace(0, 2 * np.pi, _AROUND + 1, device=on.device)[:-1][None, None]
        wide = 0.165 + 0.02 * coefficients[:, 1:2, None].abs() * 0 + share * (0.03 + flare[:, None, None])
        x = wide * angle.cos() * 1.05
        z = 0.02 + wide * 0.85 * angle.sin()
        y = (_SKIRT_TOP + share * (hem[:, None, None] - _SKIRT_TOP)).expand_as(x)
        place = torch.stack((x, y, z), -1).flatten(1, 2)  # (N, P, 3)
        left = torch.sigmoid(x / 0.05).flatten(1)
        leg = (share.expand_as(x).flatten(1) * 1.4).clamp(0, 0.92)
        weights = {"pelvis": 1 - leg, "left_hip": leg * left, "right_hip": leg * (1 - left)}
        return self._hung(rotations, coefficients, place, weights, on)

    def _hair(self, rotations: Tensor, coefficients: Tensor, look: Looks) -> Tensor:
        on = (look["hair_kind"][:, 0] >= 2).float()
        length = torch.where(look["hair_kind"][:, 0] >= 3, 0.42, 0.25)
        share = torch.linspace(0, 1, _DOWN, device=on.device)[None, :, None]
        angle = torch.linspace(np.pi * 0.98, 2 * np.pi * 1.01, _AROUND, device=on.device)[None, None]
        out = look["thickness"][:, 2, None, None]
        wide = 0.086 + 0.5 * out + 0.02 * torch.sin(share * np.pi)
        x = wide * angle.cos() * 1.0 + 0 * share
        z = 0.035 + (wide + 0.03) * angle.sin() + 0 * share
        y = (_HAIR_TOP - share * length[:, None, None]).expand_as(x)
        place = torch.stack((x, y, z), -1).flatten(1, 2)
        low = (share.expand_as(x).flatten(1) * 1.3 - 0.5).clamp(0, 0.8)
        return self._hung(rotations, coefficients, place, {"head": 1 - low, "spine3": low}, on)

    def _hung(
        self, rotations: Tensor, coefficients: Tensor, place: Tensor, weights: dict[str, Tensor], on: Tensor
    ) -> Tensor:
        """Places at rest (N, P, 3), skinned; all at the pelvis where not worn."""
        rest, world, joints = self.body.joints(rotations, coefficients)
        moved = torch.zeros_like(place)
        for name, weight in weights.items():
            j = SMPLX_JOINTS.index(name)
            scaled = place + (rest[:, j] - self.body.joint_template[j])[:, None]  # follows the body's shape
            moved = moved + weight[..., None] * ((scaled - rest[:, j : j + 1]) @ world[:, j].mT + joints[:, j : j + 1])
        return torch.where(on[:, None, None] > 0, moved, joints[:, :1])


def _tube_faces(*, closed: bool) -> np.ndarray:
    faces = []
    for row in range(_DOWN - 1):
        for column in range(_AROUND if closed else _AROUND - 1):
            a, b = row * _AROUND + column, row * _AROUND + (column + 1) % _AROUND
            faces += [(a, b, a + _AROUND), (b, b + _AROUND, a + _AROUND)]
    return np.array(faces)


def _attributes(arrays: BodyArrays) -> Tensor:
    """(V + tubes, 8): place at rest, place on the eyeball (0 elsewhere), lips, material."""
    template = arrays.template
    joints = arrays.regressor @ template
    table = np.zeros((len(template) + 2 * _AROUND * _DOWN, 8))
    table[: len(template), :3] = template
    for joint in (SMPLX_JOINTS.index("left_eye_smplhf"), SMPLX_JOINTS.index("right_eye_smplhf")):
        on = np.append(arrays.weights[:, joint] > 0.5, np.zeros(len(table) - len(template), bool))
        table[on, 3:6] = table[on, :3] - joints[joint]
    landmarks = (template[arrays.faces[arrays.landmark_faces]] * arrays.landmark_weights[..., None]).sum(1)
    outline = landmarks[31:43]
    table[: len(template), 6] = _in_polygon(template[:, :2], outline[:, :2]) & (
        template[:, 2] > outline[:, 2].min() - 0.012
    )
    first = len(template)
    table[first : first + _AROUND * _DOWN, 7] = 1
    table[first + _AROUND * _DOWN :, 7] = 2
    # Tubes carry a place at rest too, for their patterns.
    share = np.repeat(np.linspace(0, 1, _DOWN), _AROUND)
    angle = np.tile(np.linspace(0, 2 * np.pi, _AROUND), _DOWN)
    ring = np.stack((0.2 * np.cos(angle), -0.3 - 0.6 * share, 0.2 * np.sin(angle)), 1)
    table[first : first + _AROUND * _DOWN, :3] = ring
    table[first + _AROUND * _DOWN :, :3] = ring * (0.5, 0.5, 0.5) + (0, 0.5, 0)
    return torch.from_numpy(table.astype(np.float32))


def _in_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    inside = np.zeros(len(points), bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        crosses = (y1 > points[:, 1]) != (y2 > points[:, 1])
        at = (x2 - x1) * (points[:, 1] - y1) / np.where(y2 == y1, 1e-12, y2 - y1) + x1
        inside ^= crosses & (points[:, 0] < at)
    return inside


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(N, V, 3) unit normals."""
    corners = faces.long()
    a, b, c = (vertices[:, corners[:, k]] for k in range(3))
    of_face = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(vertices)
    for k in range(3):
        normals.index_add_(1, corners[:, k], of_face)
    return torch.nn.functional.normalize(normals, dim=-1)


POINTS = SMPLX_POINTS[:76]
