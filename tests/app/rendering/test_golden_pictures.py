"""Pictures look as they did. Where they are meant to look otherwise: `python -m tests.app.rendering.golden`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.rendering.renderer import Renderer, open_renderer
from tests.app.rendering import golden, scenes

NAMES = tuple(golden.all_scenes())


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with open_renderer("moderngl", scenes.FACES) as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_as_recorded(renderer: Renderer, name: str) -> None:
    """Drivers differ in a few pixels along outlines, and in the last bits of shades."""
    found, expected = golden.drawn(renderer, golden.all_scenes()[name]), golden.load(name)
    difference = np.abs(found.astype(int) - expected)
    assert difference.mean() < 0.5
    assert (difference.max(-1) > 24).mean() < 0.005


@pytest.mark.parametrize(("name", "other"), [("camera", "skeleton"), ("side", "top"), ("two", "camera")])
def test_pictures_of_other_things_would_be_told_apart(renderer: Renderer, name: str, other: str) -> None:
    found, expected = golden.drawn(renderer, golden.all_scenes()[name]), golden.load(other)
    assert (np.abs(found.astype(int) - expected).max(-1) > 24).mean() > 0.01


def test_recorded_pictures_are_small() -> None:
    assert sum(golden.path(name).stat().st_size for name in NAMES) < 60_000
