"""Where to look for the person in each frame."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.boxes import BoxPolicy, Detect, FixedBox, FollowedBox, Track
from app.frame import BodyParams, Box, Confidence, Frame, Person
from app.pinhole import Pinhole

_FRAME_WH = (640, 360)
_WHOLE = (0.0, 0.0, 640.0, 360.0)


def _frame(index: int = 0, size_wh: tuple[int, int] = _FRAME_WH) -> Frame:
    return Frame(index, index / 30, np.zeros((size_wh[1], size_wh[0], 3), np.uint8), time.perf_counter())


def _box(x: float, y: float, width: float, height: float, score: float = 0.9) -> Box:
    return Box((x, y, x + width, y + height), score)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        # The same, and nothing in common.
        (_box(10, 20, 30, 40), _box(10, 20, 30, 40), 1.0),
        (_box(0, 0, 10, 10), _box(50, 50, 10, 10), 0.0),
        # Beside each other, sharing a border, and diagonally, sharing a corner.
        (_box(0, 0, 10, 10), _box(10, 0, 10, 10), 0.0),
        (_box(0, 0, 10, 10), _box(10, 10, 10, 10), 0.0),
        # Half of each: 50 of 150. A quarter of each: 25 of 175.
        (_box(0, 0, 10, 10), _box(5, 0, 10, 10), 1 / 3),
        (_box(0, 0, 10, 10), _box(5, 5, 10, 10), 1 / 7),
        # One inside the other.
        (_box(0, 0, 10, 10), _box(2, 2, 5, 4), 0.2),
        # Nothing can overlap what has no area, not even itself; nor what is turned round.
        (_box(0, 0, 10, 10), _box(5, 5, 0, 0), 0.0),
        (_box(5, 5, 0, 0), _box(5, 5, 0, 0), 0.0),
        (_box(0, 0, 10, 10), _box(8, 8, -5, -5), 0.0),
        # Partly at negative pixels.
        (_box(-5, -5, 10, 10), _box(0, 0, 5, 5), 0.25),
    ],
)
def test_overlap_is_intersection_over_union_either_way(one: Box, other: Box, overlap: float) -> None:
    assert one.overlap(other) == pytest.approx(overlap)
    assert other.overlap(one) == pytest.approx(overlap)


@pytest.mark.parametrize(
    ("policy", "sequential"),
    [
        # Only what follows the mesh has to wait for it.
        (FixedBox(_box(1, 2, 3, 4)), False),
        (FollowedBox(), True),
    ],
)
def test_only_following_makes_frames_wait_for_each_other(policy: BoxPolicy, sequential: bool) -> None:
    assert policy.sequential is sequential


def test_a_fixed_box_is_the_same_in_every_frame() -> None:
    box = _box(300, 160, 190, 150)
    policy = FixedBox(box)
    first = policy.tracks(_frame(0), cut=False)
    policy.seen(_frame(0), (_person(_points(10, 10, 50, 50)),))
    assert first == (Track(1, box, begins=True),)
    assert policy.tracks(_frame(1), cut=False) == (Track(1, box, begins=False),)
    assert policy.tracks(_frame(2), cut=True) == (Track(1, box, begins=True),)


_CAMERA = Pinhole(1000.0, 1000.0, 320.0, 180.0)
_DEPTH_M = 10.0


def _points(*xyxy_px: float) -> NDArray[np.float32]:
    """Vertices (8, 3) whose projection just reaches the sides of a box, at two depths."""
    x1, y1, x2, y2 = xyxy_px
    corners = np.array([(x1, y1), (x2, y1), (x1, y2), (x2, y2)])
    near, far = (
        np.column_stack(((corners - (320, 180)) / 1000 * depth, np.full(4, depth)))
        for depth in (_DEPTH_M, 2 * _DEPTH_M)
    )
    return np.concatenate((near, far)).astype(np.float32)


def _person(vertices_m: NDArray[np.float32]) -> Person:
    params = BodyParams(np.zeros((53, 6)), np.zeros(10), np.zeros(10), np.zeros(3))
    sure = Confidence(1.0, 1.0, 1.0, 1.0)
    return Person(1, _box(0, 0, 1, 1), params, _CAMERA, vertices_m, vertices_m[:1], sure)


def _followed(*vertices_m: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """The box after meshes of one person were seen, frame by frame."""
    policy = FollowedBox()
    for index, vertices in enumerate(vertices_m):
        policy.seen(_frame(index), (_person(vertices),))
    (track,) = policy.tracks(_frame(), cut=False)
    assert not track.missed
    assert not track.begins or track.box.xyxy_px == _WHOLE
    return track.box.xyxy_px


@pytest.mark.parametrize("size_wh", [(640, 360), (360, 640)])
def test_following_starts_with_the_whole_frame(size_wh: tuple[int, int]) -> None:
    (track,) = FollowedBox().tracks(_frame(size_wh=size_wh), cut=False)
    assert track.box.xyxy_px == (0.0, 0.0, *size_wh)
    assert track.begins


@pytest.mark.parametrize(
    ("projection", "xyxy_px"),
    [
        # Inside: from the first pixel to the end of the last.
        ((100, 50, 200, 300), (100, 50, 201, 301)),
        # Reaching over each side: clipped to the frame.
        ((-50, 50, 200, 300), (0, 50, 201, 301)),
        ((100, -80, 200, 300), (100, 0, 201, 301)),
        ((500, 50, 900, 300), (500, 50, 640, 301)),
        ((100, 50, 200, 999), (100, 50, 201, 360)),
        # Larger than the frame.
        ((-500, -500, 900, 900), _WHOLE),
    ],
)
def test_the_last_mesh_is_followed_within_the_frame(
    projection: tuple[float, float, float, float], xyxy_px: tuple[float, float, float, float]
) -> None:
    np.testing.assert_allclose(_followed(_points(*projection)), xyxy_px, atol=1e-2)


def test_the_box_goes_to_where_the_mesh_has_gone() -> None:
    there = _points(300, 50, 400, 300)
    after_one = _followed(_points(100, 50, 200, 300), there)
    assert 200 < after_one[0] < 290
    np.testing.assert_allclose(_followed(_points(100, 50, 200, 300), *[there] * 15), (300, 50, 401, 301), atol=0.1)


def test_a_mesh_that_is_small_for_a_moment_does_not_take_the_box_with_it() -> None:
    first = _points(100, 50, 200, 300)
    x1, y1, x2, y2 = _followed(first, *[_points(140, 160, 160, 200)] * 3)
    assert 0.85 * 251 < y2 - y1 < 251
    assert 0.85 * 101 < x2 - x1 < 101
    x1, y1, x2, y2 = _followed(first, *[_points(140, 160, 160, 200)] * 90)  # three seconds
    np.testing.assert_allclose((x1, y1, x2, y2), (140, 160, 161, 201), atol=0.1)


def test_the_box_grows_faster_than_it_shrinks() -> None:
    small, large = _points(140, 160, 160, 200), _points(100, 50, 200, 300)
    grown, shrunk = _followed(small, *[large] * 3), _followed(large, *[small] * 3)
    assert (grown[3] - grown[1]) / 41 > 1.5 * 251 / (shrunk[3] - shrunk[1])


def _with(value: float) -> NDArray[np.float32]:
    """A mesh with one coordinate of one vertex replaced."""
    vertices = _points(100, 50, 200, 300)
    vertices[3, 2] = value
    return vertices


@pytest.mark.parametrize(
    "vertices_m",
    [
        # Out of the frame on each side.
        _points(-300, 50, -100, 300),
        _points(700, 50, 900, 300),
        _points(100, -300, 200, -50),
        _points(100, 400, 200, 700),
        # Hardly a bit of it left in the frame.
        _points(-300, 50, 10, 300),
        # Nearly nothing: far away.
        _points(300, 180, 304, 186),
        # Not a number, endless, and in the camera's plane.
        _with(np.nan),
        _with(np.inf) * np.float32(np.inf),
        _with(0.0),
    ],
)
def test_the_whole_frame_is_looked_at_again_when_the_mesh_is_lost(vertices_m: NDArray[np.float32]) -> None:
    assert _followed(_points(100, 50, 200, 300), vertices_m) == _WHOLE


def test_minutes_between_frames_take_the_box_all_the_way() -> None:
    policy = FollowedBox()
    policy.seen(_frame(), (_person(_points(100, 50, 200, 300)),))
    later = replace(_frame(1), time_s=3600.0)
    policy.seen(later, (_person(_points(300, 100, 420, 400)),))
    (track,) = policy.tracks(later, cut=False)
    assert track.box.xyxy_px == pytest.approx(_followed(_points(300, 100, 420, 400)), abs=0.1)


def test_the_whole_frame_is_looked_at_again_when_nobody_was_seen() -> None:
    policy = FollowedBox()
    policy.seen(_frame(), (_person(_points(100, 50, 200, 300)),))
    policy.seen(_frame(), ())
    assert policy.tracks(_frame(), cut=False) == (Track(1, Box(_WHOLE, 1.0), begins=True),)


def test_the_whole_frame_is_looked_at_again_after_a_cut() -> None:
    policy = FollowedBox()
    policy.seen(_frame(), (_person(_points(100, 50, 200, 300)),))
    assert policy.tracks(_frame(), cut=True) == (Track(1, Box(_WHOLE, 1.0), begins=True),)


class _Told:
    """A policy that notes what it is told."""

    sequential = False

    def __init__(self) -> None:
        self.cuts: list[bool] = []

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:
        self.cuts.append(cut)
        return (Track(frame.index, _box(0, 0, 9, 9), begins=cut),)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """Changes nothing."""


def test_an_interruption_of_the_source_is_a_cut() -> None:
    policy = _Told()
    detect = Detect(policy)
    shots = [detect(replace(_frame(), segment=segment)).frame.shot for segment in (0, 0, 1, 1, 3)]
    assert policy.cuts == [False, False, True, False, True]
    assert shots == [0, 0, 1, 1, 2]
    detect.reset()
    assert detect(replace(_frame(), segment=3)).frame.shot == 3
    assert policy.cuts[-1]


@pytest.mark.parametrize(
    ("frames", "epochs"),
    [
        # Who is in each frame, those who begin in capitals, and the epochs of "a" while they are there.
        (("A", "a", "a", "A", "a"), [1, 1, 1, 2, 2]),
        (("A", "a", "", "A", "a"), [1, 1, 2, 2]),
        (("A", "aB", "ab", "aB", "Ab", "ab"), [1, 1, 1, 1, 4, 4]),
        # Not there a frame before, whatever the policy says.
        (("a", "a", "", "a", "a"), [1, 1, 2, 2]),
    ],
)
def test_every_frame_says_which_beginning_its_tracks_go_back_to(frames: Sequence[str], epochs: list[int]) -> None:
    class Told(_Told):
        def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:  # noqa: ARG002 - it knows
            names = frames[frame.index]
            return tuple(Track("ab".index(name.lower()), _box(0, 0, 9, 9), name.isupper()) for name in names)

    detect = Detect(Told())
    tracks = [track for index in range(len(frames)) for track in detect(_frame(index)).tracks]
    assert [track.epoch for track in tracks if track.track_id == 0] == epochs


def test_detecting_gives_the_frame_its_tracks_and_tells_of_cuts() -> None:
    policy = _Told()
    detect = Detect(policy)
    dark, bright = _frame(3), replace(_frame(5), rgb=np.full((360, 640, 3), 200, np.uint8))
    sightings = [detect(frame) for frame in (dark, replace(dark, index=4), bright)]
    assert sightings[2].frame.rgb is bright.rgb
    assert [sighting.frame.shot for sighting in sightings] == [0, 0, 1]
    assert [sighting.tracks[0].track_id for sighting in sightings] == [3, 4, 5]
    assert policy.cuts == [False, False, True]
