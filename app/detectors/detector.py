"""A person detector from an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.detectors.layouts import recognised
from app.detectors.letterbox import Letterbox
from app.errors import InputError
from app.frame import Box
from engines.engine import Engine, TensorSpec

_SIDE_PX = 640  # where the graph leaves its input's size open
SURE = 0.37  # score from which a detector is believed
_MAX_OVERLAP = 0.5


class Detector:
    """Finds people with any of the layouts of `app.detectors.layouts`, recognised by the graph's outputs."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """Raises InputError for a graph that is not a detector, after one run on a grey picture."""
        if len(engine.inputs) != 1:
            raise InputError(f"{path} is not a detector: it takes {', '.join(engine.inputs)}, expected one picture")
        self._engine = engine
        ((self._input, spec),) = engine.inputs.items()
        self._dtype = spec.dtype
        self._input_wh = _input_wh(path, spec)
        grey = np.full((*self._input_wh[::-1], 3), 114, np.uint8)
        first = grey if spec.dtype == np.uint8 else np.moveaxis(grey, -1, 0)
        outputs = self._run(first[None])
        shapes = {name: array.shape for name, array in outputs.items()}
        self._layout = recognised(str(path), shapes, self._input_wh)

    def detect(self, rgb: NDArray[np.uint8], least: float = SURE) -> tuple[Box, ...]:
        """People in a frame (H, W, 3) of at least that score, surest first, overlapping ones merged."""
        letterbox = Letterbox.fit((rgb.shape[1], rgb.shape[0]), self._input_wh, centred=self._layout.centred)
        xyxy, scores = self._layout.boxes(self._run(self._layout.feed(letterbox.warp(rgb))))
        sure = (scores >= least) & np.isfinite(xyxy).all(1) & (xyxy[:, 2:] > xyxy[:, :2]).all(1)
        boxes, scores = letterbox.frame_from_input(xyxy[sure]), scores[sure]
        kept = _without_doubles(boxes, scores, least)
        return tuple(Box(_as_tuple(boxes[k]), float(min(scores[k], 1.0))) for k in kept)

    def _run(self, picture: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        return self._engine.run({self._input: picture.astype(self._dtype, copy=False)})


def _input_wh(path: Path, spec: TensorSpec) -> tuple[int, int]:
    channels_last = spec.dtype == np.uint8
    if len(spec.shape) != 4 or spec.shape[3 if channels_last else 1] not in (3, None):
        raise InputError(f"{path} is not a detector: it takes {spec}, expected a picture of three channels")
    height, width = spec.shape[1:3] if channels_last else spec.shape[2:4]
    return width or _SIDE_PX, height or _SIDE_PX


def _without_doubles(boxes: NDArray[np.float64], scores: NDArray[np.float32], least: float) -> list[int]:
    """Non-maximum suppression: rows to keep, surest first."""
    if not len(boxes):
        return []
    xywh = np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), 1)
    kept = cv2.dnn.NMSBoxes(xywh.tolist(), scores.tolist(), least, _MAX_OVERLAP)
    return [int(k) for k in np.asarray(kept).reshape(-1)]


def _as_tuple(box: NDArray[np.float64]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in box)
    return x1, y1, x2, y2
