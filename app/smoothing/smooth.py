"""The stage that makes motion of estimates."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from app.frame import Frame
from app.scene import Placed, Scene
from app.smoothing import quaternions
from app.smoothing.motion import moved_to
from app.smoothing.settings import SmoothSettings
from app.smoothing.smoother import Smoother, ahead_s, smoother
from app.smoothing.track import Guarded
from app.smoothing.zero_phase import Sample
from models.rotations import Array, axis_angle_to_matrix, matrix_to_rot6d


@dataclass(frozen=True)
class _Waiting:
    """Someone in a frame, who can be smoothed once enough of what comes after is known."""

    placed: Placed
    sample: Sample
    smoother: Smoother

    def smooth(self) -> Placed:
        return moved_to(self.placed, self.smoother.at(self.sample))


class _Track:
    """One person, from where they begin to where they end."""

    def __init__(self, options: SmoothSettings, mean_hands: Array, epoch: int) -> None:
        self.epoch = epoch
        self._guarded = Guarded(mean_hands, desk=options.desk)
        self._smoother = smoother(options)

    def at(self, frame: Frame, placed: Placed | None) -> _Waiting | None:
        """The person in the next frame, of whom there is an estimate or none; None once they are lost for good."""
        if placed is None or placed.track.missed:
            guarded = self._guarded.missed(frame.time_s)
        else:
            guarded = self._guarded.estimated(frame.time_s, placed, frame.size_wh)
        if guarded is None:
            return None
        self._smoother.add(guarded[1])
        return _Waiting(*guarded, self._smoother)


class Smooth:
    """Stage: Scene -> Scenes, each once and in order: with a causal filter at once, else when enough of what comes
    after is known. `flush` gives the rest. Everyone has a filter of their own, new wherever their track begins; nobody
    is predicted over a cut."""

    name = "smooth"

    def __init__(self, options: SmoothSettings, hand_mean: Array) -> None:
        """hand_mean: (2, 15, 3) axis-angle, hands at ease."""
        self._options = options
        self._mean_hands = quaternions.from_rot6d(matrix_to_rot6d(axis_angle_to_matrix(hand_mean.reshape(30, 3))))
        self._ahead_s = ahead_s(options)
        self._tracks: dict[int, _Track] = {}
        self._shot = 0  # that the tracks are of
        self._waiting: deque[tuple[Frame, tuple[_Waiting, ...]]] = deque()

    def __call__(self, scene: Scene) -> tuple[Scene, ...]:
        if scene.frame.shot != self._shot:
            self._tracks.clear()
        self._shot = scene.frame.shot
        here = {placed.track.track_id: placed for placed in scene.people}
        for track_id, placed in here.items():
            if track_id not in self._tracks or self._tracks[track_id].epoch != placed.track.epoch:
                self._tracks[track_id] = _Track(self._options, self._mean_hands, placed.track.epoch)
        people = []
        for track_id, track in sorted(self._tracks.items()):
            one = track.at(scene.frame, here.get(track_id))
            if one is None:
                del self._tracks[track_id]
            else:
                people.append(one)
        self._waiting.append((scene.frame, tuple(people)))
        return self._known(scene.frame.time_s - self._ahead_s)

    def flush(self) -> tuple[Scene, ...]:
        """What is held back, at the end."""
        return self._known(np.inf)

    def reset(self) -> None:
        """As new: forgets everyone, and what is held back."""
        self._tracks.clear()
        self._waiting.clear()

    def _known(self, until_s: float) -> tuple[Scene, ...]:
        """Scenes up to a time."""
        scenes = []
        while self._waiting and self._waiting[0][0].time_s <= until_s:
            frame, people = self._waiting.popleft()
            scenes.append(Scene(frame, tuple(one.smooth() for one in people)))
        return tuple(scenes)
