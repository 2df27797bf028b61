"""Clothes cover what they are for, and nothing is pushed into the body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from models.body_file import BodyArrays
from training.garments import (
    bottom_cover,
    hair_cover,
    push_out,
    shirt_cover,
    shoe_cover,
    sock_cover,
    step,
    tie_cover,
    top_cover,
)
from training.looks import Looks, changed_look, random_look

LOOKS = Looks(torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in range(20)])))
Cover = Callable[[Looks, Tensor, float], Tensor]


@pytest.fixture(scope="module")
def rest(arrays: BodyArrays) -> Tensor:
    """(1, V, 3)."""
    return torch.from_numpy(arrays.template.astype(np.float32))[None]


@pytest.mark.parametrize("cover", [top_cover, shirt_cover, bottom_cover, hair_cover, shoe_cover, sock_cover])
def test_covers_are_shares(cover: Cover, rest: Tensor) -> None:
    covered = cover(LOOKS, rest, 0.01)
    assert covered.shape == (20, rest.shape[1])
    assert covered.min() >= 0
    assert covered.max() <= 1
    assert 0 < covered.mean() < 0.9


@pytest.mark.parametrize(
    ("cover", "inside", "outside"),
    [
        (top_cover, (0.09, -0.1, 0.1), (0.0, 0.3, 0.1)),  # chest, chin
        (top_cover, (-0.09, -0.1, 0.1), (0.78, 0.0, 0.0)),  # fingers
        (bottom_cover, (0.1, -0.45, 0.1), (0.0, 0.0, 0.1)),  # thigh, chest
        (shoe_cover, (0.1, -1.45, 0.1), (0.1, -0.6, 0.1)),  # toes, knee
        (hair_cover, (0.0, 0.42, 0.0), (0.0, 0.25, 0.1)),  # crown, mouth
    ],
)
def test_garments_lie_where_they_are_worn(cover: Cover, inside: tuple[float, ...], outside: tuple[float, ...]) -> None:
    points = torch.tensor([[inside, outside]])
    covered = cover(LOOKS, points, 0.004)
    assert (covered[:, 0] > 0.5).float().mean() > 0.7
    assert (covered[:, 1] == 0).all()


def test_clothes_stand_off_a_little(rest: Tensor) -> None:
    off = push_out(LOOKS, rest)
    assert off.min() >= 0
    assert off.max() < 0.12
    face = (rest[0, :, 2] > 0.1) & (rest[0, :, 1] > 0.2) & (rest[0, :, 1] < 0.28)
    assert (off[:, face] == 0).all()


def test_a_step_is_half_way_on_its_edge() -> None:
    torch.testing.assert_close(
        step(torch.tensor([0.0, 0.9, 1.0, 1.1, 2.0]), 1.0, 0.4), torch.tensor([0, 0.25, 0.5, 0.75, 1])
    )


def test_a_shirt_is_seen_where_a_top_is_open() -> None:
    numbers = torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in range(60)]))
    looks = Looks(numbers)
    opened = (looks["open_front"][:, 0] > 0) & (looks["hem"][:, 0] < 0.0)
    chest = torch.tensor((0.0, -0.1, 0.1)).expand(60, 1, 3)
    assert opened.sum() > 3
    assert (top_cover(looks, chest, 0.01)[opened] == 0).all()
    assert (shirt_cover(looks, chest, 0.01)[opened] == 1).all()
    shut = looks["open_front"][:, 0] == 0
    assert torch.equal(top_cover(looks, chest, 0.01)[shut], shirt_cover(looks, chest, 0.01)[shut])


def test_a_suit_shows_the_shirt_in_a_wedge_and_the_tie_on_it() -> None:
    seeds = range(80)
    drawn = [changed_look(np.random.default_rng(seed), random_look(np.random.default_rng(seed))) for seed in seeds]
    looks = Looks(torch.from_numpy(np.stack(drawn)))
    suits = looks["lapels"][:, 0] > 0
    neck, chest, beside = ((0.0, 0.06, 0.1), (0.0, -0.3, 0.1), (0.12, 0.06, 0.1))

    def cover(garment: Cover, at: tuple[float, ...]) -> Tensor:
        return garment(looks, torch.tensor(at).expand(len(drawn), 1, 3), 0.001)[suits, 0]

    assert suits.sum() > 5
    assert (cover(shirt_cover, neck) == 1).all()
    assert (cover(top_cover, neck) == 0).float().mean() > 0.8  # the rest ends its wedge higher
    assert (cover(top_cover, chest) == 1).all()
    assert (cover(top_cover, beside) == 1).all()
    assert torch.equal(cover(tie_cover, neck) == 1, looks["tie"][suits, 0] > 0)
    assert (cover(tie_cover, beside) == 0).all()


def test_hair_mostly_ends_at_the_nape_and_never_on_the_face_or_the_back() -> None:
    drawn = [changed_look(np.random.default_rng(seed), random_look(np.random.default_rng(seed))) for seed in range(200)]
    looks = Looks(torch.from_numpy(np.stack(drawn)))
    short = looks["hair_kind"][:, 0] == 1

    def covered(*at: float) -> Tensor:
        return hair_cover(looks, torch.tensor(at).expand(len(drawn), 1, 3), 0.01)[short, 0]

    assert short.sum() > 50
    assert (covered(0.0, 0.36, 0.02) == 1).all()  # the top
    assert 0.7 < (covered(0.0, 0.21, -0.01) > 0.5).float().mean() < 0.98  # above the nape, at the mouth's height
    assert not covered(0.0, 0.24, 0.16).any()
    assert not covered(0.0, 0.06, 0.0).any()


def test_some_wear_a_hat_or_a_hood_of_the_top_s_cloth_instead_of_hair() -> None:
    seeds = range(300)
    plain = [random_look(np.random.default_rng(seed)) for seed in seeds]
    drawn = [changed_look(np.random.default_rng(seed), look) for seed, look in zip(seeds, plain, strict=True)]
    before, after = (Looks(torch.from_numpy(np.stack(looks))) for looks in (plain, drawn))
    worn = (before["hair"] != after["hair"]).any(1)
    assert 0.05 < worn.float().mean() < 0.2
    assert (after["hair_kind"][worn] == 1).all()
    assert not after["beard"][worn].any()
    assert 0.2 < (after["hair"][worn] == after["top"][worn]).all(1).float().mean() < 0.6
