"""From fragments to an MP4 that plays everywhere: its index in front, the frames' own times, sound."""

from __future__ import annotations

import contextlib
import heapq
import logging
import os
from fractions import Fraction
from operator import itemgetter
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from app.errors import InputError, TrackingError, reason
from app.recording.journal import NothingRecordedError
from app.recording.lock import locked
from app.recording.sound import Sound, SoundError, TimedPackets

_log = logging.getLogger(__name__)

_SOUND, _SOUND_START = "sound_hex", "sound_start_s"  # metadata of partial videos, where paths need not be text
_OURS = "wb-track partial 1"  # more of it: by this, and by nothing else, they are told from other programs' files
_HEAD_BYTES = 1 << 16  # in which it is, and where frames begin, if there are any
_FRAGMENT = b"moof"


def mark_partial(partial: OutputContainer) -> None:
    """Before its first frame, make a partial video known as wb-track's own."""
    partial.metadata["recorder"] = _OURS


def note_sound(partial: OutputContainer, sound: Path, start_s: float) -> None:
    """Before its first frame, tell a partial video which file's sound from start_s on goes with it, if it has any."""
    partial.metadata[_SOUND] = os.fsencode(sound.absolute()).hex()
    partial.metadata[_SOUND_START] = str(start_s)


def finish_video(partial: Path, path: Path, *, ours: bool = False) -> list[Path]:
    """Make the video of a partial one, with its sound, and remove that; what was written.

    ours: the partial video is known to be wb-track's, whatever there is in it. Sound that cannot be read costs only
    itself, and a warning. Raises InputError for a file of another program, NothingRecordedError for one of ours
    without a frame, TrackingError where the video cannot be written; the partial file is kept.
    """
    _check(partial, ours)
    beside = path.with_name(f".{path.name}.writing")
    try:
        try:
            _write(beside, partial)
        except SoundError as error:
            _log.warning("%s has no sound: %s", path, error)
            _write(beside, partial, silent=True)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except (FFmpegError, OSError) as error:
        raise TrackingError(
            f"{path} could not be written: {reason(error)}; every frame is in {partial}, "
            f"which plays as it is: make room, then wb-track --recover {partial}"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    partial.unlink()
    return [path]


def _check(partial: Path, ours: bool) -> None:
    """Raises InputError for a file that another process writes or that is not wb-track's; see `finish_video`."""
    if not partial.is_file():
        raise InputError(f"no recording at {partial}")
    with partial.open("rb") as file:
        if not locked(file):
            raise InputError(f"{partial} is being written by another wb-track; wait for it, or choose another --out")
        head = file.read(_HEAD_BYTES)
    if head and not ours and not (head[4:8] == b"ftyp" and _OURS.encode() in head):
        raise InputError(
            f"{partial} is not a recording of wb-track (clip.mp4.partial); move it away, or choose another --out"
        )
    try:
        with av.open(str(partial)) as container:
            if any(packet.size and not packet.is_corrupt for packet in container.demux(video=0)):
                return
    except (FFmpegError, IndexError):
        pass  # no video, or cut off in its first bytes
    if _FRAGMENT in head and not ours:
        raise InputError(f"{partial} is damaged: no frame of it can be read; move it away, or choose another --out")
    raise NothingRecordedError(f"{partial} holds no frame of a video")


def _write(path: Path, partial: Path, *, silent: bool = False) -> None:
    """Raises SoundError where the sound is at fault, FFmpegError or OSError otherwise."""
    with contextlib.ExitStack() as stack:
        video = stack.enter_context(av.open(str(partial)))
        out = stack.enter_context(av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}))
        out.metadata["comment"] = video.metadata.get("comment", "")
        tracks = [_pictures(video, out)]
        if _SOUND in video.metadata and not silent:
            start_s = float(video.metadata[_SOUND_START])
            span_s = (start_s, start_s + _length_s(video))
            clip = Path(os.fsdecode(bytes.fromhex(video.metadata[_SOUND])))
            tracks.append(stack.enter_context(Sound(clip, span_s)).add_to(out))
        for _, packet in heapq.merge(*tracks, key=itemgetter(0)):
            out.mux(packet)


def _pictures(video: InputContainer, out: OutputContainer) -> TimedPackets:
    """Give the new file a stream for the frames of the partial one, at once, and the packets of the whole ones."""
    source = video.streams.video[0]
    return _copied(video, source, out.add_stream_from_template(source))


def _copied(video: InputContainer, source: VideoStream, target: VideoStream) -> TimedPackets:
    for packet in video.demux(source):
        if packet.pts is not None and not packet.is_corrupt:
            packet.stream = target
            yield float(packet.pts * Fraction(packet.time_base)), packet


def _length_s(video: InputContainer) -> float:
    stream = video.streams.video[0]
    return float((stream.duration or 0) * Fraction(stream.time_base or 1))
