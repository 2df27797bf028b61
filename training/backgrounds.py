"""Pictures without people: flat, graded, patterned, rooms, outdoors, clutter, and several of these at once; and real
places, where there are any. RGB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.chances import Rng, chosen
from training.places import Places, read_places

Image = NDArray[np.uint8]
Canvas = NDArray[Any]  # (H, W, 3), 0..255 but for overshoots, of any type while it is made
Colour = NDArray[np.float32]

_POOL_PX = 320
_REAL = 0.5  # of the backgrounds are real places, where there are any
_NOWHERE = Places()


class Pool:
    """Backgrounds made ahead of use, since each takes longer to make than a person to put on it."""

    def __init__(self, rng: Rng, count: int, places: Places = _NOWHERE) -> None:
        self._places = places
        self.images = [self._new(rng) for _ in range(count)]

    def renew(self, rng: Rng) -> None:
        """Replace one."""
        self.images[rng.integers(len(self.images))] = self._new(rng)

    def whole(self, rng: Rng, size_wh: tuple[int, int]) -> Image:
        """One of them, (H, W, 3) uint8, stretched to the size."""
        image = self.images[rng.integers(len(self.images))]
        return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def part(self, rng: Rng, size_wh: tuple[int, int]) -> Image:
        """A part of one of them, perhaps flipped: (H, W, 3) uint8."""
        image = self.images[rng.integers(len(self.images))]
        side = rng.uniform(0.3, 1.0) * _POOL_PX
        wide, high = side * min(1.0, size_wh[0] / size_wh[1]), side * min(1.0, size_wh[1] / size_wh[0])
        x, y = rng.uniform(0, _POOL_PX - wide), rng.uniform(0, _POOL_PX - high)
        cut = image[int(y) : int(y + high) + 1, int(x) : int(x + wide) + 1]
        scaled = np.asarray(cv2.resize(cut, size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)
        return scaled[:, ::-1] if rng.random() < 0.5 else scaled

    def _new(self, rng: Rng) -> Image:
        return random_background(rng, (_POOL_PX, _POOL_PX), self._places)


def pool_of(rng: Rng, count: int, places: Path | None) -> Pool:
    """A pool, with real places out of a folder if one is given, see `read_places`."""
    return Pool(rng, count, read_places(places))


def random_background(rng: Rng, size_wh: tuple[int, int], places: Places = _NOWHERE) -> Image:
    """(H, W, 3) uint8."""
    width, height = size_wh
    if any(places) and rng.random() < _REAL:
        image = _place(rng, height, width, places)
    else:
        image = chosen(rng, _KINDS)(rng, height, width)
    if rng.random() < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 6))
    if rng.random() < 0.4:
        image = image + rng.normal(0, rng.uniform(1, 12), (height, width, 1)).astype(np.float32)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def random_colour(rng: Rng) -> Colour:
    """(3,) float32 in 0..255, greyish more often than not."""
    grey = rng.uniform(10, 250)
    return np.clip(grey + rng.normal(0, rng.choice((6, 30, 80)), 3), 0, 255).astype(np.float32)


# Kinds of pictures: (rng, height, width) -> (H, W, 3).


def _flat(rng: Rng, height: int, width: int) -> Canvas:
    return np.tile(random_colour(rng), (height, width, 1))


def _graded(rng: Rng, height: int, width: int) -> Canvas:
    corners = np.stack([random_colour(rng) for _ in range(4)]).reshape(2, 2, 3)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR))


def _clouds(rng: Rng, height: int, width: int) -> Canvas:
    """Noise of all sizes, large ones strongest."""
    image = np.zeros((height, width, 3), np.float32)
    fall = rng.uniform(0.4, 0.95)
    for octave in range(1, 8):
        size = 2**octave
        grain = rng.normal(0, 1, (size, size, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        scaled = cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
        image += fall**octave * scaled.reshape(height, width, -1)
    image = (image - image.mean()) / (image.std() + 1e-6)
    return np.asarray(random_colour(rng) + image * rng.uniform(10, 60))


def _room(rng: Rng, height: int, width: int) -> Canvas:
    """A wall, a floor, furniture as boxes, a window or pictures on the wall."""
    image = _graded(rng, height, width) * 0.3 + random_colour(rng) * 0.7
    floor = int(height * rng.uniform(0.5, 1.0))
    image[floor:] = _graded(rng, max(height - floor, 1), width)[: height - floor] * 0.4 + random_colour(rng) * 0.6
    image = np.ascontiguousarray(image, np.float32)
    for _ in range(rng.integers(0, 7)):
        _furniture(rng, image, floor)
    return image


def _furniture(rng: Rng, image: Canvas, floor: int) -> None:
    """A box on the floor or on the wall, sometimes framed, sometimes with shelves."""
    height, width = image.shape[:2]
    w, h = rng.uniform(0.06, 0.5) * width, rng.uniform(0.06, 0.6) * height
    x = rng.uniform(-0.1, 1) * width
    standing = rng.random() < 0.6
    y = floor - h * rng.uniform(0.6, 1.1) if standing else rng.uniform(0, 0.5) * height
    colour = random_colour(rng)
    first, last = (int(x), int(y)), (int(x + w), int(y + h))
    cv2.rectangle(image, first, last, colour.tolist(), -1)
    if rng.random() < 0.6:
        cv2.rectangle(image, first, last, (colour * rng.uniform(0.3, 1.5)).tolist(), int(rng.integers(1, 5)))
    if rng.random() < 0.4:
        for line in np.linspace(y, y + h, int(rng.integers(2, 9))):
            cv2.line(image, (first[0], int(line)), (last[0], int(line)), (colour * 0.6).tolist(), 1)


def _outdoors(rng: Rng, height: int, width: int) -> Canvas:
    """Sky and ground, houses and trees on the horizon, sometimes the lines of a court or a road."""
    image = np.empty((height, width, 3), np.float32)
    horizon = int(height * rng.uniform(0.2, 0.8))
    image[:horizon] = _graded(rng, max(horizon, 1), width)[:horizon]
    ground = _clouds(rng, height, width) * 0.5 + random_colour(rng) * 0.5
    image[horizon:] = ground[horizon:]
    for _ in range(rng.integers(0, 12)):
        x, top = rng.uniform(0, width), horizon - rng.uniform(0, 0.5) * height
        colour = random_colour(rng)
        if rng.random() < 0.5:
            cv2.rectangle(image, (int(x), int(top)), (int(x + rng.uniform(5, 60)), horizon), colour.tolist(), -1)
        else:
            cv2.line(image, (int(x), horizon + 5), (int(x), int(top)), (colour * 0.4).tolist(), int(rng.integers(1, 8)))
            cv2.circle(image, (int(x), int(top)), int(rng.integers(6, 40)), colour.tolist(), -1, cv2.LINE_AA)
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 5)):
            a, b = rng.uniform((0, horizon), (width, height), (2, 2)).astype(int).tolist()
            cv2.line(image, a, b, random_colour(rng).tolist(), int(rng.integers(1, 6)), cv2.LINE_AA)
    return image


def _place(rng: Rng, height: int, width: int, places: Places) -> Canvas:
    """A real place, sometimes with clutter before it, which is sharper."""
    image = np.ascontiguousarray(places.picture(rng, (width, height)), np.float32)
    if rng.random() < 0.4:
        _strew(rng, image)
    return image


def _clutter(rng: Rng, height: int, width: int) -> Canvas:
    """Shapes of any colour over one of the simpler kinds."""
    base = (_flat, _graded, _clouds, _room)[rng.integers(4)](rng, height, width)
    image = np.ascontiguousarray(base, np.float32)
    _strew(rng, image)
    return image


def _strew(rng: Rng, image: Canvas) -> None:
    """Draw shapes of any colour into it."""
    height, width = image.shape[:2]
    count, largest = int(rng.integers(5, 60)), rng.uniform(0.05, 0.4)
    for _ in range(count):
        centre = rng.uniform((0, 0), (width, height))
        size = largest * width * rng.random() ** 1.5 + 3
        colour = random_colour(rng).tolist()
        _SHAPES[rng.integers(len(_SHAPES))](rng, image, centre, size, colour)


def _tiles(rng: Rng, height: int, width: int) -> Canvas:
    """Stripes or checks of two colours."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.choice((0.0, rng.uniform(0, np.pi)))
    a, b = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    mask = np.sin(a * rng.uniform(0.03, 1.2)) > rng.uniform(-0.8, 0.8)
    if rng.random() < 0.6:
        mask ^= np.sin(b * rng.uniform(0.03, 1.2)) > rng.uniform(-0.8, 0.8)
    return np.where(mask[..., None], random_colour(rng), random_colour(rng))


