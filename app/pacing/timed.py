"""Stages that say what they take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from app.frame import Frame
from app.pacing.budget import Budget
from app.pipeline import HoldingStage, Stage, stage_name


class _Timed:
    """A stage whose time is counted."""

    def __init__(self, stage: Stage, budget: Budget) -> None:
        self.name = stage_name(stage)
        self._stage = stage
        self._budget = budget

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Frame):  # it is the first stage
            self._budget.begin(value.index)
        started_s = time.perf_counter()
        result = self._stage(value)
        self._budget.spent(self.name, time.perf_counter() - started_s)
        return result


class _TimedHolding(_Timed):
    """The same of a stage that holds values back."""

    def flush(self) -> tuple[Any, ...]:
        assert isinstance(self._stage, HoldingStage)
        return self._stage.flush()


def timed(stages: Sequence[Stage], budget: Budget) -> list[Stage]:
    """The stages, of which the first takes frames, with their times told to a budget."""
    return [
        _TimedHolding(stage, budget) if isinstance(stage, HoldingStage) else _Timed(stage, budget) for stage in stages
    ]
