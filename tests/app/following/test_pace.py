"""How often the detector looks."""

from __future__ import annotations

import time

import pytest

from app.following.pace import FilePace, LivePace


def _looks(fps: float, *, urgent: bool = False) -> list[int]:
    pace, looks = FilePace(), []
    for k in range(13):
        if pace.due(k / fps, urgent=urgent):
            looks.append(k)
            pace.looked(k / fps, 0.1)
    return looks


@pytest.mark.parametrize(("fps", "step"), [(5, 1), (15, 2), (30, 3), (60, 3)])
def test_in_a_file_frames_decide(fps: float, step: int) -> None:
    assert _looks(fps) == list(range(0, 13, step))
    assert _looks(fps, urgent=True) == list(range(13))


def test_live_a_quick_detector_looks_always_and_a_slow_one_every_third_frame() -> None:
    quick, slow = LivePace(), LivePace()
    assert quick.due(0.0, urgent=False)
    quick.looked(0.0, 0.0)
    slow.looked(0.0, 60.0)
    assert quick.due(0.0, urgent=False)
    assert [slow.due(0.0, urgent=False) for _ in range(3)] == [False, False, True]


def test_live_who_is_lost_gets_a_larger_share() -> None:
    pace = LivePace()
    pace.looked(0.0, 0.02)
    time.sleep(0.03)
    assert pace.due(0.0, urgent=True)
    pace.looked(0.0, 60.0)
    assert not pace.due(0.0, urgent=True)