def _noise(rng: Rng, height: int, width: int) -> Canvas:
    """Blocks of random colours."""
    small = rng.uniform(0, 255, (height // int(rng.integers(1, 8)) + 1, width // int(rng.integers(1, 8)) + 1, 3))
    return np.asarray(cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST))


def _rows(rng: Rng, height: int, width: int) -> Canvas:
    """One small thing again and again, as seats, windows, books or leaves are, each a little different."""
    thing_px = (int(rng.integers(4, 40)), int(rng.integers(4, 40)))
    thing = np.ascontiguousarray(np.tile(random_colour(rng), (*thing_px, 1)))
    for _ in range(rng.integers(1, 5)):
        centre = rng.uniform((0, 0), thing_px[::-1])
        _SHAPES[rng.integers(len(_SHAPES))](rng, thing, centre, float(rng.uniform(2, 14)), random_colour(rng).tolist())
    down, across = height // thing_px[0] + 1, width // thing_px[1] + 1
    image = np.tile(thing, (down, across, 1))
    light = 1 + rng.uniform(0, 0.3) * rng.normal(0, 1, (down, across, 1)).repeat(thing_px[0], 0).repeat(thing_px[1], 1)
    image = (image * light)[:height, :width].astype(np.float32)
    lean = np.array(((1, rng.normal(0, 0.15), 0), (rng.normal(0, 0.15), 1, 0)))
    return np.asarray(cv2.warpAffine(image, lean, (width, height), borderMode=cv2.BORDER_REFLECT))


def _patchwork(rng: Rng, height: int, width: int) -> Canvas:
    """Regions of other kinds, as most real pictures are; sometimes letters over them, or a net."""
    image = np.ascontiguousarray(chosen(rng, _SIMPLE_KINDS)(rng, height, width), np.float32)
    for _ in range(rng.integers(1, 5)):
        mask = np.zeros((height, width), np.uint8)
        if rng.random() < 0.5:  # on one side of a line
            a, b = rng.uniform(-0.1, 1.1, 2) * height
            cv2.fillPoly(mask, [np.array(((0, a), (width, b), (width, height), (0, height)), np.int32)], 1)
        else:
            shape = (_bar, _polygon, _ellipse)[rng.integers(3)]
            shape(rng, mask, rng.uniform((0, 0), (width, height)), float(rng.uniform(0.1, 0.5) * width), [1.0])
        image = np.where(mask[..., None] > 0, chosen(rng, _SIMPLE_KINDS)(rng, height, width), image)
    image = np.ascontiguousarray(image, np.float32)
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 5)):
            _letters(rng, image)
    if rng.random() < 0.15:
        _net(rng, image)
    return image


