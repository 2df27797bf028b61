"""Where to look for the person in each frame."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.boxes import BoxPolicy, Detect, DetectedBox, FixedBox, FollowedBox
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
    first = policy.boxes(_frame(0))
    policy.seen(_FRAME_WH, (_person(_points(10, 10, 50, 50)),))
    assert first == policy.boxes(_frame(1)) == (box,)


class _FakeDetector:
    """Finds, frame by frame, what the test says."""

    def __init__(self, *frames: Sequence[Box]) -> None:
        self._frames = iter(frames)

    def detect(self, rgb: NDArray[np.uint8]) -> tuple[Box, ...]:
        assert rgb.shape == (360, 640, 3)
        return tuple(sorted(next(self._frames), key=lambda box: -box.score))


def _chosen(*frames: Sequence[Box]) -> list[Box | None]:
    """What DetectedBox looks at in each frame."""
    policy = DetectedBox(_FakeDetector(*frames))  # type: ignore[arg-type]
    chosen = []
    for index in range(len(frames)):
        boxes = policy.boxes(_frame(index))
        assert len(boxes) <= 1
        chosen.append(boxes[0] if boxes else None)
    return chosen


_SMALL = _box(100, 100, 60, 120)
_SMALL_MOVED = _box(110, 105, 60, 120, 0.6)
_LARGE = _box(300, 20, 160, 320)
_ELSEWHERE = _box(500, 100, 60, 120)


@pytest.mark.parametrize(
    ("frames", "chosen"),
    [
        # Nobody, ever.
        ([[], []], [None, None]),
        # The largest first, whatever their order.
        ([[_SMALL, _LARGE]], [_LARGE]),
        ([[_LARGE, _SMALL]], [_LARGE]),
        # A large one that is hardly believed counts less: 0.41 x 96 x 120 against 0.9 x 60 x 120.
        ([[_SMALL, _box(300, 20, 96, 120, 0.41)]], [_SMALL]),
        # The same person though a larger and surer one appears.
        ([[_SMALL], [_LARGE, _SMALL_MOVED]], [_SMALL, _SMALL_MOVED]),
        # Held while walking past where the first box was.
        (
            [[_SMALL]] + [[_box(100 + 20 * k, 100, 60, 120), _LARGE] for k in range(1, 8)],
            [_SMALL] + [_box(100 + 20 * k, 100, 60, 120) for k in range(1, 8)],
        ),
        # Lost for a frame and found again in the same place, rather than the larger one.
        ([[_SMALL], [], [_LARGE, _SMALL_MOVED]], [_SMALL, None, _SMALL_MOVED]),
        # Gone: the largest of those who are there, and then that one is held.
        ([[_SMALL], [_ELSEWHERE, _LARGE]], [_SMALL, _LARGE]),
        ([[_SMALL], [], [_ELSEWHERE], [_LARGE, _ELSEWHERE]], [_SMALL, None, _ELSEWHERE, _ELSEWHERE]),
    ],
)
def test_a_detected_person_is_held(frames: list[list[Box]], chosen: list[Box | None]) -> None:
    assert _chosen(*frames) == chosen


def test_the_detector_does_not_wait_for_meshes() -> None:
    policy = DetectedBox(_FakeDetector([_SMALL], [_SMALL]))  # type: ignore[arg-type]
    before = policy.boxes(_frame(0))
    policy.seen(_FRAME_WH, (_person(_points(400, 200, 500, 300)),))
    assert policy.boxes(_frame(1)) == before
    assert policy.sequential is False


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
    for vertices in vertices_m:
        policy.seen(_FRAME_WH, (_person(vertices),))
    (box,) = policy.boxes(_frame())
    return box.xyxy_px


@pytest.mark.parametrize("size_wh", [(640, 360), (360, 640)])
def test_following_starts_with_the_whole_frame(size_wh: tuple[int, int]) -> None:
    (box,) = FollowedBox().boxes(_frame(size_wh=size_wh))
    assert box.xyxy_px == (0.0, 0.0, *size_wh)


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


def test_the_newest_mesh_counts() -> None:
    found = _followed(_points(100, 50, 200, 300), _points(300, 50, 400, 300))
    np.testing.assert_allclose(found, (300, 50, 401, 301), atol=1e-2)


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


def test_the_whole_frame_is_looked_at_again_when_nobody_was_seen() -> None:
    policy = FollowedBox()
    policy.seen(_FRAME_WH, (_person(_points(100, 50, 200, 300)),))
    policy.seen(_FRAME_WH, ())
    assert policy.boxes(_frame())[0].xyxy_px == _WHOLE


class _Boxes:
    """A policy that finds what the test says."""

    sequential = False

    def __init__(self, *boxes: Box) -> None:
        self.found = boxes

    def boxes(self, frame: Frame) -> tuple[Box, ...]:  # noqa: ARG002 - the protocol's
        return self.found

    def seen(self, frame_wh: tuple[int, int], people: tuple[Person, ...]) -> None:
        """Changes nothing."""

    def reset(self) -> None:
        """Changes nothing."""


@pytest.mark.parametrize("boxes", [(), (_SMALL,), (_SMALL, _LARGE, _ELSEWHERE)])
def test_detecting_gives_the_frame_its_boxes_and_a_number_each(boxes: tuple[Box, ...]) -> None:
    frame = _frame(5)
    sighting = Detect(_Boxes(*boxes))(frame)
    assert sighting.frame is frame
    assert [track.box for track in sighting.tracks] == list(boxes)
    assert [track.track_id for track in sighting.tracks] == list(range(1, len(boxes) + 1))


def test_after_an_interruption_of_the_source_everyone_begins() -> None:
    detect = Detect(_Boxes(_SMALL))
    segments = (0, 0, 1, 1, 3)
    begins = [detect(replace(_frame(), segment=segment)).tracks[0].begins for segment in segments]
    assert begins == [True, False, True, False, True]
    detect.reset()
    assert detect(replace(_frame(), segment=3)).tracks[0].begins


def test_who_was_there_a_frame_before_does_not_begin() -> None:
    policy = _Boxes(_SMALL)
    detect = Detect(policy)

    def begins(*boxes: Box) -> list[bool]:
        policy.found = boxes
        return [track.begins for track in detect(_frame()).tracks]

    assert begins(_SMALL) == [True]
    assert begins(_SMALL, _ELSEWHERE) == [False, True]
    assert begins() == []
    assert begins(_SMALL) == [True]
