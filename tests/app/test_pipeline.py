"""The pipeline: order, losses, errors, and that no thread outlives it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from app.frame import Frame, Result
from app.pipeline import Pipeline, Stage, run_stages


def frames(count: int, pause_s: float = 0.0) -> Iterator[Frame]:
    for index in range(count):
        time.sleep(pause_s)
        yield Frame(index, index / 30, np.zeros((2, 2, 3), np.uint8), time.perf_counter())


def endless() -> Iterator[Frame]:
    return frames(10**9, pause_s=0.001)


def passed(frame: Frame) -> Frame:
    return frame


def finish(frame: Frame) -> Result:
    return Result(frame, ())


def failing_at(index: int) -> Stage:
    def stage(frame: Frame) -> Frame:
        if frame.index == index:
            raise RuntimeError(f"stage broke at {index}")
        return frame

    return stage


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


GROUPS: list[list[list[Stage]]] = [
    [[passed, finish]],  # as on a CPU
    [[passed], [passed], [finish]],  # as on a GPU
]


@pytest.mark.parametrize("groups", GROUPS)
def test_a_file_loses_no_frame_and_keeps_order(groups: list[list[Stage]]) -> None:
    with Pipeline(frames(50), groups) as pipeline:
        assert [result.frame.index for result in pipeline] == list(range(50))
        assert pipeline.dropped == 0


def test_live_the_newest_wins_and_drops_are_counted() -> None:
    def slow(frame: Frame) -> Result:
        time.sleep(0.02)
        return Result(frame, ())

    with Pipeline(frames(60, pause_s=0.002), [[slow]], live=True) as pipeline:
        seen = [result.frame.index for result in pipeline]
    assert seen == sorted(seen)
    assert seen[-1] == 59
    assert len(seen) + pipeline.dropped == 60
    assert pipeline.dropped > 0


@pytest.mark.parametrize("groups", [[[failing_at(3), finish]], [[passed], [failing_at(3)], [finish]]])
def test_an_error_comes_after_the_frames_before_it(groups: list[list[Stage]]) -> None:
    seen: list[int] = []
    with pytest.raises(RuntimeError, match="stage broke at 3"), Pipeline(frames(50), groups) as pipeline:
        seen.extend(result.frame.index for result in pipeline)
    assert seen == [0, 1, 2]


def test_an_error_of_the_source_is_raised() -> None:
    def source() -> Iterator[Frame]:
        yield from frames(2)
        raise OSError("the camera is gone")

    with Pipeline(source(), [[finish]]) as pipeline:
        results = iter(pipeline)
        assert [next(results).frame.index for _ in range(2)] == [0, 1]
        with pytest.raises(OSError, match="camera is gone"):
            next(results)


def test_stop_ends_after_what_is_under_way() -> None:
    seen: list[int] = []
    with Pipeline(endless(), [[passed], [finish]]) as pipeline:
        for result in pipeline:
            seen.append(result.frame.index)
            if len(seen) == 5:
                pipeline.stop()
    assert seen == list(range(len(seen)))
    assert 5 <= len(seen) < 20


def test_leaving_early_ends_every_thread() -> None:
    before = set(threading.enumerate())
    with Pipeline(endless(), [[passed], [finish]]) as pipeline:
        next(iter(pipeline))
        assert len(set(threading.enumerate()) - before) == 3  # the source and two groups
    assert set(threading.enumerate()) == before


def test_stages_are_timed_and_results_aged() -> None:
    class Named:
        name = "wait"

        def __call__(self, frame: Frame) -> Frame:
            time.sleep(0.01)
            return frame

    with Pipeline(frames(1), [[Named(), finish]]) as pipeline:
        (result,) = pipeline
    assert result.stage_ms["wait"] >= 10
    assert {"capture", "wait"} <= result.stage_ms.keys()
    assert result.age_ms >= 10


def test_the_plain_loop_gives_the_same() -> None:
    frame = next(frames(1))
    (result,) = run_stages([passed, finish], [frame])
    assert result.frame is frame


class HoldsTwo:
    """Gives each value out when the second after it comes."""

    name = "hold"

    def __init__(self) -> None:
        self._held: list[Frame] = []

    def __call__(self, frame: Frame) -> tuple[Frame, ...]:
        self._held.append(frame)
        return (self._held.pop(0),) if len(self._held) > 2 else ()

    def flush(self) -> tuple[Frame, ...]:
        """The last two."""
        held, self._held = tuple(self._held), []
        return held


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20])
@pytest.mark.parametrize("groups", [[["hold", "finish"]], [["pass", "hold"], ["hold", "pass"], ["finish"]]])
def test_what_stages_hold_back_comes_out_once_and_in_order(groups: list[list[str]], count: int) -> None:
    makers: dict[str, Callable[[], Stage]] = {"hold": HoldsTwo, "pass": lambda: passed, "finish": lambda: finish}

    def made() -> list[list[Stage]]:
        return [[makers[name]() for name in group] for group in groups]

    with Pipeline(frames(count), made()) as pipeline:
        threaded = [(result.frame.index, "hold" in result.stage_ms) for result in pipeline]
    stages = [stage for group in made() for stage in group]
    plain = [(result.frame.index, "hold" in result.stage_ms) for result in run_stages(stages, frames(count))]
    assert threaded == plain == [(index, True) for index in range(count)]


def test_stop_gives_what_is_held_back() -> None:
    seen: list[int] = []
    with Pipeline(endless(), [[HoldsTwo()], [finish]]) as pipeline:
        for result in pipeline:
            seen.append(result.frame.index)
            if len(seen) == 5:
                pipeline.stop()
    assert seen == list(range(len(seen)))
    assert len(seen) >= 7


@pytest.mark.parametrize("together", [True, False])
def test_what_was_held_back_comes_before_the_sources_error(together: bool) -> None:
    def source() -> Iterator[Frame]:
        yield from frames(5)
        raise OSError("the camera is gone")

    line: list[list[Stage]] = [[HoldsTwo(), finish]] if together else [[HoldsTwo()], [finish]]
    seen: list[int] = []
    with pytest.raises(OSError, match="camera is gone"), Pipeline(source(), line) as pipeline:
        seen.extend(result.frame.index for result in pipeline)
    assert seen == [0, 1, 2, 3, 4]
