"""Frames from a video file, with their own times."""

from __future__ import annotations

import bisect
import logging
import math
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from app.errors import InputError, TrackingError, reason
from app.frame import Frame
from app.sources.fitted import fitted
from app.sources.mp4 import missing_bytes
from engines.closing import Closing

_log = logging.getLogger(__name__)

_INSTANT_S = 1e-6
_TEXT = "tty"  # FFmpeg draws texts, as terminals do
_WIDEST = 4.0  # pixel that a file is believed to have
_DAMAGED_LIMIT = 100  # packets in a row that cannot be decoded


class VideoSource(Closing):
    """A video file, decoded by FFmpeg through PyAV.

    Times are the frames' own presentation times, so a variable frame rate stays true; the rotation a phone writes into
    its file is applied, and pixels that are not square become so. Can be iterated once.
    """

    def __init__(self, path: Path, start_s: float = 0.0, duration_s: float | None = None) -> None:
        """start_s, duration_s: the part to give, in seconds. Raises InputError for what is not a whole video."""
        self.name = path.name
        self._path = path
        if not path.stat().st_size:
            raise InputError(f"{path} is empty: a file of 0 bytes")
        if lost := missing_bytes(path):
            raise InputError(f"{path} is cut off: {lost}; copy or record it again")
        try:
            self._container = _opened(path)
        except (FFmpegError, OSError) as error:
            raise InputError(
                f"{path} cannot be read as a video: {reason(error)}; name a video, an image, or a folder of images"
            ) from error
        try:
            if self._container.format.name == _TEXT:
                raise InputError(f"{path} is a text, expected a video")
            if not self._container.streams.video:
                raise InputError(f"{path} has no video in it")
            self._open_stream(start_s, duration_s)
        except BaseException:
            self._container.close()
            raise

    def _open_stream(self, start_s: float, duration_s: float | None) -> None:
        self._stream = self._container.streams.video[0]
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or 30)
        assert self._stream.time_base is not None
        self._time_base = self._stream.time_base
        self._begin_s = float((self._stream.start_time or 0) * self._time_base)
        self._from_s = self._begin_s + start_s
        self._until_s = float("inf") if duration_s is None else self._from_s + duration_s
        self._all_pts: list[int] | None = None
        self._packets_to_skip = 0
        if start_s > 0:
            try:
                self._find_start()
            except FFmpegError as error:
                raise InputError(
                    f"{self._path} is damaged, so that its part after {start_s:g} s cannot be found: {reason(error)}; "
                    "leave out --start"
                ) from error
        self._stream.thread_type = "NONE"  # decoding leaves the cores to the networks; see benchmarks/loop.py
        self.frame_count = self._frames_expected(start_s, duration_s)
        self._pixel_aspect = _pixel_aspect(self._stream)
        self._first_wh: tuple[int, int] | None = None
        self._frames = self._decoded()
        try:
            self._first = next(self._frames, None)
        except TrackingError as error:  # nothing has been tracked yet
            raise InputError(f"{error}; convert it, to H.264 in MP4 for one, or copy it again") from error
        if self._first is None:
            part = "" if start_s == 0 else f" after {start_s:g} s"
            raise InputError(f"{self._path} has no frame that can be decoded{part}")
        self.size_wh = self._first.size_wh

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def close(self) -> None:
        self._container.close()

    def _find_start(self) -> None:
        """Where to begin decoding: the packet of the last key frame before the start.

        Packets are counted rather than sought, since seeking goes by decoding times and lands, in some formats, past
        frames that are asked for. Their times also say which frame of the whole file each one is.
        """
        all_pts = []
        timed, skip = True, 0
        for number, packet in enumerate(self._container.demux(self._stream)):
            timed = timed and (packet.pts is not None or not packet.size)  # empty is the end
            if packet.pts is None or packet.is_discard:  # what an edit list cuts off is no frame
                continue
            all_pts.append(packet.pts)
            if packet.is_keyframe and packet.pts * self._time_base <= self._from_s + _INSTANT_S:
                skip = number
        if timed:  # else, as in raw streams, frames are counted from the first
            self._all_pts, self._packets_to_skip = sorted(all_pts), skip
        self._container.close()
        self._container = _opened(self._path)
        self._stream = self._container.streams.video[0]

    def _frames_expected(self, start_s: float, duration_s: float | None) -> int | None:
        if self._stream.frames:
            whole = self._stream.frames
        elif self._stream.duration:
            whole = round(float(self._stream.duration * self._time_base) * self.fps)
        else:
            return None
        left = max(0, whole - round(start_s * self.fps))
        return left if duration_s is None else min(left, math.ceil(duration_s * self.fps - 1e-6))

    def _decoded(self) -> Iterator[Frame]:
        last_s: float | None = None
        count = 0
        for picture in self._pictures():
            index, count = count, count + 1
            last_s = time_s = self._time_of(picture, last_s)
            if time_s < self._from_s - _INSTANT_S:
                continue
            if time_s >= self._until_s - _INSTANT_S:
                return
            if self._all_pts is not None and picture.pts is not None:
                index = bisect.bisect_left(self._all_pts, picture.pts)
            yield Frame(index, time_s, self._rgb(picture), time.perf_counter())

    def _rgb(self, picture: av.VideoFrame) -> NDArray[np.uint8]:
        """(H, W, 3), its pixels square, turned counterclockwise as the file asks; as large as the first: a take has one
        size."""
        rgb = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
        if self._pixel_aspect != 1:
            size_wh = max(1, round(rgb.shape[1] * self._pixel_aspect)), rgb.shape[0]
            rgb = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
        if turns := round(picture.rotation / 90) % 4:
            rgb = np.ascontiguousarray(np.rot90(rgb, turns))
        self._first_wh = self._first_wh or (rgb.shape[1], rgb.shape[0])
        return fitted(rgb, self._first_wh)

    def _time_of(self, picture: av.VideoFrame, last_s: float | None) -> float:
        """Seconds; at the file's rate after the last frame where its own is missing (raw streams) or a guess (AVI)."""
        if picture.pts is not None:
            time_s = float(picture.pts * self._time_base)
            if last_s is None or time_s > last_s:
                return time_s
        return self._begin_s if last_s is None else last_s + 1 / self.fps

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """Decoded frames in presentation order. Damaged packets are passed over, and counted aloud."""
        damaged = in_a_row = 0
        try:
            for packet in islice(self._container.demux(self._stream), self._packets_to_skip, None):
                try:
                    pictures = packet.decode()
                except FFmpegError as error:
                    damaged, in_a_row = damaged + 1, in_a_row + 1
                    if in_a_row > _DAMAGED_LIMIT:
                        unknown = isinstance(error, av.error.DecoderNotFoundError)
                        what = "is in a format that cannot be decoded here" if unknown else "is damaged"
                        raise TrackingError(f"{self._path} {what}: {reason(error)}") from error
                    continue
                in_a_row = 0
                yield from pictures
        except FFmpegError as error:
            raise TrackingError(f"{self._path} cannot be read to its end: {reason(error)}") from error
        if damaged:
            _log.warning("%s: %d damaged packets were passed over", self._path, damaged)


def _opened(path: Path) -> av.container.InputContainer:
    """Titles and the like need not be UTF-8: nobody reads them. Raises FFmpegError and OSError."""
    return av.open(str(path), metadata_errors="replace")


def _pixel_aspect(stream: av.VideoStream) -> float:
    """Width over height of a pixel: DV's and HDV's are not square. 1 where the file says nothing, or nothing likely."""
    aspect = float(stream.sample_aspect_ratio or 1)
    return aspect if 1 / _WIDEST <= aspect <= _WIDEST else 1.0
