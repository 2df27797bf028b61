"""From a person's box to the network's crop and back: the one owner of that change of coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Box
from app.pinhole import Pinhole
from models.camera import FOCAL_PX, INPUT_WH

_AVERAGED_BELOW = 0.4  # of the frame's resolution
_ABOUT_PX = 16  # beyond a crop, so that its border is what it would be in the whole frame
_MARGIN = 1.25  # the network was trained on boxes this much larger than the person


@dataclass(frozen=True)
class Crop:
    """A part of the frame, resampled to the network's input.

    Frame and crop pixels have their centres at whole numbers. source_xywh_px: the part of the frame; size_wh: of the
    crop.
    """

    source_xywh_px: tuple[float, float, float, float]
    size_wh: tuple[int, int]

    @classmethod
    def around(cls, box: Box, frame_wh: tuple[int, int], size_wh: tuple[int, int]) -> Crop | None:
        """The crop for a person's box, or None for a box with nothing inside the frame.

        The box is moved into the frame where it begins left of it or above, cut off where it ends beyond it, widened or
        heightened about its centre to the crop's shape, and enlarged, in the arithmetic the released weights were
        trained with (a box of w pixels reaches from its first to its w-th pixel centre).
        """
        if box.xyxy_px[2] <= 0 or box.xyxy_px[3] <= 0:
            return None
        x1, y1 = max(0.0, box.xyxy_px[0]), max(0.0, box.xyxy_px[1])
        x2 = min(frame_wh[0] - 1.0, x1 + max(0.0, box.width_px - 1.0))
        y2 = min(frame_wh[1] - 1.0, y1 + max(0.0, box.height_px - 1.0))
        width, height = x2 - x1, y2 - y1
        if not (width > 0 and height > 0):
            return None
        aspect = size_wh[0] / size_wh[1]
        wide, high = _MARGIN * max(width, height * aspect), _MARGIN * max(height, width / aspect)
        return cls((x1 + 0.5 * (width - wide), y1 + 0.5 * (height - high), wide, high), size_wh)

    @property
    def camera(self) -> Pinhole:
        """The network's virtual camera, in frame pixels."""
        x, y, width, height = self.source_xywh_px
        return Pinhole(
            FOCAL_PX * width / INPUT_WH[0], FOCAL_PX * height / INPUT_WH[1], x + 0.5 * width, y + 0.5 * height
        )

    @property
    def centre_px(self) -> NDArray[np.float64]:
        """(2,) the middle, in frame pixels."""
        x, y, width, height = self.source_xywh_px
        return np.array((x + 0.5 * width, y + 0.5 * height))

    def warp(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The crop's pixels, (H, W, 3) uint8; black outside the frame. What is made much smaller is averaged first: a
        bilinear warp would pass pixels over."""
        scale, offset = self._crop_from_frame()
        if scale[0] < _AVERAGED_BELOW:
            rgb, (x, y) = self._part_of(rgb)
            offset = offset + scale * (x, y)
        while scale[0] < _AVERAGED_BELOW and min(rgb.shape[:2]) > 1:
            height, width = (n // 2 * 2 for n in rgb.shape[:2])
            rgb = np.asarray(cv2.resize(rgb[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
            scale, offset = 2 * scale, offset + 0.5 * scale
        matrix = np.column_stack((np.diag(scale), offset))
        return np.asarray(cv2.warpAffine(rgb, matrix, self.size_wh, flags=cv2.INTER_LINEAR), np.uint8)

    def _part_of(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """The pixels of a frame that the crop shows, and some about them, and where they begin, x and y."""
        x, y, width, height = self.source_xywh_px
        x1, y1 = max(0, int(x) - _ABOUT_PX), max(0, int(y) - _ABOUT_PX)
        return rgb[y1 : int(y + height) + _ABOUT_PX, x1 : int(x + width) + _ABOUT_PX], (x1, y1)

    def frame_from_crop(self, xy: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """(..., 2) crop pixels -> frame pixels."""
        scale, offset = self._crop_from_frame()
        return np.asarray((xy - offset) / scale)

    def crop_from_frame(self, xy: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """(..., 2) frame pixels -> crop pixels."""
        scale, offset = self._crop_from_frame()
        return np.asarray(xy * scale + offset)

    def _crop_from_frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scale (2,) and offset (2,): the source's centre goes to the crop's."""
        x, y, width, height = self.source_xywh_px
        scale = np.full(2, self.size_wh[0] / width)
        centre = np.array([x + 0.5 * width, y + 0.5 * height])
        return scale, 0.5 * np.array(self.size_wh) - centre * scale
