"""Cuts are seen in their frame, and moving people and cameras are none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, cycle, islice

import numpy as np
import pytest
from numpy.typing import NDArray

from app.following.cuts import Cuts
from app.frame import Frame
from tests.app.following.stage import Figure, background, figure, filmed


def _cuts(images: list[NDArray[np.uint8]], steps: Sequence[int] = (1,)) -> list[int]:
    """steps: thirtieths of a second from one image to the next, over and over."""
    cuts, times = Cuts(), accumulate(islice(cycle(steps), len(images)))
    return [
        index
        for index, (image, time) in enumerate(zip(images, times, strict=True))
        if cuts(Frame(index, time / 30, image, 0.0))
    ]


def _turning(count: int, cut: int, step_px: int = 6) -> list[NDArray[np.uint8]]:
    """What a camera sees that turns, elsewhere from some picture on."""
    rng = np.random.default_rng(2)
    wide = [np.concatenate([background(rng) for _ in range(5)], 1) for _ in range(2)]
    return [np.ascontiguousarray(wide[k >= cut][:, step_px * k : step_px * k + 320]) for k in range(count)]


def test_another_place_is_a_cut_in_its_first_frame_only() -> None:
    rng = np.random.default_rng(0)
    places = [background(rng) for _ in range(3)]
    assert _cuts([places[k // 10] for k in range(30)]) == [10, 20]


def test_noise_and_people_who_walk_are_none() -> None:
    rng = np.random.default_rng(1)
    behind, colours = background(rng), figure(rng)
    images = [filmed(behind, {"a": Figure(colours, 20 + 8 * k, 179, 170)})[0] for k in range(40)]
    noisy = [np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8) for image in images]
    assert _cuts(noisy) == []


def test_a_camera_that_turns_is_none_and_a_cut_while_it_turns_is_one() -> None:
    assert _cuts(_turning(40, 20)) == [20]


@pytest.mark.parametrize("repeats", [(2,), (3,), (3, 2)])
def test_so_it_is_in_a_file_that_repeats_pictures(repeats: tuple[int, ...]) -> None:
    counts = list(islice(cycle(repeats), 40))
    repeated = [image for image, count in zip(_turning(40, 20), counts, strict=True) for _ in range(count)]
    assert _cuts(repeated) == [sum(counts[:20])]


@pytest.mark.parametrize("lost", [2, 4, 8])
def test_so_it_is_where_pictures_are_lost(lost: int) -> None:
    steps = [1, 1, 1, 1, 1, 1, 1, 1 + lost]
    kept = list(accumulate(islice(cycle(steps), 40), initial=0))[1:]
    turning = _turning(kept[-1] + 1, kept[20])
    assert _cuts([turning[k] for k in kept], steps) == [20]


def test_a_camera_that_has_come_to_rest_is_cut_by_less() -> None:
    rng = np.random.default_rng(4)
    image = background(rng)
    brighter = np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8)
    assert _cuts([*_turning(20, 20, 3), *[image] * 10, *[brighter] * 10]) == [20, 30]


def test_a_camera_that_whirls_is_not_a_cut_in_every_frame() -> None:
    wide = np.concatenate([background(np.random.default_rng(k)) for k in range(4)], 1)
    assert len(_cuts([np.ascontiguousarray(wide[:, 30 * k : 30 * k + 320]) for k in range(30)])) <= 2


@pytest.mark.parametrize(
    ("times_s", "cuts"),
    [
        ((0, 0.1, 0.2), []),
        ((0, 0.1, 5), [2]),
        ((5, 5.1, 0), [2]),
        # Far apart all of them: the first time may be a pause. Then one is lost, then a real pause, then back in time.
        ((0, 2, 4, 6, 8), [1]),
        ((0, 2, 4, 8, 10), [1]),
        ((0, 2, 4, 60, 62), [1, 3]),
        ((0, 2, 4, 1, 3), [1, 3]),
        # A slow part of a film, and what follows after a pause.
        ((0, 0.1, 0.2, 2.2, 4.2, 6.2, 8.2), [3, 4]),
        ((0, 0.1, 0.2, 9, 9.1, 18, 18.1), [3, 5]),
    ],
)
def test_a_pause_or_a_step_back_in_time_is_a_cut(times_s: tuple[float, ...], cuts: list[int]) -> None:
    image, see = background(np.random.default_rng(3)), Cuts()
    assert [k for k, time_s in enumerate(times_s) if see(Frame(k, time_s, image, 0.0))] == cuts
