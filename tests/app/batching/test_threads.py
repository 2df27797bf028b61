"""Batches in threads: in order, none lost, and little memory."""

from __future__ import annotations

import gc
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import app.load
from app.batching import Cropped, MakeCrops
from app.boxes import Sighting
from app.estimator import Estimator
from app.frame import Frame
from app.main import main as wb_track
from app.pipeline import Pipeline
from app.tracker import Tracker
from engines.engine import EngineError
from models.smplx_body import SmplxBody
from tests.app.batching.counted import Counting, assert_same, frames, tracker
from tests.standins import DATA


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
