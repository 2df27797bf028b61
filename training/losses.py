"""The losses of the paper (section 3.4): joints in heatmaps, SMPL-X parameters, joints of the mesh in space and in the
image, boxes. All L1; lengths in shares of the crop or in metres."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from models.body_file import BodyArrays
from models.camera import INPUT_WH
from models.networks.config import NetworkConfig
from training.batches import BODY_POINTS, PELVIS
from training.forward import Outputs, matrices, project
from training.torch_body import TorchBody

_MIRROR = (1.0, -1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0)  # of a matrix's nine numbers

WEIGHTS = {
    **{"body joints": 10.0, "body depth": 2.0, "hand joints": 4.0, "hand depth": 1.0, "boxes": 5.0},
    **{"root": 2.0, "body pose": 3.0, "wrists": 1.5, "hand pose": 3.0, "jaw": 3.0, "expression": 0.3, "betas": 0.1},
    **{"joints": 6.0, "arms": 4.0, "projected": 6.0, "depth": 0.02, "hand mesh": 8.0},
}


class Losses(nn.Module):
    """Compares outputs with targets."""

    hand_mean: Tensor

    def __init__(self, arrays: BodyArrays, config: NetworkConfig) -> None:
        super().__init__()
        self.body = TorchBody(arrays)
        self._config = config
        mean = Rotation.from_rotvec(arrays.hand_mean[1]).as_rotvec()  # of the right hand
        self.register_buffer("hand_mean", torch.from_numpy(mean.astype(np.float32)), persistent=False)

    def forward(self, out: Outputs, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Each loss by the names of `WEIGHTS`, unweighted."""
        config = self._config
        high, wide = config.body_cells_hw
        joints, boxes, hands = out.body_joints.float(), out.boxes.float(), out.hand_joints.float()
        seen = batch["body_valid"][..., None]
        error = (joints - batch["body_joints"]).abs()
        found = {
            "body joints": _mean(error[..., :2] / high, seen),
            "body depth": _mean(error[..., 2:] / config.depth_bins, torch.ones_like(seen)),
            "boxes": _mean((boxes - batch["boxes"]).abs() / high, batch["boxes_valid"][..., None]),
        }
        hand_seen = batch["hand_valid"].T.reshape(-1, 1, 1)
        error = (hands - batch["hand_joints"].transpose(0, 1).flatten(0, 1)).abs()
        found["hand joints"] = _mean(error[..., :2] / config.hand_cells, hand_seen)
        found["hand depth"] = _mean(error[..., 2:] / config.depth_bins, hand_seen)
        return found | self._of_parameters(out, batch, hand_seen)

    def _of_parameters(self, out: Outputs, batch: Mapping[str, Tensor], hand_seen: Tensor) -> dict[str, Tensor]:
        truth = batch["rotations"]
        root, body = matrices(out.pose.root_rot6d), matrices(out.pose.body_rot6d)
        jaw, fingers = matrices(out.jaw_rot6d), matrices(out.hand_rot6d)
        right = _as_right(batch["hand_rotations"])  # (2N, 15, 3, 3)
        given = absolute(fingers, self.hand_mean)
        face_seen = batch["face_valid"][:, None]
        everyone = torch.ones_like(face_seen)
        found = {
            "root": (root - truth[:, 0]).abs().mean(),
            "body pose": (body - truth[:, 1:22]).abs().mean(),
            "wrists": (body[:, 19:21] - truth[:, 20:22]).abs().mean(),
            "hand pose": _mean((given - right).abs().flatten(2), hand_seen),
            "jaw": _mean((jaw - truth[:, 22]).abs().flatten(1), face_seen),
            "expression": _mean((out.expression.float() - batch["coefficients"][:, 10:]).abs(), face_seen),
            "betas": _mean((out.pose.betas.float() - batch["coefficients"][:, :10]).abs(), everyone),
        }
        # The mesh's joints, the fingers' too, from estimated and from true rotations.
        count = len(truth)
        estimated = self._whole(root, body, jaw, given, count)
        actual = self._whole(truth[:, 0], truth[:, 1:22], truth[:, 22], right, count)
        betas = torch.cat((out.pose.betas.float(), out.expression.float() * 0), 1)
        _, _, places = self.body.joints(estimated, betas)
        _, _, true_places = self.body.joints(actual, batch["coefficients"])
        relative, true_relative = places - places[:, :1], true_places - true_places[:, :1]
        error = (relative - true_relative).abs()
        found["joints"] = error[:, :22].mean()
        found["arms"] = error[:, 16:22].mean()
        for side, wrist, first in ((0, 20, 25), (1, 21, 40)):
            hand = (relative[:, first : first + 15] - relative[:, wrist : wrist + 1]) - (
                true_relative[:, first : first + 15] - true_relative[:, wrist : wrist + 1]
            )
            seen = batch["hand_valid"][:, side, None, None]
            found["hand mesh"] = found.get("hand mesh", 0.0) + 0.5 * _mean(hand.abs(), seen)
        camera = out.pose.camera.float()
        px = project(places[:, :22] + camera[:, None])
        true_px = batch["body_px"]
        found["projected"] = _mean((px - true_px).abs().clamp(max=300) / INPUT_WH[1], batch["px_valid"][..., None])
        found["depth"] = (camera[:, 2] - batch["camera"][:, 2]).abs().mean()
        return found

    @staticmethod
    def _whole(root: Tensor, body: Tensor, jaw: Tensor, right: Tensor, count: int) -> Tensor:
        """(N, 55, 3, 3) from root, body, jaw and hands given as right hands (2N, 15, 3, 3)."""
        eyes = torch.eye(3, device=root.device).expand(count, 2, 3, 3)
        left = mirrored(right[:count])
        return torch.cat((root[:, None], body, jaw[:, None], eyes, left, right[count:]), 1)


