"""Hand4Whole: BodyNet, HandNet, FaceNet and the wrist head, under the released tensor names."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.camera import DEPTH_SCALE_M
from models.joints import BODY_JOINTS, HAND_JOINTS
from models.networks.box import BoxNet, part_boxes
from models.networks.config import BOX_STRIDE, NetworkConfig
from models.networks.face import FaceRegressor
from models.networks.flip_test import (
    behind_each_other,
    both_ways,
    mean_boxes,
    mean_joints,
    mean_pose,
    mirrored_rot6d,
    side_by_side,
    with_mirrored_hands,
    with_mirrored_joints,
)
from models.networks.position import PositionNet
from models.networks.resnet import ResNet
from models.networks.roi_align import roi_align
from models.networks.rotation import BodyRotationNet, HandRotationNet


class BodyOutput(NamedTuple):
    """features (N, C, H, W), or (N, 2C, H, W) with the flip test; joints (N, 25, 3) cells; boxes (N, 3, 4) left hand,
    right hand, face, xyxy crop pixels."""

    features: Tensor
    joints: Tensor
    boxes: Tensor


class HandOutput(NamedTuple):
    """features (N, 2, C, H, W); joints (N, 2, 20, 3) cells; rot6d (N, 2, 15, 6). Left first, and a left hand in all."""

    features: Tensor
    joints: Tensor
    rot6d: Tensor


class FaceOutput(NamedTuple):
    """expression (N, 10); jaw_rot6d (N, 6)."""

    expression: Tensor
    jaw_rot6d: Tensor


class PoseOutput(NamedTuple):
    """root_rot6d (N, 6); body_rot6d (N, 21, 6); betas (N, 10); camera (N, 3): translation [m] before the crop."""

    root_rot6d: Tensor
    body_rot6d: Tensor
    betas: Tensor
    camera: Tensor


class Hand4Whole(nn.Module):
    """The whole network. Crops are RGB uint8 (N, H, W, 3), H and W those of `config.crop_hw`."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        config = config or NetworkConfig()
        self.config = config
        body, hand = config.body_backbone.channels, config.hand_backbone.channels
        self.backbone = ResNet(config.body_backbone)
        self.body_position_net = PositionNet(body, len(BODY_JOINTS), config.depth_bins, config.sharpness)
        self.body_rotation_net = BodyRotationNet(body, hand, config.joint_channels)
        self.box_net = BoxNet(
            body + len(BODY_JOINTS) * config.depth_bins, config.box_channels, config.body_backbone.stride // BOX_STRIDE
        )
        self.hand_roi_net = _RoiNet(ResNet(config.hand_backbone))
        self.hand_position_net = PositionNet(hand, len(HAND_JOINTS), config.depth_bins)
        self.hand_rotation_net = HandRotationNet(hand, config.joint_channels)
        self.face_roi_net = _RoiNet(ResNet(config.face_backbone))
        self.face_regressor = FaceRegressor(config.face_backbone.channels)

    def forward(self, crop: Tensor) -> tuple[BodyOutput, HandOutput, FaceOutput, PoseOutput]:
        """Everything about the people in the crops."""
        body = self.body(crop)
        hand = self.hand(crop, body.boxes[:, :2])
        face = self.face(crop, body.boxes[:, 2])
        return body, hand, face, self.pose(body.features, body.joints, hand.features, hand.joints)

    def body(self, crop: Tensor) -> BodyOutput:
        """BodyNet: joints and part boxes."""
        stride = self.config.crop_stride
        image = _planes(crop[:, ::stride, ::stride]) / 255.0  # nearest sampling
        flip_test, last_x = self.config.flip_test, self.config.body_last_x
        features = self.backbone(both_ways(image) if flip_test else image)
        joints, heatmap = self.body_position_net(features)
        centres, sizes = self.box_net(features, heatmap)
        if flip_test:
            features, joints = side_by_side(features), mean_joints(joints, last_x)
            centres, sizes = mean_boxes(centres, sizes, last_x)
        boxes = part_boxes(centres, sizes, self.config.body_cells_hw, self.config.crop_hw)
        return BodyOutput(features, joints, boxes)

    def hand(self, crop: Tensor, boxes: Tensor) -> HandOutput:
        """HandNet on boxes (N, 2, 4), left and right; left hands are mirrored, so that it sees right hands only."""
        count = crop.shape[0]
        left_then_right = boxes.transpose(0, 1).reshape(-1, 4)  # (2N, 4)
        crops = self._part_crops(crop, left_then_right, self.config.hand_px)
        crops = torch.cat((crops[:count].flip(3), crops[count:]))
        features = self.hand_roi_net.backbone(crops)
        joints, _ = self.hand_position_net(features)
        return self.by_side(features, joints, self.hand_rotation_net(features, joints))

    def by_side(self, features: Tensor, joints: Tensor, rot6d: Tensor) -> HandOutput:
        """What was found in 2N right hands, the first N of them mirrored left ones, each hand as it is."""
        count = features.shape[0] // 2
        return HandOutput(
            torch.stack((features[:count].flip(3), features[count:]), 1),
            torch.stack((self._mirrored_joints(joints[:count]), joints[count:]), 1),
            torch.stack((mirrored_rot6d(rot6d[:count]), rot6d[count:]), 1),
        )

    def face(self, crop: Tensor, box: Tensor) -> FaceOutput:
        """FaceNet on boxes (N, 4)."""
        crops = self._part_crops(crop, box, self.config.face_px)
        return FaceOutput(*self.face_regressor(self.face_roi_net.backbone(crops)))

    def pose(
        self, body_features: Tensor, body_joints: Tensor, hand_features: Tensor, hand_joints: Tensor
    ) -> PoseOutput:
        """The wrist head, from what BodyNet and HandNet gave."""
        if self.config.flip_test:
            body_features = behind_each_other(body_features)
            body_joints = with_mirrored_joints(body_joints, self.config.body_last_x)
            hand_features, hand_joints = with_mirrored_hands(hand_features, hand_joints)
        root, body, betas, camera = self.body_rotation_net(body_features, body_joints, hand_features, hand_joints)
        depth = torch.sigmoid(camera[:, 2:]) * DEPTH_SCALE_M
        pose = root, body, betas, torch.cat((camera[:, :2], depth), 1)
        return PoseOutput(*(mean_pose(*pose) if self.config.flip_test else pose))

    def _part_crops(self, crop: Tensor, boxes: Tensor, size_px: int) -> Tensor:
        """(N, H, W, 3) uint8 and k boxes an image, (kN, 4), images innermost -> (kN, 3, size, size) in [0, 1]."""
        image_index = torch.arange(crop.shape[0], device=crop.device).repeat(boxes.shape[0] // crop.shape[0])
        crops: Tensor = roi_align(_planes(crop), boxes, image_index, size_px)
        return crops / 255.0

    def _mirrored_joints(self, joints: Tensor) -> Tensor:
        """Left-right mirrored hand joints. The released weights were trained with x -> cells - 1 - x, so it stays."""
        return torch.cat((self.config.hand_cells - 1 - joints[..., :1], joints[..., 1:]), -1)


class _RoiNet(nn.Module):
    """A backbone under the name the released checkpoint has for it."""

    def __init__(self, backbone: ResNet) -> None:
        super().__init__()
        self.backbone = backbone


def _planes(crop: Tensor) -> Tensor:
    return crop.permute(0, 3, 1, 2).float()
