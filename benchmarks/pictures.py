"""The README's pictures, made from the shipped sample by the program itself.

    python -m benchmarks.pictures [--model NAME|DIR] [--folder pictures]

window.png: the window while it plays the sample; mesh.webp: the mesh over it, from the side and from above, for ever.
Needs no display.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from app.load import OPEN_BUNDLE, loaded, take_of
from app.options import Options, parse
from app.rendering.panels import draw_panels
from app.rendering.renderer import open_renderer
from app.rendering.scene import Scene
from app.sources.source import open_source
from benchmarks import command
from benchmarks.sample import VIDEO

_PANELS_WH = (880, 480)  # the clip's 640 x 480 and half the height beside it
_MOVING_WH = (660, 360)
_EVERY = 2  # frames of 30 a second
_WINDOW_WH = (1120, 672)  # around 4:3 pictures without bars
_SHOWN_FRAME = 110
_PATIENCE_S, _TICK_S = 120.0, 0.01
_LARGEST_BYTES = {"window.png": 200_000, "mesh.webp": 1_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(OPEN_BUNDLE), help="default: the open model")
    parser.add_argument("--folder", type=Path, default=Path("pictures"))
    arguments = parser.parse_args()
    model = ["--model", arguments.model]
    arguments.folder.mkdir(exist_ok=True)
    _animate(arguments.folder / "mesh.webp", _panels(parse(["--video", str(VIDEO), "--out", "unused.npz", *model])))
    _photograph(arguments.folder / "window.png", parse(["--video", str(VIDEO), *model]))
    for name, largest in _LARGEST_BYTES.items():
        size = (arguments.folder / name).stat().st_size
        print(f"{arguments.folder / name}: {size:,} bytes")
        if size > largest:
            raise SystemExit(f"{name} is larger than {largest:,} bytes")


def _panels(options: Options) -> list[NDArray[np.uint8]]:
    """Each frame of the clip, tracked and drawn (H, W, 3)."""
    assert options.video is not None
    with open_source(options.video) as source, loaded(options) as parts:
        take = take_of(options, parts, source.fps, source.size_wh)
        with open_renderer(options.renderer, take.faces) as renderer:
            return [
                draw_panels(renderer, Scene(result.frame.rgb, result.people, take.camera), _PANELS_WH)
                for result in parts.tracker.tracks(source)
            ]


def _animate(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """An animated WebP that goes forward and back, so that it has no seam."""
    once = pictures[::_EVERY]
    with av.open(str(path), "w", options={"loop": "0"}) as container:
        stream = container.add_stream(
            "libwebp_anim", Fraction(30, _EVERY), options={"quality": "60", "compression_level": "4"}
        )
        stream.width, stream.height = _MOVING_WH
        stream.pix_fmt = "yuv420p"
        for picture in (*once, *once[-2:0:-1]):
            small = cv2.resize(picture, _MOVING_WH, interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(small, np.uint8), format="rgb24")))
        container.mux(stream.encode())


def _photograph(path: Path, options: Options) -> None:
    """The window as someone sees it who has put away the first run's line."""
    from PySide6.QtCore import QSettings

    from app.window.bell import Bell
    from app.window.choices import model_choices
    from app.window.controller import Controller
    from app.window.main import new_application
    from app.window.main_window import MainWindow
    from app.window.preferences import Preferences

    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
        application = new_application(["wb-track", "-platform", "offscreen"])
        preferences, bell = Preferences(), Bell()
        preferences.introduced, preferences.theme = True, "dark"
        controller = Controller(options, bell.ring)
        try:
            window = MainWindow(controller, preferences, [("0", "0: Camera")], model_choices())
            bell.answer(window.refresh)
            window.resize(*_WINDOW_WH)
            window.show()
            deadline_s = time.monotonic() + _PATIENCE_S
            while (picture := controller.picture) is None or picture.frame_index < _SHOWN_FRAME:
                application.processEvents()
                time.sleep(_TICK_S)  # QTest's own waiting keeps Python's lock, and the tracker waits with it
                if time.monotonic() > deadline_s:
                    raise SystemExit(f"the sample was not shown in {_PATIENCE_S:.0f} s: {controller.state.message}")
            window.refresh()
            window.grab().save(str(path))
        finally:
            controller.close()


if __name__ == "__main__":
    command.run(main)
