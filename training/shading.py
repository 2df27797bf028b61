"""The colour of every pixel of a dressed person, from where on the body at rest it lies: seams, stripes and prints are
sharp at any distance and move with the body."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import torch
from torch import Tensor

from training.garments import (
    HANGING_HAIR,
    SKIRT,
    bottom_cover,
    hair_cover,
    shirt_cover,
    shoe_cover,
    sock_cover,
    step,
    tie_cover,
    top_cover,
)
from training.looks import WAVES, Looks

_EDGE_M = 0.004
_WRIST_M = 0.72
_BROW_HALF_M = 0.0045
_BROWS = ((0, 1), (1, 2), (2, 3), (3, 4), (5, 6), (6, 7), (7, 8), (8, 9))  # which brow points a line joins
_IRIS_RAD, _PUPIL_RAD = 0.5, 0.2
_WHITE = (0.75, 0.72, 0.7)
_SUIT_WAIST_M = -0.33
_LEAST_TONE, _MOST_TONE = 0.1, 2.5  # of a texture in another colour, to its mean


class Zone(Enum):
    """What a texture is of, hence whose colour of a look it may take."""

    SKIN, SUIT, DRESS, TOP, BOTTOM, SHOES, HAIR, HAT, WORN, BROWS, TEETH = range(1, 12)


class Texels(NamedTuple):
    """Textures at P pixels: zone (P,), 0 where there is none; linear colour (P, 3), the texture's mean (P, 3), and how
    far it takes a look's colour (P, 1) 0..1."""

    zone: Tensor
    colour: Tensor
    mean: Tensor
    tint: Tensor


class Surface(NamedTuple):
    """What P pixels show: their place at rest (P, 3) [m]; their place on an eyeball (P, 3), from its middle, 0 where it
    is none; lips (P,) 0..1; material (P,), whole numbers of `garments`; textures, if there are any."""

    rest: Tensor
    eye: Tensor
    lips: Tensor
    material: Tensor
    texels: Texels | None = None

    def at(self, pixels: slice) -> Surface:
        """What some of the pixels show."""
        rest, eye, lips, material = (value[pixels] for value in (self.rest, self.eye, self.lips, self.material))
        worn = None if self.texels is None else Texels(*(value[pixels] for value in self.texels))
        return Surface(rest, eye, lips, material, worn)


def albedo(look: Looks, surface: Surface, brow_points: Tensor) -> Tensor:
    """(P, 3) linear colour of pixels, all of one look. brow_points: (10, 3) at rest, the right five first."""
    rest, x = surface.rest, surface.rest[:, 0]

    def cover(garment: Callable[[Looks, Tensor, float], Tensor]) -> Tensor:
        return garment(look, rest[None], _EDGE_M)[0, :, None]

    colour = _skin(look, surface, brow_points)
    strands = look["hair"] * (0.85 + 0.3 * torch.rand_like(x))[:, None]
    colour = torch.lerp(colour, strands, cover(hair_cover))
    colour = torch.lerp(colour, look["sock"], cover(sock_cover))
    waves = _waves(look, rest)
    trousers, top = (_patterned(look, part, waves) for part in ("bottom", "top"))
    colour = torch.lerp(colour, trousers, cover(bottom_cover))
    colour = torch.lerp(colour, look["shoe"], cover(shoe_cover))
    colour = torch.lerp(colour, look["top2"], cover(shirt_cover))
    colour = torch.lerp(colour, look["tie_colour"], cover(tie_cover))
    colour = torch.lerp(colour, _printed(look, top, rest), cover(top_cover))
    colour = torch.lerp(colour, look["shoe"], look["glove"] * step(x.abs()[:, None], _WRIST_M, _EDGE_M))
    colour = torch.where((surface.material == SKIRT)[:, None], trousers, colour)
    strand = 0.8 + 0.25 * torch.sin(260 * x + 40 * rest[:, 2])
    colour = torch.where((surface.material == HANGING_HAIR)[:, None], look["hair"] * strand[:, None], colour)
    return colour if surface.texels is None else _textured(look, surface.texels, colour, (top, trousers), rest)


def shaded(look: Looks, colour: Tensor, normal: Tensor, view: Tensor, occlusion: Tensor) -> Tensor:
    """sRGB (P, 3) in 0..255 of pixels: linear colour (P, 3), unit normals and directions towards the camera (P, 3) in
    camera axes, occlusion (P,) 0..1, 1 unoccluded."""
    up = (0.5 - 0.5 * normal[:, 1:2]).clamp(0, 1)
    light = torch.lerp(look["ground"], look["ambient"], up)
    wrap = look["wrap"]
    gloss = torch.zeros_like(wrap)
    for name in ("light1", "light2"):
        to = look[f"{name}_to"]
        facing = ((normal * to).sum(-1, keepdim=True) + wrap) / (1 + wrap)
        light = light + look[name] * facing.clamp(min=0)
        half = torch.nn.functional.normalize(to + view, dim=-1)
        gloss = gloss + look[name].mean(-1, keepdim=True) * (normal * half).sum(-1, keepdim=True).clamp(min=0) ** 24
    linear = colour * light * occlusion[:, None] + look["gloss"] * gloss * 0.3
    srgb: Tensor = 255 * linear.clamp(0, 1) ** (1 / 2.2)
    return srgb