def _letters(rng: Rng, image: Canvas) -> None:
    """A word of nothing, in one colour."""
    text = "".join(map(chr, rng.integers(ord("A"), ord("z"), rng.integers(2, 12))))
    place = rng.uniform((-20, 0), image.shape[1::-1]).astype(int).tolist()
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.putText(mask, text, place, int(rng.integers(0, 8)), rng.uniform(0.3, 2.5), [1.0], int(rng.integers(1, 5)))
    image[mask > 0] = random_colour(rng)


def _net(rng: Rng, image: Canvas) -> None:
    """Meshes of one colour from side to side, as before a court or on a fence."""
    height = len(image)
    step, top = int(rng.integers(3, 12)), int(rng.uniform(0, 0.8) * height)
    bottom, colour = top + int(rng.uniform(0.1, 0.6) * height), random_colour(rng)
    image[top:bottom:step] = colour
    image[top:bottom, ::step] = colour


_SIMPLE_KINDS: tuple[tuple[float, Callable[[Rng, int, int], Canvas]], ...] = (
    *((0.06, _flat), (0.1, _graded), (0.16, _clouds), (0.2, _room), (0.14, _outdoors), (0.22, _clutter)),
    *((0.06, _tiles), (0.06, _noise), (0.2, _rows)),
)
_KINDS = (*((0.6 * weight, kind) for weight, kind in _SIMPLE_KINDS), (0.48, _patchwork))  # two of five

# Shapes of clutter, drawn into an image: centre (2,) and size in pixels.
Point = NDArray[np.float64]


def _polygon(rng: Rng, image: Canvas, centre: Point, size: float, colour: list[float]) -> None:
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 8)))
    around = np.stack((np.cos(angles), np.sin(angles)), 1)
    points = centre + size * around * rng.uniform(0.4, 1, (len(angles), 1))
    cv2.fillPoly(image, [points.astype(np.int32)], colour, cv2.LINE_AA)


def _ellipse(rng: Rng, image: Canvas, centre: Point, size: float, colour: list[float]) -> None:
    axes = (int(size * rng.uniform(0.2, 1)) + 1, int(size * rng.uniform(0.2, 1)) + 1)
    cv2.ellipse(image, centre.astype(int).tolist(), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)


def _bar(rng: Rng, image: Canvas, centre: Point, size: float, colour: list[float]) -> None:
    sides = (size * 2, size * rng.uniform(0.1, 2))
    angle = float(rng.choice((0.0, 90.0, rng.uniform(0, 180))))
    box = cv2.boxPoints((centre.tolist(), sides, angle))
    cv2.fillPoly(image, [box.astype(np.int32)], colour, cv2.LINE_AA)


def _line(rng: Rng, image: Canvas, centre: Point, size: float, colour: list[float]) -> None:
    end = centre + rng.normal(0, size * 2, 2)
    _stroke(image, centre, end, colour, int(rng.integers(1, 10)))


def _capsule(rng: Rng, image: Canvas, centre: Point, size: float, colour: list[float]) -> None:
    """Like a limb: what must not be taken for an arm."""
    end = centre + rng.normal(0, size, 2)
    _stroke(image, centre, end, colour, int(rng.integers(6, 28)))


def _stroke(image: Canvas, first: Point, last: Point, colour: list[float], width: int) -> None:
    cv2.line(image, first.astype(int).tolist(), last.astype(int).tolist(), colour, width, cv2.LINE_AA)


_SHAPES = (_polygon, _ellipse, _bar, _line, _capsule)
