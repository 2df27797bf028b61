"""Detectors on graphs made here that always find the same boxes, in every layout that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.detectors.detector import Detector
from app.frame import Box
from engines.onnxruntime_engine import OnnxRuntimeEngine

Floats = NDArray[np.float64]
Outputs = Mapping[str, NDArray[Any]]
Dimension = int | str
LANDSCAPE, PORTRAIT = (320, 180), (180, 320)


def save_graph(
    path: Path,
    outputs: Outputs,
    inputs: Mapping[str, Sequence[Dimension]],
    dtype: int = TensorProto.FLOAT,
) -> Path:
    """A graph that gives the same outputs for every input."""
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.ascontiguousarray(value)))
        for name, value in outputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "fake",
        [helper.make_tensor_value_info(name, dtype, list(shape)) for name, shape in inputs.items()],
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in outputs.items()
        ],
    )
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def load_detector(path: Path) -> Detector:
    return Detector(OnnxRuntimeEngine(path), path)


def _corners_to_centres(xyxy: Floats) -> Floats:
    return np.concatenate(((xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]), 1)


# Each makes the outputs of one layout. xyxy: (K, 4) pixels of the input. labels: (K,) COCO classes.


def _yolox_rows(
    xyxy: Floats, scores: Floats, labels: NDArray[np.int64], input_wh: tuple[int, int], *, decoded: bool
) -> Outputs:
    """One strong row a box; YOLOX's confidence is that of an object times that of its class."""
    rows = []
    taken: set[int] = set()
    grid = [(x, y, s) for s in (8, 16, 32) for y in range(input_wh[1] // s) for x in range(input_wh[0] // s)]
    table = np.zeros((len(grid), 85))
    if decoded:  # other rows: a box the size of the cell where the cell is
        table[:, :4] = [((x + 0.5) * s, (y + 0.5) * s, s, s) for x, y, s in grid]
    for k, (x, y, w, h) in enumerate(_corners_to_centres(xyxy)):
        stride = (32, 16, 8)[k % 3]
        centre = (x, y) if np.isfinite((x, y)).all() else (0.0, 0.0)
        row = grid.index((int(centre[0] // stride), int(centre[1] // stride), stride))
        assert row not in taken
        taken.add(row)
        column_of, row_of, _ = grid[row]
        undecoded = (x / stride - column_of, y / stride - row_of, np.log(w / stride), np.log(h / stride))
        table[row, :4] = (x, y, w, h) if decoded else undecoded
        table[row, 4], table[row, 5 + labels[k]] = scores[k] / 0.96, 0.96
        rows.append(row)
    return {"output": table[None].astype(np.float32)}


def _yolox(xyxy: Floats, scores: Floats, labels: NDArray[np.int64], input_wh: tuple[int, int]) -> Outputs:
    return _yolox_rows(xyxy, scores, labels, input_wh, decoded=False)


def _yolox_decoded(xyxy: Floats, scores: Floats, labels: NDArray[np.int64], input_wh: tuple[int, int]) -> Outputs:
    return _yolox_rows(xyxy, scores, labels, input_wh, decoded=True)


def _rtmdet(xyxy: Floats, scores: Floats, labels: NDArray[np.int64], _input_wh: tuple[int, int]) -> Outputs:
    return {"dets": np.column_stack((xyxy, scores))[None].astype(np.float32), "labels": labels[None]}


def yolov8(
    xyxy: Floats, scores: Floats, labels: NDArray[np.int64], input_wh: tuple[int, int], classes: int = 80
) -> Outputs:
    cells = sum((input_wh[0] // s) * (input_wh[1] // s) for s in (8, 16, 32))
    table = np.zeros((cells, 4 + classes))
    for k, box in enumerate(_corners_to_centres(xyxy)):
        table[10 * k + 7, :4] = box
        table[10 * k + 7, 4 + labels[k]] = scores[k]
    return {"output0": table.T[None].astype(np.float32)}


def _yolov8_people(xyxy: Floats, scores: Floats, labels: NDArray[np.int64], input_wh: tuple[int, int]) -> Outputs:
    """The head of a network trained for people only."""
    people = labels == 0
    return yolov8(xyxy[people], scores[people], labels[people], input_wh, classes=1)


def _bundle(xyxy: Floats, scores: Floats, labels: NDArray[np.int64], _input_wh: tuple[int, int]) -> Outputs:
    """It knows nothing but people."""
    people = labels == 0
    return {"boxes": xyxy[people][None].astype(np.float32), "scores": scores[people][None].astype(np.float32)}


MAKERS: Mapping[str, Callable[[Floats, Floats, NDArray[np.int64], tuple[int, int]], Outputs]] = {
    "yolox": _yolox,
    "yolox-decoded": _yolox_decoded,
    "rtmdet": _rtmdet,
    "yolov8": yolov8,
    "yolov8-people": _yolov8_people,
    "bundle": _bundle,
}
CENTRED = ("yolov8", "yolov8-people")  # Ultralytics pads on both sides, the others to the right and below


def make_detector(
    path: Path,
    layout: str,
    xyxy: Sequence[Sequence[float]],
    scores: Sequence[float],
    labels: Sequence[int] | None = None,
    *,
    input_wh: tuple[int, int] = (640, 640),
    shape_wh: tuple[Dimension, Dimension] | None = None,
) -> Detector:
    """A detector that always finds these boxes, in pixels of its input. shape_wh: what the graph says of its size."""
    outputs = MAKERS[layout](
        np.array(xyxy, float).reshape(-1, 4), np.array(scores, float), np.array(labels or [0] * len(scores)), input_wh
    )
    width, height = shape_wh or input_wh
    if layout == "bundle":
        return load_detector(save_graph(path, outputs, {"image": (1, height, width, 3)}, TensorProto.UINT8))
    return load_detector(save_graph(path, outputs, {"images": (1, 3, height, width)}))


def in_input(
    layout: str, xyxy: Sequence[float], frame_wh: tuple[int, int], input_wh: tuple[int, int] = (640, 640)
) -> list[float]:
    """Where a box of the frame is in the letterboxed input."""
    scale = min(input_wh[0] / frame_wh[0], input_wh[1] / frame_wh[1])
    spare = [(input_wh[axis] - round(frame_wh[axis] * scale)) // 2 if layout in CENTRED else 0 for axis in (0, 1)]
    return [value * scale + spare[k % 2] for k, value in enumerate(xyxy)]


def black_frame(size_wh: tuple[int, int] = LANDSCAPE) -> NDArray[np.uint8]:
    return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)


def assert_near(found: Box, xyxy_px: Sequence[float]) -> None:
    np.testing.assert_allclose(found.xyxy_px, xyxy_px, atol=0.05)


# Pixels of the input.
ONE, ONE_AGAIN, OTHER = (100, 60, 220, 300), (106, 66, 226, 296), (400, 90, 500, 280)
