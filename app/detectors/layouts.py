"""What public detectors' graphs take and give, converted here and nowhere else.

Each layout makes the input of one letterboxed picture, and boxes (K, 4) xyxy input pixels with scores (K,) from the
outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError

Floats = NDArray[np.float32]
Boxes = tuple[Floats, Floats]

_PERSON = 0  # the first of COCO's classes
_COCO_MEAN_BGR = np.array([103.53, 116.28, 123.675], np.float32)
_COCO_STD_BGR = np.array([57.375, 57.12, 58.395], np.float32)
_YOLOX_STRIDES = (8, 16, 32)
_LARGEST_LOG_SIZE = 10.0  # e^10 cells: no box of an undecoded output is that large, nearly every decoded one is


class Layout(Protocol):
    """One family of detectors."""

    @property
    def centred(self) -> bool:
        """Whether the picture is in the middle of the input, or in its corner."""
        ...

    def feed(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """(H, W, 3) RGB uint8, letterboxed -> the graph's input, with a batch axis."""
        ...

    def boxes(self, outputs: Mapping[str, NDArray[Any]]) -> Boxes: ...


@dataclass(frozen=True)
class BundleLayout:
    """A bundle's own detector: uint8 in; boxes and scores out."""

    centred: bool = False

    def feed(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        return picture[None]

    def boxes(self, outputs: Mapping[str, NDArray[Any]]) -> Boxes:
        return outputs["boxes"][0].astype(np.float32), outputs["scores"][0].astype(np.float32)


@dataclass(frozen=True)
class RtmdetLayout:
    """RTMDet "end to end" as MMDeploy writes it: normalised BGR in; dets (1, K, 5) and labels (1, K) out."""

    centred: bool = False

    def feed(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        bgr = picture[..., ::-1].astype(np.float32)
        return _planes((bgr - _COCO_MEAN_BGR) / _COCO_STD_BGR)

    def boxes(self, outputs: Mapping[str, NDArray[Any]]) -> Boxes:
        people = outputs["dets"][0][outputs["labels"][0] == _PERSON].astype(np.float32)
        return people[:, :4], people[:, 4]


@dataclass(frozen=True)
class YoloxLayout:
    """YOLOX: BGR in 0..255 in; (1, cells, 5 + classes) out, as offsets and log sizes in cells, or already in pixels."""

    input_wh: tuple[int, int]
    centred: bool = False

    def feed(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        return _planes(picture[..., ::-1].astype(np.float32))

    def boxes(self, outputs: Mapping[str, NDArray[Any]]) -> Boxes:
        (rows,) = outputs.values()
        rows = rows[0].astype(np.float32)  # (cells, 5 + classes)
        scores = rows[:, 4] * rows[:, 5 + _PERSON]
        grid, stride = yolox_cells(self.input_wh)
        sizes = rows[:, 2:4]
        largest = sizes[np.isfinite(sizes)].max(initial=0.0)
        if largest < _LARGEST_LOG_SIZE:
            return _corners((rows[:, :2] + grid) * stride, np.exp(rows[:, 2:4]) * stride), scores
        return _corners(rows[:, :2], rows[:, 2:4]), scores


@dataclass(frozen=True)
class Yolov8Layout:
    """The YOLOv8 head: RGB in 0..1 in; (1, 4 + classes, cells) out, centres and sizes in pixels."""

    centred: bool = True

    def feed(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        return _planes(picture.astype(np.float32) / np.float32(255))

    def boxes(self, outputs: Mapping[str, NDArray[Any]]) -> Boxes:
        (columns,) = outputs.values()
        rows = columns[0].T.astype(np.float32)  # (cells, 4 + classes)
        return _corners(rows[:, :2], rows[:, 2:4]), rows[:, 4 + _PERSON]


def recognised(name: str, outputs: Mapping[str, Sequence[int]], input_wh: tuple[int, int]) -> Layout:
    """The layout of a graph whose outputs have these shapes. Raises InputError naming those that are known."""
    if {"boxes", "scores"} <= outputs.keys():
        return BundleLayout()
    if {"dets", "labels"} <= outputs.keys():
        return RtmdetLayout()
    shapes = list(outputs.values())
    cells = len(yolox_cells(input_wh)[0])
    if len(shapes) == 1 and len(shapes[0]) == 3:
        _, first, second = shapes[0]
        # Heads with the boxes already chosen, (1, 300, 6), have as many columns, which mean something else.
        if first == cells and second >= 6:
            return YoloxLayout(input_wh)
        if second > first >= 5:
            return Yolov8Layout()
    found = ", ".join(f"{output} {tuple(shape)}" for output, shape in outputs.items())
    raise InputError(
        f"{name} is not a detector wb-track knows: it gives {found}; expected YOLOX (1, {cells} cells, 5 + classes), "
        "the YOLOv8 head (1, 4 + classes, cells), RTMDet end to end (dets, labels), or a bundle's own (boxes, scores)"
    )


def yolox_cells(input_wh: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cell of each row of an undecoded output, (cells, 2) x, y, and its stride, (cells, 1) pixels."""
    grids, strides = [], []
    for stride in _YOLOX_STRIDES:
        columns, rows = input_wh[0] // stride, input_wh[1] // stride
        y, x = np.mgrid[0:rows, 0:columns]
        grids.append(np.stack((x, y), -1).reshape(-1, 2))
        strides.append(np.full((rows * columns, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _planes(picture: Floats) -> Floats:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])


def _corners(centre: Floats, size: Floats) -> Floats:
    return np.concatenate((centre - size / 2, centre + size / 2), 1)
