"""What the person detector is trained to.

Centres: the penalty-reduced focal loss on Gaussian heatmaps of CenterNet (Zhou et al. 2019, "Objects as points",
equation 1). Boxes: GIoU (Rezatofighi et al. 2019) in every cell near a centre, weighted by the Gaussian, as in TTFNet
(Liu et al. 2020, section 3), which learns in far fewer steps than from the centres' cells alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.networks.config import DETECTOR_STRIDE
from models.networks.detector import DetectorMaps

_SPREAD = 0.54 / 6  # standard deviation of the Gaussian as a part of the box's width and height (TTFNet)
_LEAST_SPREAD = 0.4  # cells
_NEAR = 0.2  # cells with a Gaussian above this learn the box
_BOX_WEIGHT = 5.0  # TTFNet


class DetectorLoss(NamedTuple):
    """Scalars: of the heatmap a person, and one minus GIoU, from 0 to 2."""

    centres: Tensor
    boxes: Tensor

    @property
    def total(self) -> Tensor:
        return self.centres + _BOX_WEIGHT * self.boxes


class Targets(NamedTuple):
    """heat (N, H, W) in [0, 1], 1 in the cells of centres; boxes (N, H, W, 4), the one that each cell is to find."""

    heat: Tensor
    boxes: Tensor


def loss(maps: DetectorMaps, people: Sequence[Tensor]) -> DetectorLoss:
    """maps: of N images. people: for each the boxes in it, (M, 4) xyxy pixels of the input; M may be 0."""
    heat, boxes = targets(people, maps.logits.shape[1], maps.logits.shape[2])
    count = max(1, sum(map(len, people)))
    weight = heat * (heat > _NEAR)
    missed = (weight * (1 - giou(maps.boxes.float(), boxes))).sum() / weight.sum().clamp(min=1.0)
    return DetectorLoss(_focal(maps.logits.float(), heat) / count, missed)


def targets(people: Sequence[Tensor], height: int, width: int) -> Targets:
    """What maps of (height, width) cells should be. Of overlapping Gaussians the higher counts; if equal, the smaller
    box's."""
    each = [_target(boxes, height, width) for boxes in people]
    return Targets(torch.stack([heat for heat, _ in each]), torch.stack([boxes for _, boxes in each]))


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised intersection over union, in (-1, 1], of boxes (..., 4) xyxy -> (...)."""
    overlap = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1)
    union = _area(a) + _area(b) - overlap
    tiny = torch.finfo(a.dtype).tiny
    return overlap / union.clamp(min=tiny) - (hull - union) / hull.clamp(min=tiny)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


def _focal(logits: Tensor, heat: Tensor) -> Tensor:
    """The sum over cells: alpha 2, beta 4."""
    score = logits.sigmoid()
    centres = (1 - score) ** 2 * functional.logsigmoid(logits)
    others = (1 - heat) ** 4 * score**2 * functional.logsigmoid(-logits)
    return -torch.where(heat == 1, centres, others).sum()


def _target(boxes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Heat (H, W) and boxes (H, W, 4) of one image."""
    if not len(boxes):
        return boxes.new_zeros(height, width), boxes.new_zeros(height, width, 4)
    boxes = boxes[_area(boxes).argsort()]
    size = (boxes[:, 2:] - boxes[:, :2]) / DETECTOR_STRIDE  # (M, 2) cells
    limit = boxes.new_tensor([width - 1, height - 1])
    centre = torch.minimum(((boxes[:, :2] + boxes[:, 2:]) / (2 * DETECTOR_STRIDE)).floor().clamp(min=0), limit)
    spread = (_SPREAD * size).clamp(min=_LEAST_SPREAD)
    x = _falloff(width, centre[:, 0], spread[:, 0])  # (M, W)
    y = _falloff(height, centre[:, 1], spread[:, 1])  # (M, H)
    heat, nearest = (x[:, None] * y[:, :, None]).max(0)
    return heat, boxes[nearest]


def _falloff(cells: int, centre: Tensor, spread: Tensor) -> Tensor:
    """A Gaussian along one axis, 1 in the centre's cell: (M,), (M,) -> (M, cells)."""
    cell = torch.arange(cells, dtype=centre.dtype, device=centre.device)
    return torch.exp(-((cell - centre[:, None]) ** 2) / (2 * spread[:, None] ** 2))
