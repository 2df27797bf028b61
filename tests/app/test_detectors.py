"""Person detectors from ONNX files: every layout that is known, on graphs made here that always find the same boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.detectors.detector import Detector
from app.detectors.layouts import (
    BundleLayout,
    Layout,
    RtmdetLayout,
    Yolov8Layout,
    YoloxLayout,
    recognised,
    yolox_cells,
)
from app.detectors.letterbox import Letterbox
from app.errors import InputError
from app.frame import Box
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import proof
from exporter.graphs import detector_spec, export_graph
from tests.conftest import TINY_DETECTOR, tiny_detector

Floats = NDArray[np.float64]
Outputs = Mapping[str, NDArray[Any]]
Dimension = int | str

_LANDSCAPE, _PORTRAIT = (320, 180), (180, 320)


def _save_graph(
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


def _load(path: Path) -> Detector:
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


def _yolov8(
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
    return _yolov8(xyxy[people], scores[people], labels[people], input_wh, classes=1)


def _bundle(xyxy: Floats, scores: Floats, labels: NDArray[np.int64], _input_wh: tuple[int, int]) -> Outputs:
    """It knows nothing but people."""
    people = labels == 0
    return {"boxes": xyxy[people][None].astype(np.float32), "scores": scores[people][None].astype(np.float32)}


MAKERS: Mapping[str, Callable[[Floats, Floats, NDArray[np.int64], tuple[int, int]], Outputs]] = {
    "yolox": _yolox,
    "yolox-decoded": _yolox_decoded,
    "rtmdet": _rtmdet,
    "yolov8": _yolov8,
    "yolov8-people": _yolov8_people,
    "bundle": _bundle,
}
_CENTRED = ("yolov8", "yolov8-people")  # Ultralytics pads on both sides, the others to the right and below


def _detector(
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
        return _load(_save_graph(path, outputs, {"image": (1, height, width, 3)}, TensorProto.UINT8))
    return _load(_save_graph(path, outputs, {"images": (1, 3, height, width)}))


def _in_input(
    layout: str, xyxy: Sequence[float], frame_wh: tuple[int, int], input_wh: tuple[int, int] = (640, 640)
) -> list[float]:
    """Where a box of the frame is in the letterboxed input."""
    scale = min(input_wh[0] / frame_wh[0], input_wh[1] / frame_wh[1])
    spare = [(input_wh[axis] - round(frame_wh[axis] * scale)) // 2 if layout in _CENTRED else 0 for axis in (0, 1)]
    return [value * scale + spare[k % 2] for k, value in enumerate(xyxy)]


def _frame(size_wh: tuple[int, int] = _LANDSCAPE) -> NDArray[np.uint8]:
    return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)


def _near(found: Box, xyxy_px: Sequence[float]) -> None:
    np.testing.assert_allclose(found.xyxy_px, xyxy_px, atol=0.05)


@pytest.mark.parametrize("layout", MAKERS)
@pytest.mark.parametrize(
    ("frame_wh", "xyxy_px"),
    [
        # Enlarged to the input's width, and to its height.
        (_LANDSCAPE, (100.0, 20.0, 160.0, 170.0)),
        (_PORTRAIT, (20.0, 100.0, 90.0, 290.0)),
        # Reduced, of the input's own shape, and much wider than high.
        ((1280, 720), (10.0, 5.0, 500.0, 700.0)),
        ((320, 320), (100.0, 50.0, 200.0, 300.0)),
        ((640, 64), (300.0, 2.0, 330.0, 60.0)),
    ],
)
def test_a_box_is_found_where_it_is_in_the_frame(
    tmp_path: Path, layout: str, frame_wh: tuple[int, int], xyxy_px: tuple[float, float, float, float]
) -> None:
    detector = _detector(tmp_path / "d.onnx", layout, [_in_input(layout, xyxy_px, frame_wh)], [0.75])
    (found,) = detector.detect(_frame(frame_wh))
    _near(found, xyxy_px)
    assert found.score == pytest.approx(0.75, abs=1e-5)


@pytest.mark.parametrize("layout", MAKERS)
@pytest.mark.parametrize(
    ("input_wh", "shape_wh"),
    [
        # A smaller input, and one that is not square, either way.
        ((320, 320), (320, 320)),
        ((416, 320), (416, 320)),
        ((256, 448), (256, 448)),
        # A size left open is 640; also one side only.
        ((640, 640), ("width", "height")),
        ((640, 320), ("width", 320)),
    ],
)
def test_the_inputs_size_is_the_graphs(
    tmp_path: Path, layout: str, input_wh: tuple[int, int], shape_wh: tuple[Dimension, Dimension]
) -> None:
    xyxy_px = (100.0, 20.0, 160.0, 170.0)
    box = _in_input(layout, xyxy_px, _LANDSCAPE, input_wh)
    detector = _detector(tmp_path / "d.onnx", layout, [box], [0.75], input_wh=input_wh, shape_wh=shape_wh)
    (found,) = detector.detect(_frame())
    _near(found, xyxy_px)


# Pixels of the input.
_ONE, _ONE_AGAIN, _OTHER = (100, 60, 220, 300), (106, 66, 226, 296), (400, 90, 500, 280)


@pytest.mark.parametrize("layout", MAKERS)
def test_overlapping_boxes_are_merged_and_the_surest_comes_first(tmp_path: Path, layout: str) -> None:
    detector = _detector(tmp_path / "d.onnx", layout, [_ONE_AGAIN, _ONE, _OTHER], [0.6, 0.7, 0.8])
    found = detector.detect(_frame((640, 640)))
    assert [round(box.score, 4) for box in found] == [0.8, 0.7]
    _near(found[0], _OTHER)
    _near(found[1], _ONE)


@pytest.mark.parametrize("layout", MAKERS)
def test_unsure_boxes_are_dropped(tmp_path: Path, layout: str) -> None:
    detector = _detector(tmp_path / "d.onnx", layout, [_ONE, _OTHER], [0.39, 0.41])
    (found,) = detector.detect(_frame((640, 640)))
    _near(found, _OTHER)


@pytest.mark.parametrize("layout", MAKERS)
def test_nobody_is_found_where_nothing_is_sure(tmp_path: Path, layout: str) -> None:
    detector = _detector(tmp_path / "d.onnx", layout, [_ONE], [0.01])
    assert detector.detect(_frame()) == ()


@pytest.mark.parametrize("layout", ["rtmdet", "bundle"])
def test_nobody_is_found_where_the_graph_gives_no_rows(tmp_path: Path, layout: str) -> None:
    assert _detector(tmp_path / "d.onnx", layout, [], []).detect(_frame()) == ()


@pytest.mark.parametrize("layout", ["yolox", "yolox-decoded", "rtmdet", "yolov8"])
def test_other_classes_are_ignored(tmp_path: Path, layout: str) -> None:
    detector = _detector(tmp_path / "d.onnx", layout, [_ONE, _OTHER], [0.9, 0.5], labels=[16, 0])
    (found,) = detector.detect(_frame((640, 640)))
    _near(found, _OTHER)


@pytest.mark.parametrize(
    "layout",
    [
        "yolox",
        "yolox-decoded",
        "rtmdet",
        "yolov8",
        "yolov8-people",
        "bundle",
    ],
)
def test_boxes_that_are_not_numbers_are_dropped(tmp_path: Path, layout: str) -> None:
    nowhere = [np.nan] * 4
    detector = _detector(tmp_path / "d.onnx", layout, [nowhere, _OTHER], [0.9, 0.5])
    (found,) = detector.detect(_frame((640, 640)))
    _near(found, _OTHER)


@pytest.mark.parametrize("layout", ["rtmdet", "bundle"])
@pytest.mark.parametrize(
    ("box", "score"),
    [
        # Endless, turned round either way, and without a width.
        ((0, 0, np.inf, 100), 0.9),
        ((220, 60, 100, 300), 0.9),
        ((100, 300, 220, 60), 0.9),
        ((100, 60, 100, 300), 0.9),
        # Of a score that is not a number.
        (_ONE, np.nan),
    ],
)
def test_senseless_boxes_are_dropped(tmp_path: Path, layout: str, box: Sequence[float], score: float) -> None:
    detector = _detector(tmp_path / "d.onnx", layout, [box, _OTHER], [score, 0.5])
    (found,) = detector.detect(_frame((640, 640)))
    _near(found, _OTHER)


def test_a_score_is_at_most_one(tmp_path: Path) -> None:
    (found,) = _detector(tmp_path / "d.onnx", "bundle", [_ONE], [1.25]).detect(_frame((640, 640)))
    assert found.score == 1.0


def test_the_score_of_yolox_is_that_of_an_object_times_that_of_a_person() -> None:
    rows = np.zeros((1, 8400, 85), np.float32)
    rows[0, 0, 4], rows[0, 0, 5] = 0.6, 0.5
    _, scores = YoloxLayout((640, 640)).boxes({"output": rows})
    assert scores[0] == pytest.approx(0.3)


def test_a_half_precision_input_is_fed_as_such(tmp_path: Path) -> None:
    outputs = _yolov8(np.array([_ONE], float), np.array([0.75]), np.array([0]), (640, 640))
    path = _save_graph(tmp_path / "d.onnx", outputs, {"images": (1, 3, 640, 640)}, TensorProto.FLOAT16)
    (found,) = _load(path).detect(_frame((640, 640)))
    _near(found, _ONE)


def _save_brightness_graph(path: Path) -> None:
    """A bundle's detector that is as sure as the picture is bright: one box, score mean / 255."""
    box = numpy_helper.from_array(np.array([[_ONE]], np.float32), "box")
    whole = numpy_helper.from_array(np.array([1, 1], np.int64), "whole")
    bright = numpy_helper.from_array(np.array(1 / 255, np.float32), "bright")
    nodes = [
        helper.make_node("Identity", ["box"], ["boxes"]),
        helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["levels"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "bright"], ["share"]),
        helper.make_node("Reshape", ["share", "whole"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 640, 640, 3])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 1, 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1]),
        ],
        [box, whole, bright],
    )
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]), path)


