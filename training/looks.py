"""What people look like: skin, hair, layers of clothes with patterns, light. Drawn for every pixel from where on the
body at rest it lies, so that seams, stripes and prints are sharp and move with the body."""

from __future__ import annotations

import colorsys

import numpy as np
import torch
from torch import Tensor

Rng = np.random.Generator

# Numbers of a look, by name, and how many; a batch of looks is one tensor (N, LOOK_NUMBERS).
_FIELDS = {
    **{"skin": 3, "blush": 1, "lips": 3, "hair": 3, "hair_kind": 1, "hairline": 2, "brows": 1, "beard": 1},
    **{"iris": 3, "top": 3, "top2": 3, "top_kind": 1, "neckline": 1, "sleeve": 1, "hem": 1},
    **{"print": 4, "print_colour": 3, "open_front": 1},
    **{"bottom": 3, "bottom2": 3, "bottom_kind": 1, "waist": 1, "cuff": 1, "skirt": 3},
    **{"shoe": 3, "shoe_top": 1, "sock": 3, "sock_top": 1, "glove": 1},
    **{"wave_a": 4, "wave_b": 4, "wave_c": 4, "wave_d": 4},
    **{"thickness": 4, "wrinkle": 5, "flare": 1},
    **{"ambient": 3, "ground": 3, "light1": 3, "light1_to": 3, "light2": 3, "light2_to": 3, "gloss": 1, "wrap": 1},
}
_SLICES: dict[str, slice] = {}
LOOK_NUMBERS = 0
for _name, _count in _FIELDS.items():
    _SLICES[_name] = slice(LOOK_NUMBERS, LOOK_NUMBERS + _count)
    LOOK_NUMBERS += _count

_SKINS = ((255, 224, 196), (240, 200, 170), (224, 172, 105), (198, 134, 66), (141, 85, 36), (90, 56, 37), (62, 39, 28))
_HAIRS = ((20, 16, 14), (45, 30, 20), (90, 60, 35), (140, 100, 55), (200, 165, 100), (120, 60, 30), (170, 170, 170))
_CLOTHS = ((20, 20, 22), (240, 240, 240), (128, 128, 128), (30, 40, 80), (60, 85, 130), (200, 190, 160), (70, 70, 60))


class Looks:
    """A batch of looks by name: `looks["skin"]` is (N, 3)."""

    def __init__(self, numbers: Tensor) -> None:
        self._numbers = numbers

    def __getitem__(self, name: str) -> Tensor:
        return self._numbers[:, _SLICES[name]]

    def at(self, rows: Tensor) -> Looks:
        """The look of each of many pixels."""
        return Looks(self._numbers[rows])


