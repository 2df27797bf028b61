"""The networks on part crops that are given, as in training: everything else as in `Hand4Whole.forward`."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.networks.hand4whole import Hand4Whole, PoseOutput
from models.networks.resnet import ResNet
from models.networks.sampling import soft_argmax
from training.precision import bfloat16_where_quick
from training.sizes import SHARPNESS

_LEAST_HEAT = 1e-8  # a power of zero has no gradient that is finite


class HandOutputs(NamedTuple):
    """Of N people's hands, as right hands, all left ones first."""

    features: Tensor  # (2N, C, h, h)
    joints: Tensor  # (2N, 20, 3) cells
    heat: Tensor  # (2N, 20, h, h)
    rot6d: Tensor  # (2N, 15, 6)


class FaceOutputs(NamedTuple):
    """Of N people's faces."""

    features: Tensor  # (N, C, f', f')
    expression: Tensor  # (N, 10)
    jaw_rot6d: Tensor  # (N, 6)


class Outputs(NamedTuple):
    """What is compared with targets."""

    body_features: Tensor  # (N + M, C, H, W)
    body_joints: Tensor  # (N + M, 25, 3) cells
    body_heat: Tensor  # (N + M, 25, H, W), sums to one
    boxes: Tensor  # (N, 3, 4) centre and size, cells
    hands: HandOutputs
    faces: FaceOutputs
    pose: PoseOutput


def forward(network: Hand4Whole, body: Tensor, hands: Tensor, face: Tensor) -> Outputs:
    """body (N + M, H, W, 3), hands (N, 2, h, h, 3) with left ones mirrored, face (N, f, f, 3): RGB uint8.

    Of the last M people only the body's features and joints are looked for.
    """
    whole = len(face)
    features = _features(network.backbone, body)
    _, heatmap = network.body_position_net(features)
    joints = _sharply(heatmap)
    all_features, all_joints, body_heat = features, joints, heatmap.sum(2)
    features, joints, heatmap = features[:whole], joints[:whole], heatmap[:whole]
    with bfloat16_where_quick(body.device.type):
        upsampled = network.box_net.upsampled(features, heatmap)
    centres, sizes = network.box_net.parts(upsampled.float())
    found = hands_forward(network, hands)
    sides = network.by_side(found.features, found.joints, found.rot6d)
    return Outputs(
        body_features=all_features,
        body_joints=all_joints,
        body_heat=body_heat,
        boxes=torch.cat((centres, sizes), -1),
        hands=found,
        faces=faces_forward(network, face),
        pose=network.pose(features, joints, sides.features, sides.joints),
    )


def hands_forward(network: Hand4Whole, hands: Tensor) -> HandOutputs:
    """HandNet on hands (N, 2, h, h, 3) RGB uint8, left ones mirrored."""
    features = _features(network.hand_roi_net.backbone, hands.transpose(0, 1).flatten(0, 1))
    joints, heatmap = network.hand_position_net(features)
    return HandOutputs(features, joints, heatmap.sum(2), network.hand_rotation_net(features, joints))


def faces_forward(network: Hand4Whole, face: Tensor) -> FaceOutputs:
    """FaceNet on faces (N, f, f, 3) RGB uint8."""
    features = _features(network.face_roi_net.backbone, face)
    return FaceOutputs(features, *network.face_regressor(features))


def _sharply(heatmap: Tensor) -> Tensor:
    """Joints (N, J, 3) as they are read once the networks are published, of heatmaps (N, J, D, H, W)."""
    sharp = heatmap.clamp(min=_LEAST_HEAT) ** SHARPNESS
    return soft_argmax(sharp / sharp.sum((2, 3, 4), keepdim=True))


def _features(backbone: ResNet, image: Tensor) -> Tensor:
    """A backbone, in bfloat16 where that is quick. Its features are float32: coordinates read from heatmaps need the
    digits."""
    planes = image.permute(0, 3, 1, 2).float() / 255.0  # channels last in memory, as the weights are
    with bfloat16_where_quick(image.device.type):
        features: Tensor = backbone(planes)
    return features.float()
