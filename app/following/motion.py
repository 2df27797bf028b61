"""How a person's box moves: a Kalman filter of constant velocity."""

from __future__ import annotations

import math

import numpy as np
from filterpy.kalman import KalmanFilter
from numpy.typing import NDArray

from app.frame import Box

# Lengths are in heights of the box, so that people near and far are alike; all are standard deviations.
FOUND = 0.04  # a detector's box
MESH = 0.08  # the box around a mesh, which sees hidden limbs too
_CHANGE = 2.0  # of a velocity within a second, h / s
_FIRST_SPEED = 1.0  # of someone just found, h / s


class BoxMotion:
    """Centre, width and height of a box in pixels, and how fast they change.

    The model is white acceleration in continuous time (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to
    Tracking and Navigation, 2001, eq. 6.2.2-12), so that many short steps are worth one long one: any frame rate will
    do.
    """

    def __init__(self, box: Box, time_s: float) -> None:
        self._time_s = time_s
        self._filter = kalman = KalmanFilter(dim_x=8, dim_z=4)
        kalman.x[:4, 0] = _state(box)
        kalman.H = np.eye(4, 8)
        kalman.P = _squared(box.height_px, FOUND, _FIRST_SPEED)

    @property
    def xyxy_px(self) -> tuple[float, float, float, float]:
        x, y, width, height = (float(value) for value in self._filter.x[:4, 0])
        width, height = max(width, 1.0), max(height, 1.0)
        return x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height

    def move_to(self, time_s: float) -> None:
        """Predict."""
        step_s, self._time_s = time_s - self._time_s, time_s
        if step_s > 0:
            change_px = _CHANGE * self._height_px
            moved = _blocks(1.0, step_s, 0.0, 1.0)
            unsure = _blocks(step_s**3 / 3, step_s**2 / 2, step_s**2 / 2, step_s)
            self._filter.predict(F=moved, Q=change_px**2 * unsure)

    def distance(self, box: Box) -> float:
        """Mahalanobis' distance of a box found, its width left out, which arms change in no time."""
        rows = (0, 1, 3)
        residual = (_state(box) - self._filter.x[:4, 0])[list(rows)]
        noise = (FOUND * self._height_px) ** 2 * np.eye(3)
        spread = self._filter.P[np.ix_(rows, rows)] + noise
        return math.sqrt(residual @ np.linalg.solve(spread, residual))

    def correct(self, box: Box, deviation: float) -> None:
        """Take in a box of so large a standard deviation, in heights."""
        self._filter.update(_state(box), R=(deviation * self._height_px) ** 2 * np.eye(4))

    @property
    def _height_px(self) -> float:
        return max(float(self._filter.x[3, 0]), 1.0)


def _state(box: Box) -> NDArray[np.float64]:
    """Centre, width, height (4,)."""
    x1, y1, x2, y2 = box.xyxy_px
    return np.array((0.5 * (x1 + x2), 0.5 * (y1 + y2), x2 - x1, y2 - y1))


def _blocks(place: float, place_speed: float, speed_place: float, speed: float) -> NDArray[np.float64]:
    """(8, 8): for each of the four, the same between its place and its speed."""
    same = np.eye(4)
    return np.block([[place * same, place_speed * same], [speed_place * same, speed * same]])


def _squared(height_px: float, place: float, speed: float) -> NDArray[np.float64]:
    """Covariance (8, 8) of a state whose parts are independent."""
    return np.diag(np.repeat((place * height_px, speed * height_px), 4) ** 2)
