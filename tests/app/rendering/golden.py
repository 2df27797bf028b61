"""Small pictures of the open body to compare with, and the making of them.

    python -m tests.app.rendering.golden

writes them again. Look at them before they are committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.renderer import Renderer, open_renderer
from app.rendering.scene import Layers, Scene, View
from tests.app.rendering import scenes
from tests.standins import DATA

FOLDER = DATA / "pictures"
SIZE = (160, 120)
_SMALLEST = (cv2.IMWRITE_PNG_COMPRESSION, 9)


def all_scenes() -> Mapping[str, Scene]:
    someone = (scenes.waving(),)
    two = (scenes.waving(1, (-0.35, 0.0, 3.4)), scenes.person(2, (0.3, 0.0, 2.9), left_elbow=(0, -90, 0)))
    image, camera = np.full_like(scenes.image(), (150, 140, 125)), scenes.CAMERA
    return {
        "camera": Scene(image, someone, camera),
        "side": Scene(None, someone, camera, View("side")),
        "top": Scene(None, someone, camera, View("top", zoom=1.6)),
        "two": Scene(image, two, camera, View(), Layers(boxes=True)),
        "skeleton": Scene(image, two, camera, View(), Layers(mesh=False, skeleton=True)),
        "wireframe": Scene(None, someone, camera, View("orbit", 30, 20, 5, (-0.2, 1.0)), Layers(wireframe=True)),
    }


def load(name: str) -> NDArray[np.uint8]:
    """(H, W, 3) RGB."""
    picture = cv2.imread(str(path(name)))
    assert picture is not None, f"{path(name)} is missing"
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def path(name: str) -> Path:
    return FOLDER / f"{name}.png"


def drawn(renderer: Renderer, scene: Scene) -> NDArray[np.uint8]:
    return renderer.draw(scene, SIZE)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with open_renderer("moderngl", scenes.FACES) as renderer:
        for name, scene in all_scenes().items():
            cv2.imwrite(str(path(name)), cv2.cvtColor(drawn(renderer, scene), cv2.COLOR_RGB2BGR), _SMALLEST)


if __name__ == "__main__":
    main()