@pytest.mark.parametrize(
    ("level", "score"),
    [
        # What the graph is given is the picture: half of it, the other half is padding of 114.
        (255, (255 + 114) / 2 / 255),
        (120, (120 + 114) / 2 / 255),
    ],
)
def test_the_graph_sees_the_picture_and_grey_padding(tmp_path: Path, level: int, score: float) -> None:
    _save_brightness_graph(tmp_path / "d.onnx")
    (found,) = _load(tmp_path / "d.onnx").detect(np.full((320, 640, 3), level, np.uint8))
    assert found.score == pytest.approx(score, abs=1e-3)


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
        ({"output": (1, 3549, 6)}, YoloxLayout((640, 640))),
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


@pytest.mark.parametrize(
    "outputs",
    [
        # A pose network, a classifier, a segmenter.
        {"heatmap": (1, 17, 64, 48)},
        {"logits": (1, 1000)},
        {"output0": (1, 116, 8400), "output1": (1, 32, 160, 160)},
        # Nearly one that is known.
        {"dets": (1, 100, 5)},
        {"output": (1, 8400, 4)},
    ],
)
def test_unknown_outputs_are_refused_with_what_was_found(tmp_path: Path, outputs: Mapping[str, Sequence[int]]) -> None:
    arrays = {name: np.zeros(shape, np.float32) for name, shape in outputs.items()}
    path = _save_graph(tmp_path / "other.onnx", arrays, {"images": (1, 3, 64, 64)})
    with pytest.raises(InputError, match=r"other\.onnx is not a detector wb-track knows") as caught:
        _load(path)
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
        _load(_save_graph(tmp_path / "other.onnx", outputs, inputs))


