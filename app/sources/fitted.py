"""A picture brought to another size, with nothing stretched or cut off."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def fitted(picture: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) -> size_wh, as large as fits, in the middle, black beside it. The same array where it fits already."""
    height, width = picture.shape[:2]
    if (width, height) == size_wh:
        return picture
    scale = min(size_wh[0] / width, size_wh[1] / height)
    inner_wh = max(1, round(width * scale)), max(1, round(height * scale))
    inner = cv2.resize(picture, inner_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size_wh[0] - inner_wh[0]) // 2, (size_wh[1] - inner_wh[1]) // 2
    whole = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    whole[top : top + inner_wh[1], left : left + inner_wh[0]] = inner
    return whole