def random_look(rng: Rng) -> np.ndarray:
    """(LOOK_NUMBERS,) float32."""
    look: dict[str, object] = {}
    skin = _mixed(rng, _SKINS, 0.06)
    look |= {"skin": skin, "blush": rng.uniform(0, 0.35), "lips": skin * rng.uniform((0.7, 0.4, 0.4), (1.0, 0.75, 0.8))}
    hair = _mixed(rng, _HAIRS, 0.03) if rng.random() < 0.93 else _colour(rng)
    look |= {"hair": hair, "hair_kind": rng.choice(4, p=(0.1, 0.45, 0.3, 0.15)), "brows": rng.uniform(0.2, 1.0)}
    look |= {"hairline": (rng.uniform(0.31, 0.36), rng.uniform(0.2, 0.7)), "beard": float(rng.random() < 0.14)}
    look["iris"] = _mixed(rng, ((60, 35, 20), (90, 70, 40), (90, 120, 150)), 0.05)
    dress = rng.random() < 0.1
    for part in ("top", "bottom"):
        look |= {part: _cloth(rng), f"{part}2": _cloth(rng)}
        kinds = (0.5, 0.15, 0.1, 0.08, 0.17) if part == "top" else (0.7, 0.05, 0.05, 0.02, 0.18)
        look[f"{part}_kind"] = rng.choice(5, p=kinds)
    look["neckline"] = rng.uniform(0.085, 0.16)
    look["sleeve"] = rng.choice((0.19, rng.uniform(0.25, 0.42), rng.uniform(0.42, 0.6), rng.uniform(0.66, 0.76)), p=(0.12, 0.4, 0.12, 0.36))
    bare = rng.random()
    look["hem"] = rng.uniform(-0.52, -0.34) if bare < 0.9 else (0.6 if bare < 0.95 else -0.05)
    look["print"] = (float(rng.random() < 0.25), rng.uniform(0.04, 0.13), rng.uniform(-0.22, 0.0), rng.uniform(0.03, 0.12))
    look |= {"print_colour": _colour(rng), "open_front": rng.uniform(0.02, 0.07) if rng.random() < 0.15 else 0.0}
    if rng.random() < 0.08:  # a suit of one colour
        look["bottom"], look["bottom_kind"] = look["top"], look["top_kind"]
    look["waist"] = rng.uniform(-0.4, -0.28)
    look["cuff"] = rng.choice((rng.uniform(-0.62, -0.5), rng.uniform(-0.95, -0.75), rng.uniform(-1.38, -1.2)), p=(0.22, 0.13, 0.65))
    skirt = dress or rng.random() < 0.06
    look["skirt"] = (float(skirt), rng.uniform(-1.25, -0.6), rng.uniform(0.0, 0.18))
    if dress:
        look["bottom"], look["bottom2"], look["bottom_kind"] = look["top"], look["top2"], look["top_kind"]
    look |= {"shoe": _cloth(rng), "shoe_top": rng.choice((-1.6, rng.uniform(-1.38, -1.33), rng.uniform(-1.3, -1.05)), p=(0.15, 0.65, 0.2))}
    look |= {"sock": _cloth(rng), "sock_top": rng.uniform(-1.36, -1.15), "glove": float(rng.random() < 0.03)}
    for name in "abcd":
        axis = rng.normal(size=3) * rng.choice(((1, 1, 1), (0.02, 1, 0.02), (1, 0.02, 0.3)))
        axis *= rng.uniform(25, 160) / np.linalg.norm(axis)
        look[f"wave_{name}"] = (*axis, rng.uniform(0, 6.28))
    loose = rng.random() ** 2
    look["thickness"] = (0.003 + 0.03 * loose * rng.random(), 0.003 + 0.025 * loose * rng.random(), rng.uniform(0.004, 0.035), rng.uniform(0.004, 0.012))
    look["wrinkle"] = (rng.uniform(0, 0.006) * (0.3 + loose), *rng.normal(0, 22, 3), rng.uniform(0, 6.28))
    look["flare"] = rng.uniform(0, 0.12) * loose
    look |= _light(rng)
    numbers = np.concatenate([np.ravel(np.asarray(look[name], np.float32)) for name in _FIELDS])
    return numbers.astype(np.float32)


def _light(rng: Rng) -> dict[str, object]:
    def tint(strength: float) -> np.ndarray:
        warm = rng.normal(0, 0.12)
        return strength * np.array((1 + warm, 1.0, 1 - warm))

    def towards() -> np.ndarray:
        to = rng.normal(0, 1, 3) * (1, 0.7, 0.7) + (0, -0.6, -0.6)
        return np.asarray(to / np.linalg.norm(to))

    key = rng.uniform(0.2, 1.1)
    ambient = rng.uniform(0.15, 0.75)
    return {
        **{"ambient": tint(ambient), "ground": tint(ambient * rng.uniform(0.3, 0.9))},
        **{"light1": tint(key), "light1_to": towards(), "light2": tint(rng.uniform(0, 0.5)), "light2_to": towards()},
        **{"gloss": rng.uniform(0, 0.25), "wrap": rng.uniform(0, 0.5)},
    }


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.asarray((np.clip(np.asarray(rgb, float), 0, 255) / 255) ** 2.2)


def _mixed(rng: Rng, table: tuple[tuple[int, int, int], ...], spread: float) -> np.ndarray:
    a, b = (np.array(table[i], float) for i in rng.integers(len(table), size=2))
    mixed = _linear(a + (b - a) * rng.uniform(0, 0.5)) * np.exp(rng.normal(0, spread, 3) + rng.normal(0, 0.1))
    return np.clip(mixed, 0.003, 1)


def _colour(rng: Rng) -> np.ndarray:
    hue = colorsys.hsv_to_rgb(rng.random(), rng.random() ** 0.7, rng.uniform(0.1, 1.0))
    return _linear(np.array(hue) * 255)


def _cloth(rng: Rng) -> np.ndarray:
    return _mixed(rng, _CLOTHS, 0.1) if rng.random() < 0.5 else _colour(rng)


# Garments, as how far out they push the surface. Material numbers: 0 body, 1 skirt, 2 hair hanging down.


