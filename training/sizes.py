"""Sizes of the open networks, how they read their heatmaps, and what they take for a person."""

from models.networks.config import NetworkConfig, ResNetConfig

NETWORK = NetworkConfig(
    crop_hw=(384, 288),
    body_hw=(192, 144),
    hand_px=96,
    face_px=96,
    body_backbone=ResNetConfig((2, 4, 6, 2), bottleneck=False, width=32, stride=16),
    hand_backbone=ResNetConfig((2, 3, 4, 1), bottleneck=False, width=32, stride=16),
    face_backbone=ResNetConfig((2, 2, 2, 1), bottleneck=False, width=16),
    joint_channels=96,
    box_channels=48,
)

# Joints read from heatmaps to this power are nearest to the truth on drawn people (median 5.8 px of 192 against 6.4).
# Networks have it once they are published, and learn as if they had.
SHARPNESS = 1.5

# Of a box's own logit, of how many kinds of body parts are in it, and a constant: logistic regression of "somebody" on
# the boxes found in 131 photographs, 58 of them of nobody; the constant nearly one higher, since it is worse to miss
# somebody than to show a thing.
WEIGHING = (2.5, 0.7, 0.4)
