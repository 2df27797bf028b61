"""From samples of one person to smooth points: causal, or with a look ahead, behind one protocol."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from app.smoothing import settings
from app.smoothing.kalman import Kalman
from app.smoothing.motion import POSE_UNITS, Point, Units
from app.smoothing.one_euro import OneEuro
from app.smoothing.settings import SmoothSettings
from app.smoothing.zero_phase import Sample, smoothed

_Filter = Callable[[float, Point, Units], Point]


class Smoother(Protocol):
    """Samples in, in the order of their times; the smooth point at a sample's time once `ahead_s` more are known."""

    def add(self, sample: Sample) -> None: ...

    def at(self, sample: Sample) -> Point:
        """Asked once for every sample, in their order."""
        ...


class Causal:
    """A pose by One Euro or Kalman, a place by Kalman: the smooth point is known with the sample."""

    def __init__(self, pose: _Filter, place: _Filter) -> None:
        self._pose, self._place = pose, place
        self._points: deque[Point] = deque()

    def add(self, sample: Sample) -> None:
        pose, place = sample.point.split()
        of_pose, of_place = np.split(sample.measured, (POSE_UNITS,))
        smooth = self._pose(sample.time_s, pose, of_pose)
        self._points.append(smooth.joined(self._place(sample.time_s, place, of_place)))

    def at(self, sample: Sample) -> Point:  # noqa: ARG002 - the oldest not asked for
        return self._points.popleft()


class LookAhead:
    """Zero-phase smoothing over the samples around each."""

    def __init__(self, level: str) -> None:
        self._reach_s = settings.reach_s(level)
        self._longest_s = float(self._reach_s.max())
        self._samples: deque[Sample] = deque()

    def add(self, sample: Sample) -> None:
        self._samples.append(sample)

    def at(self, sample: Sample) -> Point:
        while self._samples[0].time_s <= sample.time_s - self._longest_s:
            self._samples.popleft()
        return smoothed(self._samples, self._samples.index(sample), self._reach_s)


def smoother(options: SmoothSettings) -> Smoother:
    """A new one, as the settings say."""
    if options.causal is None:
        return LookAhead(options.level)
    place = Kalman(settings.place_kalman(options.level))
    if options.causal == "kalman":
        return Causal(Kalman(settings.kalman(options.level)), place)
    return Causal(OneEuro(settings.one_euro(options.level)), place)


def ahead_s(options: SmoothSettings) -> float:
    """How much of the future a smoother has to know."""
    return float(settings.reach_s(options.level).max()) if options.causal is None else 0.0
