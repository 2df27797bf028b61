"""Sprites on pictures, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.backgrounds import Pool
from training.pictures import bounds, fill_box, moved, occluded, outside_black, over, weighted

IDENTITY = np.array(((1.0, 0, 0), (0, 1, 0)))


def _sprite(colour: tuple[int, int, int] = (200, 100, 50)) -> NDArray[np.uint8]:
    """(20, 30, 4), a rectangle from (8, 5) to (20, 15)."""
    sprite = np.zeros((20, 30, 4), np.uint8)
    sprite[5:15, 8:20] = (*colour, 255)
    return sprite


def test_a_sprite_covers_and_what_is_clear_does_not() -> None:
    behind = np.full((20, 30, 3), 90, np.uint8)
    picture = over(moved(weighted(_sprite()), IDENTITY, (30, 20)), behind)
    assert (picture[6:14, 9:19] == (200, 100, 50)).all()
    assert (picture[:4] == 90).all()
    assert (picture[:, 22:] == 90).all()
    edge = picture[5:15, 8]  # a little soft
    assert ((edge > np.minimum(90, (200, 100, 50))) & (edge < np.maximum(90, (200, 100, 50)))).all()


@pytest.mark.parametrize("scale", [1.0, 0.7, 1.6])
def test_edges_mix_without_a_seam(scale: float) -> None:
    """A sprite of the background's colour cannot be seen."""
    behind = np.full((40, 50, 3), 180, np.uint8)
    matrix = np.array(((scale, 0, 0.3), (0, scale, 0.7)))
    picture = over(moved(weighted(_sprite((180, 180, 180))), matrix, (50, 40)), behind)
    assert np.abs(picture.astype(int) - 180).max() <= 2


def test_sprites_move_as_the_matrix_says() -> None:
    there = moved(weighted(_sprite()), np.array(((2.0, 0, 3), (0, 2.0, -4))), (60, 40))
    assert bounds(there[..., 3] == 255) == (2 * 8 + 3, 2 * 5 - 4, 2 * 19 + 3 + 1, 2 * 14 - 4 + 1)


def test_bounds() -> None:
    mask = np.zeros((6, 9), bool)
    assert bounds(mask) is None
    mask[2, 3] = mask[4, 7] = True
    assert bounds(mask) == (3, 2, 8, 5)


def test_it_is_black_where_the_frame_ends() -> None:
    image, scale = np.full((40, 60, 3), 255, np.uint8), np.array(((2.0, 0, 10), (0, 2.0, 20)))
    cut = outside_black(image, np.array((-100.0, -5.0, 20.0, 100.0)), scale)
    assert bounds(cut[..., 0] > 0) == (0, 10, 51, 40)
    assert outside_black(image, np.array((-99.0, -99.0, 99.0, 99.0)), scale) is image
    assert not outside_black(image, np.array((50.0, 50.0, 60.0, 60.0)), scale).any()


def test_something_is_before_people_at_times(pool: Pool) -> None:
    image = np.full((64, 48, 3), 7, np.uint8)
    shares = []
    for seed in range(120):
        covered, hidden = occluded(np.random.default_rng(seed), image, pool, otherwise=0.25)
        assert covered.shape == image.shape
        assert covered.dtype == np.uint8
        assert (covered[~hidden] == 7).all()
        shares.append(hidden.mean())
    assert 0.65 < np.mean(np.array(shares) == 0) < 0.85
    assert 0.2 < np.max(shares) <= 1


def test_a_desk_is_before_people_who_end_at_one(pool: Pool) -> None:
    image = np.full((64, 48, 3), 7, np.uint8)
    for seed in range(20):
        _, hidden = occluded(np.random.default_rng(seed), image, pool, 40.0, otherwise=0.0)
        assert hidden[44:].all()
        assert not hidden[:36].any()


def test_boxes_are_filled_anywhere() -> None:
    rng, total = np.random.default_rng(0), np.zeros((30, 50), int)
    for _ in range(200):
        mask = np.zeros((30, 50), np.uint8)
        fill_box(rng, mask, 2, 8)
        assert set(np.unique(mask)) <= {0, 255}
        total += mask > 0
    assert (total > 0).mean() > 0.95
