"""One person from frame to frame: estimates to samples that can be filtered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.frame import MOST_PREDICTED, PREDICTED, Confidence
from app.scene import Placed
from app.smoothing.desk import Desk
from app.smoothing.guards import Guards
from app.smoothing.measurements import Measurements
from app.smoothing.motion import PLACE_UNITS, POSE_UNITS, measured_units, person_at
from app.smoothing.zero_phase import Sample
from models.rotations import Array

_FADING = 0.5  # of speed and of confidence, with every predicted frame
_PREDICTED_TRUST = 0.02
_LONGEST_STEP_S = 0.25  # of a prediction: nobody goes on as they did for longer
_UNITS = POSE_UNITS + PLACE_UNITS


class Guarded:
    """Guards a person's estimates, and goes on for three frames without any."""

    def __init__(self, mean_hands: Array, *, desk: bool) -> None:
        """mean_hands: (4, 30) left and right fingers at ease. desk: legs always seated."""
        self._guards = Guards(mean_hands)
        self._desk = Desk(always=desk)
        self._last: tuple[Placed, Sample] | None = None
        self._measurements: Measurements | None = None
        self._velocity: Array | None = None  # (3, U) a second
        self._predicted = 0

    def estimated(self, time_s: float, placed: Placed, frame_wh: tuple[int, int]) -> tuple[Placed, Sample]:
        """Who was estimated, their flags set, and the sample to filter."""
        point = person_at(placed.params, placed.joints_m[0])
        measured = measured_units(placed.measured)
        guarded = self._guards(time_s, point.rotations, placed.joints_m, placed.confidence, measured)
        px = placed.camera.project(placed.joints_m)
        seated = self._desk(time_s, guarded.rotations, px, frame_wh)
        trust = np.ones(_UNITS)
        trust[: len(guarded.trust)] = guarded.trust
        sample = Sample(time_s, point.with_rotations(seated), trust, measured)
        if self._last is None or self._measurements is None:
            self._measurements = Measurements(time_s, sample.point)
        elif time_s > self._last[1].time_s:
            steps, since_s = self._measurements.steps(time_s, sample.point, measured)
            before = np.zeros_like(steps) if self._velocity is None else self._velocity
            self._velocity = np.where(measured, steps / since_s, before)
        self._last, self._predicted = (placed, sample), 0
        return replace(placed, flags=placed.flags | guarded.flags), sample

    def missed(self, time_s: float) -> tuple[Placed, Sample] | None:
        """Who would be there now, or None after three frames without them."""
        if self._last is None or self._predicted >= MOST_PREDICTED:
            return None
        placed, sample = self._last
        self._predicted += 1
        point = sample.point
        if self._velocity is not None:
            self._velocity = _FADING * self._velocity
            point = point.moved(self._velocity * min(time_s - sample.time_s, _LONGEST_STEP_S))
        sure = placed.confidence
        faded = Confidence(*(_FADING * part for part in (sure.body, sure.left_hand, sure.right_hand, sure.face)))
        placed = replace(placed, confidence=faded, flags=PREDICTED)
        sample = Sample(time_s, point, np.full(_UNITS, _PREDICTED_TRUST), np.ones(_UNITS, np.bool_))
        self._measurements = Measurements(time_s, point)
        self._last = placed, sample
        return placed, sample
