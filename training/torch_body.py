"""The body in PyTorch, batched and differentiable, on any device: for drawing people and for losses on meshes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS


class TorchBody(nn.Module):
    """What `models.smplx_body.SmplxBody` computes, without landmarks: float32, N people at once."""

    def __init__(self, arrays: BodyArrays) -> None:
        super().__init__()
        self.parents = arrays.parents.tolist()
        joint_directions = np.einsum("jv,vck->kjc", arrays.regressor, arrays.shape_directions)
        active = np.flatnonzero(np.abs(arrays.pose_directions).reshape(-1, arrays.pose_directions.shape[2]).max(0))
        constants = {
            "template": arrays.template,
            "directions": arrays.shape_directions.reshape(-1, arrays.shape_directions.shape[2]).T,  # (20, 3V)
            "pose_directions": arrays.pose_directions[:, :, active].reshape(-1, len(active)).T,  # (A, 3V)
            "weights": arrays.weights,
            "joint_template": arrays.regressor @ arrays.template,
            "joint_directions": joint_directions,
        }
        for name, value in constants.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(value, np.float32)), persistent=False)
        self.register_buffer("active", torch.from_numpy(active), persistent=False)
        self.register_buffer("faces", torch.from_numpy(arrays.faces), persistent=False)

    template: Tensor
    directions: Tensor
    pose_directions: Tensor
    weights: Tensor
    joint_template: Tensor
    joint_directions: Tensor
    active: Tensor
    faces: Tensor

    def joints(self, rotations: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """rotations (N, 55, 3, 3), coefficients (N, 20) of shape and expression -> joints at rest (N, 55, 3), world
        rotations (N, 55, 3, 3) and joints (N, 55, 3)."""
        rest = self.joint_template + torch.einsum("nk,kjc->njc", coefficients, self.joint_directions)
        world: list[Tensor] = [rotations[:, 0]]
        places: list[Tensor] = [rest[:, 0]]
        for joint, parent in enumerate(self.parents[1:], 1):
            world.append(world[parent] @ rotations[:, joint])
            places.append(places[parent] + (world[parent] @ (rest[:, joint] - rest[:, parent])[..., None])[..., 0])
        return rest, torch.stack(world, 1), torch.stack(places, 1)

    def forward(self, rotations: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same -> vertices (N, V, 3), joints (N, 55, 3), shaped vertices at rest (N, V, 3)."""
        count = len(rotations)
        rest, world, places = self.joints(rotations, coefficients)
        shaped = self.template.reshape(-1) + coefficients @ self.directions  # (N, 3V)
        feature = (rotations[:, 1:] - torch.eye(3, device=rotations.device)).reshape(count, -1)
        corrected = (shaped + feature[:, self.active] @ self.pose_directions).view(count, -1, 3)
        shift = places - (world @ rest[..., None])[..., 0]
        transforms = torch.cat((world, shift[..., None]), -1).view(count, len(SMPLX_JOINTS), 12)
        blended = (self.weights @ transforms).view(count, -1, 3, 4)
        vertices = (blended[..., :3] @ corrected[..., None])[..., 0] + blended[..., 3]
        return vertices, places, shaped.view(count, -1, 3)

