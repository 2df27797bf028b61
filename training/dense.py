"""What is asked of every cell of BodyNet's and HandNet's features in training, and of nothing else: which part of the
body is seen there, and how deep.

Beside joints it tells a backbone of each pixel what limb or finger it is on, left or right, and which way that goes
(parts as in Neural Body Fitting, Omran et al. 2018, and depth beside them). The body is the bare one: how far clothes
stand off is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.parts import HAND_PARTS, PARTS

_IGNORED = -1


@dataclass(frozen=True)
class Dense:
    """Maps of one kind. name: in targets and losses. parts: how many there are; the next number is the background.
    finer: cells across for one of the features. last: what depths of the last part count."""

    name: str
    parts: int
    finer: int
    last: float = 1.0


# A hand's last part is the rest of the body. It covers most of many pictures, and how far behind the wrist a trunk is
# says nothing of fingers.
BODY, HAND = Dense("body", PARTS, 2), Dense("hand", HAND_PARTS, 4, last=0.15)
WEIGHTS = {"body parts": 3.0, "body surface": 5.0, "hand parts": 1.0, "hand surface": 8.0}


class DenseHead(nn.Module):
    """Features (N, C, H, W) to logits of parts (N, parts + 1, fH, fW), f times finer, and depths (N, fH, fW) in metres
    behind the pelvis or the wrist."""

    def __init__(self, dense: Dense, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, (dense.parts + 2) * dense.finer**2, 1)
        self.finer = nn.PixelShuffle(dense.finer)
        nn.init.zeros_(self.conv.weight)  # until it knows something, it moves no backbone that does
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        maps: Tensor = self.finer(self.conv(features))
        return maps[:, :-1], maps[:, -1]


def dense_losses(
    dense: Dense, found: tuple[Tensor, Tensor], batch: Mapping[str, Tensor], seen: Tensor | None = None
) -> dict[str, Tensor]:
    """By the names of `WEIGHTS`, unweighted: cross entropy of parts and mean error of depths [m] on the body.

    found: as `DenseHead` gives it. batch: "body_parts" and "body_depths", or the hand's, (N, fH, fW), as `targets`
    gives them. seen: (N,), 0 for maps that do not count.
    """
    logits, depth_m = found
    parts = batch[f"{dense.name}_parts"].long()
    if seen is not None:
        parts = torch.where(seen[:, None, None] > 0, parts, _IGNORED)
    covered = ((parts != dense.parts) & (parts != _IGNORED)).float()
    covered = torch.where(parts == dense.parts - 1, dense.last * covered, covered)
    error = (depth_m - batch[f"{dense.name}_depths"]).abs() * covered
    entropy = nn.functional.cross_entropy(logits, parts, ignore_index=_IGNORED, reduction="sum")
    return {
        f"{dense.name} parts": entropy / (parts != _IGNORED).sum().clamp(min=1),
        f"{dense.name} surface": error.sum() / covered.sum().clamp(min=1.0),
    }
