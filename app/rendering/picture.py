"""A picture in layers: the image or a plain ground, people over it, lines over them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.frame import Person
from app.rendering.eye import Eye
from app.rendering.fit import Fit
from app.rendering.lines import draw_boxes, draw_skeletons
from app.rendering.palette import colour_of
from app.rendering.patch import Mesh, MeshPainter
from app.rendering.scene import Scene
from engines.closing import Closing

_OPACITY_OVER_IMAGE = 0.9  # some of the image shows through, so that one sees how well the mesh lies on it
_GROUND_TOP_RGB, _GROUND_BOTTOM_RGB = (74, 78, 84), (38, 40, 44)


class PictureRenderer(Closing):
    """Keeps `Renderer`, with any painter of meshes; without one, skeletons stand for meshes."""

    def __init__(self, painter: MeshPainter | None) -> None:
        self._painter = painter
        self.name = painter.name if painter else "opencv"

    def draw(self, scene: Scene, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        """See `Renderer`."""
        people = tuple(seen_by(person, scene) for person in scene.people)
        over_image = scene.view.kind == "camera"
        fit = Fit.of(size_wh if scene.background is None else scene.background.shape[1::-1], size_wh)
        eye = Eye.at_camera(scene.camera, fit) if over_image else Eye.around(people, scene.view, size_wh)
        if over_image and scene.background is not None:
            picture, opacity = fit.place(scene.background), _OPACITY_OVER_IMAGE
        else:
            picture, opacity = ground(size_wh).copy(), 1.0
        layers = scene.layers
        if self._painter is None:
            layers = replace(layers, skeleton=layers.skeleton or layers.mesh or layers.wireframe)
        elif layers.mesh or layers.wireframe:
            meshes = [Mesh(person.vertices_m, colour_of(person.track_id)) for person in people]
            patch = self._painter.paint(meshes, eye, size_wh, layers)
            if patch is not None:
                patch.blend_into(picture, opacity)
        if layers.skeleton:
            draw_skeletons(picture, people, eye, on_mesh=self._painter is not None and layers.mesh)
        if layers.boxes and over_image:
            draw_boxes(picture, people, fit)
        return picture

    def close(self) -> None:
        if self._painter is not None:
            self._painter.close()


def seen_by(person: Person, scene: Scene) -> Person:
    """The person before the scene's camera."""
    return person if person.camera == scene.camera else person.under(scene.camera)


@lru_cache(maxsize=4)
def ground(size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3), a little lighter above; not to be written into."""
    share = np.linspace(0, 1, size_wh[1])[:, None]  # (H, 1)
    rows = (1 - share) * np.array(_GROUND_TOP_RGB) + share * np.array(_GROUND_BOTTOM_RGB)  # (H, 3)
    picture = np.repeat(np.rint(rows).astype(np.uint8)[:, None], size_wh[0], 1)
    picture.setflags(write=False)
    return picture
