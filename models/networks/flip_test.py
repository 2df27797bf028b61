"""The flip test (Newell et al. 2016): a network sees a picture and its mirror image, and what it says of
the two is averaged, the mirror image's mirrored back.

Coordinates are averaged, not heatmaps, whose cells do not lie on one another's when mirrored (Huang et al. 2020).
Batches hold the pictures (N) first, then their mirror images (N).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from models.joints import BODY_JOINTS, SMPLX_BODY


def both_ways(image: Tensor) -> Tensor:
    """(N, C, H, W) -> (2N, C, H, W)."""
    return torch.cat((image, image.flip(3)))


def side_by_side(features: Tensor) -> Tensor:
    """(2N, C, H, W) -> (N, 2C, H, W): as many as there are pictures, the mirror image's own way round."""
    return torch.cat(_halves(features), 1)


def behind_each_other(features: Tensor) -> Tensor:
    """The inverse of `side_by_side`."""
    return torch.cat(features.chunk(2, 1))


def with_mirrored_joints(joints: Tensor, last_x: float) -> Tensor:
    """Body keypoints (N, 25, 3) in cells -> (2N, 25, 3)."""
    return torch.cat((joints, _mirrored_x(joints, last_x)[:, _KEYPOINTS]))


def with_mirrored_hands(features: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, 2, C, h, h) and joints (N, 2, 20, 3), left first -> (2N, ...): mirrored, the left hand is the right
    one."""
    last_x = features.shape[-1] - 1
    return torch.cat((features, features.flip((1, 4)))), torch.cat((joints, _mirrored_x(joints, last_x).flip(1)))


def mean_joints(joints: Tensor, last_x: float) -> Tensor:
    """Body keypoints (2N, 25, 3) in cells -> (N, 25, 3). last_x: where the last column of pixels is, in cells."""
    own, mirrored = _halves(joints)
    return 0.5 * (own + _mirrored_x(mirrored, last_x)[:, _KEYPOINTS])


def mean_boxes(centres: Tensor, sizes: Tensor, last_x: float) -> tuple[Tensor, Tensor]:
    """Centres and sizes (2N, 3, 2) in cells, of left hand, right hand, face -> (N, 3, 2) each."""
    (own, mirrored), (own_size, mirrored_size) = _halves(centres), _halves(sizes)
    centre = 0.5 * (own + _mirrored_x(mirrored, last_x)[:, _BOXES])
    return centre, 0.5 * (own_size + mirrored_size[:, _BOXES])


def mean_pose(root: Tensor, body: Tensor, betas: Tensor, camera: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Root (2N, 6), body (2N, 21, 6), betas (2N, 10) and the body's place before the camera (2N, 3) -> (N, ...)."""
    (root, other_root), (body, other_body) = _halves(root), _halves(body)
    (betas, other_betas), (camera, other_camera) = _halves(betas), _halves(camera)
    return (
        _mean_rot6d(root, mirrored_rot6d(other_root)),
        _mean_rot6d(body, mirrored_rot6d(other_body)[:, _BODY]),
        0.5 * (betas + other_betas),
        0.5 * (camera + _mirrored_x(other_camera, 0.0)),
    )


def mirrored_rot6d(rot6d: Tensor) -> Tensor:
    """M R M with M = diag(-1, 1, 1): axis-angle (x, y, z) becomes (x, -y, -z). (..., 6) -> (..., 6)."""
    return rot6d * rot6d.new_tensor([1.0, -1.0, -1.0, 1.0, -1.0, 1.0])


def _mean_rot6d(one: Tensor, other: Tensor) -> Tensor:
    """The mean of two rotations' first columns; of vectors as they come the longer would count more."""
    return 0.5 * (_unit(one) + _unit(other))


def _unit(rot6d: Tensor) -> Tensor:
    """The same rotations (..., 6) by unit vectors at right angles (Zhou et al. 2019)."""
    first, second = rot6d.reshape(*rot6d.shape[:-1], 3, 2).unbind(-1)
    first = normalize(first, dim=-1)
    second = normalize(second - (first * second).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack((first, second), -1).flatten(-2)


def _mirrored_x(points: Tensor, last_x: float) -> Tensor:
    """(..., 2 or 3) about the middle of 0 and last_x."""
    return torch.cat((last_x - points[..., :1], points[..., 1:]), -1)


def _halves(stacked: Tensor) -> tuple[Tensor, Tensor]:
    count = stacked.shape[0] // 2
    return stacked[:count], stacked[count:]


def _other_side(names: Sequence[str], left: str, right: str) -> list[int]:
    """For each name the row of the one it is in a mirror."""
    swap = {left: right, right: left}
    return [
        names.index(next((name.replace(a, b, 1) for a, b in swap.items() if name.startswith(a)), name))
        for name in names
    ]


_KEYPOINTS = _other_side(BODY_JOINTS, "L_", "R_")
_BODY = _other_side(SMPLX_BODY, "left_", "right_")
_BOXES = [1, 0, 2]
