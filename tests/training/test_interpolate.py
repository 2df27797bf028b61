"""Values of the vertices shared out over the picture, and their gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.training.triangles import NEAR_M, random_scene
from training.raster import interpolate, rasterise


def test_interpolate_shares_values_and_passes_gradients() -> None:
    vertices, faces = random_scene(seed=3, batch=3)
    seen = rasterise(vertices, faces, (64, 48), NEAR_M)
    values = torch.randn(3, vertices.shape[1], 4, requires_grad=True)
    image = interpolate(values, faces, seen)
    assert (image[seen.face < 0] == 0).all()
    b, y, x = 2, *(seen.face[2] >= 0).nonzero()[100].tolist()
    corners = faces[seen.face[b, y, x]].long()
    torch.testing.assert_close(image[b, y, x], seen.barycentric[b, y, x] @ values[b, corners])
    shared = interpolate(values[1:2], faces, seen)
    torch.testing.assert_close(shared[1], image[1])
    torch.testing.assert_close(shared, interpolate(values[1:2].expand(3, -1, -1), faces, seen))
    image.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    torch.testing.assert_close(values.grad[..., 0].sum(1), (seen.face >= 0).sum((1, 2)).float())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.ones(2, 3, 1), r"values: expected floats \(1 or 3, V, C\), got torch.float32 \(2, 3, 1\)"),
        (torch.ones(3, 3), r"values: .* got torch.float32 \(3, 3\)"),
        (torch.ones(1, 3, 1, dtype=torch.uint8), r"values: .* got torch.uint8 \(1, 3, 1\)"),
    ],
)
def test_interpolate_refuses_wrong_values(values: Tensor, message: str) -> None:
    faces = torch.tensor([[0, 1, 2]], dtype=torch.int32)
    seen = rasterise(torch.ones(3, 3, 3), faces, (4, 4), NEAR_M)
    with pytest.raises(ValueError, match=message):
        interpolate(values, faces, seen)
