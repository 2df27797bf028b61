"""The networks on part crops that are given, as in training: everything else as in `Hand4Whole.forward`."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.networks.hand4whole import Hand4Whole, PoseOutput
from models.networks.resnet import ResNet


class Outputs(NamedTuple):
    """What is compared with targets; hands as right hands, (2N), all left ones first."""

    body_joints: Tensor  # (N + M, 25, 3) cells
    body_heat: Tensor  # (N + M, 25, H, W), sums to one
    boxes: Tensor  # (N, 3, 4) centre and size, cells
    hand_joints: Tensor  # (2N, 20, 3) cells
    hand_heat: Tensor  # (2N, 20, h, h)
    hand_rot6d: Tensor  # (2N, 15, 6)
    expression: Tensor  # (N, 10)
    jaw_rot6d: Tensor  # (N, 6)
    pose: PoseOutput


def forward(network: Hand4Whole, body: Tensor, hands: Tensor, face: Tensor) -> Outputs:
    """body (N + M, H, W, 3), hands (N, 2, h, h, 3) with left ones mirrored, face (N, f, f, 3): RGB uint8.

    Of the last M people only the body's joints are looked for.
    """
    whole = len(face)
    features = _features(network.backbone, body)
    joints, heatmap = network.body_position_net(features)
    all_joints, body_heat = joints, heatmap.sum(2)
    features, joints, heatmap = features[:whole], joints[:whole], heatmap[:whole]
    with torch.autocast(body.device.type, torch.bfloat16):
        upsampled = network.box_net.upsampled(features, heatmap)
    centres, sizes = network.box_net.parts(upsampled.float())
    hand_features = _features(network.hand_roi_net.backbone, hands.transpose(0, 1).flatten(0, 1))
    hand_joints, hand_heatmap = network.hand_position_net(hand_features)
    rot6d = network.hand_rotation_net(hand_features, hand_joints)
    expression, jaw = network.face_regressor(_features(network.face_roi_net.backbone, face))
    sides = network.by_side(hand_features, hand_joints, rot6d)
    return Outputs(
        body_joints=all_joints,
        body_heat=body_heat,
        boxes=torch.cat((centres, sizes), -1),
        hand_joints=hand_joints,
        hand_heat=hand_heatmap.sum(2),
        hand_rot6d=rot6d,
        expression=expression,
        jaw_rot6d=jaw,
        pose=network.pose(features, joints, sides.features, sides.joints),
    )


def _features(backbone: ResNet, image: Tensor) -> Tensor:
    """A backbone in bfloat16, its features in float32: coordinates read from heatmaps need the digits."""
    planes = image.permute(0, 3, 1, 2).float() / 255.0  # channels last in memory, as the weights are
    with torch.autocast(image.device.type, torch.bfloat16):
        features: Tensor = backbone(planes)
    return features.float()
