"""Pictures without people: flat, graded, patterned, rooms, outdoors, clutter. RGB uint8."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Rng = np.random.Generator
Image = np.ndarray


def random_background(rng: Rng, size_wh: tuple[int, int]) -> Image:
    """(H, W, 3) uint8."""
    kinds: tuple[tuple[float, Callable[[Rng, int, int], Image]], ...] = (
        *((0.06, _flat), (0.1, _graded), (0.16, _clouds), (0.2, _room), (0.14, _outdoors), (0.22, _clutter)),
        *((0.06, _tiles), (0.06, _noise)),
    )
    shares = np.array([share for share, _ in kinds])
    width, height = size_wh
    image = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))][1](rng, height, width)
    if rng.random() < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 6))
    if rng.random() < 0.4:
        image = image + rng.normal(0, rng.uniform(1, 12), (height, width, 1)).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def random_colour(rng: Rng) -> np.ndarray:
    """(3,) float32 in 0..255, greyish more often than not."""
    grey = rng.uniform(10, 250)
    return np.clip(grey + rng.normal(0, rng.choice((6, 30, 80)), 3), 0, 255).astype(np.float32)


def _flat(rng: Rng, height: int, width: int) -> Image:
    return np.tile(random_colour(rng), (height, width, 1))


def _graded(rng: Rng, height: int, width: int) -> Image:
    corners = np.stack([random_colour(rng) for _ in range(4)]).reshape(2, 2, 3)
    return cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)


def _clouds(rng: Rng, height: int, width: int) -> Image:
    """Noise of all sizes, large ones strongest."""
    image = np.zeros((height, width, 3), np.float32)
    fall = rng.uniform(0.4, 0.95)
    for octave in range(1, 8):
        size = 2**octave
        grain = rng.normal(0, 1, (size, size, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        scaled = cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
        image += fall**octave * scaled.reshape(height, width, -1)
    image = (image - image.mean()) / (image.std() + 1e-6)
    return random_colour(rng) + image * rng.uniform(10, 60)


def _shapes(rng: Rng, image: Image, count: int, largest: float) -> Image:
    """Polygons, ellipses, bars and lines of any colour, some of them textured."""
    height, width = image.shape[:2]
    for _ in range(count):
        centre = rng.uniform((0, 0), (width, height))
        size = largest * width * rng.random() ** 1.5 + 3
        colour = [float(c) for c in random_colour(rng)]
        kind = rng.integers(5)
        if kind == 0:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 8)))
            points = centre + size * np.stack((np.cos(angles), np.sin(angles)), 1) * rng.uniform(0.4, 1, (len(angles), 1))
            cv2.fillPoly(image, [points.astype(np.int32)], colour, cv2.LINE_AA)
        elif kind == 1:
            axes = (int(size * rng.uniform(0.2, 1)) + 1, int(size * rng.uniform(0.2, 1)) + 1)
            cv2.ellipse(image, centre.astype(int).tolist(), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
        elif kind == 2:
            box = cv2.boxPoints((centre.tolist(), (size * 2, size * rng.uniform(0.1, 2)), rng.choice((0.0, 90.0, rng.uniform(0, 180)))))
            cv2.fillPoly(image, [box.astype(np.int32)], colour, cv2.LINE_AA)
        elif kind == 3:
            end = centre + rng.normal(0, size * 2, 2)
            cv2.line(image, centre.astype(int).tolist(), end.astype(int).tolist(), colour, int(rng.integers(1, 10)), cv2.LINE_AA)
        else:  # a limb-like capsule: what must not be taken for an arm
            end = centre + rng.normal(0, size, 2)
            cv2.line(image, centre.astype(int).tolist(), end.astype(int).tolist(), colour, int(rng.integers(6, 28)), cv2.LINE_AA)
    return image


def _room(rng: Rng, height: int, width: int) -> Image:
    """A wall, a floor, furniture as boxes, a window or pictures on the wall."""
    image = _graded(rng, height, width) * 0.3 + random_colour(rng) * 0.7
    floor = int(height * rng.uniform(0.5, 1.0))
    image[floor:] = _graded(rng, max(height - floor, 1), width)[: height - floor] * 0.4 + random_colour(rng) * 0.6
    image = np.ascontiguousarray(image, np.float32)
    for _ in range(rng.integers(0, 7)):
        w, h = rng.uniform(0.06, 0.5) * width, rng.uniform(0.06, 0.6) * height
        x, y = rng.uniform(-0.1, 1) * width, (floor - h * rng.uniform(0.6, 1.1)) if rng.random() < 0.6 else rng.uniform(0, 0.5) * height
        colour = random_colour(rng)
        first, last = (int(x), int(y)), (int(x + w), int(y + h))
        cv2.rectangle(image, first, last, colour.tolist(), -1)
        if rng.random() < 0.6:
            cv2.rectangle(image, first, last, (colour * rng.uniform(0.3, 1.5)).tolist(), int(rng.integers(1, 5)))
        if rng.random() < 0.4:
            for line in np.linspace(y, y + h, int(rng.integers(2, 9))):
                cv2.line(image, (first[0], int(line)), (last[0], int(line)), (colour * 0.6).tolist(), 1)
    return image


def _outdoors(rng: Rng, height: int, width: int) -> Image:
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
    if rng.random() < 0.3:  # lines of a court or a road
        for _ in range(rng.integers(1, 5)):
            a, b = rng.uniform((0, horizon), (width, height), (2, 2)).astype(int).tolist()
            cv2.line(image, a, b, random_colour(rng).tolist(), int(rng.integers(1, 6)), cv2.LINE_AA)
    return image


def _clutter(rng: Rng, height: int, width: int) -> Image:
    base = (_flat, _graded, _clouds, _room)[rng.integers(4)](rng, height, width)
    return _shapes(rng, np.ascontiguousarray(base, np.float32), int(rng.integers(5, 60)), rng.uniform(0.05, 0.4))


def _tiles(rng: Rng, height: int, width: int) -> Image:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.choice((0.0, rng.uniform(0, np.pi)))
    a, b = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    mask = np.sin(a * rng.uniform(0.03, 1.2)) > rng.uniform(-0.8, 0.8)
    if rng.random() < 0.6:
        mask ^= np.sin(b * rng.uniform(0.03, 1.2)) > rng.uniform(-0.8, 0.8)
    return np.where(mask[..., None], random_colour(rng), random_colour(rng))


def _noise(rng: Rng, height: int, width: int) -> Image:
    small = rng.uniform(0, 255, (height // int(rng.integers(1, 8)) + 1, width // int(rng.integers(1, 8)) + 1, 3))
    return cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
