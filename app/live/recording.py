"""A live take: everything that is written at once while tracking goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from app.frame import Frame, Result
from app.live.recorders import opened, opened_raw
from app.recording.outputs import is_raw
from app.recording.take import Take
from app.recording.writer import Writer


@dataclass(frozen=True)
class Outcome:
    """What a take came to: the files written, frames with someone in them, and what went wrong first, if anything."""

    written: tuple[Path, ...]
    frames: int
    error: Exception | None


class Recording:
    """Writes one take to several files, each by a thread of its own.

    Indices and times count from the take's first frame, and are the same in all its files: frame k of the raw video is
    `frame_index` k of the npz. Tables lose nothing; pictures drawn for an overlay leave out frames rather than wait.
    """

    def __init__(self, paths: Sequence[Path], take: Take, first: Frame, renderer: str) -> None:
        """renderer: for overlays, one of `RENDERERS`."""
        self.paths = tuple(paths)
        self._first = first
        self._last_s = first.time_s
        self._frames = 0
        raw = [path for path in paths if is_raw(path)]
        self._raw = [Writer[Frame](partial(opened_raw, path, take)) for path in raw]
        self._rest = {
            path: Writer[Result](partial(opened, path, take, renderer), lossless=path.suffix.lower() == ".npz")
            for path in paths
            if path not in raw
        }

    @property
    def seconds(self) -> float:
        return self._last_s - self._first.time_s

    @property
    def error(self) -> Exception | None:
        """What went wrong, in any of the files."""
        return next((writer.error for writer in self._writers if writer.error is not None), None)

    @property
    def dropped(self) -> dict[Path, int]:
        """How many frames a file lacks, of those that lack any."""
        return {path: writer.dropped for path, writer in self._rest.items() if writer.dropped}

    def frame(self, frame: Frame) -> None:
        """A frame as it came from the source."""
        self._last_s = frame.time_s
        if self._raw:
            counted = self._counted(frame)
            for writer in self._raw:
                writer.put(counted)

    def result(self, result: Result) -> None:
        """What was made of a frame. Frames from before the take are no part of it."""
        if result.frame.index < self._first.index:
            return
        self._frames += bool(result.people)
        counted = replace(result, frame=self._counted(result.frame))
        for writer in self._rest.values():
            writer.put(counted)

    def finish(self) -> Outcome:
        """Wait until every file is whole."""
        for writer in self._writers:
            writer.finish()
        written = tuple(path for writer in self._writers for path in writer.written)
        return Outcome(written, self._frames, self.error)

    @property
    def _writers(self) -> Sequence[Writer[Any]]:
        return [*self._rest.values(), *self._raw]

    def _counted(self, frame: Frame) -> Frame:
        return replace(frame, index=frame.index - self._first.index, time_s=frame.time_s - self._first.time_s)
