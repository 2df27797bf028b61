"""How it goes just now: over the last seconds, not since the start."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

_WINDOW_S = 2.0


@dataclass(frozen=True)
class Measure:
    """fps: how many a second. p50_ms, p95_ms: percentiles of what was measured of each; 0 where there was none."""

    fps: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0


class Recent:
    """Counts events of the last two seconds, each with a duration. Any thread may add, any may ask."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()
        self._began_s = time.perf_counter()

    def add(self, duration_ms: float) -> None:
        now_s = time.perf_counter()
        with self._lock:
            if not self._events:
                self._began_s = now_s
            self._events.append((now_s, duration_ms))
            self._forget(now_s)

    def measure(self) -> Measure:
        now_s = time.perf_counter()
        with self._lock:
            self._forget(now_s)
            durations = [duration_ms for _, duration_ms in self._events]
        if not durations:
            return Measure()
        p50, p95 = np.percentile(durations, (50, 95))
        span_s = min(_WINDOW_S, max(now_s - self._began_s, 1e-3))
        # Over a span that began with an event, the events are one more than the intervals.
        count = len(durations) if span_s == _WINDOW_S else len(durations) - 1
        return Measure(count / span_s, float(p50), float(p95))

    def _forget(self, now_s: float) -> None:
        while self._events and self._events[0][0] < now_s - _WINDOW_S:
            self._events.popleft()
