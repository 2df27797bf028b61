"""Where to look for whom in each frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from app.following.cuts import Cuts
from app.following.meshes import projected
from app.frame import Box, Frame, Person

_LONG_S = 10.0  # as good as for ever: beyond it exponentials of time may have no number
_MOVES_S = 0.03  # time constant of a followed box's centre
_SHRINKS, _GROWS = 1.0, 6.0  # a second, of the logarithm of its sides


@dataclass(frozen=True)
class Track:
    """Whose box it is.

    begins: nothing earlier says how they move: they were not there a frame before, or there was a cut. missed: for how
    many looks of the detector they have been lost; their box is predicted where it is not 0. epoch: another number than
    before from wherever they began, which `Detect` counts: live, the one frame that begins may be overtaken on its way.
    known: nobody else ever has their number; else it is that of whoever is there.
    """

    track_id: int
    box: Box
    begins: bool
    missed: int = 0
    epoch: int = 0
    known: bool = False


@dataclass(frozen=True)
class Sighting:
    """A frame and who to look for in it."""

    frame: Frame
    tracks: tuple[Track, ...]


class BoxPolicy(Protocol):
    """Decides whom to look for and where. `seen` tells it what was made of a frame, sooner or later.

    sequential: whether a frame's boxes depend on the last frame's meshes, so that frames cannot overlap, and one thread
    calls both; else `seen` is called from another. cut: the frame does not go on from the one before.
    """

    @property
    def sequential(self) -> bool: ...

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]: ...

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None: ...


class FixedBox:
    """One region for every frame (`--box`)."""

    sequential = False

    def __init__(self, box: Box) -> None:
        self._box = box
        self._begins = True

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:  # noqa: ARG002 - the same for all
        begins, self._begins = self._begins or cut, False
        return (Track(1, self._box, begins),)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """Changes nothing."""


class FollowedBox:
    """Without a detector: the whole frame first and after a cut, then the box of the last mesh.

    A mesh that is wrong for a moment must not take the box with it, or the next crop shows nothing to do better by. So
    the box shrinks slowly, and grows and moves faster.
    """

    sequential = True

    def __init__(self) -> None:
        self._last: Box | None = None
        self._last_s = 0.0

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:
        last = self._last = None if cut else self._last
        width, height = frame.size_wh
        return (Track(1, last or Box((0.0, 0.0, width, height), 1.0), begins=last is None),)

    def begin(self, box: Box, time_s: float) -> None:
        """The person is in this box."""
        self._last, self._last_s = box, time_s

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        found = projected(people[0], frame.size_wh) if people else None
        passed_s = max(frame.time_s - self._last_s, 0.0)
        self._last = found if found is None or self._last is None else _moved(self._last, found, passed_s)
        self._last_s = frame.time_s


def _moved(last: Box, found: Box, passed_s: float) -> Box:
    """From one box towards another, as far as goes in so many seconds."""
    x1, y1, x2, y2 = found.xyxy_px
    passed_s = min(passed_s, _LONG_S)
    share = 1.0 - math.exp(-passed_s / _MOVES_S)
    least, most = math.exp(-passed_s * _SHRINKS), math.exp(passed_s * _GROWS)
    width = min(max(found.width_px, least * last.width_px), most * last.width_px)
    height = min(max(found.height_px, least * last.height_px), most * last.height_px)
    u1, v1, u2, v2 = last.xyxy_px
    x = (u1 + u2) / 2 + share * (x1 + x2 - u1 - u2) / 2
    y = (v1 + v2) / 2 + share * (y1 + y2 - v1 - v2) / 2
    return Box((x - width / 2, y - height / 2, x + width / 2, y + height / 2), found.score)


class Detect:
    """Stage: Frame -> Sighting. Where a new segment of the source begins, there is a cut.

    Counts cuts and beginnings, so that stages see them in any later frame too: those in between may be dropped, or have
    nobody in them.
    """

    def __init__(self, policy: BoxPolicy) -> None:
        self._policy = policy
        self._cuts = Cuts()
        self._segment: int | None = None
        self._anew = False
        self._shot = 0
        self._beginnings = count(1)
        self._epochs: dict[int, int] = {}  # of who was in the last frame, by track

    def __call__(self, frame: Frame) -> Sighting:
        interrupted = self._segment not in (None, frame.segment)
        self._segment = frame.segment
        cut = self._cuts(frame) or interrupted or self._anew
        self._anew = False
        self._shot += cut
        tracks = tuple(map(self._counted, self._policy.tracks(frame, cut=cut)))
        self._epochs = {track.track_id: track.epoch for track in tracks}
        return Sighting(replace(frame, shot=self._shot), tracks)

    def reset(self) -> None:
        """The next frame does not go on from the last."""
        self._cuts, self._segment, self._anew = Cuts(), None, True

    def _counted(self, track: Track) -> Track:
        goes_on = track.track_id in self._epochs and not track.begins
        return replace(track, epoch=self._epochs[track.track_id] if goes_on else next(self._beginnings))
