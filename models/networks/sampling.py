"""Reading coordinates out of heatmaps, and features out of maps at coordinates. Coordinates are cells."""

from __future__ import annotations

import torch
from torch import Tensor


def soft_argmax(heatmap: Tensor) -> Tensor:
    """Expected position under a normalised heatmap (integral regression, Sun et al. 2018).

    heatmap: (N, J, D, H, W) that sums to one over D, H, W. Returns (N, J, 3): x, y, z indices.
    """
    x = _expected_index(heatmap.sum((2, 3)))
    y = _expected_index(heatmap.sum((2, 4)))
    z = _expected_index(heatmap.sum((3, 4)))
    return torch.stack((x, y, z), -1)


def softmax_volume(logits: Tensor) -> Tensor:
    """Softmax over everything behind the joint axis: (N, J, ...) -> the same shape."""
    return torch.softmax(logits.flatten(2), 2).view_as(logits)


def sample_features(features: Tensor, xy: Tensor) -> Tensor:
    """Bilinear samples of a feature map, zero outside it.

    features: (N, C, H, W). xy: (N, P, 2) cells, (0, 0) the centre of the first cell. Returns (N, P, C).
    """
    height, width = features.shape[2:]
    across, down = bilinear_shares(xy[..., 0], width), bilinear_shares(xy[..., 1], height)
    shares = (down[..., :, None] * across[..., None, :]).flatten(2)  # (N, P, H W)
    # A product: ONNX Runtime's GridSample takes twenty times as long.
    return shares @ features.flatten(2).transpose(1, 2)


def bilinear_shares(x: Tensor, size: int) -> Tensor:
    """How much of each of so many cells in a row is in a sample at x (...): (..., size)."""
    return torch.relu(1.0 - (x[..., None] - torch.arange(size, dtype=x.dtype, device=x.device)).abs())


def sample_joints(features: Tensor, joints: Tensor) -> Tensor:
    """Features at the joints' x, y, with the coordinates behind them: (N, C, H, W), (N, J, 3) -> (N, J, C + 3)."""
    return torch.cat((sample_features(features, joints[..., :2]), joints), 2)


def _expected_index(weights: Tensor) -> Tensor:
    return weights @ torch.arange(weights.shape[-1], dtype=weights.dtype, device=weights.device)
