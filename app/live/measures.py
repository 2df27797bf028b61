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
    """Counts events of the last two seconds, each with a duration. Any thread may add, any may ask.

    The rate is that of the intervals between events, so that it is right below one a second too; none once there has
    been nothing for two seconds.
    """

    def __init__(self) -> None:
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def add(self, duration_ms: float) -> None:
        now_s = time.perf_counter()
        with self._lock:
            self._events.append((now_s, duration_ms))
            self._forget(now_s)

    def measure(self) -> Measure:
        now_s = time.perf_counter()
        with self._lock:
            self._forget(now_s)
            events = list(self._events)
        if not events or events[-1][0] < now_s - _WINDOW_S:
            return Measure()
        p50, p95 = np.percentile([duration_ms for _, duration_ms in events], (50, 95))
        span_s = max(events[-1][0] - events[0][0], 1e-3)
        return Measure((len(events) - 1) / span_s, float(p50), float(p95))

    def _forget(self, now_s: float) -> None:
        """But two: without an interval there is no rate."""
        while len(self._events) > 2 and self._events[0][0] < now_s - _WINDOW_S:
            self._events.popleft()
