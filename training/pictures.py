"""Putting sprites on pictures. Sprites are (H, W, 4) uint8 RGB and alpha, pictures (H, W, 3) uint8 RGB; a matrix (2, 3)
takes pixels of a sprite to pixels of a picture, by a scale and a shift."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.backgrounds import Image, Pool, random_colour
from training.chances import Rng

Sprite = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def weighted(sprite: Sprite) -> Sprite:
    """Colours times alpha, so that edges mix rightly when it is scaled."""
    return np.asarray(cv2.cvtColor(sprite, cv2.COLOR_RGBA2mRGBA), np.uint8)


def moved(sprite: Sprite, matrix: Matrix, size_wh: tuple[int, int]) -> Sprite:
    """A weighted sprite in a picture of the size."""
    return np.asarray(cv2.warpAffine(sprite, matrix, size_wh, flags=cv2.INTER_LINEAR), np.uint8)


def over(sprite: Sprite, behind: Image) -> Image:
    """A weighted sprite over a picture of its size; its edge a little soft."""
    soft = cv2.GaussianBlur(sprite, (3, 3), 0.6)
    edge = (soft[..., 3:] > 0) & (soft[..., 3:] < 255)
    sprite = np.where(edge, soft, sprite).astype(np.uint8, copy=False)
    rest = 255 - sprite[..., 3].astype(np.uint16)
    return (sprite[..., :3] + (behind * rest[..., None] + 127) // 255).astype(np.uint8)


def bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom edge of what is set in (H, W); None where nothing is."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def occluded(
    rng: Rng, image: Image, pool: Pool, ends: float = np.inf, *, otherwise: float
) -> tuple[Image, NDArray[np.bool_]]:
    """A desk from the row where the person ends; otherwise, so often, something before them: a desk below, a bar, a
    box, a blob. The picture, and where it is hidden (H, W)."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    if ends < height:
        _fill_below(rng, mask, int(ends), 3)
    elif rng.random() < otherwise:
        kind = rng.random()
        if kind < 0.3:
            _fill_below(rng, mask, int(height * rng.uniform(0.6, 0.95)), 12)
        elif kind < 0.65:
            fill_box(rng, mask, 6, 60)
        else:
            centre, axes = _spot(rng, (width, height), 6, 60)
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(mask, centre.astype(int).tolist(), axes.astype(int).tolist(), angle, 0, 360, 255, -1)
    hidden = mask > 0
    if not hidden.any():
        return image, hidden
    plain = rng.random() >= 0.5
    cover = random_colour(rng).astype(np.uint8) if plain else pool.part(rng, (width, height))
    return np.where(hidden[..., None], cover, image), hidden


def _fill_below(rng: Rng, mask: NDArray[np.uint8], top: int, slant_px: int) -> None:
    """Set what is below a row, more or less level."""
    height, width = mask.shape
    left, right = top + rng.integers(-slant_px, slant_px, 2)
    cv2.fillPoly(mask, [np.array(((0, left), (width, right), (width, height), (0, height)), np.int32)], 255)


def fill_box(rng: Rng, mask: NDArray[np.uint8], least_px: float, most_px: float) -> None:
    """Set a box anywhere in a mask (H, W), half its sides between the two."""
    centre, axes = _spot(rng, mask.shape[::-1], least_px, most_px)
    box = cv2.boxPoints((centre.tolist(), (2 * axes).tolist(), float(rng.uniform(0, 180))))
    cv2.fillPoly(mask, [box.astype(np.int32)], 255)


def outside_black(image: Image, window: NDArray[Any], matrix: Matrix) -> Image:
    """Black where the frame ends; window (4,) xyxy in pixels of the sprite."""
    low = window[:2] * matrix[0, 0] + matrix[:, 2]
    high = window[2:] * matrix[0, 0] + matrix[:, 2]
    height, width = image.shape[:2]
    x1, y1 = np.clip(np.ceil(low), 0, (width, height)).astype(int)
    x2, y2 = np.clip(np.floor(high) + 1, 0, (width, height)).astype(int)
    if (x1, y1, x2, y2) == (0, 0, width, height):
        return image
    inside = np.zeros_like(image)
    inside[y1:y2, x1:x2] = image[y1:y2, x1:x2]
    return inside


def _spot(
    rng: Rng, size_wh: tuple[int, ...], least_px: float, most_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A place (2,) in a picture and half the sides (2,) of something there, small ones as likely as large."""
    return rng.uniform((0, 0), size_wh), np.exp(rng.uniform(np.log(least_px), np.log(most_px), 2))
