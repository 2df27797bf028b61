"""Many frames through the networks at once: the same people, in order, none lost, and little memory."""

from __future__ import annotations

import gc
import signal
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import app.load
from app.batching import Batches, Cropped, MakeCrops
from app.boxes import FixedBox, Sighting, Track
from app.estimator import Estimates, Estimator
from app.frame import Box, Frame, Person, Result
from app.main import main as wb_track
from app.pinhole import Pinhole
from app.pipeline import Pipeline, run_stages
from app.smoothing.settings import SmoothSettings
from app.tracker import Tracker
from engines.bundle import GRAPHS, Bundle
from engines.engine import Engine, EngineError, Tensor
from engines.onnxruntime_engine import OnnxRuntimeEngine
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


@pytest.fixture
def engines(tiny_bundle: Path) -> Iterator[dict[str, Counting]]:
    graphs = Bundle.load(tiny_bundle).graphs
    counting = {name: Counting(OnnxRuntimeEngine(graphs[name])) for name in GRAPHS}
    yield counting
    for engine in counting.values():
        engine.close()


@pytest.fixture
def estimator(engines: Any, body: SmplxBody) -> Estimator:
    return Estimator(engines, body.hand_mean)


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


@pytest.mark.parametrize("causal", [None, "one-euro"])
@pytest.mark.parametrize("at_once", [2, 4, 16])
def test_a_file_gives_the_same_in_batches(
    estimator: Estimator, engines: dict[str, Counting], body: SmplxBody, at_once: int, causal: str | None
) -> None:
    expected = list(tracker(estimator, body, 1, causal).tracks(frames(11)))
    before = len(engines["hand"].batches)
    found = list(tracker(estimator, body, at_once, causal).tracks(frames(11)))
    assert_same(found, expected)
    batches = engines["hand"].batches[before:]
    assert batches == {2: [2, 2, 2, 2, 2, 1], 4: [4, 4, 4], 16: [16]}[at_once]
    joints = np.stack([result.people[0].joints_m for result in found])
    assert np.ptp(joints, axis=0).max() > 0.02  # frames differ, so that an exchanged one would show


def test_a_cut_within_a_batch_stays_where_it_is(estimator: Estimator, body: SmplxBody) -> None:
    expected = list(tracker(estimator, body, 1).tracks(frames(12, cut_at=6)))
    found = list(tracker(estimator, body, 8).tracks(frames(12, cut_at=6)))
    assert_same(found, expected)
    whole = list(tracker(estimator, body, 8).tracks(frames(12)))
    assert np.abs(whole[5].people[0].joints_m - found[5].people[0].joints_m).max() > 1e-4  # or else it says nothing


def test_the_plain_loop_and_the_stages_agree(estimator: Estimator, body: SmplxBody) -> None:
    one = tracker(estimator, body, 4)
    assert len(list(run_stages(one.stages, frames(6)))) == 6


def test_one_frame_at_a_time_is_as_ever(estimator: Estimator, engines: dict[str, Counting], body: SmplxBody) -> None:
    for at_once in (1, 8):
        one = tracker(estimator, body, at_once)
        for frame in frames(2):
            assert len(one.track(frame).people) == 1
    assert set(engines["body"].batches) == {1}


# The stage by itself


def sightings(counts: Sequence[int]) -> list[Sighting]:
    """Frames with so many people in them, and in each somebody of whom nothing is in the frame."""
    outside = Track(9, Box((300.0, 10.0, 400.0, 100.0), 1.0), begins=False)
    return [
        Sighting(frame, (*(Track(k + 1, ANYWHERE[k], begins=False) for k in range(count)), outside))
        for frame, count in zip(frames(len(counts)), counts, strict=True)
    ]


def batched(estimator: Estimator, people: int, given: Sequence[Sighting], **settings: int) -> list[Estimates]:
    crop, batches = MakeCrops(estimator.body), Batches(estimator.body, estimator.parts, people, **settings)
    return [done for one in given for done in batches(crop(one))] + list(batches.flush())


@pytest.mark.parametrize("people", [2, 4])
@pytest.mark.parametrize("counts", [(1, 0, 3, 2, 0, 3), (0, 0, 1), (0,), (), (3, 3, 3, 3)])
def test_frames_with_any_number_of_people_keep_theirs(
    estimator: Estimator, engines: dict[str, Counting], counts: Sequence[int], people: int
) -> None:
    given = sightings(counts)
    expected = [estimator.parts(estimator.body(one)) for one in given]
    before = len(engines["body"].batches)
    found = batched(estimator, people, given)
    assert [one.frame.index for one in found] == list(range(len(counts)))
    for one, other in zip(found, expected, strict=True):
        assert [person.subject for person in one.people] == [person.subject for person in other.people]
        for person, same in zip(one.people, other.people, strict=True):
            np.testing.assert_allclose(person.params.rot6d, same.params.rot6d, rtol=0, atol=2e-4)
            np.testing.assert_allclose(person.keypoints.hands, same.keypoints.hands, rtol=0, atol=1e-2)
    whole, rest = divmod(sum(counts), people)
    sizes = [people] * whole + ([1 << (rest - 1).bit_length()] if rest else [])
    assert engines["body"].batches[before:] == sizes


