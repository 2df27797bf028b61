"""Spoiled pictures keep their form and content."""

from __future__ import annotations

import numpy as np
import pytest

from training.backgrounds import random_background
from training.camera_noise import spoiled

PICTURE = random_background(np.random.default_rng(4), (64, 48))


@pytest.mark.parametrize("seed", range(40))
def test_spoiled_pictures_keep_their_form_and_come_again_with_their_seed(seed: int) -> None:
    before = PICTURE.copy()
    image = spoiled(np.random.default_rng(seed), PICTURE, 20)
    assert image.shape == PICTURE.shape
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    assert np.array_equal(image, spoiled(np.random.default_rng(seed), PICTURE, 20))
    assert np.array_equal(PICTURE, before)


def test_what_is_seen_stays_where_it_is() -> None:
    dark = np.full((48, 64, 3), 40, np.uint8)
    dark[:, 32:] = 200
    for seed in range(40):
        image = spoiled(np.random.default_rng(seed), dark, 20).astype(float).mean(-1)
        assert image[:, 40:].mean() > image[:, :24].mean() + 60


def test_least_px_may_be_more_than_the_picture_has() -> None:
    for seed in range(20):
        assert spoiled(np.random.default_rng(seed), PICTURE, 500).shape == PICTURE.shape