def mirrored(rotations: Tensor) -> Tensor:
    """Of the other side."""
    return rotations * rotations.new_tensor((1, -1, -1, -1, 1, 1, -1, 1, 1)).view(3, 3)


def absolute(relative: Tensor, mean: Tensor) -> Tensor:
    """Finger rotations (..., 15, 3, 3) relative to a mean hand, axis-angle (15, 3): SMPL-X adds the two vectors."""
    return exp(log(relative) + mean)


def log(rotations: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 3), for turns well under pi, as fingers'."""
    skew = torch.stack(
        (
            rotations[..., 2, 1] - rotations[..., 1, 2],
            rotations[..., 0, 2] - rotations[..., 2, 0],
            rotations[..., 1, 0] - rotations[..., 0, 1],
        ),
        -1,
    )
    trace = rotations.diagonal(dim1=-2, dim2=-1).sum(-1)
    angle = torch.acos(((trace - 1) / 2).clamp(-0.999, 0.9999))
    return skew * (0.5 * angle / torch.sin(angle))[..., None]


def exp(vectors: Tensor) -> Tensor:
    """(..., 3) -> (..., 3, 3), Rodrigues."""
    angle = vectors.norm(dim=-1).clamp(min=1e-6)[..., None, None]
    x, y, z = (vectors / angle[..., 0]).unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), -1).unflatten(-1, (3, 3))
    return torch.eye(3, device=vectors.device) + angle.sin() * skew + (1 - angle.cos()) * skew @ skew


def _as_right(rotations: Tensor) -> Tensor:
    """(N, 2, 15, 3, 3) -> (2N, 15, 3, 3), all left ones first, as right hands'."""
    return torch.cat((mirrored(rotations[:, 0]), rotations[:, 1]))


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    """Mean of errors that count."""
    weight = weight.expand_as(error)
    return (error * weight).sum() / weight.sum().clamp(min=1.0)


__all__ = ["BODY_POINTS", "PELVIS", "WEIGHTS", "Losses"]
