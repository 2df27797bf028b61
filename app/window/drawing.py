"""Draws the newest result the way it is looked at, in a thread of its own.

On software OpenGL a large picture takes tens of milliseconds; in the window's thread, that is how long keys and the
mouse would wait. From another thread they have their turn every few.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.frame import Person, Result
from app.pinhole import Pinhole
from app.rendering.renderer import Renderer, open_renderer
from app.rendering.scene import Layers, Scene, View

_log = logging.getLogger(__name__)

_MOST_PX = 1280 * 960  # cameras have no more; the window scales up what is shown larger
_WORTH_TRYING_S = 0.3


@dataclass(frozen=True)
class Subject:
    """What there is to draw: the newest result, the take's camera, and the body's faces (F, 3)."""

    result: Result
    camera: Pinhole
    faces: NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Look:
    """How it is looked at: from where, what of it, and how large, in device pixels."""

    view: View
    layers: Layers
    size_wh: tuple[int, int]


@dataclass(frozen=True)
class Picture:
    """rgb: (H, W, 3) uint8. people: in it. frame_index, captured_s: of the frame shown, the latter by
    `time.perf_counter()`. number: another for each one."""

    rgb: NDArray[np.uint8]
    people: tuple[Person, ...]
    frame_index: int
    captured_s: float
    number: int


class Drawing:
    """`wake` it when there is something new; `picture` is the newest one then, and `done` is called in its thread."""

    def __init__(self, subject: Callable[[], Subject | None], done: Callable[[], None], kind: str) -> None:
        """subject: asked before every picture; None where there is nothing to draw. kind: the renderer's."""
        self.picture: Picture | None = None
        self.problem = ""  # why there is no new picture, in a sentence; empty while there is
        self._subject = subject
        self._done = done
        self._kind = kind
        self._look = Look(View(), Layers(), (640, 480))
        self._changed = threading.Condition()
        self._dirty = self._closing = False
        self._thread = threading.Thread(target=self._run, name="drawing", daemon=True)
        self._thread.start()

    def look(self, look: Look) -> None:
        """Draw it this way from now on."""
        with self._changed:
            if look != self._look:
                self._look = look
                self._dirty = True
                self._changed.notify()

    def wake(self) -> None:
        """There is something new to draw."""
        with self._changed:
            self._dirty = True
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_WORTH_TRYING_S)

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            renderer: Renderer | None = None
            faces: NDArray[np.integer[Any]] | None = None
            while (look := self._next_look()) is not None:
                subject = self._subject()
                if subject is None:
                    continue
                try:
                    if renderer is None or faces is not subject.faces:
                        stack.close()
                        faces = subject.faces
                        renderer = stack.enter_context(open_renderer(self._kind, faces))
                    self._draw(renderer, subject, look)
                    self.problem = ""
                except Exception as error:  # noqa: BLE001 - the window stays and says it
                    _log.debug("cannot be drawn", exc_info=error)
                    self.problem = " ".join(f"the picture cannot be drawn: {error}".split())
                self._done()

    def _draw(self, renderer: Renderer, subject: Subject, look: Look) -> None:
        frame = subject.result.frame
        scene = Scene(frame.rgb, subject.result.people, subject.camera, look.view, look.layers)
        rgb = renderer.draw(scene, _affordable(look.size_wh))
        number = self.picture.number + 1 if self.picture else 0
        self.picture = Picture(rgb, subject.result.people, frame.index, frame.captured_s, number)

    def _next_look(self) -> Look | None:
        with self._changed:
            self._changed.wait_for(lambda: self._dirty or self._closing)
            self._dirty = False
            return None if self._closing else self._look


def _affordable(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The size, or one of the same shape with fewer pixels."""
    width, height = (max(1, side) for side in size_wh)
    scale = min(1.0, (_MOST_PX / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def age_ms(picture: Picture) -> float:
    """How old what it shows is now."""
    return 1e3 * (time.perf_counter() - picture.captured_s)
