"""A frame fitted into a detector's input, and boxes back: the one owner of that change of coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_PADDING = 114  # the grey that YOLO-family and RTMDet detectors were trained with


@dataclass(frozen=True)
class Letterbox:
    """The frame scaled by one factor, padded with grey. offset_px: x, y of the frame's corner in the input."""

    scale: float
    offset_px: tuple[int, int]
    scaled_wh: tuple[int, int]
    input_wh: tuple[int, int]

    @classmethod
    def fit(cls, frame_wh: tuple[int, int], input_wh: tuple[int, int], *, centred: bool) -> Letterbox:
        """As large as it fits, in the top left corner or in the middle."""
        scale = min(input_wh[0] / frame_wh[0], input_wh[1] / frame_wh[1])
        width, height = (max(1, min(round(n * scale), limit)) for n, limit in zip(frame_wh, input_wh, strict=True))
        spare = (input_wh[0] - width, input_wh[1] - height)
        offset = (spare[0] // 2, spare[1] // 2) if centred else (0, 0)
        return cls(scale, offset, (width, height), input_wh)

    def warp(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 frame -> the input's pixels, (H, W, 3) uint8."""
        out = np.full((self.input_wh[1], self.input_wh[0], 3), _PADDING, np.uint8)
        (x, y), (width, height) = self.offset_px, self.scaled_wh
        how = cv2.INTER_AREA if self.scale <= 0.5 else cv2.INTER_LINEAR  # which passes no pixel over
        out[y : y + height, x : x + width] = cv2.resize(rgb, (width, height), interpolation=how)
        return out

    def frame_from_input(self, xyxy: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N, 4) boxes in input pixels -> frame pixels."""
        return np.asarray((xyxy.astype(np.float64) - np.tile(self.offset_px, 2)) / self.scale)