def _textured(look: Looks, worn: Texels, colour: Tensor, cloths: tuple[Tensor, Tensor], rest: Tensor) -> Tensor:
    """(P, 3) with garments over what was drawn (P, 3). cloths: the colours of top and trousers (P, 3)."""
    top, trousers = cloths

    def zone(*those: Zone) -> Tensor:
        return torch.isin(worn.zone, worn.zone.new_tensor([one.value for one in those]))[:, None]

    below = zone(Zone.BOTTOM) | (zone(Zone.SUIT) & (rest[:, 1:2] < _SUIT_WAIST_M))
    own = torch.where(below, trousers, top)
    own = torch.where(zone(Zone.SHOES, Zone.WORN), look["shoe"], torch.where(zone(Zone.HAT), look["sock"], own))
    hair = zone(Zone.HAIR, Zone.BROWS)
    own = torch.where(hair, look["hair"], own)
    light = (worn.colour.mean(1, keepdim=True) / worn.mean.mean(1, keepdim=True)).clamp(_LEAST_TONE, _MOST_TONE)
    tint = torch.where(hair, torch.ones_like(worn.tint), torch.where(zone(Zone.TEETH), 0.0, worn.tint))
    garment = worn.zone[:, None] > Zone.SKIN.value
    return torch.where(garment, torch.lerp(worn.colour, own * light, tint), colour)


def _skin(look: Looks, surface: Surface, brow_points: Tensor) -> Tensor:
    """(P, 3) bare, with brows, beard and eyes."""
    x, y, z = surface.rest.unbind(-1)
    colour = look["skin"] * (1 + 0.06 * torch.sin(40 * x + 31 * y) * torch.sin(37 * z + 5))[:, None]
    if surface.texels is not None:
        toned = look["skin"] * (surface.texels.colour / surface.texels.mean).clamp(_LEAST_TONE, _MOST_TONE)
        bare = torch.lerp(surface.texels.colour, toned, surface.texels.tint)
        colour = torch.where((surface.texels.zone == Zone.SKIN.value)[:, None], bare, colour)
    red = (torch.exp(-(((x.abs() - 0.045) / 0.02) ** 2 + ((y - 0.245) / 0.02) ** 2)) * (z > 0.05))[:, None]
    colour = colour * (1 - look["blush"] * red * colour.new_tensor((0.0, 0.5, 0.45)))
    colour = torch.lerp(colour, look["lips"], surface.lips[:, None])
    colour = torch.lerp(colour, look["hair"], _on_brow(surface.rest, brow_points)[:, None] * look["brows"])
    beard = (y < 0.225) & (y > 0.13) & (z > 0.06) & (surface.lips < 0.5)
    colour = torch.lerp(colour, look["hair"], beard[:, None] * look["beard"] * 0.7)
    eyes = (surface.eye[:, 2] != 0).nonzero()[:, 0]
    colour[eyes] = _eye(look["iris"], surface.eye[eyes])
    return colour


def _on_brow(p: Tensor, brow_points: Tensor) -> Tensor:
    """(P,) 1 on an eyebrow."""
    on = torch.zeros_like(p[:, 0])
    low, high = brow_points[:, 1].min() - 0.01, brow_points[:, 1].max() + 0.01
    near = ((p[:, 2] > 0.05) & (p[:, 1] > low) & (p[:, 1] < high)).nonzero()[:, 0]
    for a, b in _BROWS:
        distance = _to_segment(p[near, :2], brow_points[a, :2], brow_points[b, :2])
        on[near] = torch.maximum(on[near], (distance < _BROW_HALF_M).float())
    return on


def _to_segment(p: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """(P,) distance of points (P, 2) from a line between two (2,)."""
    along = b - a
    share = (((p - a) @ along) / (along @ along)).clamp(0, 1)
    distance: Tensor = (p - a - share[:, None] * along).norm(dim=-1)
    return distance


def _eye(iris: Tensor, eye: Tensor) -> Tensor:
    """(P, 3) white, iris and pupil by the direction from the eyeball's middle (P, 3)."""
    away = torch.acos((eye[:, 2] / eye.norm(dim=-1).clamp(min=1e-6)).clamp(-1, 1))[:, None]
    white = eye.new_tensor(_WHITE).expand(len(eye), 3)
    seen = torch.where(away < _IRIS_RAD, iris, white)
    return torch.where(away < _PUPIL_RAD, torch.full_like(seen, 0.01), seen)


def _printed(look: Looks, top: Tensor, p: Tensor) -> Tensor:
    """(P, 3) the top's colour with its print on the chest."""
    x, y, z = p.unbind(-1)
    on, half, middle, high = look["print"].unbind(-1)
    printed = (on > 0) & (x.abs() < half) & ((y - middle).abs() < high) & (z > 0)
    ink = (torch.sin(90 * x + look["wave_a"][:, 3]) + torch.sin(70 * y + look["wave_b"][:, 3])) > 0
    return torch.where((printed & ink)[:, None], look["print_colour"], top)


def _waves(look: Looks, p: Tensor) -> list[Tensor]:
    """Four waves (P,) through the body at rest."""
    x, y, z = p.unbind(-1)
    waves = []
    for name in WAVES:
        wx, wy, wz, phase = look[name].unbind(-1)
        waves.append(torch.sin(x * wx + y * wy + z * wz + phase))
    return waves


def _patterned(look: Looks, part: str, waves: list[Tensor]) -> Tensor:
    """(P, 3) plain, striped, checked, dotted or mottled cloth."""
    a, b, c, d = waves
    kind = look[f"{part}_kind"][:, 0]
    striped, crossed = (a > 0).float(), (b > 0).float()
    share = striped * (kind == 1) + 0.5 * (striped + crossed) * (kind == 2)
    share += ((a > 0.3) & (b > 0.3)) * (kind == 3) + (0.5 + 0.2 * (a + b * c + d)).clamp(0, 1) * (kind == 4)
    return torch.lerp(look[part], look[f"{part}2"], share[:, None])
