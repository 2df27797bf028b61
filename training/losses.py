"""The losses of the paper (section 3.4): joints in heatmaps, SMPL-X parameters, joints of the mesh in space and in the
image, boxes. All L1, but for the face: jaws are mostly shut and faces mostly at rest, and the least absolute error is
that of a network which says so of everyone. Lengths in shares of the crop or in metres."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from models.body_file import BodyArrays
from models.camera import FOCAL_PX, INPUT_WH
from models.networks.config import NetworkConfig
from training.forward import FaceOutputs, HandOutputs, Outputs
from training.torch_body import TorchBody
from training.torch_rotations import exp, from_rot6d, log, mirrored

# root (N, 3, 3), body (N, 21, 3, 3), jaw (N, 3, 3), fingers as right hands' (2N, 15, 3, 3), left ones first.
_Rotations = tuple[Tensor, Tensor, Tensor, Tensor]

WEIGHTS = {
    **{"body joints": 10.0, "body depth": 4.0, "hand joints": 4.0, "hand depth": 1.0, "boxes": 5.0},
    **{"body heat": 1.0, "hand heat": 0.5},
    **{"root": 2.0, "body pose": 3.0, "wrists": 1.5, "hand pose": 5.0, "jaw": 30.0, "expression": 1.0, "betas": 0.3},
    **{"joints": 6.0, "arms": 4.0, "projected": 6.0, "placed": 6.0, "depth": 0.02, "hand mesh": 40.0},
}

_SPREAD_CELLS = 0.7
_FARTHEST_PX = 300  # an error in the image that counts in full; past the camera there is no end to them
# Nearer points count as there, lest an error have no end: before the virtual camera, and before those that drew.
_NEAREST_M, _NEAREST_SEEN_M = 0.5, 0.15

# Rows of SMPL-X's joints, and of the body's rotations, from which the root is missing.
_BODY_JOINTS, _ARM_JOINTS = slice(0, 22), slice(16, 22)
_WRISTS = slice(19, 21)
_ENDS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 10, 11, 15, 16, 17, 15, 18, 19, 20, 21, 20, 21)  # of the bones that 1 to 21 turn
_GUESSED = 0.3  # what counts that is outside the picture, and fingers that are hidden
_HANDS = ((20, slice(25, 40)), (21, slice(40, 55)))  # wrist and fingers, left and right


class Losses(nn.Module):
    """Compares outputs with targets (`training.batches.item`, N of them in a batch)."""

    hand_mean: Tensor  # (15, 3) axis-angle of the right hand
    moved: Tensor  # (10,) how far each expression moves the face's landmarks, squared, one on average

    def __init__(self, arrays: BodyArrays, config: NetworkConfig) -> None:
        super().__init__()
        self.body = TorchBody(arrays)
        self._config = config
        self.register_buffer("hand_mean", torch.from_numpy(arrays.hand_mean[1].astype(np.float32)), persistent=False)
        corners = arrays.shape_directions[arrays.faces[arrays.landmark_faces], :, 10:]  # (51, 3, 3, 10)
        moved = ((corners * arrays.landmark_weights[..., None, None]).sum(1) ** 2).sum((0, 1))
        self.register_buffer("moved", torch.from_numpy((moved / moved.mean()).astype(np.float32)), persistent=False)

    def forward(self, out: Outputs, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Each loss by the names of `WEIGHTS`, unweighted."""
        rotations = self._rotations(out)
        return {
            **self._of_maps(out, batch),
            **self.of_hands(out.hands, batch),
            **self.of_faces(out.faces, batch),
            **self._of_parameters(out, rotations, batch),
            **self._of_mesh(out, rotations, batch),
        }

    def of_hands(self, hands: HandOutputs, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those that HandNet alone answers for. Fingers that nobody sees are guessed, each as it most often is."""
        config = self._config
        seen = batch["hand_valid"].T.reshape(-1, 1, 1)  # (2N, 1, 1)
        joints = batch["hand_joints"].transpose(0, 1).flatten(0, 1)  # (2N, 20, 3)
        error = (hands.joints.float() - joints).abs()
        turned = (self._fingers(hands) - _as_right(batch["hand_rotations"])).abs()
        return {
            "hand joints": _mean(error[..., :2] / config.hand_cells, seen),
            "hand depth": _mean(error[..., 2:] / config.depth_bins, seen),
            "hand heat": _cross_entropy(hands.heat, joints, seen[..., 0].expand(-1, joints.shape[1])),
            "hand pose": _mean(turned.flatten(2), _counted(seen)),
        }

    def of_faces(self, faces: FaceOutputs, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those that FaceNet answers for. Expressions count by how far they move the face."""
        seen, expression = batch["face_valid"][:, None], batch["coefficients"][:, 10:]
        turned = (from_rot6d(faces.jaw_rot6d) - batch["rotations"][:, 22]).square().flatten(1)
        return {
            "jaw": _mean(turned, seen),
            "expression": _mean((faces.expression.float() - expression).square() * self.moved, seen),
        }

    def on_true_bodies(self, hands: HandOutputs, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same and the fingers of the mesh, everything else of which is as it ought to be."""
        truth = batch["rotations"]
        body, coefficients = (truth[:, 0], truth[:, 1:22], truth[:, 22]), batch["coefficients"]
        _, _, places = self.body.joints(_whole(*body, self._fingers(hands)), coefficients)
        _, _, true_places = self.body.joints(_whole(*body, _as_right(batch["hand_rotations"])), coefficients)
        return self.of_hands(hands, batch) | {"hand mesh": _of_fingers(places, true_places, batch["hand_valid"])}

    def _of_maps(self, out: Outputs, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The body's joints, and boxes."""
        config = self._config
        high = config.body_cells_hw[0]
        seen = batch["body_valid"][..., None]
        error = (out.body_joints.float() - batch["body_joints"]).abs()
        box_error = (out.boxes.float() - batch["boxes"]).abs()
        return {
            "body joints": _mean(error[..., :2] / high, seen),
            "body depth": _mean(error[..., 2:] / config.depth_bins, torch.ones_like(seen)),
            "boxes": _mean(box_error / high, batch["boxes_valid"][..., None]),
            "body heat": _cross_entropy(out.body_heat, batch["body_joints"], seen[..., 0]),
        }

    def _of_parameters(self, out: Outputs, rotations: _Rotations, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rotations but for fingers and jaw, and shape."""
        root, body, *_ = rotations
        truth, betas = batch["rotations"], batch["coefficients"][:, :10]
        shows = _counted(batch["in_picture"][:, _ENDS])[..., None, None]  # a turn is seen by where the bone ends
        return {
            "root": (root - truth[:, 0]).abs().mean(),
            "body pose": _mean((body - truth[:, 1:22]).abs(), shows),
            "wrists": (body[:, _WRISTS] - truth[:, 20:22]).abs().mean(),
            "betas": (out.pose.betas.float() - betas).abs().mean(),
        }

    def _of_mesh(self, out: Outputs, rotations: _Rotations, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The mesh's joints, the fingers' too, about the pelvis and in the image.

        In the image the pose answers for what the camera saw that drew it, perspective and all. The virtual camera,
        which has hardly any, is to see the joints of whatever pose there is nearest to the same pixels.
        """
        truth = batch["rotations"]
        actual = (truth[:, 0], truth[:, 1:22], truth[:, 22], _as_right(batch["hand_rotations"]))
        betas = out.pose.betas.float()
        estimated = torch.cat((betas, torch.zeros_like(betas)), 1)  # expressions move no joint
        _, _, places = self.body.joints(_whole(*rotations), estimated)
        _, _, true_places = self.body.joints(_whole(*actual), batch["coefficients"])
        error = ((places - places[:, :1]) - (true_places - true_places[:, :1])).abs()
        counted = _counted(batch["in_picture"])[..., None]  # (N, 22, 1)
        camera = out.pose.camera.float()
        of_pose = _seen_by(batch["projection"], places[:, _BODY_JOINTS] - places[:, :1])
        of_camera = _projected(places[:, _BODY_JOINTS].detach() + camera[:, None])

        def missed(px: Tensor) -> Tensor:
            error = (px - batch["body_px"]).abs().clamp(max=_FARTHEST_PX)
            return _mean(error / INPUT_WH[1], batch["px_valid"][..., None])

        return {
            "joints": _mean(error[:, _BODY_JOINTS], counted),
            "arms": _mean(error[:, _ARM_JOINTS], counted[:, _ARM_JOINTS]),
            "hand mesh": _of_fingers(places, true_places, batch["hand_valid"]),
            "projected": missed(of_pose),
            "placed": missed(of_camera),
            "depth": (camera[:, 2] - batch["camera"][:, 2]).abs().mean(),
        }

    def _rotations(self, out: Outputs) -> _Rotations:
        pose = out.pose
        return (
            from_rot6d(pose.root_rot6d),
            from_rot6d(pose.body_rot6d),
            from_rot6d(out.faces.jaw_rot6d),
            self._fingers(out.hands),
        )

    def _fingers(self, hands: HandOutputs) -> Tensor:
        """(2N, 15, 3, 3) absolute, as SMPL-X's: it adds the mean hand's axis-angles to a network's."""
        return exp(log(from_rot6d(hands.rot6d)) + self.hand_mean)


def _counted(seen: Tensor) -> Tensor:
    """What is not seen is guessed and counts less, so that what can be seen is learnt."""
    return _GUESSED + (1 - _GUESSED) * seen


def _whole(root: Tensor, body: Tensor, jaw: Tensor, fingers: Tensor) -> Tensor:
    """(N, 55, 3, 3), of eyes that look ahead."""
    count = len(root)
    eyes = torch.eye(3, device=root.device).expand(count, 2, 3, 3)
    return torch.cat((root[:, None], body, jaw[:, None], eyes, mirrored(fingers[:count]), fingers[count:]), 1)


def _as_right(rotations: Tensor) -> Tensor:
    """(N, 2, 15, 3, 3) -> (2N, 15, 3, 3), all left ones first, as right hands'."""
    return torch.cat((mirrored(rotations[:, 0]), rotations[:, 1]))


def _of_fingers(places: Tensor, truth: Tensor, seen: Tensor) -> Tensor:
    """Of joints (N, 55, 3): the fingers' about their wrist, for the hands (N, 2) that are seen."""
    of_sides = []
    for side, (wrist, fingers) in enumerate(_HANDS):
        about, true_about = places[:, fingers] - places[:, wrist, None], truth[:, fingers] - truth[:, wrist, None]
        of_sides.append(_mean((about - true_about).abs(), seen[:, side, None, None]))
    return torch.stack(of_sides).mean()


def _projected(points_m: Tensor) -> Tensor:
    """(..., 3) metres before the virtual camera -> (..., 2) pixels of a 192 x 256 crop."""
    middle = points_m.new_tensor(INPUT_WH) / 2
    return points_m[..., :2] / points_m[..., 2:].clamp(min=_NEAREST_M) * FOCAL_PX + middle


def _seen_by(projections: Tensor, points_m: Tensor) -> Tensor:
    """(N, P, 3) metres -> (N, P, 2) pixels, by cameras (N, 3, 4)."""
    seen = points_m @ projections[..., :3].mT + projections[:, None, :, 3]
    return seen[..., :2] / seen[..., 2:].clamp(min=_NEAREST_SEEN_M)


def _cross_entropy(heat: Tensor, joints: Tensor, weight: Tensor) -> Tensor:
    """Of heatmaps (N, J, H, W) to Gaussians about joints (N, J, 3) in cells. Beside the error of the expected place it
    tells a map that is split in two from one that is sure."""
    x, y = (torch.arange(size, device=heat.device) for size in (heat.shape[3], heat.shape[2]))
    across = torch.exp(-0.5 * ((x - joints[..., :1]) / _SPREAD_CELLS) ** 2)  # (N, J, W)
    down = torch.exp(-0.5 * ((y - joints[..., 1:2]) / _SPREAD_CELLS) ** 2)  # (N, J, H)
    target = down[..., None] * across[..., None, :]
    target = target / target.sum((2, 3), keepdim=True).clamp(min=1e-6)
    entropy = -(target * (heat + 1e-7).log()).sum((2, 3))
    return (entropy * weight).sum() / weight.sum().clamp(min=1.0)


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    """Mean of errors that count."""
    weight = weight.expand_as(error)
    return (error * weight).sum() / weight.sum().clamp(min=1.0)
