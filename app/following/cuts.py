"""Where a film goes on elsewhere."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Frame

_SMALL_WH = (32, 18)
_LEAST_CHANGE = 5.0  # grey levels, the mean over the picture: less is people moving
_LEAST_FIRST_CHANGE = 14.0  # where nothing is known of the frames before
_LEAST_RATIO = 3.0  # to the frames before, which a moving camera changes too
_REMEMBERED = 3  # frames: their median is not that of a cut among them
_MOST_LONGER = 4.0  # than the usual interval: however much later, a picture changes no more than all over
_REPEATED = 0.5  # grey levels, or less: the same picture again, as in a slower film's file
_STILL_S = 0.12  # the same picture for longer is a camera that stands still
_PAUSE_S = 1.0  # without a frame: whoever is there next may be anyone
_PAUSE_RATIO = 3.0  # to the frames before, where they are far apart anyway


class Cuts:
    """Says of each frame whether it does not go on from the one before, by a picture of 32 x 18 pixels."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._last_s = self._unchanged_s = 0.0
        self._changes: deque[float] = deque(maxlen=_REMEMBERED)
        self._intervals_s: deque[float] = deque(maxlen=_REMEMBERED)

    def __call__(self, frame: Frame) -> bool:
        """Of frames in their order. The first is none."""
        small, last = _small(frame.rgb), self._last
        passed_s, self._last, self._last_s = frame.time_s - self._last_s, small, frame.time_s
        if last is None:
            return False
        change = float(np.abs(small - last).mean())
        interrupted = not 0 <= passed_s <= self._longest_s()
        cut = interrupted or change > max(_LEAST_CHANGE, _LEAST_RATIO * self._usual(passed_s))
        self._remember(change, abs(passed_s))
        return cut

    def _usual(self, passed_s: float) -> float:
        """Change in that time, by the frames before."""
        if not self._changes:
            return _LEAST_FIRST_CHANGE / _LEAST_RATIO
        longer = passed_s / max(float(np.median(self._intervals_s)), 1e-6)
        return float(np.median(self._changes)) * min(max(longer, 1.0), _MOST_LONGER)

    def _remember(self, change: float, passed_s: float) -> None:
        """Pictures that are only repeated are left out: they say nothing of how a camera moves."""
        self._intervals_s.append(passed_s)
        self._unchanged_s = 0.0 if change > _REPEATED else self._unchanged_s + passed_s
        if not 0 < self._unchanged_s <= _STILL_S:
            self._changes.append(change)

    def _longest_s(self) -> float:
        """From one frame to the next where nothing is between them."""
        usual_s = float(np.median(self._intervals_s)) if self._intervals_s else 0.0
        return max(_PAUSE_S, _PAUSE_RATIO * usual_s)


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) -> (18, 32, 3)."""
    step = max(1, min(rgb.shape[:2]) // 90)  # not every pixel need be read
    part = np.ascontiguousarray(rgb[::step, ::step])
    return np.asarray(cv2.resize(part, _SMALL_WH, interpolation=cv2.INTER_AREA), np.float32)
