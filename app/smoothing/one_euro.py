"""The One Euro filter (Casiez, Roussel and Vogel, CHI 2012) of many units at once, on a manifold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.smoothing.measurements import Measurements
from app.smoothing.motion import Point, Units, stacked
from models.rotations import Array

_FADES_S = 0.1  # time constant of how units that are not measured go on


@dataclass(frozen=True)
class OneEuroConstants:
    """Of U units. rest_s (U,): time constant at rest, one over two pi times the paper's minimal cutoff. hurry (U,): how
    much the rate, one over the time constant, grows with speed, two pi times the paper's beta; per radian, or per the
    unit's own measure. speed_s: time constant of the speed, of the paper's derivative cutoff."""

    rest_s: Array
    hurry: Array
    speed_s: float


class OneEuro:
    """A low-pass filter that hurries when what it follows is fast: calm at rest, little lag in motion.

    Equations 1 to 7 of the paper with two changes. Steps are taken in the tangent space of the last estimate. And where
    the paper's smoothing factor (equation 5) is that of a fixed, short period, here the same continuous low pass is
    solved exactly for a frame of any length, its input running straight from one sample to the next: the lag on a
    steady motion is the time constant at any frame rate.
    """

    def __init__(self, constants: OneEuroConstants) -> None:
        self._constants = constants
        self._last: tuple[float, Point, Point] | None = None  # time, input, estimate
        self._measured: Measurements | None = None
        self._velocity = np.zeros(())

    def __call__(self, time_s: float, sample: Point, measured: Units) -> Point:
        """The estimate at a time, from a sample taken then of the measured units (U,). The others' input goes on as
        they moved, slower and slower."""
        if self._last is None or self._measured is None:
            self._last, self._measured = (time_s, sample, sample), Measurements(time_s, sample)
            return sample
        last_s, last_input, last = self._last
        dt = time_s - last_s
        if dt <= 0.0:
            return last
        constants = self._constants
        steps, since_s = self._measured.steps(time_s, sample, measured)
        share = np.where(measured, 1.0 - np.exp(-since_s / constants.speed_s), 0.0)
        self._velocity = self._velocity + share * (steps / since_s - self._velocity)
        if not measured.all():
            faded = self._velocity * np.exp(-since_s / _FADES_S)
            sample = sample.where(measured, last_input.moved(faded * dt))
        speed = np.sqrt((self._velocity * self._velocity).sum(0))  # (U,)
        spent = dt * (1.0 / constants.rest_s + constants.hurry * speed)  # (U,) time constants since the last frame
        kept = np.exp(-spent)
        of_last = (1.0 - kept) / spent - kept
        before, now = np.moveaxis(last.spread().to(stacked(last_input, sample)), 1, 0)
        estimate = last.moved(of_last * before + (1.0 - kept - of_last) * now)
        self._last = time_s, sample, estimate
        return estimate
