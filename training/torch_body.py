"""The body in PyTorch, batched and differentiable, on any device: for drawing people and for losses on meshes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.body_file import BodyArrays


class TorchBody(nn.Module):
    """What `models.smplx_body.SmplxBody` computes, without landmarks: float32, N people at once.

    Rotations are (N, 55, 3, 3), each relative to its parent; coefficients (N, 20) are 10 of shape, 10 of expression;
    of arrays with proportions (`training.proportions`) (N, 23).
    """

    template: Tensor  # (V, 3)
    directions: Tensor  # (20, 3V)
    pose_directions: Tensor  # (A, 3V): only those that move anything
    weights: Tensor  # (V, 55)
    joint_template: Tensor  # (55, 3)
    joint_directions: Tensor  # (20, 55, 3)
    active: Tensor  # (A,) which of the 486
    faces: Tensor  # (F, 3) int32

    def __init__(self, arrays: BodyArrays) -> None:
        super().__init__()
        self._parents = arrays.parents.tolist()
        joint_directions = np.einsum("jv,vck->kjc", arrays.regressor, arrays.shape_directions)
        active = np.flatnonzero(np.abs(arrays.pose_directions).reshape(-1, arrays.pose_directions.shape[2]).max(0))
        constants = {
            "template": arrays.template,
            "directions": arrays.shape_directions.reshape(-1, arrays.shape_directions.shape[2]).T,
            "pose_directions": arrays.pose_directions[:, :, active].reshape(-1, len(active)).T,
            "weights": arrays.weights,
            "joint_template": arrays.regressor @ arrays.template,
            "joint_directions": joint_directions,
        }
        for name, value in constants.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(value, np.float32)), persistent=False)
        self.register_buffer("active", torch.from_numpy(active), persistent=False)
        self.register_buffer("faces", torch.from_numpy(arrays.faces), persistent=False)

    def joints(self, rotations: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Joints at rest (N, 55, 3), world rotations (N, 55, 3, 3) and joints (N, 55, 3), the root as at rest."""
        rest = self.joint_template + torch.einsum("nk,kjc->njc", coefficients, self.joint_directions)
        world: list[Tensor] = [rotations[:, 0]]
        places: list[Tensor] = [rest[:, 0]]
        for joint, parent in enumerate(self._parents[1:], 1):
            world.append(world[parent] @ rotations[:, joint])
            places.append(places[parent] + (world[parent] @ (rest[:, joint] - rest[:, parent])[..., None])[..., 0])
        return rest, torch.stack(world, 1), torch.stack(places, 1)

    def forward(self, rotations: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        """Vertices (N, V, 3) and joints (N, 55, 3) in metres. Linear blend skinning, as in `SmplxBody.forward`."""
        count = len(rotations)
        rest, world, places = self.joints(rotations, coefficients)
        shaped = self.template.reshape(-1) + coefficients @ self.directions  # (N, 3V)
        feature = (rotations[:, 1:] - torch.eye(3, device=rotations.device)).reshape(count, -1)
        corrected = (shaped + feature[:, self.active] @ self.pose_directions).view(count, -1, 3)
        return blended(self.weights, _from_rest(rest, world, places), corrected), places

    def transforms(self, rotations: Tensor, coefficients: Tensor) -> Tensor:
        """(N, 55, 3, 4): what takes places at rest along with each joint."""
        return _from_rest(*self.joints(rotations, coefficients))


def blended(weights: Tensor, transforms: Tensor, places: Tensor) -> Tensor:
    """Places at rest (N, P, 3), moved by transforms (N, 55, 3, 4) with weights (P, 55): linear blend skinning."""
    mixed = (weights @ transforms.flatten(2)).view(*places.shape, 4)
    moved: Tensor = (mixed[..., :3] @ places[..., None])[..., 0] + mixed[..., 3]
    return moved


def _from_rest(rest: Tensor, world: Tensor, places: Tensor) -> Tensor:
    shift = places - (world @ rest[..., None])[..., 0]
    return torch.cat((world, shift[..., None]), -1)
