"""Picture files made for tests, and reading them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Frame
from app.sources.images import ImageSource

COLOUR = (200, 120, 40)  # RGB


def plain(colour: tuple[int, int, int] = COLOUR, size_wh: tuple[int, int] = (32, 24)) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of one colour."""
    return np.full((size_wh[1], size_wh[0], 3), colour, np.uint8)


def write(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Path:
    """Pixels (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16, by the suffix of the path."""
    if pixels.ndim == 3:
        order = [2, 1, 0, 3][: pixels.shape[2]]
        done, data = cv2.imencode(path.suffix, np.ascontiguousarray(pixels[..., order]))
    else:
        done, data = cv2.imencode(path.suffix, pixels)
    assert done
    path.write_bytes(data.tobytes())
    return path


def numbered_folder(folder: Path, count: int) -> Path:
    """A folder of images whose brightness is ten times their number."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        write(folder / f"{number}.png", plain((10 * number, 10 * number, 10 * number)))
    return folder


def frames_of(path: Path, start_s: float = 0.0, duration_s: float | None = None) -> list[Frame]:
    with ImageSource(path, start_s, duration_s) as source:
        return list(source)
