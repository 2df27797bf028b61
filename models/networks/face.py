"""Expression and jaw from the face features (FaceNet's regressor)."""

from __future__ import annotations

from torch import Tensor, nn


class FaceRegressor(nn.Module):
    """Features (N, C, H, W) to expression (N, 10) and jaw (N, 6)."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.expr_out = nn.Sequential(nn.Linear(channels_in, 10))
        self.jaw_pose_out = nn.Sequential(nn.Linear(channels_in, 6))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        pooled = features.mean((2, 3))
        return self.expr_out(pooled), self.jaw_pose_out(pooled)
