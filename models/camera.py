"""The virtual camera Hand4Whole's weights were trained under: numbers of the released code."""

from __future__ import annotations

import math
from typing import NamedTuple

# Focal length in pixels of a 192 x 256 crop, and the size of the space people are in.
FOCAL_PX = 5000.0
INPUT_WH = (192, 256)
SPACE_M = 2.5

# Metres of depth for a sigmoid of one: a person who fills the crop is about this far away.
DEPTH_SCALE_M = math.sqrt(FOCAL_PX**2 * SPACE_M**2 / (INPUT_WH[0] * INPUT_WH[1]))


class Intrinsics(NamedTuple):
    """Focal lengths and principal point of a pinhole camera, in pixels of some picture. Axes: +x right, +y down, +z
    forward."""

    fx: float
    fy: float
    cx: float
    cy: float


VIRTUAL = Intrinsics(FOCAL_PX, FOCAL_PX, INPUT_WH[0] / 2, INPUT_WH[1] / 2)
"""In pixels of a 192 x 256 crop."""
