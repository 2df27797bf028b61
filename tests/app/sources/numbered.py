"""Clips made for tests, and reading them.

Each frame carries its number as white and black blocks, so that no frame can be taken for another.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Frame
from app.sources.video import VideoSource

WH = (64, 48)
BITS = 6
LATER = Fraction(1, 1000)  # a time base of milliseconds
COUNT = 24
B_FRAMES = {"bf": "3", "b-adapt": "0", "sc_threshold": "0"}  # as many as allowed, and key frames only where asked for


# Milliseconds between the frames of a variable frame rate: nothing repeats, some come fast and some slow.
VARIABLE_MS = tuple(
    accumulate((80, 66, 39, 43, 14, 18, 11, 29, 99, 81, 110, 65, 76, 116, 90, 79, 69, 71, 112, 40, 99, 83, 10))
)
VARIABLE = (0, *VARIABLE_MS)
STEADY = tuple(40 * k for k in range(COUNT))


@dataclass(frozen=True)
class Clip:
    """How a clip is written. times_ms: a frame each."""

    suffix: str
    codec: str = "libx264"
    times_ms: tuple[int, ...] = STEADY
    options: Mapping[str, str] = field(default_factory=lambda: B_FRAMES)
    container: Mapping[str, str] = field(default_factory=dict)
    time_base: Fraction = LATER
    b_frames: int = 3

    def write(self, folder: Path) -> Path:
        path = folder / f"clip{self.suffix}"
        with av.open(str(path), "w", options=dict(self.container)) as container:
            stream = container.add_stream(self.codec, rate=25, options=dict(self.options))
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = WH
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = self.time_base
            stream.gop_size = 6
            stream.max_b_frames = self.b_frames
            for number, time_ms in enumerate(self.times_ms):
                picture = av.VideoFrame.from_ndarray(numbered_picture(number), format="rgb24")
                picture.time_base = self.time_base
                picture.pts = round(time_ms / 1000 / self.time_base)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        return path


def numbered_picture(number: int) -> NDArray[np.uint8]:
    """(H, W, 3): the number in binary, a block of 8 x 16 pixels a digit; red in the top left corner."""
    rgb = np.zeros((WH[1], WH[0], 3), np.uint8)
    rgb[:16, :16] = (255, 0, 0)
    for bit in range(BITS):
        rgb[24:40, 8 * bit + 8 : 8 * bit + 16] = 255 * (number >> bit & 1)
    return rgb


def number_of(rgb: NDArray[np.uint8]) -> int:
    return sum(1 << bit for bit in range(BITS) if rgb[32, 8 * bit + 12].mean() > 127)


def frames_of(path: Path, start_s: float = 0.0, duration_s: float | None = None) -> list[Frame]:
    with VideoSource(path, start_s, duration_s) as source:
        return list(source)


def seen_in(frames: Sequence[Frame]) -> list[tuple[int, int, float]]:
    """Index, number in the picture, time rounded to a microsecond."""
    return [(frame.index, number_of(frame.rgb), round(frame.time_s, 6)) for frame in frames]


def expected_at(times_ms: Sequence[int]) -> list[tuple[int, int, float]]:
    return [(k, k, round(time_ms / 1000, 6)) for k, time_ms in enumerate(times_ms)]


def opencv_frames(path: Path) -> list[tuple[NDArray[np.uint8], float]]:
    """What OpenCV reads: RGB, turned upright, and seconds."""
    capture = cv2.VideoCapture(str(path))
    read = []
    while (answer := capture.read())[0]:
        rgb = np.asarray(answer[1][..., ::-1], np.uint8)
        read.append((rgb, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000))
    capture.release()
    return read


CLIPS = {
    # The usual phone or screen recording.
    "h264-mp4": Clip(".mp4"),
    # Its times are nowhere regular.
    "h264-mp4-variable": Clip(".mp4", times_ms=VARIABLE),
    # Matroska has no table of frames: count and length are not known.
    "h264-mkv-variable": Clip(".mkv", times_ms=VARIABLE),
    # Open groups of pictures: B-frames that are stored after a key frame and shown before it.
    "mpeg4-mp4": Clip(".mp4", codec="mpeg4", options={"sc_threshold": "1000000000"}),
    # The first frame is not at zero.
    "h264-mp4-late": Clip(".mp4", times_ms=tuple(5000 + time_ms for time_ms in STEADY)),
    "h264-mkv-late": Clip(".mkv", times_ms=tuple(5000 + time_ms for time_ms in VARIABLE)),
    # The same, at a variable frame rate.
    "mpeg4-mp4-variable": Clip(".mp4", codec="mpeg4", times_ms=VARIABLE, options={"sc_threshold": "1000000000"}),
}


def turned(clip: Path, degrees: int) -> Path:
    """The clip with the matrix of its track header (ISO/IEC 14496-12, 8.3.2) set to a rotation, as phones write it."""
    one, (width, height) = 1 << 16, WH
    matrix = {
        0: (one, 0, 0, 0, one, 0, 0, 0, 1 << 30),
        90: (0, one, 0, -one, 0, 0, height * one, 0, 1 << 30),
        180: (-one, 0, 0, 0, -one, 0, width * one, height * one, 1 << 30),
        270: (0, -one, 0, one, 0, 0, 0, width * one, 1 << 30),
    }
    content = bytearray(clip.read_bytes())
    header = content.index(b"tkhd") + 4
    assert content[header] == 0, "version 0 has 32-bit times"
    at = header + 4 + 20 + 16  # flags, times and length, layer and volume
    assert struct.unpack(">9i", content[at : at + 36]) == matrix[0]
    content[at : at + 36] = struct.pack(">9i", *matrix[degrees])
    path = clip.with_name(f"turned{degrees}.mp4")
    path.write_bytes(content)
    return path
