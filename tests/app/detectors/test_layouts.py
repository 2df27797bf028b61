"""What each layout is fed and how its outputs are read, and what is no layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.detectors.layouts import (
    BundleLayout,
    Layout,
    RtmdetLayout,
    Yolov8Layout,
    YoloxLayout,
    recognised,
    yolox_cells,
)
from app.errors import InputError
from tests.app.detectors.graphs import load_detector, save_graph


def test_the_score_of_yolox_is_that_of_an_object_times_that_of_a_person() -> None:
    rows = np.zeros((1, 8400, 85), np.float32)
    rows[0, 0, 4], rows[0, 0, 5] = 0.6, 0.5
    _, scores = YoloxLayout((640, 640)).boxes({"output": rows})
    assert scores[0] == pytest.approx(0.3)


_PICTURE = np.full((8, 12, 3), (200, 120, 40), np.uint8)  # RGB


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        # BGR as it is.
        (YoloxLayout((12, 8)), (40, 120, 200)),
        # BGR, the mean of the training pictures taken away, divided by their deviation.
        (RtmdetLayout(), ((40 - 103.53) / 57.375, (120 - 116.28) / 57.12, (200 - 123.675) / 58.395)),
        # RGB in 0..1.
        (Yolov8Layout(), (200 / 255, 120 / 255, 40 / 255)),
    ],
)
def test_float_layouts_feed_planes_in_their_own_colours(layout: Layout, expected: tuple[float, float, float]) -> None:
    fed = layout.feed(_PICTURE)
    assert (fed.shape, fed.dtype.name) == ((1, 3, 8, 12), "float32")
    np.testing.assert_allclose(fed[0, :, 4, 6], expected, rtol=1e-5)


def test_a_bundles_own_detector_is_fed_the_picture_itself() -> None:
    fed = BundleLayout().feed(_PICTURE)
    assert fed.dtype.name == "uint8"
    np.testing.assert_array_equal(fed, _PICTURE[None])


@pytest.mark.parametrize(
    ("outputs", "layout"),
    [
        # The released YOLOX, RTMDet and YOLOv8, at their usual sizes and classes.
        ({"output": (1, 8400, 85)}, YoloxLayout((640, 640))),
        ({"output": (1, 8400, 6)}, YoloxLayout((640, 640))),
        ({"dets": (1, 100, 5), "labels": (1, 100)}, RtmdetLayout()),
        ({"output0": (1, 84, 8400)}, Yolov8Layout()),
        ({"output0": (1, 5, 8400)}, Yolov8Layout()),
        # A bundle's own, whatever else it gives.
        ({"boxes": (1, 20, 4), "scores": (1, 20)}, BundleLayout()),
        ({"boxes": (1, 20, 4), "scores": (1, 20), "features": (1, 8)}, BundleLayout()),
    ],
)
def test_a_layout_is_recognised_by_the_outputs(outputs: Mapping[str, Sequence[int]], layout: Layout) -> None:
    assert recognised("d.onnx", outputs, (640, 640)) == layout


@pytest.mark.parametrize(("input_wh", "cells"), [((416, 416), 3549), ((320, 256), 1680)])
def test_yolox_has_a_row_for_each_cell_of_its_own_input(input_wh: tuple[int, int], cells: int) -> None:
    assert recognised("d.onnx", {"output": (1, cells, 85)}, input_wh) == YoloxLayout(input_wh)
    with pytest.raises(InputError, match=rf"expected YOLOX \(1, {cells} cells, 5 \+ classes\)"):
        recognised("d.onnx", {"output": (1, cells + 1, 85)}, input_wh)


@pytest.mark.parametrize(
    "outputs",
    [
        # A pose network, a classifier, a segmenter.
        {"heatmap": (1, 17, 64, 48)},
        {"logits": (1, 1000)},
        {"output0": (1, 116, 8400), "output1": (1, 32, 160, 160)},
        # Nearly one that is known: without labels, without an object's score, of another input's size, and the ends
        # of YOLOv10 and its like, with the boxes chosen, as corners, score and class.
        {"dets": (1, 100, 5)},
        {"output": (1, 84, 5)},
        {"output": (1, 8400, 85)},
        {"output0": (1, 300, 6)},
    ],
)
def test_unknown_outputs_are_refused_with_what_was_found(tmp_path: Path, outputs: Mapping[str, Sequence[int]]) -> None:
    arrays = {name: np.zeros(shape, np.float32) for name, shape in outputs.items()}
    path = save_graph(tmp_path / "other.onnx", arrays, {"images": (1, 3, 64, 64)})
    with pytest.raises(InputError, match=r"other\.onnx is not a detector wb-track knows") as caught:
        load_detector(path)
    for name, shape in outputs.items():
        assert f"{name} {tuple(shape)}" in str(caught.value)
    assert "YOLOX" in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        # More than one input.
        ({"image": (1, 3, 64, 64), "scale": (1, 4)}, "it takes image, scale, expected one picture"),
        # One channel, numbers that are no picture, channels last.
        ({"image": (1, 1, 64, 64)}, r"it takes float32 \(1, 1, 64, 64\), expected a picture of three channels"),
        ({"image": (1, 512)}, r"it takes float32 \(1, 512\), expected a picture of three channels"),
        ({"image": (1, 64, 64, 3)}, r"it takes float32 \(1, 64, 64, 3\), expected a picture of three channels"),
    ],
)
def test_a_graph_that_takes_no_picture_is_refused(
    tmp_path: Path, inputs: Mapping[str, Sequence[int]], said: str
) -> None:
    outputs = {"output": np.zeros((1, 84, 85), np.float32)}
    with pytest.raises(InputError, match=rf"other\.onnx is not a detector: {said}"):
        load_detector(save_graph(tmp_path / "other.onnx", outputs, inputs))


def test_the_cells_of_yolox_go_by_stride_then_row_then_column() -> None:
    cells, strides = yolox_cells((64, 32))
    assert cells.shape == (8 * 4 + 4 * 2 + 2 * 1, 2)
    assert strides[:, 0].tolist() == [8] * 32 + [16] * 8 + [32] * 2
    assert cells[[0, 1, 8, 32, 33, 36, 40, 41]].tolist() == [
        [0, 0], [1, 0], [0, 1], [0, 0], [1, 0], [0, 1], [0, 0], [1, 0],
    ]  # fmt: skip
