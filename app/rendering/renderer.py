"""The renderer that draws everywhere, and which one can be had."""

from __future__ import annotations

import importlib.util
import logging
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.rendering.patch import MeshPainter
from app.rendering.picture import PictureRenderer
from app.rendering.scene import Scene

_log = logging.getLogger(__name__)

RENDERERS = ("moderngl", "pyrender")


class Renderer(Protocol):
    """Draws scenes to arrays, offscreen. A context manager. Belongs to one thread at a time."""

    @property
    def name(self) -> str:
        """Its kind: "moderngl", "pyrender", or "opencv" where there is no OpenGL and a skeleton stands for the mesh."""
        ...

    def draw(self, scene: Scene, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        """The scene as a picture of that size: a new array (H, W, 3) uint8 RGB."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def check_renderer(kind: str) -> None:
    """Raises InputError for pyrender that is not installed."""
    if kind == "pyrender" and importlib.util.find_spec("pyrender") is None:
        raise InputError('pyrender is not installed; pip install "wb-track[pyrender]", or leave out --renderer')


def open_renderer(kind: str, faces: NDArray[np.integer[Any]]) -> Renderer:
    """One of RENDERERS for meshes with these faces (F, 3).

    Where OpenGL cannot be had, skeletons are drawn with OpenCV instead, and one logged line says why. Raises InputError
    for pyrender that is not installed.
    """
    check_renderer(kind)
    try:
        return PictureRenderer(_painter(kind, faces))
    except Exception as error:  # noqa: BLE001 - a driver may fail in any way
        _log.debug("no OpenGL", exc_info=error)
        _log.warning("no OpenGL, so a skeleton is drawn instead of the mesh: %s", " ".join(str(error).split()))
        return PictureRenderer(None)


def _painter(kind: str, faces: NDArray[np.integer[Any]]) -> MeshPainter:
    if kind == "pyrender":
        from app.rendering.pyrender_painter import PyrenderPainter

        return PyrenderPainter(faces)
    from app.rendering.moderngl_painter import ModernglPainter

    return ModernglPainter(faces)
