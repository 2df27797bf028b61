"""The shipped sample at any size."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from app.errors import InputError
from app.sources.video import VideoSource
from benchmarks.sample import VIDEO

_FPS = 30


def scaled_sample(path: Path, size_wh: tuple[int, int], frames: int) -> Path:
    """Write the sample's first frames as H.264 of a size, whatever becomes of their shape. Raises InputError where it
    has fewer."""
    with VideoSource(VIDEO) as source:
        shown = list(islice(source, frames))
    if len(shown) < frames:
        raise InputError(f"the sample has {len(shown)} frames, fewer than {frames}; give --frames {len(shown)}")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", Fraction(_FPS), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        for frame in shown:
            scaled = np.asarray(cv2.resize(frame.rgb, size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scaled, format="rgb24")))
        container.mux(stream.encode())
    return path