def _step(value: Tensor, edge: Tensor | float, width: float) -> Tensor:
    """0 below the edge, 1 above, over a width."""
    return torch.clamp((value - edge) / width + 0.5, 0, 1)


def top_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """(N, P) how much the top covers points at rest (N, P, 3)."""
    x, y, z = p[..., 0].abs(), p[..., 1], p[..., 2]
    arm = _step(x, 0.19, 0.01)
    trunk = _step(y, look["hem"], width)
    sleeve = _step(-x, -look["sleeve"], width) * _step(y, -0.3, 0.02)
    neck = torch.sqrt(p[..., 0] ** 2 + (y - 0.16) ** 2 + (z - 0.0) ** 2)
    below = _step(neck, look["neckline"], width) * _step(-y, -0.165, width)
    gap = torch.where(z > 0.03, p[..., 0].abs(), torch.full_like(z, 9.0))
    return torch.where(x > 0.19, sleeve * arm, trunk) * below * _step(gap, look["open_front"] - 0.001, 0.002)


def bottom_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """The same for trousers and shorts; hands, which hang at no rest, never lie there."""
    return _step(-p[..., 1], -look["waist"], width) * _step(p[..., 1], look["cuff"], width) * _step(-p[..., 0].abs(), -0.4, 0.02)


def hair_cover(look: Looks, p: Tensor, width: float) -> Tensor:
    """The same for hair on the head."""
    y, z = p[..., 1], p[..., 2]
    line = look["hairline"]
    scalp = _step(y + line[:, 1:] * (0.1 - z).clamp(min=0), line[:, :1] + 0.55 * (z - 0.12).clamp(min=0), width)
    ears = _step((p[..., 0].abs() - 0.083).clamp(min=0) * 100, 0.3, 0.4) * _step(-y, -0.32, 0.01)
    return scalp * (1 - ears) * _step(y, 0.2, 0.02) * (look["hair_kind"] > 0)


def push_out(look: Looks, p: Tensor, flare_from: float = 0.19) -> Tensor:
    """(N, P) metres that clothes and hair stand off the skin at points at rest (N, P, 3), or (1, P, 3)."""
    wave = look["wrinkle"]
    phase = (p @ wave[:, 1:4, None])[..., 0] + wave[:, 4:]
    folds = wave[:, :1] * (torch.sin(phase) + 0.6 * torch.sin(2.3 * phase + p[..., 1] * 17))
    t = look["thickness"]
    loose = look["flare"] * ((-p[..., 1]).clamp(min=0) + (p[..., 0].abs() - flare_from).clamp(min=0)) * 0.3
    top = top_cover(look, p, 0.02) * (t[:, :1] + folds + loose)
    bottom = bottom_cover(look, p, 0.02) * (t[:, 1:2] + folds)
    hair = hair_cover(look, p, 0.02) * t[:, 2:3]
    shoes = _step(-p[..., 1], -look["shoe_top"], 0.02) * t[:, 3:]
    return torch.maximum(torch.maximum(top, bottom), torch.maximum(hair, shoes)).clamp(min=0)


