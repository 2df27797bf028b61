"""Rates over the last seconds, on a clock of our own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from app.live.measures import Measure, Recent


class Clock:
    """Goes on when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("app.live.measures.time", SimpleNamespace(perf_counter=lambda: clock.now_s))
    return clock


def _on(recent: Recent, clock: Clock, fps: float, count: int) -> Measure:
    for _ in range(count):
        clock.now_s += 1 / fps
        recent.add(7.0)
    return recent.measure()


@pytest.mark.parametrize("fps", [0.4, 0.6, 1.1, 1.9, 3.0, 30.0])
def test_a_rate_is_right_however_low(clock: Clock, fps: float) -> None:
    recent = Recent()
    assert _on(recent, clock, fps, 100).fps == pytest.approx(fps)
    clock.now_s += min(0.9 / fps, 1.9)
    assert recent.measure().fps == pytest.approx(fps), "just before the next one"


def test_after_a_gap_the_rate_is_that_of_what_comes_now(clock: Clock) -> None:
    recent = Recent()
    _on(recent, clock, 30, 100)
    clock.now_s += 3
    assert recent.measure() == Measure()
    assert _on(recent, clock, 15, 3).fps == pytest.approx(15)


def test_of_one_event_there_is_no_rate(clock: Clock) -> None:
    recent = Recent()
    recent.add(7.0)
    clock.now_s += 0.5
    assert recent.measure() == Measure(0.0, 7.0, 7.0)
