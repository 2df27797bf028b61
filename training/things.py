"""Things as tall as people that are nobody: vases, bottles, pillars, lamps, rockets; and cutouts of real ones, where
there are any. Weighted sprites, as in `pictures`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.backgrounds import Pool, random_colour
from training.chances import Rng
from training.command import UnusableError
from training.pictures import Sprite, weighted

_SHARES = (0.15, 0.9)  # how wide one is, of its height
_SLIMMEST = 0.12  # of its width, anywhere
_STEPPED = 0.3  # how many are of cylinders, else they swell
_PATTERNED = 0.3
_TURNED = 0.2  # how many lie
_MOST_STRETCHED = 1.35  # times: how much wider or narrower than it is a cutout is drawn


def solid(rng: Rng, pool: Pool, high_px: float) -> Sprite:
    """A solid of revolution, (H, W, 4) uint8 RGB and alpha, colours weighted, in bands and lit from a side."""
    high = max(int(high_px), 4)
    wide = max(int(high * np.exp(rng.uniform(*np.log(_SHARES)))), 3)
    half = wide / 2 * _along(rng, rng.uniform(_SLIMMEST, 1.0, rng.integers(2, 9)), high, rng.random() < _STEPPED)
    across = (np.arange(wide) + 0.5 - wide / 2) / half[:, None]  # (H, W), -1 to 1 within it
    normal = np.stack((across, np.sqrt(np.clip(1 - across**2, 0, 1))), -1)
    angle = rng.uniform(-0.5, 0.5) * np.pi
    ambient = rng.uniform(0.2, 0.9)
    light = ambient + (1 - ambient) * np.clip(normal @ (np.sin(angle), np.cos(angle)), 0, 1)
    bands = np.stack([random_colour(rng) for _ in range(rng.integers(1, 6))])
    colours = np.stack([_along(rng, band, high, stepped=True) for band in bands.T], -1)[:, None].repeat(wide, 1)
    if rng.random() < _PATTERNED:
        colours = (colours + pool.part(rng, (wide, high))) / 2
    alpha = np.where(np.abs(across) < 1, 255.0, 0.0)
    sprite = np.concatenate((np.clip(colours * light[..., None], 0, 255), alpha[..., None]), -1).astype(np.uint8)
    return weighted(np.ascontiguousarray(np.rot90(sprite) if rng.random() < _TURNED else sprite))


def read_things(folder: Path) -> list[Sprite]:
    """All PNG files with an alpha channel in a folder. Raises FileNotFoundError where there is none,
    UnusableError for one without alpha."""
    paths = sorted(folder.glob("*.png"))
    if not paths:
        raise FileNotFoundError(f"no thing in {folder}; it should hold .png files with an alpha channel")
    return [_read(path) for path in paths]


def cutout(rng: Rng, things: Sequence[Sprite], high_px: float) -> Sprite:
    """One of them, its longer side so large, perhaps flipped or lying."""
    thing = things[int(rng.integers(len(things)))]
    size = np.array(thing.shape[1::-1]) * np.exp(rng.uniform(-0.5, 0.5, 2) * np.log(_MOST_STRETCHED))
    wide, high = np.maximum(size * high_px / size.max(), 1).astype(int).tolist()
    scaled = np.asarray(cv2.resize(thing, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.5:
        scaled = scaled[:, ::-1]
    return np.ascontiguousarray(np.rot90(scaled) if rng.random() < _TURNED else scaled)


def _read(path: Path) -> Sprite:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8:
        raise UnusableError(f"{path} is no picture of 8 bits with an alpha channel")
    return weighted(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8))


def _along(rng: Rng, values: NDArray[np.floating], high: int, stepped: bool) -> NDArray[np.float64]:
    """(high,) values from one to the next: in steps at uneven heights, or smoothly."""
    places = np.sort(rng.uniform(0, 1, len(values)))
    places[0] = 0.0
    rows = (np.arange(high) + 0.5) / high
    if stepped:
        return np.asarray(values, float)[np.searchsorted(places, rows, side="right") - 1]
    smooth = cv2.resize(np.asarray(values, np.float32)[:, None], (1, high), interpolation=cv2.INTER_LINEAR)
    return smooth[:, 0].astype(float)
