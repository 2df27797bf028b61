"""What people look like, as numbers: skin, hair, layers of clothes with patterns, light. Drawn at random.

Lengths are metres of the body at rest, whose +x is its left and +y up; colours are linear light in 0..1.
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from training.chances import Rng

Array = NDArray[np.float64]
Numbers = dict[str, ArrayLike]

# Numbers of a look, by name, and how many; a batch of looks is one tensor (N, LOOK_NUMBERS).
_FIELDS = {
    **{"skin": 3, "blush": 1, "lips": 3, "hair": 3, "hair_kind": 1, "hairline": 2, "hair_front": 1},
    **{"brows": 1, "beard": 1},
    **{"iris": 3, "top": 3, "top2": 3, "top_kind": 1, "neckline": 1, "sleeve": 1, "hem": 1},
    **{"print": 4, "print_colour": 3, "open_front": 1},
    **{"lapels": 2, "tie": 1, "tie_colour": 3},  # half the opening's width at the neck and where it ends; half a tie's
    **{"bottom": 3, "bottom2": 3, "bottom_kind": 1, "waist": 1, "cuff": 1, "skirt": 3},
    **{"shoe": 3, "shoe_top": 1, "sock": 3, "sock_top": 1, "glove": 1},
    **{"wave_a": 4, "wave_b": 4, "wave_c": 4, "wave_d": 4},
    **{"thickness": 4, "wrinkle": 5, "flare": 1},
    **{"ambient": 3, "ground": 3, "light1": 3, "light1_to": 3, "light2": 3, "light2_to": 3, "gloss": 1, "wrap": 1},
}
_ENDS = tuple(accumulate(_FIELDS.values()))
_SLICES = {name: slice(end - count, end) for (name, count), end in zip(_FIELDS.items(), _ENDS, strict=True)}
LOOK_NUMBERS = _ENDS[-1]
WAVES = ("wave_a", "wave_b", "wave_c", "wave_d")  # direction (3,) and phase

SHOULDER_M = 0.19  # from the middle: where sleeves begin, and sleeveless tops end
HANGS_FROM = 2  # kinds of hair from this on hang down
NECK_M = 0.16  # how high the opening of a jacket is widest
_NEVER_OPEN = (0.0, 0.0)

_SKINS = ((255, 224, 196), (240, 200, 170), (224, 172, 105), (198, 134, 66), (141, 85, 36), (90, 56, 37), (62, 39, 28))
_HAIRS = ((20, 16, 14), (45, 30, 20), (90, 60, 35), (140, 100, 55), (200, 165, 100), (120, 60, 30), (170, 170, 170))
_CLOTHS = ((20, 20, 22), (240, 240, 240), (128, 128, 128), (30, 40, 80), (60, 85, 130), (200, 190, 160), (70, 70, 60))
_SHIRTS = ((245, 245, 245), (250, 250, 250), (200, 215, 240), (235, 215, 215))
_IRISES = ((60, 35, 20), (90, 70, 40), (90, 120, 150))

# Hair of most ends at the nape: where it ended higher, skin was seen from behind, as in photographs hardly ever.
_TO_NAPE = 0.85
_COVERED = 0.12  # wear a hat or a hood

# How often cloth is plain, striped, checked, dotted, mottled.
_TOP_KINDS = (0.5, 0.15, 0.1, 0.08, 0.17)
_BOTTOM_KINDS = (0.7, 0.05, 0.05, 0.02, 0.18)


class Looks:
    """A batch of looks by name: `looks["skin"]` is (N, 3)."""

    def __init__(self, numbers: Tensor) -> None:
        """numbers: (N, LOOK_NUMBERS)."""
        self._numbers = numbers

    def __getitem__(self, name: str) -> Tensor:
        return self._numbers[:, _SLICES[name]]

    def changed(self, values: Mapping[str, Tensor | float | tuple[float, ...]]) -> Looks:
        """The same with other numbers of these names, for all of them or (N, count)."""
        numbers = self._numbers.clone()
        for name, value in values.items():
            numbers[:, _SLICES[name]] = torch.as_tensor(value, dtype=numbers.dtype, device=numbers.device)
        return Looks(numbers)

    def at(self, rows: slice) -> Looks:
        """Some of them."""
        return Looks(self._numbers[rows])


def random_look(rng: Rng) -> NDArray[np.float32]:
    """(LOOK_NUMBERS,) float32. The sample clip wears one: the same seed must go on giving the same look."""
    look = _head(rng)
    dress = rng.random() < 0.1
    look |= _cloths(rng)
    look |= _top_cut(rng)
    suit = rng.random() < 0.08
    look |= _bottom_cut(rng, dress)
    if suit or dress:
        look |= {"bottom": look["top"], "bottom_kind": look["top_kind"]}
    if dress:
        look["bottom2"] = look["top2"]
    look |= _feet_and_hands(rng)
    look |= _patterns(rng)
    look |= _fit(rng)
    look |= _light(rng)
    return np.concatenate([np.ravel(np.asarray(look[name], np.float32)) for name in _FIELDS])


def changed_look(rng: Rng, look: NDArray[np.float32]) -> NDArray[np.float32]:
    """The look (LOOK_NUMBERS,), sometimes in a jacket, coat or hood that stands far off the body, open over a shirt or
    shut, or in a suit, or with bare shoulders; sometimes with much hair, or hair that hangs before the shoulders, or a
    hat. What hair they have mostly ends at the nape."""
    look = look.copy()
    kind = rng.random()
    if kind < 0.17:
        _put_on_suit(rng, look)
    elif kind < 0.45:
        look[_SLICES["thickness"]][:2] = rng.uniform((0.012, 0.006), (0.05, 0.03))
        look[_SLICES["wrinkle"]][:4] = (rng.uniform(0.002, 0.012), *rng.normal(0, 22, 3))
        look[_SLICES["sleeve"]], look[_SLICES["hem"]] = rng.uniform(0.66, 0.76), rng.uniform(-0.75, -0.36)
        look[_SLICES["open_front"]] = rng.uniform(0.01, 0.07) if rng.random() < 0.5 else 0.0
        if rng.random() < 0.5:
            look[_SLICES["top"]], look[_SLICES["top_kind"]] = _mixed(rng, _CLOTHS, 0.1), 0
    elif kind < 0.6:
        look[_SLICES["neckline"]], look[_SLICES["sleeve"]] = rng.uniform(0.15, 0.26), SHOULDER_M
    if look[_SLICES["hair_kind"]] >= HANGS_FROM and rng.random() < 0.6:
        look[_SLICES["hair_front"]] = rng.uniform(0.1, 0.9)
    if rng.random() < 0.2:
        look[_SLICES["thickness"]][2] = rng.uniform(0.03, 0.08)
    if rng.random() < _TO_NAPE:
        look[_SLICES["hairline"]][1] = rng.uniform(1.2, 2.2)
    if rng.random() < _COVERED:
        _cover_head(rng, look)
    return look


def _cover_head(rng: Rng, look: NDArray[np.float32]) -> None:
    """Instead of hair a hat, or a hood of the top's cloth; no brows and no beard, which have the hair's colour."""
    hood = rng.random() < 0.4
    for name, value in (("hair_kind", 1), ("hair_front", 0), ("beard", 0), ("brows", 0)):
        look[_SLICES[name]] = value
    look[_SLICES["hair"]] = look[_SLICES["top"]] if hood else _cloth(rng)
    look[_SLICES["hairline"]] = (rng.uniform(0.29, 0.34), 2.2 if hood else rng.uniform(0.0, 1.2))
    look[_SLICES["thickness"]][2] = rng.uniform(0.01, 0.05)


def _put_on_suit(rng: Rng, look: NDArray[np.float32]) -> None:
    """A jacket that is open at the neck, over a shirt, with or without a tie; mostly trousers of the same cloth."""

    def wear(**numbers: ArrayLike) -> None:
        for name, value in numbers.items():
            look[_SLICES[name]] = value

    cloth, shirt = _mixed(rng, _CLOTHS, 0.1), _mixed(rng, _SHIRTS, 0.05) if rng.random() < 0.7 else _cloth(rng)
    wear(top=cloth * rng.uniform(0.2, 1.0), top_kind=0, top2=shirt, sleeve=rng.uniform(0.69, 0.73))
    wear(hem=rng.uniform(-0.56, -0.42), neckline=rng.uniform(0.075, 0.1), open_front=0.0)
    wear(lapels=(rng.uniform(0.04, 0.1), rng.uniform(-0.25, 0.05)), print=0.0)
    if rng.random() < 0.6:
        wear(tie=rng.uniform(0.016, 0.035), tie_colour=_colour(rng))
    if rng.random() < 0.8:
        wear(bottom=look[_SLICES["top"]], bottom_kind=0, skirt=0.0, cuff=rng.uniform(-1.38, -1.3))
    look[_SLICES["thickness"]][:2] = rng.uniform((0.008, 0.006), (0.03, 0.02))
    look[_SLICES["wrinkle"]][:4] = (rng.uniform(0.0, 0.006), *rng.normal(0, 22, 3))


def _head(rng: Rng) -> Numbers:
    skin = _mixed(rng, _SKINS, 0.06)
    return {
        **{"skin": skin, "blush": rng.uniform(0, 0.35), "lips": skin * rng.uniform((0.7, 0.4, 0.4), (1.0, 0.75, 0.8))},
        "hair": _mixed(rng, _HAIRS, 0.03) if rng.random() < 0.93 else _colour(rng),
        "hair_kind": rng.choice(4, p=(0.1, 0.45, 0.3, 0.15)),  # none, short, to the shoulders, long
        "hair_front": 0.0,  # radians that what hangs comes forward at each side
        "brows": rng.uniform(0.2, 1.0),
        "hairline": (rng.uniform(0.31, 0.36), rng.uniform(0.2, 0.7)),  # how high on the forehead, and how steep
        "beard": float(rng.random() < 0.14),
        "iris": _mixed(rng, _IRISES, 0.05),
    }


def _cloths(rng: Rng) -> Numbers:
    return {
        **{"top": _cloth(rng), "top2": _cloth(rng), "top_kind": rng.choice(5, p=_TOP_KINDS)},
        **{"bottom": _cloth(rng), "bottom2": _cloth(rng), "bottom_kind": rng.choice(5, p=_BOTTOM_KINDS)},
    }


def _top_cut(rng: Rng) -> Numbers:
    """Where the top ends; a hem of 0.6 is a bare chest."""
    neckline = rng.uniform(0.085, 0.16)
    sleeves = (SHOULDER_M, rng.uniform(0.25, 0.42), rng.uniform(0.42, 0.6), rng.uniform(0.66, 0.76))
    sleeve = rng.choice(sleeves, p=(0.12, 0.4, 0.12, 0.36))
    bare = rng.random()
    return {
        **{"neckline": neckline, "sleeve": sleeve},
        "hem": rng.uniform(-0.52, -0.34) if bare < 0.9 else (0.6 if bare < 0.95 else -0.05),
        "print": (  # whether, half its width, its middle, half its height
            *(float(rng.random() < 0.25), rng.uniform(0.04, 0.13), rng.uniform(-0.22, 0.0), rng.uniform(0.03, 0.12)),
        ),
        "print_colour": _colour(rng),
        "open_front": rng.uniform(0.02, 0.07) if rng.random() < 0.15 else 0.0,
        **{"lapels": _NEVER_OPEN, "tie": 0.0, "tie_colour": (0.0, 0.0, 0.0)},
    }


def _bottom_cut(rng: Rng, dress: bool) -> Numbers:
    waist = rng.uniform(-0.4, -0.28)
    cuffs = (rng.uniform(-0.62, -0.5), rng.uniform(-0.95, -0.75), rng.uniform(-1.38, -1.2))
    cuff = rng.choice(cuffs, p=(0.22, 0.13, 0.65))
    skirt = dress or rng.random() < 0.06
    return {"waist": waist, "cuff": cuff, "skirt": (float(skirt), rng.uniform(-1.25, -0.6), rng.uniform(0.0, 0.18))}


def _feet_and_hands(rng: Rng) -> Numbers:
    shoe = _cloth(rng)
    tops = (-1.6, rng.uniform(-1.38, -1.33), rng.uniform(-1.3, -1.05))
    return {
        **{"shoe": shoe, "shoe_top": rng.choice(tops, p=(0.15, 0.65, 0.2))},
        **{"sock": _cloth(rng), "sock_top": rng.uniform(-1.36, -1.15), "glove": float(rng.random() < 0.03)},
    }


def _patterns(rng: Rng) -> Numbers:
    """Four waves: radians a metre in some direction, and a phase."""
    look: Numbers = {}
    for name in WAVES:
        axis = rng.normal(size=3) * rng.choice(((1, 1, 1), (0.02, 1, 0.02), (1, 0.02, 0.3)))
        axis *= rng.uniform(25, 160) / np.linalg.norm(axis)
        look[name] = (*axis, rng.uniform(0, 6.28))
    return look


def _fit(rng: Rng) -> Numbers:
    """How far clothes stand off: top, bottom, hair and shoes; height, wave and phase of wrinkles; flare."""
    loose = rng.random() ** 2
    top, bottom = 0.003 + 0.03 * loose * rng.random(), 0.003 + 0.025 * loose * rng.random()
    return {
        "thickness": (top, bottom, rng.uniform(0.004, 0.035), rng.uniform(0.004, 0.012)),
        "wrinkle": (rng.uniform(0, 0.006) * (0.3 + loose), *rng.normal(0, 22, 3), rng.uniform(0, 6.28)),
        "flare": rng.uniform(0, 0.12) * loose,
    }


def _light(rng: Rng) -> Numbers:
    """Light from above and below and two lamps; directions are towards the lamps in camera axes."""

    def tint(strength: float) -> Array:
        warm = rng.normal(0, 0.12)
        return strength * np.array((1 + warm, 1.0, 1 - warm))

    def towards() -> Array:
        to = rng.normal(0, 1, 3) * (1, 0.7, 0.7) + np.array((0, -0.6, -0.6))
        return np.asarray(to / np.linalg.norm(to))

    key = rng.uniform(0.2, 1.1)
    ambient = rng.uniform(0.15, 0.75)
    return {
        **{"ambient": tint(ambient), "ground": tint(ambient * rng.uniform(0.3, 0.9))},
        **{"light1": tint(key), "light1_to": towards(), "light2": tint(rng.uniform(0, 0.5)), "light2_to": towards()},
        **{"gloss": rng.uniform(0, 0.25), "wrap": rng.uniform(0, 0.5)},
    }


def _linear(srgb: Array) -> Array:
    """sRGB 0..255 -> linear light 0..1, near enough."""
    return np.asarray((np.clip(srgb, 0, 255) / 255) ** 2.2)


def _mixed(rng: Rng, table: tuple[tuple[int, int, int], ...], spread: float) -> Array:
    """Between two colours of a table, varied."""
    a, b = (np.array(table[i], float) for i in rng.integers(len(table), size=2))
    mixed = _linear(a + (b - a) * rng.uniform(0, 0.5)) * np.exp(rng.normal(0, spread, 3) + rng.normal(0, 0.1))
    return np.asarray(np.clip(mixed, 0.003, 1))


def _colour(rng: Rng) -> Array:
    return _linear(np.array(colorsys.hsv_to_rgb(rng.random(), rng.random() ** 0.7, rng.uniform(0.1, 1.0))) * 255)


def _cloth(rng: Rng) -> Array:
    return _mixed(rng, _CLOTHS, 0.1) if rng.random() < 0.5 else _colour(rng)
