"""Looks tell people apart, wherever they stand."""

from __future__ import annotations

import numpy as np
import pytest

from app.following.look import Look
from app.frame import Box
from tests.app.following.stage import Figure, background, figure, filmed


def _look(rng: np.random.Generator, colours: np.ndarray) -> Look:
    """Of someone somewhere."""
    image, truth = filmed(background(rng), {"a": Figure(colours, rng.uniform(60, 260), 175, rng.uniform(70, 150))})
    look = Look.of(image, truth["a"])
    assert look is not None
    return look


def test_a_look_is_most_like_its_own() -> None:
    rng = np.random.default_rng(0)
    people = [figure(rng) for _ in range(12)]
    first, second = ([_look(rng, colours) for colours in people] for _ in range(2))
    likeness = np.array([[one.likeness(other) for other in second] for one in first])
    assert (likeness.argmax(1) == np.arange(12)).mean() >= 0.9
    assert np.diag(likeness).mean() > 0.6
    assert likeness[~np.eye(12, dtype=bool)].mean() < 0.4


def test_likeness_is_one_to_itself_and_the_same_both_ways() -> None:
    rng = np.random.default_rng(1)
    one, other = _look(rng, figure(rng)), _look(rng, figure(rng))
    assert one.likeness(one) == pytest.approx(1, abs=1e-5)
    assert one.likeness(other) == pytest.approx(other.likeness(one))
    np.testing.assert_allclose(one.shares.sum((1, 2, 3)), 1, atol=1e-5)
    assert one.mixed(other, 0.5).likeness(other) > one.likeness(other)


@pytest.mark.parametrize("xyxy_px", [(-90, 10, -10, 90), (400, 10, 480, 90), (10, 10, 14, 90), (10, 200, 60, 300)])
def test_next_to_nothing_in_the_frame_has_no_look(xyxy_px: tuple[float, float, float, float]) -> None:
    assert Look.of(background(np.random.default_rng(2)), Box(xyxy_px, 1.0)) is None


def test_brightness_at_the_ends_of_the_scale_is_no_error() -> None:
    white, black = (np.full((180, 320, 3), value, np.uint8) for value in (255, 0))
    looks = [Look.of(image, Box((10, 10, 90, 170), 1.0)) for image in (white, black)]
    assert looks[0] is not None
    assert looks[1] is not None
    assert looks[0].likeness(looks[1]) == pytest.approx(0, abs=1e-6)
