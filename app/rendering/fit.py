"""Where the camera's image lies in a picture of another size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.pinhole import Array, Pinhole

_BAR_RGB = (18, 18, 20)


@dataclass(frozen=True)
class Fit:
    """An image shown as large as fits, in the middle.

    inner_wh: its size in the picture; corner_px: (x, y) of its top left pixel there; scale: picture pixels for each
    pixel of the image, (x, y), equal but for rounding.
    """

    size_wh: tuple[int, int]
    inner_wh: tuple[int, int]
    corner_px: tuple[int, int]
    scale: tuple[float, float]

    @classmethod
    def of(cls, image_wh: tuple[int, int], size_wh: tuple[int, int]) -> Fit:
        ratio = min(size_wh[0] / image_wh[0], size_wh[1] / image_wh[1])
        width, height = (max(1, round(ratio * side)) for side in image_wh)
        return cls(
            size_wh,
            (width, height),
            ((size_wh[0] - width) // 2, (size_wh[1] - height) // 2),
            (width / image_wh[0], height / image_wh[1]),
        )

    def picture_from_image(self, xy_px: Array) -> Array:
        """(..., 2) pixels to pixels. Pixel centres are whole numbers in both, so it is borders that scale."""
        return np.asarray((xy_px + 0.5) * np.array(self.scale) - 0.5 + np.array(self.corner_px))

    def picture_camera(self, camera: Pinhole) -> Pinhole:
        """The camera that projects to the picture what `camera` projects to the image."""
        cx, cy = self.picture_from_image(np.array((camera.cx, camera.cy)))
        return Pinhole(camera.fx * self.scale[0], camera.fy * self.scale[1], float(cx), float(cy))

    def place(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A new picture (H, W, 3) of the image, with bars around it."""
        if image.shape[1::-1] == self.size_wh:
            return image.copy()
        shrinks = self.inner_wh[0] < image.shape[1]
        inner = cv2.resize(image, self.inner_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        if self.inner_wh == self.size_wh:
            return np.asarray(inner, np.uint8)
        picture = np.full((self.size_wh[1], self.size_wh[0], 3), _BAR_RGB, np.uint8)  # (H, W, 3)
        (x, y), (width, height) = self.corner_px, self.inner_wh
        picture[y : y + height, x : x + width] = inner
        return picture
