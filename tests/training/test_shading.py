"""Colours of single points: eyes, lips, tubes, and the light on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from training.garments import HANGING_HAIR, SKIN, SKIRT
from training.looks import Looks, random_look
from training.shading import Surface, albedo, shaded

LOOKS = Looks(torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in range(40)])))
BROWS = torch.tensor([[-0.05 + 0.01 * k, 0.3, 0.1] for k in range(10)])
MOUTH, CHEST = (0.0, 0.22, 0.1), (0.05, -0.1, 0.1)
UP, AHEAD = (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)


def _surface(
    rest: tuple[float, ...], eye: tuple[float, ...] = (0, 0, 0), lips: float = 0.0, material: int = SKIN
) -> Surface:
    """The same place for every look."""
    values = (rest, eye, lips, float(material))
    return Surface(*(torch.tensor(value, dtype=torch.float32).expand(40, *np.shape(value)) for value in values))


def _many(value: tuple[float, ...] | float) -> Tensor:
    return torch.tensor(value).expand(40, *np.shape(value))


@pytest.mark.parametrize("material", [SKIN, SKIRT, HANGING_HAIR])
def test_colours_are_those_of_surfaces(material: int) -> None:
    for rest in (MOUTH, CHEST, (0.1, -1.4, 0.1), (0.78, 0.0, 0.0)):
        colour = albedo(LOOKS, _surface(rest, material=material), BROWS)
        assert colour.shape == (40, 3)
        assert torch.isfinite(colour).all()
        assert colour.min() >= 0


def test_lips_pupils_and_whites() -> None:
    torch.testing.assert_close(albedo(LOOKS, _surface(MOUTH, lips=1.0), BROWS), LOOKS["lips"])
    eye = (0.03, 0.3, 0.09)
    pupil = albedo(LOOKS, _surface(eye, (0.0, 0.0, 0.012)), BROWS)
    torch.testing.assert_close(pupil, torch.full((40, 3), 0.01))
    iris = albedo(LOOKS, _surface(eye, (0.004, 0.0, 0.011)), BROWS)
    torch.testing.assert_close(iris, LOOKS["iris"])
    white = albedo(LOOKS, _surface(eye, (0.01, 0.0, 0.006)), BROWS)
    assert white.min() > 0.6


def test_brows_are_darker_or_lighter_than_skin() -> None:
    brow, beside = (albedo(LOOKS, _surface((0.0, y, 0.1)), BROWS) for y in (0.3, 0.285))
    strong = LOOKS["brows"][:, 0] > 0.8
    between = (brow - LOOKS["hair"]).abs().sum(-1), (beside - LOOKS["hair"]).abs().sum(-1)
    assert (between[0][strong] < between[1][strong]).all()


def test_pixels_are_lit_from_their_side() -> None:
    colour, open_air = LOOKS["skin"], torch.ones(40)
    for normal in (UP, AHEAD):
        lit = shaded(LOOKS, colour, _many(normal), _many(AHEAD), open_air)
        assert lit.min() >= 0
        assert lit.max() <= 255
        hidden = shaded(LOOKS, colour, _many(normal), _many(AHEAD), 0.45 * open_air)
        assert (hidden <= lit).all()
    from_lamp = shaded(LOOKS, colour, LOOKS["light1_to"], _many(AHEAD), open_air).sum(-1)
    away = shaded(LOOKS, colour, -LOOKS["light1_to"], _many(AHEAD), open_air).sum(-1)
    assert (from_lamp >= away).float().mean() > 0.8
