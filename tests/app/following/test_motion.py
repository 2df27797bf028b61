"""Boxes go on as they went, at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest

from app.following.motion import FOUND, BoxMotion
from app.frame import Box


def _box(x: float, y: float = 50.0, height: float = 100.0) -> Box:
    return Box((x, y, x + 0.4 * height, y + height), 1.0)


def _walked(fps: float, seconds: float = 1.5) -> BoxMotion:
    """A box seen to move by 90 px a second."""
    motion = BoxMotion(_box(0.0), 0.0)
    for k in range(1, round(seconds * fps) + 1):
        motion.move_to(k / fps)
        motion.correct(_box(90 * k / fps), FOUND)
    return motion


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_a_box_that_moves_goes_on(fps: float) -> None:
    motion = _walked(fps)
    motion.move_to(2.0)
    np.testing.assert_allclose(motion.xyxy_px, _box(180).xyxy_px, atol=3)


def test_many_short_steps_are_one_long_one() -> None:
    short, long = _walked(30), _walked(30)
    for k in range(1, 11):
        short.move_to(1.5 + k / 20)
    long.move_to(2.0)
    np.testing.assert_allclose(short.xyxy_px, long.xyxy_px, atol=1e-6)
    assert short.distance(_box(260)) == pytest.approx(long.distance(_box(260)))


def test_what_is_far_off_is_far_and_less_so_after_a_while() -> None:
    motion = _walked(30)
    motion.move_to(1.5 + 1 / 30)
    assert motion.distance(_box(138)) < 1
    soon = motion.distance(_box(240))
    assert soon > 5
    motion.move_to(2.5)
    assert motion.distance(_box(225 + 105)) < soon / 3


def test_arms_that_spread_are_no_distance() -> None:
    motion = _walked(30)
    x1, y1, x2, y2 = motion.xyxy_px
    assert motion.distance(Box((x1 - 40, y1, x2 + 40, y2), 1.0)) < 0.5


def test_time_that_stands_still_changes_nothing() -> None:
    motion = _walked(30)
    before = motion.xyxy_px
    motion.move_to(1.5)
    assert motion.xyxy_px == before
