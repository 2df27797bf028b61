"""People as points: a heatmap of their centres and a box in every cell; and of what body parts there are in the box.

After CenterNet (Zhou et al. 2019) with the box of FCOS (Tian et al. 2019). A person is the highest of the 3 x 3 cells
around, so no boxes need be merged afterwards. A short feature pyramid (Lin et al. 2017a) gives the fine map the context
of the coarse ones. Much has a person's outline; who is one has a head, arms and legs, so where finer cells are asked
which part of a body they show, a box counts for more the more kinds are seen in it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.config import DETECTOR_STRIDE, PARTS_STRIDE, DetectorConfig
from models.networks.layers import conv_bn_relu
from models.networks.resnet import ResNet

_PRIOR = (
    0.01  # score of every cell before training, so that the many empty ones do not drown the rest (Lin et al. 2017b)
)
_FINER = DETECTOR_STRIDE // PARTS_STRIDE  # cells of parts for one of the features, across and down
_SIZE_PX = 64.0  # distance of a box's sides from its cell before training
_LARGEST_LOG = 6.0  # e^6 cells: more than any input has
_NO_PEAK = -1e4  # a logit whose score is 0, also in half precision


class DetectorMaps(NamedTuple):
    """logits (N, H, W) of there being a person's centre in a cell; boxes (N, H, W, 4) xyxy pixels of the input."""

    logits: Tensor
    boxes: Tensor


class People(NamedTuple):
    """boxes (N, K, 4) xyxy pixels of the input; scores (N, K), surest first, 0 where there are fewer than K."""

    boxes: Tensor
    scores: Tensor


class Detector(nn.Module):
    """Finds people in images: RGB uint8 (N, H, W, 3), H and W those of `config.input_hw`.

    Boxes reach from edge to edge: one around the whole image is (0, 0, W, H).
    """

    def __init__(self, config: DetectorConfig | None = None) -> None:
        super().__init__()
        config = config or DetectorConfig()
        self.config = config
        self.backbone = ResNet(config.backbone)
        last, channels = config.backbone.channels, config.channels
        self.lateral = nn.ModuleList(conv_bn_relu(last // shrink, channels) for shrink in (4, 2, 1))
        self.merge = conv_bn_relu(channels, channels, 3)
        self.head = nn.Sequential(conv_bn_relu(channels, channels, 3), nn.Conv2d(channels, 5, 1))
        if config.kinds:
            self.parts = nn.Conv2d(channels, (config.kinds + 1) * _FINER**2, 1)
            nn.init.zeros_(self.parts.weight)  # until it knows something, it moves no backbone that does
        self._prepare_head()

    def forward(self, image: Tensor) -> DetectorMaps:
        """What training compares: the maps before people are picked from them."""
        return self.maps(self.features(image))

    def features(self, image: Tensor) -> Tensor:
        """(N, C, H / 8, W / 8), C of `config.channels`."""
        features: Tensor | None = None
        _, *pyramid = self.backbone.stages(image.permute(0, 3, 1, 2).float() / 255.0)
        for level, lateral in zip(reversed(pyramid), reversed(self.lateral), strict=True):
            finer: Tensor = lateral(level)
            features = finer if features is None else finer + functional.interpolate(features, scale_factor=2.0)
        merged: Tensor = self.merge(features)
        return merged

    def maps(self, features: Tensor) -> DetectorMaps:
        """Of features as `features` gives them."""
        maps: Tensor = self.head(features)  # (N, 5, H / 8, W / 8)
        return DetectorMaps(maps[:, 0], _boxes(maps[:, 1:].permute(0, 2, 3, 1)))

    def kinds(self, features: Tensor) -> Tensor:
        """Logits (N, kinds + 1, H / 4, W / 4) of the kind of part that a cell shows, the last of none; of features as
        `features` gives them. Only where the config has kinds."""
        return functional.pixel_shuffle(self.parts(features), _FINER)

    def detect(self, image: Tensor) -> People:
        """The `config.people` likeliest people."""
        features = self.features(image)
        logits, boxes = self.maps(features)
        highest = functional.max_pool2d(logits, 3, stride=1, padding=1)
        peaks = torch.where(logits >= highest, logits, _NO_PEAK).flatten(1)  # (N, HW)
        best, cell = peaks.topk(self.config.people, dim=1)  # (N, K)
        picked = boxes.flatten(1, 2).gather(1, cell[..., None].expand(-1, -1, 4))
        if self.config.kinds:
            own, seen, constant = self.config.weighing
            best = own * best + seen * _kinds_in(picked, self.kinds(features).float()) + constant
            best, order = best.topk(self.config.people, dim=1)
            picked = picked.gather(1, order[..., None].expand(-1, -1, 4))
        return People(picked, best.sigmoid())

    def _prepare_head(self) -> None:
        last = self.head[-1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        nn.init.normal_(last.weight, std=0.01)
        with torch.no_grad():
            last.bias[0] = math.log(_PRIOR / (1 - _PRIOR))
            last.bias[1:] = math.log(_SIZE_PX / DETECTOR_STRIDE)


def _kinds_in(boxes: Tensor, logits: Tensor) -> Tensor:
    """(N, K): how many kinds are in boxes (N, K, 4) of pixels, each as surely as in the cell that shows it best.

    logits: (N, kinds + 1, H, W), the last of none. Of each 2 x 2 cells, which lie in a box by their middle, the best
    one counts for all: a fourth of the work.
    """
    best = functional.max_pool2d(logits.softmax(1)[:, :-1], _FINER)  # (N, kinds, h, w)
    y, x = ((torch.arange(cells, device=boxes.device) + 0.5) * DETECTOR_STRIDE for cells in best.shape[2:])
    across = ((x > boxes[..., 0, None]) & (x < boxes[..., 2, None])).float()  # (N, K, w)
    down = ((y > boxes[..., 1, None]) & (y < boxes[..., 3, None])).float()  # (N, K, h)
    inside = best[:, None] * across[:, :, None, None] * down[:, :, None, :, None]  # (N, K, kinds, h, w)
    return inside.amax((3, 4)).sum(-1)


def _boxes(log_distances: Tensor) -> Tensor:
    """Logarithms of the distances, in cells, to the left, top, right and bottom -> xyxy pixels: (N, H, W, 4), twice."""
    height, width = log_distances.shape[1:3]
    left, top, right, bottom = log_distances.clamp(max=_LARGEST_LOG).exp().unbind(-1)
    x = torch.arange(width, dtype=left.dtype, device=left.device) + 0.5
    y = (torch.arange(height, dtype=left.dtype, device=left.device) + 0.5)[:, None]
    return DETECTOR_STRIDE * torch.stack((x - left, y - top, x + right, y + bottom), -1)
