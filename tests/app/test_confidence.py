"""What confidence is made of."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.confidence import visible_shares
from app.crop import Crop
from app.frame import Box

_FRAME_WH = (640, 360)


def _part_box(xyxy_px: tuple[float, float, float, float], crop: Crop) -> NDArray[np.float32]:
    """A box of the frame in crop pixels, (4,)."""
    corners = crop.crop_from_frame(np.array(xyxy_px, float).reshape(2, 2))
    return corners.reshape(4).astype(np.float32)


@pytest.mark.parametrize(
    ("xyxy_px", "share"),
    [
        # Well inside, and as large as the frame.
        ((100, 50, 150, 120), 1.0),
        ((0, 0, 640, 360), 1.0),
        # Beyond each side.
        ((-80, 50, -20, 120), 0.0),
        ((650, 50, 700, 120), 0.0),
        ((100, -90, 150, -20), 0.0),
        ((100, 380, 150, 420), 0.0),
        # Half over each side; over a corner a quarter.
        ((-30, 50, 30, 120), 0.5),
        ((610, 50, 670, 120), 0.5),
        ((100, -30, 150, 30), 0.5),
        ((100, 330, 150, 390), 0.5),
        ((610, 330, 670, 390), 0.25),
        # Larger than the frame, twice as wide.
        ((-320, 0, 960, 360), 0.5),
        # Turned round or without an area: nothing of it can be seen.
        ((150, 50, 100, 120), 0.0),
        ((150, 120, 100, 50), 0.0),
        ((100, 50, 100, 50), 0.0),
    ],
)
def test_visible_shares(xyxy_px: tuple[float, float, float, float], share: float) -> None:
    crop = Crop.around(Box((60.0, 5.0, 250.0, 350.0), 0.9), _FRAME_WH, (384, 512))
    assert crop is not None
    boxes = np.stack(
        [_part_box((100, 50, 150, 120), crop), _part_box(xyxy_px, crop), _part_box((-9, -9, -5, -5), crop)]
    )
    assert visible_shares(boxes, crop, _FRAME_WH) == pytest.approx((1.0, share, 0.0), abs=1e-4)
