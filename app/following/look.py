"""What a person looks like, to tell people apart: the colours of what is in the box."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Box

_PATCH_WH = (14, 36)  # pixels that the middle of a box is reduced to
_BANDS = 3  # from head to feet
_MIDDLE = (0.3, 0.06, 0.7, 0.8)  # of the box: at its sides and between the feet is mostly background
_LIGHTNESS, _HUES = 8, 12  # bins
_HUE_SPAN = (104.0, 152.0)  # of Lab's a and b in 8 bits, where 128 is grey: most cloth is in between
_SMALLEST_PX = 4.0


@dataclass(frozen=True)
class Look:
    """Colour histograms, (bands, L, a, b) float32, each band's sum 1."""

    shares: NDArray[np.float32]

    @classmethod
    def of(cls, rgb: NDArray[np.uint8], box: Box) -> Look | None:
        """Of the person in a box of a frame (H, W, 3), or None where next to nothing of it is in the frame."""
        left, top, right, bottom = _MIDDLE
        x, y, width, height = *box.xyxy_px[:2], box.width_px, box.height_px
        x1, x2 = np.clip((x + left * width, x + right * width), 0, rgb.shape[1])
        y1, y2 = np.clip((y + top * height, y + bottom * height), 0, rgb.shape[0])
        if x2 - x1 < _SMALLEST_PX or y2 - y1 < _SMALLEST_PX:
            return None
        step = max(1, int((y2 - y1) / (3 * _PATCH_WH[1])))  # of a large person not every pixel need be read
        part = np.ascontiguousarray(rgb[int(y1) : int(y2) : step, int(x1) : int(x2) : step])
        patch = cv2.resize(part, _PATCH_WH, interpolation=cv2.INTER_AREA)
        lab = np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGB2LAB), np.uint8)
        return cls(_histograms(lab.reshape(_BANDS, -1, 3)))

    def likeness(self, other: Look) -> float:
        """Bhattacharyya's coefficient, the mean over the bands: 1 for the same colours, 0 for none in common."""
        return float(np.sqrt(self.shares * other.shares).sum() / _BANDS)

    def mixed(self, other: Look, share: float) -> Look:
        """This look with so much of the other in it."""
        return Look((1 - share) * self.shares + share * other.shares)


def _histograms(lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(bands, P, 3) 8-bit Lab -> (bands, L, a, b). Pixels count in the next bins too, so that no bin's edge matters."""
    low, high = _HUE_SPAN
    hues = ((np.clip(lab[..., 1:], low, high - 1) - low) * (_HUES / (high - low))).astype(np.intp)  # (bands, P, 2)
    lightness = lab[..., 0].astype(np.intp) * _LIGHTNESS // 256
    band = np.arange(_BANDS)[:, None]
    cells = ((band * _LIGHTNESS + lightness) * _HUES + hues[..., 0]) * _HUES + hues[..., 1]
    shape = (_BANDS, _LIGHTNESS, _HUES, _HUES)
    counts = np.bincount(cells.reshape(-1), minlength=int(np.prod(shape))).reshape(shape).astype(np.float32)
    for axis in (1, 2, 3):
        counts = np.moveaxis(_spread(np.moveaxis(counts, axis, 0)), 0, axis)
    return counts / np.float32(lab.shape[1])


def _spread(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """A quarter of each bin along the first axis goes to either neighbour; at the ends it stays."""
    spread = 0.5 * counts
    spread[1:] += 0.25 * counts[:-1]
    spread[:-1] += 0.25 * counts[1:]
    spread[0] += 0.25 * counts[0]
    spread[-1] += 0.25 * counts[-1]
    return spread
