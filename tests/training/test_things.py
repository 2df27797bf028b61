"""Things that stand where people could: of the height asked for, weighted, never the same twice."""

from __future__ import annotations

import numpy as np
import pytest

from training.backgrounds import Pool
from training.things import solid


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
