"""How often the detector looks."""

from __future__ import annotations

import time
from typing import Protocol

from app.pacing.budget import Budget
from app.pacing.report import DETECTOR

_MOST_FRAMES = 3  # from one look to the next, so that whoever comes is shown within five
_FILE_S = 0.095  # every second frame at 15 fps
_SHARE, _URGENT_SHARE = 0.2, 0.5  # of the time, when live


class Pace(Protocol):
    """Decides in which frames the detector looks."""

    def due(self, time_s: float, *, urgent: bool) -> bool:
        """Whether it shall look in a frame of this time. urgent: someone was lost, or may have been."""
        ...

    def looked(self, time_s: float, took_s: float) -> None:
        """It looked in the frame of this time, and for so long."""
        ...


class FilePace:
    """By the frames' own times, so that a file gives the same result on any machine."""

    def __init__(self) -> None:
        self._last_s = -1.0
        self._frames = 0

    def due(self, time_s: float, *, urgent: bool) -> bool:
        self._frames += 1
        return urgent or self._frames >= _MOST_FRAMES or time_s - self._last_s >= _FILE_S

    def looked(self, time_s: float, took_s: float) -> None:  # noqa: ARG002 - as long as it took
        self._last_s, self._frames = time_s, 0


class LivePace:
    """By load: the detector takes a fixed share of the time, and more of it when someone was lost."""

    def __init__(self) -> None:
        self._ended_s = 0.0
        self._took_s = 0.0
        self._frames = _MOST_FRAMES

    def due(self, time_s: float, *, urgent: bool) -> bool:  # noqa: ARG002 - the clock counts
        self._frames += 1
        idle_s = time.perf_counter() - self._ended_s
        share = _URGENT_SHARE if urgent else _SHARE
        return self._frames >= _MOST_FRAMES or self._took_s <= share * (idle_s + self._took_s)

    def looked(self, time_s: float, took_s: float) -> None:  # noqa: ARG002 - the clock counts
        self._ended_s, self._took_s, self._frames = time.perf_counter(), took_s, 0


class TargetPace:
    """As the budget of a frame rate allows (`--target-fps`)."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._frames = budget.most_frames

    def due(self, time_s: float, *, urgent: bool) -> bool:  # noqa: ARG002 - frames count
        self._frames += 1
        return self._budget.look_due(self._frames, urgent=urgent)

    def looked(self, time_s: float, took_s: float) -> None:  # noqa: ARG002 - frames count
        self._budget.ran((DETECTOR,), took_s)
        self._frames = 0
