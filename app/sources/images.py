"""Frames from image files."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import InputError, TrackingError
from app.frame import Frame
from engines.closing import Closing

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
FPS = 30.0  # images carry no time


class ImageSource(Closing):
    """An image, or a folder of images in natural order (2 before 10), taken to be 30 a second."""

    def __init__(self, path: Path, start_s: float = 0.0, duration_s: float | None = None) -> None:
        """Raises InputError where there is no image, or the first cannot be read."""
        self.name = path.name
        self.fps = FPS
        files = natural_order(path) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path} holds no images; expected {', '.join(sorted(IMAGE_SUFFIXES))}")
        end = len(files) if duration_s is None else round((start_s + duration_s) * FPS)
        self._files = list(enumerate(files))[round(start_s * FPS) : end]
        if not self._files:
            raise InputError(f"{path} has {len(files)} images, none of them in the part asked for")
        self.frame_count = len(self._files)
        first = _read(self._files[0][1])
        if first is None:
            raise InputError(f"{self._files[0][1]} cannot be read as an image")
        self.size_wh = (first.shape[1], first.shape[0])

    def __iter__(self) -> Iterator[Frame]:
        for index, file in self._files:
            rgb = _read(file)
            if rgb is None:
                raise TrackingError(f"{file} cannot be read as an image")
            if (rgb.shape[1], rgb.shape[0]) != self.size_wh:
                raise TrackingError(
                    f"{file} is {rgb.shape[1]} x {rgb.shape[0]} pixels, the images before it "
                    f"{self.size_wh[0]} x {self.size_wh[1]}; a take has one size"
                )
            yield Frame(index, index / FPS, rgb, time.perf_counter())

    def close(self) -> None:
        """Nothing is held open."""


def natural_order(folder: Path) -> list[Path]:
    """The images in a folder, numbers in their names compared as numbers."""
    return natural_order_of(
        path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    )


def natural_order_of(paths: Iterable[Path]) -> list[Path]:
    """By folder, then by name, numbers in it compared as numbers."""
    return sorted(paths, key=lambda path: (path.parent, _natural_key(path)))


def _natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Text and numbers in turn; the name itself settles 1.png against 01.png."""
    parts = re.split(r"(\d+)", path.stem.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name


def _read(path: Path) -> NDArray[np.uint8] | None:
    """RGB (H, W, 3), turned as its EXIF data say, or None. By way of the bytes, since OpenCV cannot open every path."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        return None
    try:
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # more pixels than it takes
        return None
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
