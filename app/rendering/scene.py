"""What to draw, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.frame import Person
from app.pinhole import Pinhole

ViewKind = Literal["camera", "side", "top", "orbit"]


@dataclass(frozen=True)
class View:
    """From where people are seen.

    "camera": over the image. The others go around the people, who fill the picture, on a plain ground: "side" from the
    camera's right, "top" from above, "orbit" from yaw_deg (0 as the camera, 90 from its right) and pitch_deg (90 from
    above). zoom: how many times larger than that; pan: how far they are moved right and down, in the picture's heights.
    """

    kind: ViewKind = "camera"
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    zoom: float = 1.0
    pan: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Layers:
    """What is shown of people."""

    mesh: bool = True
    wireframe: bool = False
    skeleton: bool = False
    boxes: bool = False


@dataclass(frozen=True)
class Scene:
    """People before one camera.

    background: (H, W, 3) uint8 RGB, the image that `camera` took, shown as large as fits into the picture with dark
    bars where the shapes differ; None for a plain ground, the camera's image being as large as the picture then.
    People may be under other cameras; they are drawn as `Person.under(camera)`, coloured by track_id.
    """

    background: NDArray[np.uint8] | None
    people: tuple[Person, ...]
    camera: Pinhole
    view: View = View()
    layers: Layers = Layers()
