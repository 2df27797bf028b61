"""The sound of a clip, for a video made from it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet

from app.errors import reason
from engines.closing import Closing

_KEPT_CODECS = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})  # those that MP4 holds
_HIGHEST_RATE_HZ = 48_000

# Seconds from the start of the video, and what is for then.
TimedPackets: TypeAlias = "Iterator[tuple[float, Packet[Any]]]"


class SoundError(RuntimeError):
    """The sound cannot be read."""


class Sound(Closing):
    """The first sound of a file, if it has one, in a span of the file's own clock. A context manager.

    Copied as it is where MP4 holds its codec, otherwise encoded as AAC.
    """

    def __init__(self, path: Path, span_s: tuple[float, float]) -> None:
        """Where the file's video ends with the span, all sound left is given. Raises SoundError for no such file."""
        self._start_s, self._end_s = span_s
        try:
            self._container = av.open(str(path), metadata_errors="replace")  # nobody reads its titles
        except (FFmpegError, OSError) as error:
            raise SoundError(f"{path} cannot be read: {reason(error)}") from error
        self._path = path
        self._stream: AudioStream | None = next(iter(self._container.streams.audio), None)
        if _video_end_s(self._container) <= self._end_s + 0.05:
            self._end_s = float("inf")

    def add_to(self, out: OutputContainer) -> TimedPackets:
        """Give the file that is being made a stream, at once, and packets for it. It and they raise SoundError."""
        if self._stream is None:
            return iter(())
        if self._stream.codec_context is None:
            raise SoundError(f"{self._path} has sound that no codec here can read")
        if self._stream.codec.canonical_name in _KEPT_CODECS:
            return self._sure(self._copied(self._stream, out.add_stream_from_template(self._stream)))
        encoder = out.add_stream("aac", min(self._stream.rate, _HIGHEST_RATE_HZ))
        encoder.layout = self._stream.layout.name
        return self._sure(self._encoded(self._stream, encoder))

    def close(self) -> None:
        self._container.close()

    def _copied(self, stream: AudioStream, target: AudioStream) -> TimedPackets:
        """From the packet before the one that the span begins in: decoders need it, and MP4 skips what is too early."""
        for packet in self._container.demux(stream):
            if packet.pts is None:
                continue
            base = Fraction(packet.time_base)
            begin_s = float(packet.pts * base) - self._start_s
            if begin_s + 2 * float((packet.duration or 0) * base) <= 0:
                continue
            if begin_s >= self._end_s - self._start_s:
                return
            packet.pts -= round(self._start_s / base)
            packet.dts = packet.pts
            packet.stream = target
            yield begin_s, packet

    def _encoded(self, stream: AudioStream, encoder: AudioStream) -> TimedPackets:
        for frame in self._container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                continue
            base = Fraction(frame.time_base)
            time_s = float(frame.pts * base)
            if time_s >= self._end_s:
                break
            if time_s >= self._start_s:
                frame.pts -= round(self._start_s / base)
                yield from map(_timed, encoder.encode(frame))
        yield from map(_timed, encoder.encode())

    def _sure(self, packets: TimedPackets) -> TimedPackets:
        """The packets, any trouble with them a SoundError."""
        try:
            yield from packets
        except (FFmpegError, OSError, ValueError) as error:  # ValueError: its form changes half-way
            raise SoundError(f"{self._path} cannot be read: {reason(error)}") from error


def _timed(packet: Packet[Any]) -> tuple[float, Packet[Any]]:
    return float((packet.pts or 0) * Fraction(packet.time_base)), packet


def _video_end_s(container: InputContainer) -> float:
    """Where the file's video ends by its own statement; infinite where it makes none."""
    video = next(iter(container.streams.video), None)
    if video is None or video.duration is None or video.time_base is None:
        return float("inf")
    return float(((video.start_time or 0) + video.duration) * video.time_base)
