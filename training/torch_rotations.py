"""Rotations in PyTorch, batched and differentiable, any leading shape; see `models.rotations` for 6D."""

from __future__ import annotations

import torch
from torch import Tensor

# Cosines between which an angle is read from a matrix: outside them its gradient has no bound.
_LEAST_COSINE, _MOST_COSINE = -0.999, 0.9999
_TINY = 1e-6


def from_rot6d(rot6d: Tensor) -> Tensor:
    """(..., 6) -> (..., 3, 3) float32, orthonormal unless the two columns are zero or parallel."""
    columns = rot6d.float().reshape(*rot6d.shape[:-1], 3, 2)
    a = torch.nn.functional.normalize(columns[..., 0], dim=-1)
    b = columns[..., 1] - (a * columns[..., 1]).sum(-1, keepdim=True) * a
    b = torch.nn.functional.normalize(b, dim=-1)
    return torch.stack((a, b, torch.linalg.cross(a, b)), -1)


def mirrored(rotations: Tensor) -> Tensor:
    """Those of the other side: (..., 3, 3), M R M with M = diag(-1, 1, 1)."""
    return rotations * rotations.new_tensor(((1.0, -1.0, -1.0), (-1.0, 1.0, 1.0), (-1.0, 1.0, 1.0)))


def log(rotations: Tensor) -> Tensor:
    """(..., 3, 3) -> axis-angle (..., 3) in radians, for turns well under pi, as fingers'."""
    skew = torch.stack(
        (
            rotations[..., 2, 1] - rotations[..., 1, 2],
            rotations[..., 0, 2] - rotations[..., 2, 0],
            rotations[..., 1, 0] - rotations[..., 0, 1],
        ),
        -1,
    )
    trace = rotations.diagonal(dim1=-2, dim2=-1).sum(-1)
    angle = torch.acos(((trace - 1) / 2).clamp(_LEAST_COSINE, _MOST_COSINE))
    return skew * (0.5 * angle / torch.sin(angle))[..., None]


def exp(vectors: Tensor) -> Tensor:
    """Rodrigues' formula: axis-angle (..., 3) in radians -> (..., 3, 3)."""
    angle = vectors.norm(dim=-1).clamp(min=_TINY)[..., None, None]
    x, y, z = (vectors / angle[..., 0]).unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), -1).reshape(*vectors.shape[:-1], 3, 3)
    rotation: Tensor = torch.eye(3, device=vectors.device) + angle.sin() * skew + (1 - angle.cos()) * skew @ skew
    return rotation
