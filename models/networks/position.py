"""Joint positions from a feature map, by a volumetric heatmap for each joint (PositionNet)."""

from __future__ import annotations

from torch import Tensor, nn

from models.networks.sampling import soft_argmax, softmax_volume


class PositionNet(nn.Module):
    """Features (N, C, H, W) to joints (N, J, 3) in cells and heatmaps (N, J, D, H, W) that sum to one."""

    def __init__(self, channels_in: int, joints: int, depth_bins: int) -> None:
        super().__init__()
        self.joints = joints
        self.depth_bins = depth_bins
        self.conv = nn.Sequential(nn.Conv2d(channels_in, joints * depth_bins, 1))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        logits: Tensor = self.conv(features)
        heatmap = softmax_volume(logits.reshape(-1, self.joints, self.depth_bins, *logits.shape[2:]))
        return soft_argmax(heatmap), heatmap
