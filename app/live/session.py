"""One source being tracked: frames in, the newest result out, takes recorded meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from app.frame import Frame, Result
from app.live.measures import Measure, Recent
from app.live.recording import Outcome, Recording
from app.load import Loaded
from app.pipeline import Pipeline
from app.recording.take import Take
from app.sources.source import LiveSource
from app.stats import Stats

TakeOf = Callable[[tuple[int, int]], Take]


def _nobody_told() -> None:
    """For sessions that are asked rather than tell."""


class Session:
    """Tracks a source until it ends, fails or is stopped. A context manager: leaving it ends every thread.

    Whoever shows people looks at `newest` when `changed` is called, in a thread of the session's, and may miss some.
    """

    def __init__(
        self,
        source: LiveSource,
        parts: Loaded,
        take_of: TakeOf,
        renderer: str,
        changed: Callable[[], None] = _nobody_told,
    ) -> None:
        """take_of: from the size of frames. renderer: for overlays. The source is not closed."""
        self.source = source
        self.stats = Stats()
        self.newest: Result | None = None
        self.ended = False
        self.error: Exception | None = None
        self.take: Take | None = None  # what a take from this source is like, once its size is known
        self._take_of = take_of
        self._renderer = renderer
        self._changed = changed
        self._recent = Recent()
        self._lock = threading.Lock()  # over which take is being recorded
        self._wanted: tuple[Path, ...] = ()
        self._recording: Recording | None = None
        parts.tracker.reset()
        self._pipeline = Pipeline(self._frames(), parts.tracker.groups(device=parts.device), live=True)
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    @property
    def recent(self) -> Measure:
        """Results a second, and how old their frames were, over the last seconds."""
        return self._recent.measure()

    @property
    def dropped(self) -> int:
        """Frames overtaken by newer ones, so far."""
        return self.source.dropped + self._pipeline.dropped

    @property
    def recording(self) -> Recording | None:
        return self._recording

    @property
    def wanted(self) -> tuple[Path, ...]:
        """Files of the take that begins with the next frame; none where none does."""
        return self._wanted

    @property
    def records(self) -> bool:
        """Whether a take is being recorded, or will be from the next frame on."""
        return bool(self._recording or self._wanted)

    def record(self, paths: Sequence[Path]) -> None:
        """Begin a take with the next frame."""
        with self._lock:
            self._wanted = tuple(paths)

    def end_recording(self) -> Outcome | None:
        """End the take and wait until its files are whole; None where there was none."""
        with self._lock:
            recording, self._recording, self._wanted = self._recording, None, ()
        return recording.finish() if recording else None

    def stop(self) -> None:
        """No more frames; what is under way still comes out. Safe in a signal handler: it only sets flags."""
        self.source.stop()
        self._pipeline.stop()

    def close(self) -> None:
        """Stop, and wait for every thread. A take goes on until `end_recording`."""
        self.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frames(self) -> Iterator[Frame]:
        """The source's frames, counted; a take sees them here, before any is dropped, and its video holds each."""
        for index, arrived in enumerate(self.source):
            frame = replace(arrived, index=index)
            self.take = take = self.take or self._take_of(frame.size_wh)
            with self._lock:
                if self._wanted and self._recording is None:
                    self._recording, self._wanted = Recording(self._wanted, take, frame, self._renderer), ()
                recording = self._recording
            if recording:
                recording.frame(frame)
            yield frame

    def _run(self) -> None:
        try:
            with self._pipeline:
                try:
                    for result in self._pipeline:
                        self._take_in(result)
                except BaseException:
                    self.source.stop()  # one that is paused or lost would keep its thread waiting for frames
                    raise
        except Exception as error:  # noqa: BLE001 - for whoever asks
            self.error = error
        finally:
            self.ended = True
            self._changed()

    def _take_in(self, result: Result) -> None:
        self.stats.add(result)
        self._recent.add(result.age_ms)
        recording = self._recording
        if recording:
            recording.result(result)
        self.newest = result
        self._changed()
