"""One shape a person: it settles in the first seconds and then holds."""

from __future__ import annotations

import numpy as np

from app.boxes import Track
from app.frame import Frame
from models.rotations import Array
from models.smplx_body import SmplxBody

_SETTLED_S = 3.0
_BELIEVED = 0.5  # confidence of frames that count, once there is one
_GUESSES = 128  # kept at most: those of 3 s at 40 fps, every second or third of faster cameras
_MISSING_S = 2.0  # and then somebody in the same place: it is the same person
_SAME_PLACE = 0.3  # overlap of the boxes
_FORGOTTEN_S = 60.0  # longer than anyone is known again for


class Shapes:
    """The shape of every track, (10,) each.

    The median of each coefficient over the believed frames so far, of frames spread over the first three seconds;
    afterwards the same for as long as the person is there. Known people keep it over gaps and cuts; others, where they
    are soon back in their place.
    """

    def __init__(self, height: Height | None = None, *, locked: bool = True) -> None:
        """locked: hold the shape; else each frame keeps its own. height: makes everyone that tall."""
        self._height = height
        self._locked = locked
        self._tracks: dict[int, _Guesses] = {}

    def settled(self, track: Track, frame: Frame, betas: Array, believed: float) -> Array:
        """The track's shape in a frame, a new guess (10,) and how far it is believed considered.

        Of each frame, tracks come in the order of their numbers.
        """
        shape = betas
        if self._locked:
            shape = self._guesses_of(track, frame).settled(frame.time_s, betas, believed)
        return shape if self._height is None else self._height.given_to(shape)

    def reset(self) -> None:
        """Forget everyone."""
        self._tracks.clear()

    def _guesses_of(self, track: Track, frame: Frame) -> _Guesses:
        guesses = self._tracks.get(track.track_id)
        if guesses is None:
            # Whoever has a new number comes after all who are known again in this frame.
            self._tracks = {number: one for number, one in self._tracks.items() if not one.is_forgotten(frame.time_s)}
        if guesses is None or not guesses.are_of(track, frame):
            guesses = self._tracks[track.track_id] = _Guesses(track, frame)
        guesses.seen(track, frame)
        return guesses


class _Guesses:
    """Of one person."""

    def __init__(self, track: Track, frame: Frame) -> None:
        self.seen(track, frame)
        self._until_s = frame.time_s + _SETTLED_S
        self._last_s = -np.inf
        self._believed: list[Array] = []
        self._doubted: list[Array] = []
        self._shape: Array | None = None

    def are_of(self, track: Track, frame: Frame) -> bool:
        """Whether who is in a frame is still the same person."""
        if track.known or track.epoch == self._track.epoch:
            return True
        soon = frame.shot == self._shot and frame.time_s - self._seen_s <= _MISSING_S
        return soon and track.box.overlap(self._track.box) >= _SAME_PLACE

    def seen(self, track: Track, frame: Frame) -> None:
        """They are in a frame."""
        self._track, self._shot, self._seen_s = track, frame.shot, frame.time_s

    def is_forgotten(self, time_s: float) -> bool:
        return time_s - self._seen_s > _FORGOTTEN_S

    def settled(self, time_s: float, betas: Array, believed: float) -> Array:
        if self._shape is None or time_s <= self._until_s:
            guesses = self._believed if believed >= _BELIEVED else self._doubted
            if time_s - self._last_s >= _SETTLED_S / _GUESSES:
                guesses.append(np.asarray(betas, np.float64))
                self._last_s = time_s
            self._shape = np.median(self._believed or self._doubted, axis=0)
        else:
            self._until_s = -np.inf
            self._believed, self._doubted = [], []
        return self._shape


class Height:
    """Makes shapes as tall as a number of centimetres, by the smallest change of their coefficients."""

    def __init__(self, body: SmplxBody, height_cm: float) -> None:
        self._wanted_m = height_cm / 100.0
        upright = np.tile(np.eye(3), (55, 1, 1))

        def height_m(betas: Array) -> float:
            return float(np.ptp(body.forward(upright, betas, np.zeros(10)).vertices_m[:, 1]))

        self._mean_m = height_m(np.zeros(10))
        self._slope_m = np.array([height_m(row) for row in np.eye(10)]) - self._mean_m  # (10,): linear in the shape

    def given_to(self, betas: Array) -> Array:
        """(10,) -> (10,)."""
        missing = self._wanted_m - self._mean_m - float(self._slope_m @ betas)
        return np.asarray(betas + self._slope_m * (missing / float(self._slope_m @ self._slope_m)))
