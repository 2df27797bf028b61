"""Which part of a body each cell of the detector shows: heads, arms and legs are what tells people from what only has
their outline. Left ones are as right ones: they are too small to be told apart. Cells are `PARTS_STRIDE` pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.joints import SMPLX_BODY

Kinds = NDArray[np.int8]  # (H, W) the kind that a pixel or a cell shows, NOBODY, or IGNORED

_NAMES = [name.removeprefix("left_").removeprefix("right_") for name in ("pelvis", *SMPLX_BODY)]
_KINDS = sorted(set(_NAMES))
NOBODY = len(_KINDS)
IGNORED = -1
_KIND_OF = np.array([*map(_KINDS.index, _NAMES), IGNORED], np.int8)  # what of a person shows no bare body is clothes

_LEAST_WEIGHT = 0.25  # of what shows nobody, most of every frame


def kinds(parts: NDArray[Any]) -> Kinds:
    """Of `scene.Sprites.body_parts`, (H, W) int8."""
    return np.asarray(_KIND_OF[parts])


def kinds_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy of logits (N, NOBODY + 1, H, W) to maps (N, H, W) of kinds."""
    weight = logits.new_ones(NOBODY + 1)
    weight[NOBODY] = _LEAST_WEIGHT
    return nn.functional.cross_entropy(logits, truth.long(), weight, ignore_index=IGNORED)
