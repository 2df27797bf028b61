"""The One Euro filter (Casiez, Roussel and Vogel, CHI 2012) of many units at once, on a manifold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.smoothing.motion import Point, stacked
from models.rotations import Array


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
        self._last: tuple[float, Point, Point] | None = None  # time, sample, estimate
        self._velocity = np.zeros(())

    def __call__(self, time_s: float, sample: Point) -> Point:
        """The estimate at a time, from a sample taken then."""
        if self._last is None:
            self._last = time_s, sample, sample
            return sample
        last_s, last_sample, last = self._last
        dt = time_s - last_s
        if dt <= 0.0:
            return last
        constants = self._constants
        share = 1.0 - np.exp(-dt / constants.speed_s)
        self._velocity = self._velocity + share * (last_sample.to(sample) / dt - self._velocity)
        speed = np.sqrt((self._velocity * self._velocity).sum(0))  # (U,)
        spent = dt * (1.0 / constants.rest_s + constants.hurry * speed)  # (U,) time constants since the last frame
        kept = np.exp(-spent)
        of_last = (1.0 - kept) / spent - kept
        before, now = np.moveaxis(last.spread().to(stacked(last_sample, sample)), 1, 0)
        estimate = last.moved(of_last * before + (1.0 - kept - of_last) * now)
        self._last = time_s, sample, estimate
        return estimate
