"""Hands and faces looked at in some frames and carried on in the others, on the tiny network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.boxes import Sighting, Track
from app.estimator import BodyView, Estimate, Estimates, Estimator
from app.frame import ALL_MEASURED, JAW, LEFT_HAND, RIGHT_HAND, Box, Frame, Measured
from app.pacing.budget import Budget
from app.pacing.strided import StridedParts, moved
from app.pacing.timed import timed
from engines.bundle import GRAPHS, Bundle
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.smplx_body import SmplxBody
from tests.standins import DATA

CARRIED = Measured(False, False, False)
LEFT, RIGHT = Box((40.0, 60.0, 300.0, 460.0), 0.9), Box((330.0, 40.0, 600.0, 470.0), 0.9)


@pytest.fixture(scope="module")
def estimator(tiny_bundle: Path, body: SmplxBody) -> Iterator[Estimator]:
    graphs = Bundle.load(tiny_bundle).graphs
    with Estimator({name: OnnxRuntimeEngine(graphs[name]) for name in GRAPHS}, body.hand_mean) as estimator:
        yield estimator


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    bgr = cv2.imread(str(DATA / "frame.png"))
    assert bgr is not None
    return np.asarray(cv2.resize(bgr, (640, 480))[..., ::-1], np.uint8).copy()


class Paced:
    """Frames through BodyNet and strided parts. rich: with time for everything, else for nothing."""

    def __init__(self, estimator: Estimator, rgb: np.ndarray, *, rich: bool) -> None:
        self.budget = Budget(0.01 if rich else 30.0, live=False)
        self._estimator, self._rgb = estimator, rgb
        self._parts = StridedParts(estimator.parts, self.budget)
        self._rich = rich
        self._index = 0

    def see(self, *boxes: Box, epoch: int = 1, first_id: int = 1) -> tuple[Estimate, ...]:
        self.budget.begin(self._index)
        self.budget.spent("detect", 0.0 if self._rich else 1.0)
        tracks = tuple(Track(first_id + row, box, begins=False, epoch=epoch) for row, box in enumerate(boxes))
        frame = Frame(self._index, self._index / 30, np.roll(self._rgb, 9 * self._index, 1), time.perf_counter())
        self._index += 1
        return self._parts(self._estimator.body(Sighting(frame, tracks))).people


def fingers_and_face(estimate: Estimate) -> np.ndarray:
    params = estimate.params
    return np.concatenate([params.rot6d[part].ravel() for part in (LEFT_HAND, RIGHT_HAND, JAW)] + [params.expression])


def test_with_time_for_all_it_is_the_same_as_without_a_budget(estimator: Estimator, rgb: np.ndarray) -> None:
    paced = Paced(estimator, rgb, rich=True)
    for _ in range(3):
        found = paced.see(LEFT, RIGHT)
    sighting = Sighting(
        Frame(2, 2 / 30, np.roll(rgb, 18, 1), 0.0),
        tuple(Track(row, box, False) for row, box in ((1, LEFT), (2, RIGHT))),
    )
    expected = estimator.parts(estimator.body(sighting)).people
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.measured == ALL_MEASURED
        np.testing.assert_allclose(ours.params.rot6d, theirs.params.rot6d, atol=1e-5)
        np.testing.assert_allclose(ours.params.expression, theirs.params.expression, atol=1e-6)
        np.testing.assert_allclose(ours.keypoints.hands, theirs.keypoints.hands, atol=1e-3)


def test_without_time_hands_and_face_are_carried_on_while_the_body_is_new(
    estimator: Estimator, rgb: np.ndarray
) -> None:
    paced = Paced(estimator, rgb, rich=False)
    (first,), (second,) = paced.see(LEFT), paced.see(LEFT)
    assert (first.measured, second.measured) == (ALL_MEASURED, CARRIED)
    np.testing.assert_array_equal(fingers_and_face(second), fingers_and_face(first))
    assert np.abs(second.params.rot6d[1:22] - first.params.rot6d[1:22]).max() > 1e-6
    assert np.abs(second.keypoints.body - first.keypoints.body).max() > 0.0


def test_keypoints_of_a_carried_hand_go_with_its_box(estimator: Estimator, rgb: np.ndarray) -> None:
    paced = Paced(estimator, rgb, rich=False)
    (first,), (second,) = paced.see(LEFT), paced.see(LEFT)
    for side in (0, 1):
        then, now = (
            (one.keypoints.hands[side] - one.part_boxes[side, :2])
            / (one.part_boxes[side, 2:] - one.part_boxes[side, :2])
            for one in (first, second)
        )
        np.testing.assert_allclose(now, then, atol=1e-5)


def test_everything_is_looked_at_again_within_a_quarter_of_a_second(estimator: Estimator, rgb: np.ndarray) -> None:
    paced = Paced(estimator, rgb, rich=False)
    looked = [paced.see(LEFT)[0].measured for _ in range(25)]
    for part in ("left_hand", "right_hand", "face"):
        frames = [k for k, measured in enumerate(looked) if getattr(measured, part)]
        assert 4 <= len(frames) < 8
        assert np.diff(frames).max() <= paced.budget.most_frames


@pytest.mark.parametrize(
    "again",
    [
        # Somewhere else all at once, the frame where they began overtaken by this one, or someone else.
        {"epoch": 2},
        {"first_id": 5},
    ],
)
def test_nobody_gets_hands_of_before_a_cut_or_of_another(
    estimator: Estimator, rgb: np.ndarray, again: dict[str, int]
) -> None:
    paced = Paced(estimator, rgb, rich=False)
    paced.see(LEFT)
    (person,) = paced.see(RIGHT, **again)
    assert person.measured == ALL_MEASURED


def test_everyone_keeps_their_own_hands(estimator: Estimator, rgb: np.ndarray) -> None:
    paced = Paced(estimator, rgb, rich=False)
    first, second = paced.see(LEFT, RIGHT), paced.see(LEFT, RIGHT)
    for then, now in zip(first, second, strict=True):
        np.testing.assert_array_equal(fingers_and_face(now), fingers_and_face(then))
    assert np.abs(fingers_and_face(first[0]) - fingers_and_face(first[1])).max() > 1e-3


def test_nobody_in_a_frame_is_nobody(estimator: Estimator, rgb: np.ndarray) -> None:
    paced = Paced(estimator, rgb, rich=False)
    paced.see(LEFT)
    assert paced.see() == ()
    assert paced.see(LEFT)[0].measured == ALL_MEASURED


def test_motion_is_in_the_parts_own_size() -> None:
    boxes = np.array([[10, 10, 30, 30], [100, 100, 140, 140]], np.float32)
    assert moved(boxes, boxes) == 0.0
    assert moved(boxes, boxes + np.array([[10, 0, 10, 0], [10, 0, 10, 0]], np.float32)) == pytest.approx(0.5)


def test_timed_stages_say_what_they_take_and_keep_their_names(estimator: Estimator, rgb: np.ndarray) -> None:
    budget = Budget(30.0, live=False)
    (stage,) = timed([lambda frame: Estimates(frame, ())], budget)
    stage(Frame(0, 0.0, rgb, 0.0))
    stage(Frame(1, 0.1, rgb, 0.0))
    (parts,) = timed([StridedParts(estimator.parts, budget)], budget)
    assert parts.name == "parts"  # type: ignore[attr-defined]
    view = estimator.body(Sighting(Frame(0, 0.0, rgb, 0.0), (Track(1, LEFT, True),)))
    assert isinstance(view, BodyView)
    parts(view)
    assert budget.costs_ms().keys() >= {"parts", "hands", "face"}
    assert budget.overall().fps > 0
