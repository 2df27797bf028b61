"""Measuring several things in turns, so that whatever slows the machine slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")

_SETTLE_S = 0.02  # a runtime's idle threads go on spinning for a while, beside whoever is next


def in_turns(
    measures: Mapping[str, Callable[[], T]], rounds: int, warm_up: int = 1, again: bool = False
) -> dict[str, list[T]]:
    """What each measured in each round, after `warm_up` rounds that do not count. again: each time the second of two
    runs, which finds its weights in the caches, as every frame of a clip but the first does."""
    found: dict[str, list[T]] = {name: [] for name in measures}
    for turn in range(rounds + warm_up):
        for name, measure in measures.items():
            time.sleep(_SETTLE_S)
            if again:
                measure()
            value = measure()
            if turn >= warm_up:
                found[name].append(value)
    return found


def seconds(run: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
