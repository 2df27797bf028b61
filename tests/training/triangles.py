"""Triangles to draw."""

from __future__ import annotations

import torch
from torch import Tensor

from training.raster import Visibility

NEAR_M = 0.1


def mesh_of(*triangles: list[tuple[float, float, float]]) -> tuple[Tensor, Tensor]:
    """Triangles that share no vertices: (1, 3 F, 3), (F, 3)."""
    vertices = torch.tensor(triangles, dtype=torch.float32).view(1, -1, 3)
    return vertices, torch.arange(3 * len(triangles), dtype=torch.int32).view(-1, 3)


def flat(*corners: tuple[float, float], depth: float = 2.0) -> list[tuple[float, float, float]]:
    return [(x, y, depth) for x, y in corners]


def random_scene(seed: int, batch: int = 1, count: int = 40, size: float = 30.0) -> tuple[Tensor, Tensor]:
    """Triangles of all sizes that cross each other and the picture's border, some of them nearer than NEAR_M."""
    random = torch.Generator().manual_seed(seed)
    random_centre = torch.rand((batch, count, 1, 3), generator=random)
    centre = random_centre * torch.tensor([70.0, 50.0, 4.0]) - torch.tensor([3.0, 1.0, 0.5])
    corners = torch.randn((batch, count, 3, 3), generator=random) * torch.tensor([size, size, 0.8])
    scale = torch.rand((batch, count, 1, 1), generator=random) ** 2
    vertices = (centre + corners * scale).reshape(batch, -1, 3)
    return vertices, torch.arange(3 * count, dtype=torch.int32).view(-1, 3)


def same_picture(one: Visibility, other: Visibility) -> bool:
    return (
        torch.equal(one.face, other.face)
        and torch.equal(one.barycentric, other.barycentric)
        and torch.equal(one.depth, other.depth)
    )
