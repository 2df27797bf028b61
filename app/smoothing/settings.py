"""How steady: the one knob, and the constants it turns, for every group of joints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.smoothing.kalman import KalmanConstants
from app.smoothing.motion import ARMS, EXPRESSION, FINGERS, JAW_ROWS, LEGS, POSE_UNITS, ROOT_ROWS, TORSO
from app.smoothing.one_euro import OneEuroConstants
from models.rotations import Array

LEVELS = ("steady", "balanced", "responsive", "off")
FILTERS = ("one-euro", "kalman")


@dataclass(frozen=True)
class SmoothSettings:
    """level: one of `LEVELS`; off is each frame as the networks gave it. causal: the filter of `FILTERS` that uses
    nothing of the future; None looks ahead. desk: legs always seated; else only where hips and knees are out of view.
    height_cm: makes everyone that tall."""

    level: str = "balanced"
    causal: str | None = "one-euro"
    desk: bool = False
    height_cm: float | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"the level of smoothing is {self.level}, expected one of {', '.join(LEVELS)}")
        if self.causal is not None and self.causal not in FILTERS:
            raise ValueError(f"the filter is {self.causal}, expected one of {', '.join(FILTERS)}")


@dataclass(frozen=True)
class _PlaceGroup:
    """Constants at `balanced`. noise, restless: Kalman's. reach_s: how far zero-phase smoothing looks either way."""

    noise: float
    restless: float
    reach_s: float


@dataclass(frozen=True)
class _Group:
    """Constants of a group of joints at `balanced`; rest_s, hurry: One Euro's, the others as of places.

    Chosen on the takes of `benchmarks.smoothness.TUNING`, of other people in other motions than the takes reported:
    the least acceleration error with an added lag of about 30 ms, none of the groups slower at rest than 0.1 s.
    """

    rest_s: float
    hurry: float
    noise: float
    restless: float
    reach_s: float


_GROUPS: Mapping[str, _Group] = {
    "root": _Group(0.08, 1.5, 0.08, 1.2, 0.25),
    "torso": _Group(0.07, 1.5, 0.08, 1.2, 0.25),
    "arms": _Group(0.035, 2.5, 0.08, 2.0, 0.23),
    "legs": _Group(0.07, 1.5, 0.08, 1.2, 0.25),
    "fingers": _Group(0.06, 1.0, 0.08, 1.2, 0.25),
    "jaw": _Group(0.06, 1.0, 0.08, 1.2, 0.23),
    "expression": _Group(0.1, 0.5, 0.2, 2.0, 0.23),
}
_PLACE_GROUPS: Mapping[str, _PlaceGroup] = {
    "direction": _PlaceGroup(0.003, 0.1, 0.23),
    "depth": _PlaceGroup(0.05, 0.3, 0.25),
}
_ROWS = {
    "root": ROOT_ROWS,
    "torso": TORSO,
    "arms": ARMS,
    "legs": LEGS,
    "fingers": FINGERS,
    "jaw": JAW_ROWS,
    "expression": list(range(EXPRESSION.start, EXPRESSION.stop)),
}

# How much longer than at `balanced` time constants are.
_SLOWER = {"steady": 1.8, "balanced": 1.0, "responsive": 0.5}
_SPEED_S = 0.25  # of One Euro's speed


def one_euro(level: str) -> OneEuroConstants:
    """Of a pose."""
    slower = _SLOWER[level]
    return OneEuroConstants(slower * _pose("rest_s"), _pose("hurry") / slower, _SPEED_S)


def kalman(level: str) -> KalmanConstants:
    """Of a pose. Its response to a sudden move takes as long as the level's factor says: the ratio of noise to
    restlessness has a time's dimension to the power 3/2."""
    return KalmanConstants(_pose("noise"), _pose("restless") / _SLOWER[level] ** 1.5)


def place_kalman(level: str) -> KalmanConstants:
    """Of a place."""
    return KalmanConstants(_place("noise"), _place("restless") / _SLOWER[level] ** 1.5)


def reach_s(level: str) -> Array:
    """(U,) of a pose and a place."""
    return np.asarray(_SLOWER[level] ** 0.5 * np.concatenate((_pose("reach_s"), _place("reach_s"))))


def _pose(name: str) -> Array:
    values = np.empty(POSE_UNITS)
    for group, units in _ROWS.items():
        values[units] = getattr(_GROUPS[group], name)
    return values


def _place(name: str) -> Array:
    return np.array([getattr(group, name) for group in _PLACE_GROUPS.values()])
