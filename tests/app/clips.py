"""Small clips made for tests, and what is in clips."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from app.recording.partial import partial_path
from app.recording.video_file import VideoFile

RATE_HZ = 24_000


def make_clip(
    path: Path,
    times_s: Sequence[float],
    *,
    size_wh: tuple[int, int] = (64, 48),
    sound: str | None = None,
    sound_s: float | None = None,
) -> Path:
    """A clip of grey frames that grow brighter, at these times; `sound` is the codec of a tone that goes with it."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", Fraction(30), options={"bf": "2"})
        video.width, video.height, video.pix_fmt = *size_wh, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, 90_000)
        audio = container.add_stream(sound, RATE_HZ) if sound else None
        if isinstance(audio, av.AudioStream):
            audio.layout = "mono"
        for k, time_s in enumerate(times_s):
            rgb = np.full((size_wh[1], size_wh[0], 3), 30 + k, np.uint8)
            picture = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            picture.pts, picture.time_base = round(90_000 * time_s), Fraction(1, 90_000)
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if isinstance(audio, av.AudioStream):
            until_s = times_s[-1] + 1 / 30 if sound_s is None else sound_s
            samples = np.sin(np.arange(round(until_s * RATE_HZ)) * 2 * np.pi * 440 / RATE_HZ)
            frame = av.AudioFrame.from_ndarray((3e4 * samples).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return sorted(float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None)


def video_length(path: Path) -> float:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)


def decoded(path: Path) -> list[NDArray[np.uint8]]:
    """Frames (H, W, 3) RGB."""
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


def sound_packets(path: Path) -> tuple[str, list[tuple[float, bytes]]]:
    """The codec, and time and bytes of each packet."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(stream) if p.pts is not None]
        return stream.codec.canonical_name, packets


def tone(path: Path) -> NDArray[Any]:
    """The first channel's samples."""
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate([part[0].astype(float) for part in parts])


def picture(k: int, size_wh: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """(H, W, 3): red on the left, green on the right, brighter with k."""
    rgb, bright = np.zeros((size_wh[1], size_wh[0], 3), np.uint8), min(255, 80 + 3 * k)
    rgb[:, : size_wh[0] // 2, 0] = bright
    rgb[:, size_wh[0] // 2 :, 1] = bright
    return rgb


def killed(path: Path, frames: int, sound: Path | None = None, start_s: float = 0.0) -> Path:
    """The partial file as it is before its writer ends."""
    video = VideoFile(path, (64, 48), 30.0, "a comment", sound=sound)
    for k in range(frames):
        video.add(picture(k), start_s + k / 30)
    left = partial_path(path).read_bytes()
    video.close()
    partial_path(path).write_bytes(left)
    return partial_path(path)
