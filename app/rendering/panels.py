"""One picture of three views: over the image, and from the side and from above beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.rendering.renderer import Renderer
from app.rendering.scene import Scene, View


def draw_panels(renderer: Renderer, scene: Scene, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3): the scene on the left, on the right two squares of half the height, the side view over the top one."""
    width, height = size_wh
    half = height // 2
    picture = np.empty((height, width, 3), np.uint8)
    picture[:, : width - half] = renderer.draw(scene, (width - half, height))
    picture[:half, width - half :] = renderer.draw(replace(scene, view=View("side")), (half, half))
    picture[half:, width - half :] = renderer.draw(replace(scene, view=View("top")), (half, height - half))
    return picture
