"""A Kalman filter for motion of constant velocity, of many units at once, on a manifold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.smoothing.motion import Point, Units
from models.rotations import Array


@dataclass(frozen=True)
class KalmanConstants:
    """Of U units. noise (U,): standard deviation of samples. restless (U,): spectral density of the acceleration, per
    square root of a second cubed. Units are radians or the unit's own."""

    noise: Array
    restless: Array


class Kalman:
    """Constant velocity, disturbed by white acceleration (Bar-Shalom, Li and Kirubarajan 2001, section 6.2.2), in
    closed form.

    The three axes of a unit share one 2 x 2 covariance, so a whole body costs a few operations on (U,) arrays, where
    filterpy takes 20 us for each; a test holds this to filterpy's answers. Steps are taken in the tangent space of the
    prediction (an error-state filter: Sola 2017, "Quaternion kinematics for the error-state Kalman filter").
    """

    def __init__(self, constants: KalmanConstants) -> None:
        self._variance = constants.noise**2
        self._density = constants.restless**2
        self._last: tuple[float, Point] | None = None
        self._velocity = np.zeros((3, len(self._variance)))
        self._p00 = self._variance.copy()
        self._p01 = np.zeros_like(self._variance)
        self._p11 = self._density.copy()  # as unsure as after a second

    def __call__(self, time_s: float, sample: Point, measured: Units) -> Point:  # noqa: ARG002
        """The estimate at a time, from a sample taken then. Units that are not measured (U,) are taken as they were
        last: going on at the speed of the last ones, they would overshoot with every turn."""
        if self._last is None:
            self._last = time_s, sample
            return sample
        last_s, last = self._last
        dt = time_s - last_s
        if dt <= 0.0:
            return last
        predicted = last.moved(self._velocity * dt)
        p00 = self._p00 + dt * (2.0 * self._p01 + dt * self._p11) + self._density * (dt**3 / 3.0)
        p01 = self._p01 + dt * self._p11 + self._density * (dt**2 / 2.0)
        p11 = self._p11 + self._density * dt
        gain, velocity_gain = p00 / (p00 + self._variance), p01 / (p00 + self._variance)
        surprise = predicted.to(sample)
        estimate = predicted.moved(gain * surprise)
        self._velocity = self._velocity + velocity_gain * surprise
        self._p00, self._p01, self._p11 = (1.0 - gain) * p00, (1.0 - gain) * p01, p11 - velocity_gain * p01
        self._last = time_s, estimate
        return estimate