def test_frames_come_out_once_their_people_are_known_and_those_of_nobody_at_once(estimator: Estimator) -> None:
    crop, batches = MakeCrops(estimator.body), Batches(estimator.body, estimator.parts, 2)
    out = [[done.frame.index for done in batches(crop(one))] for one in sightings((0, 1, 0, 3, 1, 1))]
    assert out == [[0], [], [], [1, 2, 3], [], [4, 5]]
    assert batches.flush() == ()


def test_large_pictures_do_not_wait_for_a_full_batch(estimator: Estimator, engines: dict[str, Counting]) -> None:
    picture = SIZE_WH[0] * SIZE_WH[1] * 3
    crop, batches = MakeCrops(estimator.body), Batches(estimator.body, estimator.parts, 16, held_bytes=4 * picture)
    out = [len(batches(crop(one))) for one in sightings((1,) * 12)]
    held = np.arange(1, 13) - np.cumsum(out)
    assert held.max() <= 4
    assert set(engines["body"].batches) == {4}
    assert sum(out) + len(batches.flush()) == 12


# In threads


def in_threads(one: Tracker, source: Iterator[Frame]) -> Pipeline:
    return Pipeline(source, one.groups(device="cuda"))


def test_threads_give_the_same(estimator: Estimator, body: SmplxBody) -> None:
    expected = list(tracker(estimator, body, 1).tracks(frames(21)))
    with in_threads(tracker(estimator, body, 8), frames(21)) as pipeline:
        found = list(pipeline)
    assert_same(found, expected)
    assert {"detect", "crop", "networks", "place", "smooth", "finish"} <= found[-1].stage_ms.keys()
    assert pipeline.dropped == 0


def test_a_stop_in_the_middle_of_a_batch_loses_no_frame(estimator: Estimator, body: SmplxBody) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Frame]:
        for frame in frames(10**6):
            taken.append(frame.index)
            yield frame

    seen: list[int] = []
    with in_threads(tracker(estimator, body, 8), endless()) as pipeline:
        for result in pipeline:
            seen.append(result.frame.index)
            if len(seen) == 3:
                pipeline.stop()
    assert seen == taken
    assert len(seen) < 200


def test_what_came_before_the_sources_error_comes_first(estimator: Estimator, body: SmplxBody) -> None:
    def source() -> Iterator[Frame]:
        yield from frames(5)
        raise OSError("the disk is gone")

    seen: list[int] = []
    with (
        pytest.raises(OSError, match="disk is gone"),
        in_threads(tracker(estimator, body, 4), source()) as pipeline,
    ):
        seen.extend(result.frame.index for result in pipeline)
    assert seen == [0, 1, 2, 3, 4]


def test_an_engines_error_comes_after_the_batches_before_it(
    estimator: Estimator, engines: dict[str, Counting], body: SmplxBody
) -> None:
    engines["hand"].fails_at = 3
    before = set(threading.enumerate())
    seen: list[int] = []
    with (
        pytest.raises(EngineError, match="off the bus"),
        in_threads(tracker(estimator, body, 4, "one-euro"), frames(40)) as pipeline,
    ):
        seen.extend(result.frame.index for result in pipeline)
    assert seen[:8] == list(range(8))
    assert set(threading.enumerate()) == before


def test_memory_is_bounded_however_long_the_file_and_slow_the_writer(estimator: Estimator, body: SmplxBody) -> None:
    alive: set[int] = set()
    most = 0

    def source() -> Iterator[Frame]:
        nonlocal most
        for frame in frames(120):
            alive.add(frame.index)
            weakref.finalize(frame.rgb, alive.discard, frame.index)
            most = max(most, len(alive))
            yield frame

    one = tracker(estimator, body, 8, "one-euro")
    with in_threads(one, source()) as pipeline:
        for _ in pipeline:
            time.sleep(0.004)
    # A batch held, one on its way out, a quarter of one in the channels on both sides, a frame or two a thread.
    assert most <= 8 + 8 + 2 * 2 + 2 * 7
    gc.collect()
    assert len(alive) <= 2


def test_recorded_to_the_last_frame_when_interrupted(
    tiny_bundle: Path, body_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C with a batch half full: the file ends with the last frame that was read."""
    folder = tmp_path / "images"
    folder.mkdir()
    for k in range(300):
        (folder / f"{k:03}.png").symlink_to(DATA / "frame.png")
    monkeypatch.setattr(app.load, "people_at_once", lambda _runtime: 8)
    taken: list[int] = []
    crop = MakeCrops.__call__

    def crops(stage: MakeCrops, sighting: Sighting) -> Cropped:
        taken.append(sighting.frame.index)
        if sighting.frame.index == 20:  # no multiple of eight
            main_thread = threading.main_thread().ident
            assert main_thread is not None
            signal.pthread_kill(main_thread, signal.SIGINT)
        return crop(stage, sighting)

    monkeypatch.setattr(MakeCrops, "__call__", crops)
    arguments = ["--video", str(folder), "--box", "60,5,250,350", "--model", str(tiny_bundle), "--body", str(body_path)]
    assert wb_track([*arguments, "--out", str(tmp_path / "mesh.npz"), "-q"]) == 130
    with np.load(tmp_path / "mesh.npz") as file:
        indices = file["frame_index"]
    assert indices.tolist() == taken
    assert 20 <= indices[-1] < 299
