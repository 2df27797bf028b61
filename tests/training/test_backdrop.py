"""What is behind people is drawn, and its maps ask nothing of what looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from training import backdrop
from training.backgrounds import Pool
from training.pictures import Sprite
from training.store import Store

INPUT_HW = (128, 160)


@pytest.mark.parametrize("drawn", [backdrop._with_spectators, backdrop._with_limbs])
def test_spectators_and_limbs_are_each_drawn_into_a_copy(drawn, store: Store) -> None:  # type: ignore[no-untyped-def]
    plain = np.zeros((*INPUT_HW, 3), np.uint8)
    found = [drawn(np.random.default_rng(seed), store, plain) for seed in range(10)]
    assert not plain.any()
    assert all(image.shape == plain.shape for image in found)
    assert sum(bool(image.any()) for image in found) > 7


@pytest.mark.parametrize("things", [[], [np.full((30, 20, 4), 255, np.uint8)]], ids=["drawn", "cut out"])
def test_things_are_drawn_into_a_copy_and_some_reach_out_of_it(pool: Pool, things: list[Sprite]) -> None:
    plain = np.zeros((*INPUT_HW, 3), np.uint8)
    found = [backdrop._with_things(np.random.default_rng(seed), pool, things, plain) for seed in range(30)]
    assert not plain.any()
    assert sum(bool(image.any()) for image in found) > 20
    assert any(image[0].any() or image[:, 0].any() for image in found)
    assert any(image[-1].any() or image[:, -1].any() for image in found)


def test_a_piece_that_begins_outside_is_cut_there() -> None:
    image, piece = np.zeros((20, 20, 3), np.uint8), np.full((10, 10, 4), 255, np.uint8)
    backdrop._paste(image, piece, 10.0, np.array((-4.0, -7.0)))
    backdrop._paste(image, piece, 10.0, np.array((-40.0, 5.0)))
    assert image[:3, :6].all()
    assert image.astype(bool).sum() == 3 * 6 * 3
