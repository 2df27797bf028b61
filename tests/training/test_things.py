"""Things that stand where people could: of the height asked for, weighted, never the same twice."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.backgrounds import Pool
from training.things import cutout, read_things, solid


@pytest.mark.parametrize("high_px", [26.0, 70.0, 200.4])
def test_a_thing_is_as_high_as_asked_or_lies(pool: Pool, high_px: float) -> None:
    for seed in range(20):
        sprite = solid(np.random.default_rng(seed), pool, high_px)
        assert sprite.dtype == np.uint8
        assert int(high_px) in sprite.shape[:2]
        assert sprite[..., 3].any()


def test_it_is_the_same_on_both_sides_of_its_axis(pool: Pool) -> None:
    for seed in range(20):
        mask = solid(np.random.default_rng(seed), pool, 80.0)[..., 3] > 127
        turned = mask if len(mask) == 80 else mask.T
        assert np.array_equal(turned, turned[:, ::-1])
        assert turned.any(1).all()


def test_colours_are_weighted(pool: Pool) -> None:
    for seed in range(20):
        sprite = solid(np.random.default_rng(seed), pool, 60.0)
        assert (sprite[..., :3] <= sprite[..., 3:]).all()


def test_shapes_and_colours_vary(pool: Pool) -> None:
    things = [solid(np.random.default_rng(seed), pool, 60.0) for seed in range(20)]
    assert len({thing.shape for thing in things}) > 10
    assert np.std([thing[..., :3][thing[..., 3] > 127].mean() for thing in things]) > 15


def _file(path: Path, channels: int = 4) -> None:
    """A red picture, 40 x 20, half of it there."""
    picture = np.zeros((20, 40, channels), np.uint8)
    picture[..., 2], picture[..., 3:] = 200, 128
    cv2.imwrite(str(path), picture)


def test_cutouts_are_read_with_their_colours_weighted(tmp_path: Path) -> None:
    _file(tmp_path / "one.png")
    (thing,) = read_things(tmp_path)
    assert thing.shape == (20, 40, 4)
    np.testing.assert_allclose(thing[5, 5], (200 * 128 / 255, 0, 0, 128), atol=1)


def test_folders_without_cutouts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no thing in .*; it should hold .png files"):
        read_things(tmp_path)
    _file(tmp_path / "flat.png", channels=3)
    with pytest.raises(ValueError, match=r"flat\.png is no picture of 8 bits with an alpha channel"):
        read_things(tmp_path)


def test_a_cutout_is_as_large_as_asked_about_as_wide_as_it_is_and_turned_by_chance(tmp_path: Path) -> None:
    _file(tmp_path / "one.png")
    things = read_things(tmp_path)
    shapes = [cutout(np.random.default_rng(seed), things, 60.0).shape[:2] for seed in range(40)]
    assert all(max(shape) in (59, 60) for shape in shapes)
    assert all(1.3 < max(shape) / min(shape) < 3 for shape in shapes)
    assert 1 < sum(high > wide for high, wide in shapes) < 20
