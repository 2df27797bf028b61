"""Backgrounds: their form, that a seed gives the same one again, that no two are alike."""

from __future__ import annotations

import numpy as np
import pytest

from training.backgrounds import _KINDS, _SHAPES, Pool, _letters, _net, random_background, random_colour

SIZE_WH = (90, 70)


@pytest.mark.parametrize("seed", range(40))
def test_backgrounds_have_the_size_and_come_again_with_their_seed(seed: int) -> None:
    image = random_background(np.random.default_rng(seed), SIZE_WH)
    assert image.shape == (70, 90, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, random_background(np.random.default_rng(seed), SIZE_WH))


def test_no_two_backgrounds_are_alike() -> None:
    rng = np.random.default_rng(0)
    images = [random_background(rng, SIZE_WH) for _ in range(20)]
    assert len({image.tobytes() for image in images}) == 20


@pytest.mark.parametrize("kind", [kind for _, kind in _KINDS])
def test_every_kind_fills_the_picture(kind) -> None:  # type: ignore[no-untyped-def]
    for seed in range(5):
        image = kind(np.random.default_rng(seed), 33, 48)
        assert image.shape == (33, 48, 3)
        assert np.isfinite(image).all()


@pytest.mark.parametrize("shape", _SHAPES)
def test_every_shape_of_clutter_is_drawn_about_its_place(shape) -> None:  # type: ignore[no-untyped-def]
    image = np.zeros((60, 80, 3), np.float32)
    shape(np.random.default_rng(0), image, np.array((40.0, 30.0)), 8.0, [200.0, 100.0, 50.0])
    assert (image == (200, 100, 50)).all(-1).any()
    assert not image[:, :4].any()


@pytest.mark.parametrize("drawn", [_letters, _net])
def test_letters_and_nets_have_one_colour_and_leave_the_picture_between(drawn) -> None:  # type: ignore[no-untyped-def]
    seen = 0
    for seed in range(10):
        image = np.full((90, 120, 3), -1.0, np.float32)
        drawn(np.random.default_rng(seed), image)
        colours = {tuple(pixel) for pixel in image.reshape(-1, 3).tolist()}
        assert (-1.0, -1.0, -1.0) in colours
        assert len(colours) <= 2
        seen += len(colours) == 2
    assert seen > 7  # a word may begin beyond the edge


def test_colours_are_those_of_pixels() -> None:
    rng = np.random.default_rng(0)
    colours = np.stack([random_colour(rng) for _ in range(200)])
    assert colours.shape == (200, 3)
    assert colours.min() >= 0
    assert colours.max() <= 255
    assert (np.ptp(colours, axis=1) < 40).mean() > 0.4  # greyish


@pytest.mark.parametrize("size_wh", [(40, 40), (30, 60), (60, 30)])
def test_a_pool_gives_whole_pictures_and_parts(pool: Pool, size_wh: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for image in (pool.whole(rng, size_wh), pool.part(rng, size_wh)):
        assert image.shape == (*size_wh[::-1], 3)
        assert image.dtype == np.uint8


def test_a_pool_renews_one_picture() -> None:
    rng = np.random.default_rng(0)
    fresh = Pool(rng, 3)
    before = [image.copy() for image in fresh.images]
    fresh.renew(rng)
    assert sum(np.array_equal(a, b) for a, b in zip(before, fresh.images, strict=True)) == 2
