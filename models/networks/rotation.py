"""Rotations: fingers from the hand alone, root and body (wrists included) from the body and the MCP joints."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.joints import BODY_JOINTS, HAND_JOINTS, HAND_ROTATIONS, MCP_JOINTS, SMPLX_BODY
from models.networks.layers import conv_bn_relu
from models.networks.sampling import sample_joints


class HandRotationNet(nn.Module):
    """Features (N, C, H, W) and joints (N, 20, 3) of right hands to finger rotations (N, 15, 6)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.hand_conv = conv_bn_relu(channels_in, channels)
        self.hand_pose_out = _linear(len(HAND_JOINTS) * (channels + 3), len(HAND_ROTATIONS) * 6)

    def forward(self, features: Tensor, joints: Tensor) -> Tensor:
        at_joints = sample_joints(self.hand_conv(features), joints)  # (N, 20, channels + 3)
        rot6d: Tensor = self.hand_pose_out(at_joints.flatten(1))
        return rot6d.reshape(-1, len(HAND_ROTATIONS), 6)


class BodyRotationNet(nn.Module):
    """The wrist head: root, 21 body rotations, shape and camera numbers.

    The wrists are estimated from the body joints and from each hand's four MCP joints (section 3.2 of the paper).
    """

    def __init__(self, body_channels: int, hand_channels: int, channels: int) -> None:
        super().__init__()
        self.body_conv = conv_bn_relu(body_channels, channels)
        self.lhand_conv = conv_bn_relu(hand_channels, channels)
        self.rhand_conv = conv_bn_relu(hand_channels, channels)
        sampled = len(BODY_JOINTS) + 2 * len(MCP_JOINTS)
        self.root_pose_out = _linear(sampled * (channels + 3), 6)
        self.body_pose_out = _linear(sampled * (channels + 3), len(SMPLX_BODY) * 6)
        self.shape_out = _linear(body_channels, 10)
        self.cam_out = _linear(body_channels, 3)

    def forward(
        self, body_features: Tensor, body_joints: Tensor, hand_features: Tensor, hand_joints: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features and joints: body (N, C, H, W), (N, 25, 3); hands (N, 2, C, H, W), (N, 2, 20, 3), left first.

        Returns root (N, 6), body (N, 21, 6), shape (N, 10), camera numbers (N, 3).
        """
        mcp = hand_joints[:, :, MCP_JOINTS]  # (N, 2, 4, 3)
        sampled = (
            sample_joints(self.body_conv(body_features), body_joints),
            sample_joints(self.lhand_conv(hand_features[:, 0]), mcp[:, 0]),
            sample_joints(self.rhand_conv(hand_features[:, 1]), mcp[:, 1]),
        )
        evidence = torch.cat(sampled, 1).flatten(1)  # (N, 33 * (channels + 3))
        pooled = body_features.mean((2, 3))
        body: Tensor = self.body_pose_out(evidence)
        return (
            self.root_pose_out(evidence),
            body.reshape(-1, len(SMPLX_BODY), 6),
            self.shape_out(pooled),
            self.cam_out(pooled),
        )


def _linear(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels_in, channels_out))
