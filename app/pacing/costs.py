"""What things take, as running averages that one slow time does not move."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque

_KEPT = 15  # times of each


class Costs:
    """Seconds by name. The average is the median of the last fifteen, the lower of two, since the first time is a slow
    one."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    @property
    def names(self) -> tuple[str, ...]:
        """What was measured."""
        return tuple(self._recent)

    def add(self, name: str, seconds: float) -> None:
        self._recent[name].append(seconds)

    def expected(self, name: str) -> float:
        """0 where it was never measured."""
        return statistics.median_low(self._recent[name]) if name in self._recent else 0.0
