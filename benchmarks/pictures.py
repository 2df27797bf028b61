"""The README's pictures, made from the shipped sample by the program itself.

    python -m benchmarks.pictures [--model NAME|DIR] [--renderer moderngl|pyrender] [--folder pictures]

still.png: a frame with the mesh over it, from the side and from above; wave.webp: the same moving, for ever.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from app.load import loaded, take_of
from app.options import Options, parse
from app.rendering.panels import draw_panels
from app.rendering.renderer import RENDERERS, open_renderer
from app.rendering.scene import Scene
from app.sources.source import open_source
from benchmarks.sample import VIDEO

_SIZE = (880, 480)  # the clip's 640 x 480 and half the height beside it
_STILL_FRAME = 45
_EVERY = 2  # frames of 30 a second
_MOVING_WH = (660, 360)
_LARGEST_BYTES = 1_500_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--renderer", choices=RENDERERS, default="moderngl")
    parser.add_argument("--folder", type=Path, default=Path("pictures"))
    arguments = parser.parse_args()
    model = ["--model", arguments.model] if arguments.model else []
    options = parse(["--video", str(VIDEO), "--out", "unused.npz", "--renderer", arguments.renderer, *model])
    arguments.folder.mkdir(exist_ok=True)
    pictures = _pictures(options)
    cv2.imwrite(str(arguments.folder / "still.png"), cv2.cvtColor(pictures[_STILL_FRAME], cv2.COLOR_RGB2BGR))
    moving = arguments.folder / "wave.webp"
    _animate(moving, pictures[::_EVERY])
    if moving.stat().st_size > _LARGEST_BYTES:
        raise SystemExit(f"{moving} is {moving.stat().st_size:,} bytes, more than {_LARGEST_BYTES:,}")


def _pictures(options: Options) -> list[NDArray[np.uint8]]:
    """Each frame of the clip, tracked and drawn (H, W, 3)."""
    assert options.video is not None
    with open_source(options.video) as source, loaded(options) as parts:
        take = take_of(options, parts, source.fps, source.size_wh)
        with open_renderer(options.renderer, take.faces) as renderer:
            return [
                draw_panels(renderer, Scene(frame.rgb, parts.tracker.track(frame).people, take.camera), _SIZE)
                for frame in source
            ]


def _animate(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """An animated WebP that goes forward and back, so that it has no seam."""
    with av.open(str(path), "w", options={"loop": "0"}) as container:
        stream = container.add_stream(
            "libwebp_anim", Fraction(30, _EVERY), options={"quality": "60", "compression_level": "1"}
        )
        stream.width, stream.height = _MOVING_WH
        stream.pix_fmt = "yuv420p"
        for picture in (*pictures, *pictures[-2:0:-1]):
            small = cv2.resize(picture, _MOVING_WH, interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(small, np.uint8), format="rgb24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    main()
