"""Joint positions from a feature map, by a volumetric heatmap for each joint (PositionNet)."""

from __future__ import annotations

from torch import Tensor, nn

from models.networks.sampling import soft_argmax, softmax_volume


class PositionNet(nn.Module):
    """Features (N, C, H, W) to joints (N, J, 3) in cells and heatmaps (N, J, D, H, W) that sum to one."""

    def __init__(self, channels_in: int, joints: int, depth_bins: int, sharpness: float = 1.0) -> None:
        """sharpness: joints are read from heatmaps to this power, which weak masses far away pull less."""
        super().__init__()
        self.joints = joints
        self.depth_bins = depth_bins
        self.sharpness = sharpness
        self.conv = nn.Sequential(nn.Conv2d(channels_in, joints * depth_bins, 1))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        logits: Tensor = self.conv(features)
        volumes = logits.reshape(-1, self.joints, self.depth_bins, *logits.shape[2:])
        heatmap = softmax_volume(volumes)
        sharp = heatmap if self.sharpness == 1.0 else softmax_volume(self.sharpness * volumes)
        return soft_argmax(sharp), heatmap
