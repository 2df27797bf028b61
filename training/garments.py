"""Where clothes and hair lie on the body, and how far they stand off it.

Points p are places on the body at rest in metres, (N, P, 3) for N looks or (1, P, 3), the same for all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.looks import NECK_M, SHOULDER_M, Looks

SKIN, SKIRT, HANGING_HAIR, CLOTH = range(4)  # what a vertex is made of; the last has a texture

_FLARE_FROM_M = 0.19  # from the middle: sleeves widen beyond it
_KNOT_M, _TIE_ENDS_M = 0.09, -0.33


def step(value: Tensor, edge: Tensor | float, width: float) -> Tensor:
    """0 below the edge, 1 above, over a width."""
    return torch.clamp((value - edge) / width + 0.5, 0, 1)


def top_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) how much the top covers points, 0..1, with edges so wide."""
    x, y, z = p[..., 0].abs(), p[..., 1], p[..., 2]
    gap = torch.where(z > 0.03, x, torch.full_like(z, 9.0))
    wide, ends = look["lapels"][:, :1], look["lapels"][:, 1:]
    opening = torch.maximum(look["open_front"], wide * ((y - ends) / (NECK_M - ends)).clamp(0, 1))
    return shirt_cover(look, p, width) * step(gap, opening - 0.001, 0.002)


def tie_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) the same for a tie, which hangs on the shirt."""
    x, y, z = p[..., 0].abs(), p[..., 1], p[..., 2]
    half = look["tie"] * (1.0 - (y - _KNOT_M).clamp(min=0) * 12).clamp(min=0)
    hangs = (z > 0.03).float() * step(y, _TIE_ENDS_M, width) * (half > 0)
    return step(-x, -half, width) * hangs


def shirt_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) the same for what is worn under a top that is open."""
    x, y, z = p[..., 0].abs(), p[..., 1], p[..., 2]
    trunk = step(y, look["hem"], width)
    sleeve = step(-x, -look["sleeve"], width) * step(y, -0.3, 0.02)
    neck = torch.sqrt(x**2 + (y - 0.16) ** 2 + z**2)
    below = step(neck, look["neckline"], width) * step(-y, -0.165, width)
    return torch.where(x > SHOULDER_M, sleeve, trunk) * below


def bottom_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) the same for trousers and shorts. At rest the arms are spread, so hands are beyond them."""
    legs = step(-p[..., 0].abs(), -0.4, 0.02)
    return step(-p[..., 1], -look["waist"], width) * step(p[..., 1], look["cuff"], width) * legs


def hair_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) the same for hair on the head, or what is worn instead. It ends along a line that falls from the forehead
    back to 0.2 m, or, where it is steep, to the nape at 0.12 m."""
    y, z = p[..., 1], p[..., 2]
    line = look["hairline"]
    scalp = step(y + line[:, 1:] * (0.1 - z).clamp(min=0), line[:, :1] + 0.55 * (z - 0.12).clamp(min=0), width)
    ears = step((p[..., 0].abs() - 0.083).clamp(min=0) * 100, 0.3, 0.4) * step(-y, -0.32, 0.01)
    nape = 0.2 - 0.08 * (line[:, 1:] - 0.7).clamp(0, 1)
    return scalp * (1 - ears) * step(y, nape, 0.02) * (look["hair_kind"] > 0)


def shoe_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) the same for shoes."""
    return step(-p[..., 1], -look["shoe_top"], width)


def sock_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) the same for socks, under the shoes too."""
    return step(-p[..., 1], -look["sock_top"], width)


def push_out(look: Looks, p: Tensor) -> Tensor:
    """(N, P) metres that clothes and hair stand off the skin."""
    wave = look["wrinkle"]
    phase = (p @ wave[:, 1:4, None])[..., 0] + wave[:, 4:]
    folds = wave[:, :1] * (torch.sin(phase) + 0.6 * torch.sin(2.3 * phase + p[..., 1] * 17))
    thickness = look["thickness"]
    wider = (-p[..., 1]).clamp(min=0) + (p[..., 0].abs() - _FLARE_FROM_M).clamp(min=0)
    loose = look["flare"] * wider * 0.3
    top = top_cover(look, p, 0.02) * (thickness[:, :1] + folds + loose)
    bottom = bottom_cover(look, p, 0.02) * (thickness[:, 1:2] + folds)
    hair = hair_cover(look, p, 0.02) * thickness[:, 2:3]
    shoes = shoe_cover(look, p, 0.02) * thickness[:, 3:]
    return torch.maximum(torch.maximum(top, bottom), torch.maximum(hair, shoes)).clamp(min=0)
