"""Real places without people, for backgrounds: views of panoramas, and parts of photographs. RGB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training.chances import Rng
from training.command import UnusableError
from training.panoramas import Image, Panorama, as_light, view

_SUFFIXES = (".hdr", ".jpeg", ".jpg", ".png")
_PHOTOGRAPHS = 0.6  # of the backgrounds are parts of photographs, where there are both
_PART = (0.4, 1.0)  # of a photograph's shorter side
_STRETCHED = 1.35  # times, at most
_GAMMAS = (0.6, 1.6)
_TINTS = 0.08


class Places(NamedTuple):
    """Panoramas, and photographs (H, W, 3) uint8 of any size."""

    panoramas: Sequence[Panorama] = ()
    photographs: Sequence[Image] = ()

    def picture(self, rng: Rng, size_wh: tuple[int, int]) -> Image:
        """(H, W, 3) uint8: a view of a panorama, or a part of a photograph."""
        if not self.panoramas or (self.photographs and rng.random() < _PHOTOGRAPHS):
            return part(rng, self.photographs, size_wh)
        return view(rng, self.panoramas, size_wh)


def read_places(folder: Path | None) -> Places:
    """All pictures in a folder, if one is given: those twice as wide as high are panoramas, the others photographs.

    Raises FileNotFoundError where there is none, UnusableError for one that cannot be read, and for light (.hdr)
    that is no panorama.
    """
    if folder is None:
        return Places()
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"no picture in {folder}; it should hold some named {' or '.join(_SUFFIXES)}")
    panoramas: list[Panorama] = []
    photographs: list[Image] = []
    for path in paths:
        image = _read(path)
        height, width = image.shape[:2]
        if width == 2 * height:
            panoramas.append(as_light(image))
        elif image.dtype == np.uint8:
            photographs.append(np.asarray(image, np.uint8))
        else:
            raise UnusableError(f"{path} is {width} x {height}; a panorama is twice as wide as high")
    return Places(panoramas, photographs)


def _read(path: Path) -> NDArray[np.uint8] | NDArray[np.float32]:
    image = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if image is None:
        raise UnusableError(f"{path} cannot be read as a picture; take it out of the folder")
    rgb = np.ascontiguousarray(image[..., ::-1])
    return np.asarray(rgb, np.uint8) if rgb.dtype == np.uint8 else np.asarray(rgb, np.float32)


def part(rng: Rng, photographs: Sequence[Image], size_wh: tuple[int, int]) -> Image:
    """(H, W, 3) uint8: a part of one of them, somewhat stretched, lighter or darker, perhaps flipped."""
    photograph = photographs[int(rng.integers(len(photographs)))]
    height, width = photograph.shape[:2]
    side = rng.uniform(*_PART) * min(height, width)
    stretched = np.exp(rng.uniform(-0.5, 0.5) * np.log(_STRETCHED)) * np.sqrt(size_wh[0] / size_wh[1])
    wide, high = max(int(min(side * stretched, width)), 1), max(int(min(side / stretched, height)), 1)
    x, y = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
    image = cv2.resize(photograph[y : y + high, x : x + wide], size_wh, interpolation=cv2.INTER_AREA)
    light = (np.arange(256) / 255.0) ** np.exp(rng.uniform(*np.log(_GAMMAS)))
    table = np.clip(255 * light[:, None] * np.exp(rng.normal(0, _TINTS, 3)), 0, 255).astype(np.uint8)
    shown = cv2.LUT(image, table[None])
    return np.asarray(shown[:, ::-1] if rng.random() < 0.5 else shown, np.uint8)
