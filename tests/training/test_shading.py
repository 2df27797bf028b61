"""Colours of single points: eyes, lips, tubes, and the light on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from training.garments import CLOTH, HANGING_HAIR, SKIN, SKIRT
from training.looks import Looks, random_look
from training.shading import Surface, Texels, Zone, albedo, shaded

LOOKS = Looks(torch.from_numpy(np.stack([random_look(np.random.default_rng(seed)) for seed in range(40)])))
BROWS = torch.tensor([[-0.05 + 0.01 * k, 0.3, 0.1] for k in range(10)])
MOUTH, CHEST = (0.0, 0.22, 0.1), (0.05, -0.1, 0.1)
UP, AHEAD = (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)


def _surface(
    rest: tuple[float, ...], eye: tuple[float, ...] = (0, 0, 0), lips: float = 0.0, material: int = SKIN
) -> Surface:
    """The same place for every look."""
    return Surface(_many(rest), _many(eye), _many(lips), _many(float(material)))


def _many(value: tuple[float, ...] | float) -> Tensor:
    return torch.tensor(value, dtype=torch.float32).expand(40, *np.shape(value))


def _colours(surface: Surface) -> Tensor:
    """(40, 3): each pixel in its own look."""
    each = [slice(number, number + 1) for number in range(40)]
    return torch.cat([albedo(LOOKS.at(one), surface.at(one), BROWS) for one in each])


@pytest.mark.parametrize("material", [SKIN, SKIRT, HANGING_HAIR])
def test_colours_are_those_of_surfaces(material: int) -> None:
    for rest in (MOUTH, CHEST, (0.1, -1.4, 0.1), (0.78, 0.0, 0.0)):
        colour = _colours(_surface(rest, material=material))
        assert colour.shape == (40, 3)
        assert torch.isfinite(colour).all()
        assert colour.min() >= 0


def test_lips_pupils_and_whites() -> None:
    torch.testing.assert_close(_colours(_surface(MOUTH, lips=1.0)), LOOKS["lips"])
    eye = (0.03, 0.3, 0.09)
    pupil = _colours(_surface(eye, (0.0, 0.0, 0.012)))
    torch.testing.assert_close(pupil, torch.full((40, 3), 0.01))
    iris = _colours(_surface(eye, (0.004, 0.0, 0.011)))
    torch.testing.assert_close(iris, LOOKS["iris"])
    white = _colours(_surface(eye, (0.01, 0.0, 0.006)))
    assert white.min() > 0.6


def test_brows_are_darker_or_lighter_than_skin() -> None:
    brow, beside = (_colours(_surface((0.0, y, 0.1))) for y in (0.3, 0.285))
    strong = LOOKS["brows"][:, 0] > 0.8
    between = (brow - LOOKS["hair"]).abs().sum(-1), (beside - LOOKS["hair"]).abs().sum(-1)
    assert (between[0][strong] < between[1][strong]).all()


def _worn(zone: Zone, tint: float) -> Surface:
    """A texture that is twice as light as its mean, on the chest."""
    texels = Texels(torch.full((40,), zone.value), _many((0.4, 0.2, 0.1)), _many((0.2, 0.1, 0.05)), _many((tint,)))
    return _surface(CHEST, material=CLOTH)._replace(texels=texels)


@pytest.mark.parametrize("zone", [zone for zone in Zone if zone not in (Zone.HAIR, Zone.BROWS)])
def test_textures_keep_their_colours_without_a_tint(zone: Zone) -> None:
    worn = _worn(zone, 0.0)
    if zone == Zone.SKIN:  # nothing else is on the hand
        worn = worn._replace(rest=_many((0.78, 0.0, 0.0)))
        bare = LOOKS["glove"][:, 0] == 0
        torch.testing.assert_close(_colours(worn)[bare], worn.texels.colour[bare] if worn.texels else None)
    else:
        torch.testing.assert_close(_colours(worn), _many((0.4, 0.2, 0.1)))


@pytest.mark.parametrize(
    ("zone", "name"), [(Zone.SHOES, "shoe"), (Zone.HAT, "sock"), (Zone.HAIR, "hair"), (Zone.BROWS, "hair")]
)
def test_tinted_textures_keep_their_tones(zone: Zone, name: str) -> None:
    torch.testing.assert_close(_colours(_worn(zone, 1.0)), 2 * LOOKS[name])


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
