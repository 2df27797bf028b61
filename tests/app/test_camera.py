"""The camera source against a camera made of software: order, age, losses and returns."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.frame import Frame
from app.sources.camera import CameraSource
from app.sources.camera_address import CameraAddress
from tests.camera_server import CameraServer, number_in, numbered


def pictures(count: int = 3) -> list[NDArray[np.uint8]]:
    """Red on the left, blue on the right; (120, 160, 3)."""
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[:, :80, 0] = picture[:, 80:, 2] = 200
    return [picture] * count


@pytest.fixture
def server() -> Iterator[CameraServer]:
    with CameraServer(pictures(), fps=60) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    yield
    deadline_s = time.monotonic() + 5
    while any(thread.name == "camera" for thread in threading.enumerate()):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def source(server: CameraServer, **options: Any) -> CameraSource:
    return CameraSource(CameraAddress(server.url), **options)


def taken(camera: CameraSource, count: int) -> list[Frame]:
    return list(itertools.islice(camera, count))


def overtaken(camera: CameraSource, count: int) -> bool:
    return camera.dropped >= count


def within(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [0, 1, 2, 1023, 654_321, 2**20 - 1])
def test_a_number_is_read_from_the_pixels(number: int) -> None:
    picture = np.full((16, 160, 3), 90, np.uint8)
    assert number_in(numbered(picture, number)) == number


def test_frames_come_in_order_with_the_times_of_their_arrival(server: CameraServer) -> None:
    with source(server) as camera:
        frames = taken(camera, 20)
    numbers = [number_in(frame.rgb) for frame in frames]
    assert numbers == sorted(set(numbers))
    times = np.array([frame.time_s for frame in frames])
    assert times[0] == 0
    assert (np.diff(times) > 0).all()
    np.testing.assert_allclose(times, [frame.captured_s - frames[0].captured_s for frame in frames], atol=1e-9)
    assert all(frame.captured_s >= server.sent_s[number] for frame, number in zip(frames, numbers, strict=True))
    assert frames[0].size_wh == (160, 120)
    assert "160 x 120" in camera.granted


def test_whoever_is_slow_gets_the_newest_and_drops_are_counted(server: CameraServer) -> None:
    with source(server) as camera:
        numbers = []
        for frame in camera:
            numbers.append(number_in(frame.rgb))
            if len(numbers) == 8:
                break
            before = camera.dropped
            within(partial(overtaken, camera, before + 3))  # the camera goes on meanwhile
    steps = np.diff(numbers)
    assert (steps >= 4).all()  # each time, older ones were passed over
    assert camera.dropped >= 3 * 7


def test_mirrored_before_anyone_sees_it(server: CameraServer) -> None:
    with source(server) as camera, source(server, mirror=True) as mirrored:
        (plain,), (turned,) = taken(camera, 1), taken(mirrored, 1)
    assert plain.rgb[60, 20, 0] > 150 > plain.rgb[60, 20, 2]
    assert turned.rgb[60, 20, 2] > 150 > turned.rgb[60, 20, 0]
    assert turned.rgb.flags.c_contiguous


def test_a_camera_that_dies_comes_back_as_a_new_segment(server: CameraServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), source(server) as camera:
        frames = iter(camera)
        before = [next(frames) for _ in range(3)][-1]
        server.stop()
        within(lambda: bool(camera.problem))
        time.sleep(0.7)  # some attempts fail
        server.start()
        back_s = time.perf_counter()
        after = next(frame for frame in frames if frame.segment != before.segment)
        assert after.captured_s - back_s < 2.0
        assert after.index > before.index
        assert after.time_s > before.time_s
        assert camera.problem == ""
    lost, back = caplog.messages
    assert "reconnecting" in lost
    assert "back" in back


def test_a_camera_that_falls_silent_counts_as_lost(server: CameraServer) -> None:
    with source(server) as camera:
        frames = iter(camera)
        before = next(frames)
        server.silent = True
        within(lambda: bool(camera.problem))
        server.silent = False
        after = next(frame for frame in frames if frame.segment != before.segment)
        assert after.segment == before.segment + 1


def test_a_camera_that_is_not_there_says_so_and_is_found_when_it_comes() -> None:
    server = CameraServer(pictures(), fps=60)
    with server:
        pass  # takes a port, and leaves it
    with source(server) as camera:
        within(lambda: camera.attempts > 0)
        assert camera.problem == f"nothing answers at 127.0.0.1:{server.port}"
        assert not camera.seen
        with server:
            assert next(iter(camera)).segment == 0


def test_after_a_pause_everyone_is_new(server: CameraServer) -> None:
    with source(server) as camera:
        frames = iter(camera)
        first = next(frames)
        camera.paused = True
        timer = threading.Timer(0.2, lambda: setattr(camera, "paused", False))
        timer.start()
        second = next(frames)
        timer.join()
        assert second.segment == first.segment + 1
        assert second.time_s - first.time_s > 0.15


def test_it_ends_after_the_duration_asked_for(server: CameraServer) -> None:
    with CameraSource(CameraAddress(server.url), duration_s=0.2) as camera:
        times = [frame.time_s for frame in camera]
    assert len(times) >= 2
    assert times[-1] < 0.2


def test_the_duration_ends_though_the_camera_is_gone(server: CameraServer) -> None:
    with source(server, duration_s=1.5) as camera:
        frames = iter(camera)
        next(frames)
        server.stop()
        began_s = time.perf_counter()
        assert all(frame.time_s < 1.5 for frame in frames)
        assert time.perf_counter() - began_s > 1.0
        assert camera.problem


def test_stop_ends_the_iteration_though_nothing_comes(server: CameraServer) -> None:
    server.silent = True
    with source(server) as camera:
        threading.Timer(0.1, camera.stop).start()
        assert list(camera) == []


def grey(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 150, np.uint8)


@pytest.mark.parametrize(
    ("wh", "inside"),
    [
        ((320, 240), (slice(0, 120), slice(0, 160))),  # the same shape
        ((160, 90), (slice(15, 105), slice(0, 160))),  # wider: black above and below
        ((240, 320), (slice(0, 120), slice(35, 125))),  # upright
    ],
)
def test_another_size_after_a_return_is_fitted_into_the_first(
    server: CameraServer, wh: tuple[int, int], inside: tuple[slice, slice], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), source(server) as camera:
        frames = iter(camera)
        next(frames)
        server.stop()
        server.pictures = [grey(*wh)]
        server.start()
        after = next(frame for frame in frames if frame.segment == 1)
        assert after.size_wh == (160, 120)
        shown = np.zeros((120, 160), bool)
        shown[inside] = True
        below, there = after.rgb[40:], shown[40:]  # the number is above
        assert np.abs(below[there].astype(int) - 150).mean() < 4
        assert (below[~there] < 60).all()
        assert camera.granted.endswith("fitted into 160 x 120")
    assert caplog.messages[-1].endswith(f"is back, now with {wh[0]} x {wh[1]}, fitted into 160 x 120")


class _Turned:
    """A capture whose pictures are upright from the third on."""

    def __init__(self) -> None:
        self._pictures = iter([grey(160, 120)] * 2 + [grey(120, 160)] * 2)

    def get(self, _: int) -> float:
        return 0.0

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        time.sleep(0.05)
        picture = next(self._pictures, None)
        return picture is not None, picture

    def release(self) -> None:
        """Nothing to let go of."""


def test_another_size_without_a_gap_makes_everyone_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CameraAddress, "open", lambda _: _Turned())
    with CameraSource(CameraAddress("0")) as camera:
        frames = taken(camera, 4)
    assert [frame.segment for frame in frames] == [0, 0, 1, 1]
    assert [frame.rgb[60, 5].max() for frame in frames] == [150, 150, 0, 0]
    assert [frame.rgb[60, 80].min() for frame in frames] == [150] * 4


def test_a_driver_that_fails_in_any_way_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: Iterator[Exception | None] = iter((RuntimeError("bus error"), None))  # None: an empty picture "is there"

    class Failing(_Turned):
        def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
            there, picture = super().read()
            if there:
                return there, picture
            for failure in failures:
                if failure is not None:
                    raise failure
                return True, None
            return False, None

    monkeypatch.setattr(CameraAddress, "open", lambda _: Failing())
    with CameraSource(CameraAddress("0")) as camera:
        frames = taken(camera, 9)  # four of each opening
    assert [frame.segment for frame in frames] == [0, 0, 1, 1, 2, 2, 3, 3, 4]
