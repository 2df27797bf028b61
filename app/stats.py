"""How fast it was: per stage, over all, and how old results were."""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.frame import Result

_KEPT = 8192  # values, evenly spaced over the run: hours live in bounded memory, percentiles to a fraction of one


class Samples:
    """Numbers as they come; every second one is let go whenever there are too many."""

    def __init__(self) -> None:
        self._kept = array("f")
        self._stride = 1
        self.count = 0

    def add(self, value: float) -> None:
        if self.count % self._stride == 0:
            self._kept.append(value)
        self.count += 1
        if len(self._kept) > _KEPT:
            self._kept = self._kept[::2]
            self._stride *= 2

    def percentiles(self) -> Mapping[str, float] | None:
        """p50 and p95; None where there is nothing."""
        if not self.count:
            return None
        p50, p95 = np.percentile(np.asarray(self._kept), (50, 95))
        return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


class Stats:
    """Collects times of results as they come."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()
        self._first_s: float | None = None
        self._last_s = self._started_s
        self._stage_ms: dict[str, Samples] = defaultdict(Samples)
        self._age_ms = Samples()
        self._age_ms_by_minute: list[Samples] = []
        self.tracked = 0  # frames with someone in them

    def add(self, result: Result) -> None:
        self._last_s = time.perf_counter()
        self._first_s = self._first_s or self._last_s
        for stage, elapsed_ms in result.stage_ms.items():
            self._stage_ms[stage].add(elapsed_ms)
        self._age_ms.add(result.age_ms)
        minute = int((self._last_s - self._first_s) // 60)
        while len(self._age_ms_by_minute) <= minute:
            self._age_ms_by_minute.append(Samples())
        self._age_ms_by_minute[minute].add(result.age_ms)
        self.tracked += bool(result.people)

    @property
    def frames(self) -> int:
        return self._age_ms.count

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
            "stages_ms": {stage: values.percentiles() for stage, values in self._stage_ms.items()},
            "age_ms": self._age_ms.percentiles(),
            "age_ms_by_minute": [values.percentiles() for values in self._age_ms_by_minute],
        }
