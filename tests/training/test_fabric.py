"""Clothes made looser and otherwise coloured: the person stays where they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.fabric import dressed


def _sprite() -> NDArray[np.uint8]:
    """(160, 120, 4) weighted: somebody of one colour from (40, 20) to (80, 140)."""
    sprite = np.zeros((160, 120, 4), np.uint8)
    sprite[20:140, 40:80] = (120, 90, 60, 255)
    return sprite


@pytest.mark.parametrize("seed", range(30))
def test_colours_stay_below_their_alpha_and_come_again_with_their_seed(seed: int) -> None:
    before = _sprite()
    sprite = dressed(np.random.default_rng(seed), before)
    assert sprite.shape == before.shape
    assert sprite.dtype == np.uint8
    assert (sprite[..., :3] <= sprite[..., 3:]).all()
    assert np.array_equal(sprite, dressed(np.random.default_rng(seed), _sprite()))
    assert np.array_equal(before, _sprite())


def test_the_outline_moves_by_a_few_pixels_at_most() -> None:
    alphas = np.stack([dressed(np.random.default_rng(seed), _sprite())[..., 3] for seed in range(60)])
    assert (alphas[:, 32:128, 52:68] == 255).all()
    assert (alphas[:, :, :28] == 0).all()
    assert (alphas[:, :, 92:] == 0).all()
    edges = {alpha.tobytes() for alpha in alphas}
    assert 15 < len(edges) < 50  # about half of them are bent


def test_some_become_darker_some_lighter_some_stay() -> None:
    inside = [dressed(np.random.default_rng(s), _sprite())[40:120, 50:70, :3].mean() for s in range(80)]
    assert min(inside) < 60
    assert max(inside) > 120
    assert sum(value == 90 for value in inside) > 10
