"""A tracker from one source to the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.boxes import Track
from app.estimator import Estimator
from app.frame import Box, Frame, Person
from app.pinhole import Pinhole
from app.smoothing.settings import SmoothSettings
from app.tracker import Tracker
from engines.bundle import GRAPHS, Bundle
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.smplx_body import SmplxBody
from tests.standins import DATA

_SIZE_WH = (160, 120)
_BOXES = (Box((2.0, 3.0, 70.0, 100.0), 0.9), Box((80.0, 20.0, 150.0, 119.0), 0.8))


class _Told:
    """A policy that is told who is there."""

    sequential = False
    here: tuple[int, ...] = ()

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:  # noqa: ARG002 - it knows
        return tuple(Track(number, _BOXES[number - 1], begins=cut) for number in self.here)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """Changes nothing."""


@pytest.fixture(scope="module")
def estimator(tiny_bundle: Path, body: SmplxBody) -> Iterator[Estimator]:
    graphs = Bundle.load(tiny_bundle).graphs
    with Estimator({name: OnnxRuntimeEngine(graphs[name]) for name in GRAPHS}, body.hand_mean) as estimator:
        yield estimator


def _frames(shift: int) -> Iterator[Frame]:
    bgr = cv2.imread(str(DATA / "frame.png"))
    assert bgr is not None
    rgb = np.asarray(cv2.resize(bgr, _SIZE_WH)[..., ::-1], np.uint8)
    for index in range(6):
        yield Frame(index, index / 30, np.roll(rgb, shift + index, axis=1).copy(), time.perf_counter())


@pytest.mark.parametrize("causal", [None, "one-euro"])
def test_after_a_reset_nobody_has_the_shape_or_the_motion_of_who_was_there(
    estimator: Estimator, body: SmplxBody, causal: str | None
) -> None:
    def made() -> tuple[_Told, Tracker]:
        policy, camera = _Told(), Pinhole.from_fov(60.0, _SIZE_WH)
        return policy, Tracker(policy, estimator, body, lambda _: camera, SmoothSettings(causal=causal))

    policy, tracker = made()
    policy.here = (1, 2)
    before = list(tracker.tracks(_frames(0)))
    tracker.reset()
    policy.here = (1,)
    after = list(tracker.tracks(_frames(60)))
    fresh, other = made()
    fresh.here = (1,)
    expected = list(other.tracks(_frames(60)))
    assert (
        np.abs(before[-1].people[0].params.betas - expected[0].people[0].params.betas).max() > 1e-4
    )  # or it says nothing
    assert [[one.track_id for one in result.people] for result in after] == [[1]] * 6
    for result, same in zip(after, expected, strict=True):
        np.testing.assert_array_equal(result.people[0].params.betas, same.people[0].params.betas)
        np.testing.assert_array_equal(result.people[0].vertices_m, same.people[0].vertices_m)


def test_frames_left_early_do_not_come_back(estimator: Estimator, body: SmplxBody) -> None:
    """A file is smoothed with a look ahead, so that frames wait; whoever breaks off wants none of them."""

    def made() -> Tracker:
        told = _Told()
        told.here = (1,)
        camera = Pinhole.from_fov(60.0, _SIZE_WH)
        return Tracker(told, estimator, body, lambda _: camera, SmoothSettings())

    left = made()
    for _ in left.tracks(_frames(0)):
        break
    found, expected = list(left.tracks(_frames(20))), list(made().tracks(_frames(20)))
    assert len(found) == len(expected) == 6
    for one, other in zip(found, expected, strict=True):
        assert one.frame.index == other.frame.index
        np.testing.assert_allclose(one.people[0].vertices_m, other.people[0].vertices_m, rtol=0, atol=1e-6)
