"""What a painter of meshes makes: a part of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.eye import Eye
from app.rendering.palette import Colour
from app.rendering.scene import Layers


@dataclass(frozen=True)
class Mesh:
    """One person's surface: vertices (V, 3), metres, in axes of the take's camera."""

    vertices_m: NDArray[np.float32]
    colour: Colour


@dataclass(frozen=True)
class Patch:
    """rgba (h, w, 4) uint8, colours times coverage, with its top left pixel at `corner_px` (x, y) of the picture."""

    rgba: NDArray[np.uint8]
    corner_px: tuple[int, int]

    def blend_into(self, picture: NDArray[np.uint8], opacity: float) -> None:
        """Lay the patch over the picture (H, W, 3), in place."""
        x, y = self.corner_px
        height, width = self.rgba.shape[:2]
        under = picture[y : y + height, x : x + width]
        left = 255 - cv2.convertScaleAbs(self.rgba[..., 3], alpha=opacity)  # of what is under it
        kept = cv2.multiply(under, cv2.cvtColor(left, cv2.COLOR_GRAY2RGB), scale=1 / 255)
        over = cv2.cvtColor(self.rgba, cv2.COLOR_RGBA2RGB)
        cv2.addWeighted(kept, 1.0, over, opacity, 0.0, dst=kept)
        under[:] = kept


class MeshPainter(Protocol):
    """Draws surfaces, lit and with smooth outlines: what faces enclose (`layers.mesh`), their edges (`.wireframe`)."""

    name: str

    def paint(self, meshes: Sequence[Mesh], eye: Eye, size_wh: tuple[int, int], layers: Layers) -> Patch | None:
        """The part of a picture of that size where the meshes are; None where nothing of them is in it."""
        ...

    def close(self) -> None: ...
