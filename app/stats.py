"""How fast it was: per stage, over all, and how old results were."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.frame import Result


class Stats:
    """Collects times of results as they come."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()
        self._first_s: float | None = None
        self._last_s = self._started_s
        self._stage_ms: dict[str, list[float]] = defaultdict(list)
        self._age_ms: list[float] = []
        self.tracked = 0  # frames with someone in them

    def add(self, result: Result) -> None:
        self._last_s = time.perf_counter()
        self._first_s = self._first_s or self._last_s
        for stage, elapsed_ms in result.stage_ms.items():
            self._stage_ms[stage].append(elapsed_ms)
        self._age_ms.append(result.age_ms)
        self.tracked += bool(result.people)

    @property
    def frames(self) -> int:
        return len(self._age_ms)

    @property
    def fps(self) -> float:
        """Frames a second from start to last result."""
        return self.frames / max(self._last_s - self._started_s, 1e-9)

    def summary(self) -> Mapping[str, Any]:
        """Plain numbers, for JSON. Times in ms; p50 and p95 are percentiles over frames."""
        return {
            "frames": self.frames,
            "seconds": round(self._last_s - self._started_s, 3),
            "fps": round(self.fps, 3),
            "first_result_ms": None if self._first_s is None else round(1e3 * (self._first_s - self._started_s), 1),
            "stages_ms": {stage: _percentiles(values) for stage, values in self._stage_ms.items()},
            "age_ms": _percentiles(self._age_ms),
        }


def _percentiles(values: Sequence[float]) -> Mapping[str, float] | None:
    if not values:
        return None
    p50, p95 = np.percentile(values, (50, 95))
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}
