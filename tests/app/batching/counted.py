"""Engines that count their batches, and trackers that are compared with one another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from app.boxes import FixedBox
from app.estimator import Estimator
from app.frame import Box, Frame, Person, Result
from app.pinhole import Pinhole
from app.smoothing.settings import SmoothSettings
from app.tracker import Tracker
from engines.engine import Engine, EngineError, Tensor
from models.smplx_body import SmplxBody
from tests.standins import DATA

SIZE_WH = (160, 120)
BOX = Box((40.0, 5.0, 110.0, 115.0), 1.0)
ANYWHERE = (Box((2.0, 3.0, 70.0, 100.0), 0.9), Box((80.0, 20.0, 150.0, 119.0), 0.8), BOX)


class Counting:
    """An engine that notes how many people it is given."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.inputs, self.outputs, self.device = engine.inputs, engine.outputs, engine.device
        self.batches: list[int] = []
        self.fails_at = -1

    def run(self, feeds: dict[str, Tensor], keep: Sequence[str] = ()) -> dict[str, Any]:
        self.batches.append(next(iter(feeds.values())).shape[0])
        if len(self.batches) == self.fails_at:
            raise EngineError("the GPU has fallen off the bus")
        return self._engine.run(feeds, keep)

    def close(self) -> None:
        self._engine.close()


def frames(count: int, *, cut_at: int = 10**9) -> Iterator[Frame]:
    """A picture that slides, at 30 a second; from `cut_at` on it is another segment."""
    bgr = cv2.imread(str(DATA / "frame.png"))
    assert bgr is not None
    rgb = np.asarray(cv2.resize(bgr, SIZE_WH)[..., ::-1], np.uint8)
    for index in range(count):
        moved = np.roll(rgb, 2 * index + (40 if index >= cut_at else 0), axis=1)
        yield Frame(index, index / 30, moved.copy(), time.perf_counter(), segment=int(index >= cut_at))


def tracker(estimator: Estimator, body: SmplxBody, at_once: int, causal: str | None = None) -> Tracker:
    camera = Pinhole.from_fov(60.0, SIZE_WH)
    smooth = SmoothSettings(causal=causal)
    return Tracker(FixedBox(BOX), estimator, body, lambda _: camera, smooth, people_at_once=at_once)


def assert_same(found: Sequence[Result], expected: Sequence[Result]) -> None:
    assert [result.frame.index for result in found] == [result.frame.index for result in expected]
    for one, other in zip(found, expected, strict=True):
        assert len(one.people) == len(other.people)
        for person, same in zip(one.people, other.people, strict=True):
            assert_same_person(person, same)


def assert_same_person(person: Person, same: Person) -> None:
    assert (person.track_id, person.box, person.flags) == (same.track_id, same.box, same.flags)
    np.testing.assert_allclose(person.joints_m, same.joints_m, rtol=0, atol=2e-3)  # of someone tens of metres away
    for name in ("rot6d", "betas", "expression"):
        np.testing.assert_allclose(
            getattr(person.params, name), getattr(same.params, name), rtol=0, atol=2e-4, err_msg=name
        )
