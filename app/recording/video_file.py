"""H.264 in MP4, frame by frame, safe against whatever ends the program."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from app.recording.journal import NothingRecordedError
from app.recording.lock import locked
from app.recording.partial import partial_path
from app.recording.video_finish import finish_video, mark_partial, note_sound
from engines.closing import Closing

_TIME_BASE = Fraction(1, 90_000)  # whole ticks a frame at all common rates, 23.976 within 3 microseconds
_KEY_FRAME_S = 2.0
_FRAGMENT_US = 500_000
_SYNC_S = 1.0  # what a loss of power may cost
_BT709 = 1  # as FFmpeg numbers primaries, transfer and matrix
_LIMITED_RANGE = 1

# Fragments, each whole by itself: what was written plays, whatever comes after.
_FRAGMENTED = {
    "movflags": "empty_moov+default_base_moof+use_metadata_tags",
    "frag_duration": str(_FRAGMENT_US),
    "flush_packets": "1",
}
# Without B-frames, frames leave in the order they come in, and the first is at time zero in fragments too.
_ENCODER = {"preset": "veryfast", "crf": "20", "bf": "0"}


class VideoFile(Closing):
    """A video being written. Frames go to `<path>.partial`, which plays as it is; `finish` makes the file of it."""

    def __init__(
        self,
        path: Path,
        size_wh: tuple[int, int],
        fps: float,
        comment: str,
        *,
        encoder: Mapping[str, str] = MappingProxyType(_ENCODER),
        sound: Path | None = None,
    ) -> None:
        """fps: about how many frames a second will come. encoder: x264's options; no B-frames among them. sound: a
        file whose sound of the frames' time goes with them, if it has any.

        Raises OSError where the file cannot be made.
        """
        self.path = path
        self.partial = partial_path(path)
        self._size_wh = size_wh
        self._file = self.partial.open("xb", buffering=0)
        locked(self._file)
        self._container = av.open(self._file, "w", format="mp4", options=_FRAGMENTED)
        self._container.metadata["comment"] = comment
        mark_partial(self._container)
        self._stream = self._container.add_stream(
            "libx264", Fraction(fps).limit_denominator(1001), options=dict(encoder)
        )
        self._stream.width, self._stream.height = (side + side % 2 for side in size_wh)  # colour is for 2 x 2 pixels
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = self._stream.time_base = _TIME_BASE
        context.gop_size = max(1, round(_KEY_FRAME_S * fps))
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        self._sound = sound
        self._last_pts = -1
        self._synced_s = time.monotonic()
        self.frames = 0

    def add(self, rgb: NDArray[np.uint8], time_s: float) -> None:
        """A frame (H, W, 3) of the file's size and its time; times grow. Raises OSError, the frames before it safe."""
        if not self.frames:
            self._start_s = time_s
            if self._sound:
                note_sound(self._container, self._sound, time_s)
        width, height = self._size_wh
        if width % 2 or height % 2:
            rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
        picture = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709
        )
        self._last_pts = max(round((time_s - self._start_s) / _TIME_BASE), self._last_pts + 1)
        picture.pts, picture.time_base = self._last_pts, _TIME_BASE
        self._container.mux(self._stream.encode(picture))
        self.frames += 1
        if time.monotonic() - self._synced_s >= _SYNC_S:
            os.fsync(self._file.fileno())
            self._synced_s = time.monotonic()

    def finish(self) -> list[Path]:
        """Make the file. None where no frame was kept.

        Raises TrackingError where it cannot be written; the partial file is kept.
        """
        self.close()
        try:
            return finish_video(self.partial, self.path, ours=True)
        except NothingRecordedError:
            self.partial.unlink()
            return []

    def close(self) -> None:
        """End the partial file. A disk that is full by now costs its last frames only."""
        if self._file.closed:
            return
        with contextlib.suppress(FFmpegError, OSError):
            if self.frames:
                self._container.mux(self._stream.encode())
            self._container.close()
        self._file.close()
