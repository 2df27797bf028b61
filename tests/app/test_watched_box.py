"""One person, found by a detector and followed by their own mesh."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.boxes import Track
from app.detectors.detector import SURE, Detector
from app.frame import Box, Frame
from app.watched_box import WatchedBox
from tests.app.following.stage import mesh

PERSON = Box((100.0, 40.0, 140.0, 160.0), 0.6)
HALF = Box((100.0, 100.0, 140.0, 160.0), 0.6)
ELSEWHERE = Box((220.0, 20.0, 270.0, 170.0), 0.7)


class _Says(Detector):
    """Finds what it is told to, and counts."""

    def __init__(self) -> None:
        self.boxes: Sequence[Box] = ()
        self.looks = 0

    def detect(self, rgb: NDArray[np.uint8], least: float = SURE) -> tuple[Box, ...]:  # noqa: ARG002 - it knows
        self.looks += 1
        return tuple(box for box in self.boxes if box.score >= least)


class _Clip:
    """Frames one after the other at 30 a second; a mesh where the person is, whatever the box."""

    def __init__(self) -> None:
        self.detector = _Says()
        self.policy = WatchedBox(self.detector)
        self._index = 0

    def __call__(
        self, found: Sequence[Box], count: int, meshed: Box = PERSON, *, cut: bool = False
    ) -> list[Box | None]:
        """The box in each of so many frames."""
        return [track.box if track else None for track in self.tracks(found, count, meshed, cut=cut)]

    def tracks(self, found: Sequence[Box], count: int, meshed: Box, *, cut: bool = False) -> list[Track | None]:
        self.detector.boxes = found
        shown: list[Track | None] = []
        for first in range(count):
            frame = Frame(self._index, self._index / 30, np.zeros((180, 320, 3), np.uint8), 0.0)
            tracks = self.policy.tracks(frame, cut=cut and first == 0)
            self.policy.seen(frame, tuple(mesh(track.track_id, meshed) for track in tracks))
            shown.append(tracks[0] if tracks else None)
            self._index += 1
        return shown


def test_someone_begins_where_the_detector_says_and_goes_on_by_the_mesh() -> None:
    clip = _Clip()
    first, *rest = clip.tracks([PERSON], 30, PERSON)
    assert first is not None
    assert (first.box.xyxy_px, first.begins) == (PERSON.xyxy_px, True)
    assert all(track and not track.begins and track.box.overlap(PERSON) > 0.9 for track in rest)
    assert clip.detector.looks <= 6


def test_nobody_is_looked_for_where_nobody_is() -> None:
    clip = _Clip()
    assert clip([], 5) == [None] * 5
    assert clip.detector.looks == 5
    assert clip([Box(PERSON.xyxy_px, 0.25)], 3) == [None] * 3
    assert clip([PERSON], 1)[0] is not None


def test_of_several_the_plainest_is_followed() -> None:
    small = Box((10.0, 10.0, 30.0, 60.0), 0.9)
    assert _Clip()([small, PERSON], 1) == [PERSON]


def test_halves_and_doubts_of_the_detector_change_nothing() -> None:
    clip = _Clip()
    clip([PERSON], 10)
    for found in (HALF, Box(PERSON.xyxy_px, 0.22)):
        boxes = clip([found], 90)
        assert all(box is not None and box.overlap(PERSON) > 0.9 for box in boxes)


def test_who_left_is_let_go_and_found_again() -> None:
    clip = _Clip()
    clip([PERSON], 10)
    gone = clip([], 60)
    assert gone[20] is not None, "a moment without a sign is not the end"
    assert gone[45:] == [None] * 15
    back = clip.tracks([ELSEWHERE], 2, ELSEWHERE)[0]
    assert back is not None
    assert (back.box, back.begins, back.track_id) == (ELSEWHERE, True, 1)


def test_who_leaves_by_a_side_is_predicted_for_three_frames() -> None:
    clip, side = _Clip(), Box((290.0, 40.0, 330.0, 160.0), 0.6)
    assert all(track and not track.missed for track in clip.tracks([side], 12, side))
    gone = clip.tracks([], 6, side)
    assert [track.missed for track in gone if track] == [1, 2, 3]
    assert gone[3:] == [None] * 3


def test_a_moment_without_a_sign_at_a_side_is_not_the_end() -> None:
    clip, side = _Clip(), Box((290.0, 40.0, 330.0, 160.0), 0.6)
    clip.tracks([side], 12, side)
    clip.tracks([], 3, side)
    assert all(track and not track.begins and not track.missed for track in clip.tracks([side], 6, side))


def test_somebody_far_plainer_is_followed_instead() -> None:
    clip = _Clip()
    faint = Box((10.0, 10.0, 40.0, 60.0), 0.35)
    clip([faint], 10, faint)
    boxes = clip([faint, ELSEWHERE], 60, ELSEWHERE)
    assert boxes[-1] is not None
    assert boxes[-1].overlap(ELSEWHERE) > 0.9


def test_after_a_cut_the_detector_looks_at_once() -> None:
    clip = _Clip()
    clip([PERSON], 3)
    after = clip.tracks([ELSEWHERE], 2, ELSEWHERE, cut=True)
    assert after[0] is not None
    assert (after[0].box, after[0].begins) == (ELSEWHERE, True)


def test_where_the_mesh_is_lost_the_detector_looks_at_once() -> None:
    clip = _Clip()
    clip([PERSON], 3)
    clip([PERSON], 1, Box((400.0, 40.0, 440.0, 160.0), 1.0))  # out of the frame
    (after,) = clip.tracks([ELSEWHERE], 1, ELSEWHERE)
    assert after is not None
    assert (after.box, after.begins) == (ELSEWHERE, True)
