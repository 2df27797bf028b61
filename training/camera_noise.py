"""What cameras, lenses and codecs do to a picture. RGB uint8 in and out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.chances import Rng

Image = NDArray[np.uint8]


def spoiled(rng: Rng, image: Image, least_px: int) -> Image:
    """The picture (H, W, 3) as a camera might give it. least_px: the coarsest height it may be reduced to."""
    if rng.random() < 0.4:
        image = _coarse(rng, image, least_px)
    image = relit(rng, _softened(rng, image))
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(1, 10), (*image.shape[:2], 1 if rng.random() < 0.5 else 3))
        image = np.clip(image + noise.astype(np.float32), 0, 255).astype(np.uint8)
    if rng.random() < 0.06:
        image = _as_image(np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2))
    if rng.random() < 0.45:
        image = _compressed(rng, image)
    return np.ascontiguousarray(image)


def _coarse(rng: Rng, image: Image, least_px: int) -> Image:
    """Of fewer pixels, made large again."""
    height, width = image.shape[:2]
    share = np.exp(rng.uniform(min(0.0, np.log(least_px / height)), 0))
    small = (max(8, round(width * share)), max(8, round(height * share)))
    image = _as_image(cv2.resize(image, small, interpolation=cv2.INTER_AREA))
    if rng.random() < 0.4:
        image = _compressed(rng, image)
    kernel = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]
    return _as_image(cv2.resize(image, (width, height), interpolation=kernel))


def _softened(rng: Rng, image: Image) -> Image:
    """Out of focus, moved, or sharpened by the camera; mostly none."""
    kind = rng.random()
    if kind < 0.3:
        return _as_image(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0)))
    if kind < 0.4:
        return _as_image(cv2.filter2D(image, -1, _streak(rng, int(rng.integers(3, 10)))))
    if kind < 0.5:
        return _as_image(cv2.addWeighted(image, 1.6, cv2.GaussianBlur(image, (0, 0), 1.2), -0.6, 0))
    return image


def relit(rng: Rng, image: Image) -> Image:
    """Exposure, white balance, contrast, black level."""
    table = np.arange(256, dtype=np.float32) / 255
    gain = np.exp(rng.normal(0, 0.16) + rng.normal(0, 0.06, 3))
    gamma = np.exp(rng.normal(0, 0.2))
    lifted = rng.uniform(-0.04, 0.08)
    tables = [np.clip(255 * ((table**gamma) * g * (1 - lifted) + lifted), 0, 255).astype(np.uint8) for g in gain]
    return np.dstack([cv2.LUT(image[..., c], tables[c]) for c in range(3)]).astype(np.uint8, copy=False)


def _compressed(rng: Rng, image: Image) -> Image:
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(22, 92))))
    return _as_image(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _streak(rng: Rng, length: int) -> NDArray[np.float32]:
    """A kernel (length, length) that moves a picture along a line."""
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle = (length - 1) / 2
    along = np.array((np.cos(angle), np.sin(angle))) * middle
    first, last = (np.rint(middle + s * along).astype(int).tolist() for s in (-1, 1))
    cv2.line(kernel, first, last, 1.0, 1)
    return np.asarray(kernel / kernel.sum())


def _as_image(picture: object) -> Image:
    """For the type checker: OpenCV gives uint8 for uint8, but does not say so."""
    return np.asarray(picture, np.uint8)
