"""Which recorded frames make the file's frames: the same ones, or a mix of two at a steady rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle, nearest_axis_angle

_INSTANT_S = 1e-6
_ABSENT = 1.9  # usual steps without a row, after which the person was away
_AWAY_S = 0.5  # no shorter are the gaps of a lost or paused camera, whose frames are numbered on as if there were none
_OVERTAKEN_S = 0.25  # live, no longer are gaps of frames that newer ones overtook, and these follow no order


@dataclass(frozen=True)
class Sampling:
    """T frames, each `weight` of the way from row `before` to row `after`, (T,) each. time_s (T,): when they are."""

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    weight: Array
    time_s: Array

    @classmethod
    def as_recorded(cls, rows: NDArray[np.intp], time_s: Array) -> Sampling:
        """Every row as it is."""
        return cls(rows, rows, np.zeros(len(rows)), time_s)

    @classmethod
    def at_rate(
        cls, rows: NDArray[np.intp], time_s: Array, frame_index: NDArray[Any], fps: float, *, live: bool = False
    ) -> Sampling:
        """At `fps` from the first row's time on. Nothing is made up while the person or the camera was away. live: as
        `follow`'s."""
        wanted = time_s[0] + np.arange(int((time_s[-1] - time_s[0] + _INSTANT_S) * fps) + 1) / fps
        before = np.clip(np.searchsorted(time_s, wanted + _INSTANT_S, side="right") - 1, 0, len(rows) - 1)
        after = np.minimum(before + 1, len(rows) - 1)
        span = np.maximum(time_s[after] - time_s[before], _INSTANT_S)
        weight = np.clip((wanted - time_s[before]) / span, 0.0, 1.0)
        neighbours = np.append(follow(frame_index, time_s, live=live), True)  # the last row has none, and needs none
        there = neighbours[before] | (wanted - time_s[before] < _INSTANT_S)
        return cls(rows[before[there]], rows[after[there]], weight[there], wanted[there])

    def __len__(self) -> int:
        return len(self.weight)

    def part(self, start: int, stop: int) -> Sampling:
        """Frames start to stop."""
        cut = slice(start, stop)
        return Sampling(self.before[cut], self.after[cut], self.weight[cut], self.time_s[cut])

    def nearest(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, ...) recorded -> (T, ...), each from the nearer row."""
        return np.asarray(values[np.where(self.weight < 0.5, self.before, self.after)])

    def mixed(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, ...) recorded -> (T, ...) interpolated linearly, of the same dtype."""
        first = values[self.before]
        if not self.weight.any():
            return np.asarray(first)
        weight = self.weight.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
        return np.asarray(first + weight * (values[self.after] - first), values.dtype)

    def turned(self, axis_angle: NDArray[Any]) -> Array:
        """(N, J, 3) recorded axis-angles -> (T, J, 3), along the shortest rotation from one to the other."""
        first = axis_angle[self.before].astype(np.float64)
        if not self.weight.any():
            return first
        start = axis_angle_to_matrix(first)
        end = axis_angle_to_matrix(axis_angle[self.after].astype(np.float64))
        step = matrix_to_axis_angle(np.swapaxes(start, -1, -2) @ end) * self.weight[:, None, None]
        return nearest_axis_angle(matrix_to_axis_angle(start @ axis_angle_to_matrix(step)), first)


def follow(frame_index: NDArray[Any], time_s: Array, *, live: bool = False) -> NDArray[np.bool_]:
    """(N,), (N,) -> (N - 1,): whether the next row is as far on as usual, and not one after an absence.

    Usual is one frame, or several where rows are several apart throughout. live: frames are missing because newer ones
    overtook them, now one, now none, so that only times tell.
    """
    steps, spans_s = np.diff(frame_index), np.diff(time_s)
    if not len(steps):
        return np.zeros(0, np.bool_)
    usual_step, usual_s = _middle(steps), _middle(spans_s)
    far_apart = len(steps) == 1 and usual_s > _AWAY_S  # two rows, which are no slow take
    if live:
        return np.asarray((spans_s <= max(_ABSENT * usual_s, _OVERTAKEN_S)) & (not far_apart))
    if far_apart:
        usual_step = 1.0
    return np.asarray((steps <= _ABSENT * usual_step) & (spans_s <= max(_ABSENT * usual_s, _AWAY_S)))


def _middle(values: NDArray[Any]) -> float:
    """The median of (N,); of two in the middle the smaller, so that of two steps the longer one is not the usual."""
    return float(np.sort(values)[(len(values) - 1) // 2])
