"""What is asked of the detector's features in training, and of nothing else: which part of a body each cell shows.

Centres and boxes alone let it take for a person what only has a person's outline; who tells heads, arms and legs apart
has to look at what makes them so. Left ones are as right ones: they are too small to be told apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.joints import SMPLX_BODY
from training.parts import PARTS

CELL_PX = 4  # of the detector's input
_FINER = 2  # cells across for one of the features

_NAMES = [name.removeprefix("left_").removeprefix("right_") for name in ("pelvis", *SMPLX_BODY)]
_KINDS = sorted(set(_NAMES))
NOBODY = len(_KINDS)
IGNORED = -1
_KIND_OF = np.array([*map(_KINDS.index, _NAMES), IGNORED], np.int8)  # what of a person shows no bare body is clothes

_LEAST_WEIGHT = 0.25  # of what shows nobody, most of every frame


def kinds(parts: NDArray[Any]) -> NDArray[np.int8]:
    """Of `scene.Sprites.body_parts`, (H, W) int8."""
    assert len(_KIND_OF) == PARTS + 1
    return np.asarray(_KIND_OF[parts])


class KindHead(nn.Module):
    """Features (N, C, H, W) to logits of kinds (N, NOBODY + 1, 2 H, 2 W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, (NOBODY + 1) * _FINER**2, 1)
        self.finer = nn.PixelShuffle(_FINER)
        nn.init.zeros_(self.conv.weight)  # until it knows something, it moves no backbone that does

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.finer(self.conv(features))
        return logits


def kinds_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy of logits, as `KindHead` gives them, to maps (N, 2 H, 2 W) of kinds."""
    weight = logits.new_ones(NOBODY + 1)
    weight[NOBODY] = _LEAST_WEIGHT
    return nn.functional.cross_entropy(logits, truth.long(), weight, ignore_index=IGNORED)
