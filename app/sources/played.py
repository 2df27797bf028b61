"""A video that plays at its own speed, as if a camera saw it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from app.frame import Frame
from app.sources.source import Source
from engines.closing import Closing

_TICK_S = 0.02


class PlayedSource(Closing):
    """Frames of a file, each when it is due; a pause stops the clock. Iterating again needs another one."""

    def __init__(self, source: Source) -> None:
        """source: closed with this one."""
        self.name = source.name
        self.fps = source.fps
        self.paused = False
        self._source = source
        self._stopping = False

    @property
    def problem(self) -> str:
        """A file that is open has none."""
        return ""

    @property
    def dropped(self) -> int:
        """None are dropped here."""
        return 0

    def __iter__(self) -> Iterator[Frame]:
        origin_s: float | None = None  # when the file's time 0 was
        for frame in self._source:
            if origin_s is None:
                origin_s = time.perf_counter() - frame.time_s
            while not self._stopping and (self.paused or time.perf_counter() < origin_s + frame.time_s):
                waited_from_s = time.perf_counter()
                time.sleep(_TICK_S if self.paused else min(_TICK_S, max(0.0, origin_s + frame.time_s - waited_from_s)))
                if self.paused:
                    origin_s += time.perf_counter() - waited_from_s
            if self._stopping:
                return
            yield replace(frame, captured_s=time.perf_counter())

    def stop(self) -> None:
        """No more frames. Safe in a signal handler: it only sets a flag."""
        self._stopping = True

    def close(self) -> None:
        self.stop()
        self._source.close()
