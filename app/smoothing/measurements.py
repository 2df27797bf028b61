"""When each unit was really measured, where parts are not looked at in every frame."""

from __future__ import annotations

import numpy as np

from app.smoothing.motion import Point, Units
from models.rotations import Array


class Measurements:
    """The last measurement of each unit, which may be of different times."""

    def __init__(self, time_s: float, sample: Point) -> None:
        """All units were measured."""
        self._point = sample
        self._times_s = np.full(sample.rotations.shape[-1] + sample.flat.shape[-1], time_s)

    def steps(self, time_s: float, sample: Point, measured: Units) -> tuple[Array, Array]:
        """How far each unit has come since its last measurement, (3, U), and how long ago that was, (U,) seconds.

        The sample, later than all before, is the last one afterwards of the units that it measures."""
        steps, since_s = self._point.to(sample), time_s - self._times_s
        self._point = sample.where(measured, self._point)
        self._times_s = np.where(measured, time_s, self._times_s)
        return steps, since_s
