"""The networks on part crops that are given, as in training: everything else as in `Hand4Whole.forward`."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.camera import FOCAL_PX, INPUT_WH
from models.networks.hand4whole import Hand4Whole, HandOutput, PoseOutput, mirrored_rot6d
from models.networks.resnet import ResNet


class Outputs(NamedTuple):
    """What is compared with targets; hands as right hands, (2N), all left ones first."""

    body_joints: Tensor  # (N, 25, 3) cells
    boxes: Tensor  # (N, 3, 4) centre and size, cells
    hand_joints: Tensor  # (2N, 20, 3) cells
    hand_rot6d: Tensor  # (2N, 15, 6)
    expression: Tensor  # (N, 10)
    jaw_rot6d: Tensor  # (N, 6)
    pose: PoseOutput


def forward(network: Hand4Whole, body: Tensor, hands: Tensor, face: Tensor) -> Outputs:
    """body (N, H, W, 3), hands (N, 2, h, h, 3) with left ones mirrored, face (N, f, f, 3): uint8."""
    count = len(body)
    features = _features(network.backbone, body)
    joints, heatmap = network.body_position_net(features)
    centres, sizes = network.box_net(features, heatmap)
    hand_features = _features(network.hand_roi_net.backbone, hands.transpose(0, 1).flatten(0, 1))
    hand_joints, _ = network.hand_position_net(hand_features)
    rot6d = network.hand_rotation_net(hand_features, hand_joints)
    expression, jaw = network.face_regressor(_features(network.face_roi_net.backbone, face))
    own = HandOutput(
        torch.stack((hand_features[:count].flip(3), hand_features[count:]), 1),
        torch.stack((network._mirrored_joints(hand_joints[:count]), hand_joints[count:]), 1),
        torch.stack((mirrored_rot6d(rot6d[:count]), rot6d[count:]), 1),
    )
    pose = network.pose(features, joints, own.features, own.joints)
    return Outputs(joints, torch.cat((centres, sizes), -1), hand_joints, rot6d, expression, jaw, pose)


def _features(backbone: ResNet, image: Tensor) -> Tensor:
    """A backbone in bfloat16, its features in float32: coordinates read from heatmaps need the digits."""
    with torch.autocast(image.device.type, torch.bfloat16):
        features: Tensor = backbone(planes(image))
    return features.float()


def planes(image: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) in [0, 1], channels last in memory."""
    return image.permute(0, 3, 1, 2).float() / 255.0


def matrices(rot6d: Tensor) -> Tensor:
    """(..., 6) -> (..., 3, 3), row-major (3, 2) columns made orthonormal."""
    columns = rot6d.float().unflatten(-1, (3, 2))
    a = torch.nn.functional.normalize(columns[..., 0], dim=-1)
    b = columns[..., 1] - (a * columns[..., 1]).sum(-1, keepdim=True) * a
    b = torch.nn.functional.normalize(b, dim=-1)
    return torch.stack((a, b, torch.linalg.cross(a, b)), -1)


def project(points: Tensor) -> Tensor:
    """(..., 3) metres before the virtual camera -> pixels of a 192 x 256 crop."""
    middle = points.new_tensor(INPUT_WH) / 2
    return points[..., :2] / points[..., 2:].clamp(min=0.5) * FOCAL_PX + middle