def test_the_cells_of_yolox_go_by_stride_then_row_then_column() -> None:
    cells, strides = yolox_cells((64, 32))
    assert cells.shape == (8 * 4 + 4 * 2 + 2 * 1, 2)
    assert strides[:, 0].tolist() == [8] * 32 + [16] * 8 + [32] * 2
    assert cells[[0, 1, 8, 32, 33, 36, 40, 41]].tolist() == [
        [0, 0], [1, 0], [0, 1], [0, 0], [1, 0], [0, 1], [0, 0], [1, 0],
    ]  # fmt: skip


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize(
    "frame_wh",
    [
        # Enlarged and reduced, landscape and portrait; sides that do not divide evenly.
        (320, 180),
        (180, 320),
        (1280, 720),
        (433, 577),
    ],
)
def test_frame_from_input_undoes_the_warp(frame_wh: tuple[int, int], centred: bool) -> None:
    letterbox = Letterbox.fit(frame_wh, (640, 512), centred=centred)
    x1, y1, x2, y2 = frame_wh[0] // 3, frame_wh[1] // 4, frame_wh[0] // 3 + 40, frame_wh[1] // 4 + 56
    rgb = np.zeros((frame_wh[1], frame_wh[0], 3), np.uint8)
    rgb[y1:y2, x1:x2] = 255
    rows, columns = np.nonzero(letterbox.warp(rgb)[..., 0] > 127)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    # Within a pixel of the coarser of the two.
    np.testing.assert_allclose(
        letterbox.frame_from_input(seen)[0], (x1, y1, x2, y2), atol=max(1.0, 1 / letterbox.scale)
    )


@pytest.mark.parametrize(
    ("frame_wh", "centred", "part"),
    [
        # Padding below, or on both sides.
        ((640, 320), False, (slice(0, 320), slice(0, 640))),
        ((640, 320), True, (slice(160, 480), slice(0, 640))),
        # Padding to the right, or on both sides.
        ((320, 640), False, (slice(0, 640), slice(0, 320))),
        ((320, 640), True, (slice(0, 640), slice(160, 480))),
        # A thread of a frame still has a pixel.
        ((2000, 1), False, (slice(0, 1), slice(0, 640))),
    ],
)
def test_the_rest_of_the_input_is_grey(frame_wh: tuple[int, int], centred: bool, part: tuple[slice, slice]) -> None:
    pixels = Letterbox.fit(frame_wh, (640, 640), centred=centred).warp(
        np.full((frame_wh[1], frame_wh[0], 3), 250, np.uint8)
    )
    assert (pixels[part] == 250).all()
    pixels[part] = 114
    assert (pixels == 114).all()


# The network that bundles have


def test_exported_network_finds_in_the_frame_what_it_finds_in_its_input(tmp_path: Path) -> None:
    network, path = tiny_detector(), tmp_path / "detector.onnx"
    feeds, _ = proof.detector_reference(network)
    export_graph(detector_spec(network), network, feeds, path)
    frame = proof.pictures((128, 256))[1].numpy()  # to be reduced to 48 rows, with 16 grey ones below
    found = _load(path).detect(frame)

    letterbox = Letterbox.fit((256, 128), TINY_DETECTOR.input_hw[::-1], centred=False)
    with torch.inference_mode():
        boxes, scores = network.detect(torch.from_numpy(letterbox.warp(frame))[None])
    assert found
    assert found[0].score == pytest.approx(scores[0, 0].item(), abs=1e-4)
    _near(found[0], (boxes[0, 0] * 256 / 96).tolist())
