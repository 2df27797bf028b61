"""What the drawn body's clothes lack beside real ones: folds, bulges, prints and tones that no triangle of it has.

On sprites already placed in a picture, weighted by their alpha; where joints are does not change.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.backgrounds import random_colour
from training.chances import Rng
from training.pictures import Sprite, fill_box

_CELLS = (3, 24)  # along a side: the coarsest and finest noise that bends and folds
_MOST_BENT = 0.014  # of the height, standard deviation
_DEEPEST = 0.35  # share of light that folds take, standard deviation


def dressed(rng: Rng, sprite: Sprite) -> Sprite:
    """The weighted sprite (H, W, 4) as if in looser, wrinkled, printed or other coloured clothes; each by chance."""
    if rng.random() < 0.5:
        sprite = _bent(rng, sprite)
    if rng.random() < 0.25:
        sprite = _printed(rng, sprite)
    if rng.random() < 0.5:
        return _toned(rng, sprite)
    return sprite


def _bent(rng: Rng, sprite: Sprite) -> Sprite:
    """Its outline and all within moved here and there by smooth noise."""
    height, width = sprite.shape[:2]
    y, x = np.indices((height, width), np.float32)
    size = rng.uniform(0, _MOST_BENT) * height
    moves = size * _noise(rng, (height, width), 2)
    return np.asarray(cv2.remap(sprite, x + moves[..., 0], y + moves[..., 1], cv2.INTER_LINEAR), np.uint8)


def _printed(rng: Rng, sprite: Sprite) -> Sprite:
    """With one to four patches of a colour on it."""
    mask = np.zeros(sprite.shape[:2], np.uint8)
    for _ in range(rng.integers(1, 5)):
        fill_box(rng, mask, 2, 20)
    alpha = sprite[..., 3:].astype(np.float32) / 255
    patch = np.concatenate((random_colour(rng) * alpha, 255 * alpha), -1)
    return np.where(mask[..., None] > 0, patch, sprite).astype(np.uint8)


def _toned(rng: Rng, sprite: Sprite) -> Sprite:
    """Lighter or darker, of other colours, and with folds."""
    height, width = sprite.shape[:2]
    mixed = np.eye(3) + rng.normal(0, 0.12, (3, 3))
    light = np.exp(rng.normal(0, 0.3) + rng.uniform(0, _DEEPEST) * _noise(rng, (height, width), 1))  # (H, W, 1)
    colours = sprite[..., :3].astype(np.float32) @ mixed.T.astype(np.float32) * light
    most = sprite[..., 3:].astype(np.float32)  # weighted colours stay below their alpha
    return np.concatenate((np.clip(colours, 0, most), most), -1).astype(np.uint8)


def _noise(rng: Rng, size_hw: tuple[int, int], channels: int) -> NDArray[np.float32]:
    """(H, W, channels) smooth, of unit variance about, finer one way than the other."""
    coarsest, finest = np.log(_CELLS)
    cells = np.exp(rng.uniform(coarsest, finest, 2)).astype(int) + 1
    grain = rng.normal(0, 1, (*cells, channels)).astype(np.float32)
    fine = cv2.resize(grain, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.float32).reshape(*size_hw, channels)
