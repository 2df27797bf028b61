"""Looks come again with their seed and hold numbers that make sense."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.looks import _FIELDS, _SLICES, HANGS_FROM, LOOK_NUMBERS, NECK_M, Looks, changed_look, random_look

LOOKS = Looks(torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in range(300)])))


def test_a_seed_gives_the_same_look() -> None:
    look = random_look(np.random.default_rng(5))
    assert look.shape == (LOOK_NUMBERS,)
    assert look.dtype == np.float32
    assert np.array_equal(look, random_look(np.random.default_rng(5)))
    assert not np.array_equal(look, random_look(np.random.default_rng(6)))


def test_the_sample_clip_is_dressed_as_ever() -> None:
    look = Looks(torch.from_numpy(random_look(np.random.default_rng(52)))[None])
    np.testing.assert_allclose(look["skin"][0], (0.09419104, 0.03244007, 0.01004704), atol=1e-6)
    np.testing.assert_allclose(look["top"][0], (0.01609986, 0.02121386, 0.05982471), atol=1e-6)
    assert float(look["wrap"]) == pytest.approx(0.2017784, abs=1e-6)  # the last number that is drawn


def test_names_cover_every_number_once() -> None:
    assert sum(LOOKS[name].shape[1] for name in _FIELDS) == LOOK_NUMBERS


@pytest.mark.parametrize(
    "name", ["skin", "lips", "hair", "iris", "top", "top2", "print_colour", "bottom", "bottom2", "shoe", "sock"]
)
def test_colours_are_in_0_to_1(name: str) -> None:
    assert LOOKS[name].min() >= 0
    assert LOOKS[name].max() <= 1
    assert LOOKS[name].std(0).min() > 0.005


def test_lamps_have_a_direction() -> None:
    for name in ("light1_to", "light2_to"):
        torch.testing.assert_close(LOOKS[name].norm(dim=-1), torch.ones(300))


def test_dresses_and_suits_are_of_one_cloth() -> None:
    same = (LOOKS["top"] == LOOKS["bottom"]).all(-1)
    assert 0.1 < same.float().mean() < 0.3
    assert (LOOKS["top_kind"][same] == LOOKS["bottom_kind"][same]).all()


def test_some_looks_of_many() -> None:
    assert torch.equal(LOOKS.at(slice(3, 5))["skin"], LOOKS["skin"][3:5])


def test_changed_looks_are_as_told_and_else_as_they_were() -> None:
    changed = LOOKS.changed({"skin": (0.1, 0.2, 0.3), "waist": LOOKS["waist"] + 1})
    torch.testing.assert_close(changed["skin"], torch.tensor([[0.1, 0.2, 0.3]]).expand_as(LOOKS["skin"]))
    torch.testing.assert_close(changed["waist"], LOOKS["waist"] + 1)
    torch.testing.assert_close(changed["top"], LOOKS["top"])


def test_some_people_wear_something_over_their_clothes_and_some_have_much_hair() -> None:
    one = random_look(np.random.default_rng(5))
    before = one.copy()
    dressed = np.stack([changed_look(np.random.default_rng(seed), one) for seed in range(200)])
    assert np.array_equal(one, before)
    top, hair = (Looks(torch.from_numpy(dressed))["thickness"][:, column] for column in (0, 2))
    assert 0.35 < (top != Looks(torch.from_numpy(one)[None])["thickness"][0, 0]).float().mean() < 0.55
    assert top.max() > 0.04
    assert 0.1 < (hair >= 0.03).float().mean() < 0.4
    same = dressed == before
    same[:, _SLICES["hairline"]] = True  # nearly everybody's
    assert same.all(1).mean() > 0.2


def test_some_shoulders_are_bare_and_hair_that_hangs_comes_forward() -> None:
    rng = np.random.default_rng(0)
    looks = Looks(torch.from_numpy(np.stack([changed_look(rng, random_look(rng)) for _ in range(300)])))
    bare = looks["neckline"][:, 0] > 0.19
    assert 0.03 < bare.float().mean() < 0.2
    assert (looks["sleeve"][bare] < 0.2).all()
    hangs, forward = looks["hair_kind"][:, 0] >= HANGS_FROM, looks["hair_front"][:, 0] > 0
    assert not forward[~hangs].any()
    assert 0.4 < forward[hangs].float().mean() < 0.8


def test_a_suit_is_open_at_the_neck_over_a_shirt_and_mostly_of_one_cloth() -> None:
    one = random_look(np.random.default_rng(5))
    dressed = Looks(torch.from_numpy(np.stack([changed_look(np.random.default_rng(seed), one) for seed in range(300)])))
    suits = dressed["lapels"][:, 0] > 0
    assert 0.1 < suits.float().mean() < 0.25
    assert (dressed["lapels"][suits, 1] < NECK_M).all()
    assert not dressed["tie"][~suits].any()
    assert 0.4 < (dressed["tie"][suits] > 0).float().mean() < 0.8
    assert (dressed["top"] == dressed["bottom"])[suits].all(1).float().mean() > 0.6