def albedo(look: Looks, p: Tensor, material: Tensor, eye: Tensor, lips: Tensor, face: Tensor) -> Tensor:
    """Linear colour (P, 3) of pixels: look of each; p (P, 3) at rest; material (P,); eye (P, 3) its place on an eyeball,
    0 elsewhere; lips (P,) 0..1; face: (K, 3) brow points at rest, the right five first."""
    q = p[:, None]  # one point a look

    def cover(which) -> Tensor:  # type: ignore[no-untyped-def]
        return which(look, q, 0.004)[:, 0, None]

    x, y, z = p.unbind(-1)
    colour = look["skin"] * (1 + 0.06 * torch.sin(40 * x + 31 * y) * torch.sin(37 * z + 5))[:, None]
    red = (torch.exp(-(((x.abs() - 0.045) / 0.02) ** 2 + ((y - 0.245) / 0.02) ** 2)) * (z > 0.05))[:, None]
    colour = colour * (1 - look["blush"] * red * colour.new_tensor((0.0, 0.5, 0.45)))
    colour = torch.lerp(colour, look["lips"], lips[:, None])
    colour = torch.lerp(colour, look["hair"], _on_brow(p, face)[:, None] * look["brows"])
    beard = (y < 0.225) & (y > 0.13) & (z > 0.06) & (lips < 0.5)
    colour = torch.lerp(colour, look["hair"], beard[:, None] * look["beard"] * 0.7)
    eyes = (eye[:, 2] != 0).nonzero()[:, 0]
    colour[eyes] = _eye(look["iris"][eyes], eye[eyes])
    colour = torch.lerp(colour, look["hair"] * (0.85 + 0.3 * torch.rand_like(x))[:, None], cover(hair_cover))
    colour = torch.lerp(colour, look["sock"], _step(-y[:, None], -look["sock_top"], 0.004))
    waves = _waves(look, p)
    trousers, shirt = (_patterned(look, part, waves) for part in ("bottom", "top"))
    colour = torch.lerp(colour, trousers, cover(bottom_cover))
    colour = torch.lerp(colour, look["shoe"], _step(-y[:, None], -look["shoe_top"], 0.004))
    on, half, at, high = look["print"].unbind(-1)
    printed = (on > 0) & (x.abs() < half) & ((y - at).abs() < high) & (z > 0)
    ink = (torch.sin(90 * x + look["wave_a"][:, 3]) + torch.sin(70 * y + look["wave_b"][:, 3])) > 0
    shirt = torch.where((printed & ink)[:, None], look["print_colour"], shirt)
    colour = torch.lerp(colour, shirt, cover(top_cover))
    colour = torch.lerp(colour, look["shoe"], look["glove"] * _step(x.abs()[:, None], 0.72, 0.004))
    colour = torch.where((material == 1)[:, None], trousers, colour)
    strand = 0.8 + 0.25 * torch.sin(260 * x + 40 * z)
    return torch.where((material == 2)[:, None], look["hair"] * strand[:, None], colour)


def _to_segment(p: Tensor, a: Tensor, b: Tensor) -> Tensor:
    along = b - a
    share = (((p - a) @ along) / (along @ along)).clamp(0, 1)
    return (p - a - share[:, None] * along).norm(dim=-1)


def _on_brow(p: Tensor, brows: Tensor) -> Tensor:
    """(P,) 1 on an eyebrow."""
    on = torch.zeros_like(p[:, 0])
    near = ((p[:, 2] > 0.05) & (p[:, 1] > brows[:, 1].min() - 0.01) & (p[:, 1] < brows[:, 1].max() + 0.01)).nonzero()[:, 0]
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 4), (5, 6), (6, 7), (7, 8), (8, 9)):
        distance = _to_segment(p[near, :2], brows[a, :2], brows[b, :2])
        on[near] = torch.maximum(on[near], (distance < 0.0045).float())
    return on


def _eye(iris: Tensor, eye: Tensor) -> Tensor:
    """White, iris and pupil by the direction from the eyeball's centre (P, 3)."""
    away = torch.acos((eye[:, 2] / eye.norm(dim=-1).clamp(min=1e-6)).clamp(-1, 1))[:, None]
    white = eye.new_tensor((0.75, 0.72, 0.7)).expand(len(eye), 3)
    seen = torch.where(away < 0.5, iris, white)
    return torch.where(away < 0.2, torch.full_like(seen, 0.01), seen)


def _waves(look: Looks, p: Tensor) -> list[Tensor]:
    """Four waves (P,) through the body at rest."""
    x, y, z = p.unbind(-1)
    waves = []
    for name in "abcd":
        wx, wy, wz, phase = look[f"wave_{name}"].unbind(-1)
        waves.append(torch.sin(x * wx + y * wy + z * wz + phase))
    return waves


def _patterned(look: Looks, part: str, waves: list[Tensor]) -> Tensor:
    """Plain, striped, checked, dotted or mottled cloth (P, 3)."""
    a, b, c, d = waves
    kind = look[f"{part}_kind"][:, 0]
    striped, crossed = (a > 0).float(), (b > 0).float()
    share = striped * (kind == 1) + 0.5 * (striped + crossed) * (kind == 2)
    share += ((a > 0.3) & (b > 0.3)) * (kind == 3) + (0.5 + 0.2 * (a + b * c + d)).clamp(0, 1) * (kind == 4)
    return torch.lerp(look[part], look[f"{part}2"], share[:, None])


def shaded(look: Looks, colour: Tensor, normal: Tensor, view: Tensor, occlusion: Tensor) -> Tensor:
    """sRGB (P, 3) in 0..255 of pixels: linear colour, unit normals and directions towards the camera in camera axes,
    occlusion (P,) 0..1, 1 unoccluded."""
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
    return 255 * linear.clamp(0, 1) ** (1 / 2.2)
