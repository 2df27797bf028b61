"""Backgrounds of real places: views of panoramas, in any direction and at any exposure. RGB."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from training.chances import Rng

Image = NDArray[np.uint8]
Panorama = NDArray[np.float32]  # (H, 2 H, 3) linear light, equirectangular: up is row 0

_GAMMA = 2.2
_HEIGHT_DEG = (30, 85)  # that a view sees
_PITCH_DEG, _ROLL_DEG = 12, 3  # standard deviations
_BRIGHTNESS = (0.08, 0.5)  # of a view's median, where 1 is white
_TINTS = 0.06


def as_light(image: NDArray[np.uint8] | NDArray[np.float32]) -> Panorama:
    """Of a picture (H, 2 H, 3): RGB of 8 bits, or light as it is."""
    return np.asarray((image / 255) ** _GAMMA if image.dtype == np.uint8 else image, np.float32)


def view(rng: Rng, panoramas: Sequence[Panorama], size_wh: tuple[int, int]) -> Image:
    """(H, W, 3) uint8: what a camera there sees."""
    width, height = size_wh
    panorama = panoramas[int(rng.integers(len(panoramas)))]
    half = np.tan(np.radians(rng.uniform(*_HEIGHT_DEG)) / 2)
    y, x = (np.mgrid[:height, :width] + 0.5 - np.array((height, width))[:, None, None] / 2) * (2 * half / height)
    angles = (rng.uniform(-180, 180), rng.normal(0, _PITCH_DEG), rng.normal(0, _ROLL_DEG))
    rays = np.stack((x, y, np.ones_like(x)), -1) @ Rotation.from_euler("YXZ", angles, degrees=True).as_matrix().T
    seen = _looked_up(panorama, rays)
    brightness = np.exp(rng.uniform(*np.log(_BRIGHTNESS)))
    light = seen * (brightness / max(float(np.median(seen)), 1e-6)) * np.exp(rng.normal(0, _TINTS, 3))
    shown = 255 * np.clip(light, 0, 1) ** (1 / _GAMMA)
    return np.asarray(shown[:, ::-1] if rng.random() < 0.5 else shown, np.uint8)


def _looked_up(panorama: Panorama, rays: NDArray[np.float64]) -> NDArray[np.float32]:
    """rays: (H, W, 3), y down -> (H, W, 3) linear light."""
    high = len(panorama)
    azimuth = np.arctan2(rays[..., 0], rays[..., 2])
    elevation = np.arctan2(rays[..., 1], np.hypot(rays[..., 0], rays[..., 2]))
    across = (azimuth / np.pi + 1) * high - 0.5
    down = np.clip((elevation / np.pi + 0.5) * high - 0.5, 0, high - 1)
    found = cv2.remap(
        panorama,
        across.astype(np.float32),
        down.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(found, np.float32)
