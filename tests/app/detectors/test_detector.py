"""Person detectors from ONNX files: the boxes that are found and those that are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto

from app.detectors.letterbox import Letterbox
from exporter import proof
from exporter.graphs import detector_spec, export_graph
from tests.app.detectors.graphs import (
    LANDSCAPE,
    MAKERS,
    ONE,
    ONE_AGAIN,
    OTHER,
    PORTRAIT,
    Dimension,
    assert_near,
    black_frame,
    in_input,
    load_detector,
    make_detector,
    save_graph,
    yolov8,
)
from tests.conftest import TINY_DETECTOR, tiny_detector


@pytest.mark.parametrize("layout", MAKERS)
@pytest.mark.parametrize(
    ("frame_wh", "xyxy_px"),
    [
        # Enlarged to the input's width, and to its height.
        (LANDSCAPE, (100.0, 20.0, 160.0, 170.0)),
        (PORTRAIT, (20.0, 100.0, 90.0, 290.0)),
        # Reduced, of the input's own shape, and much wider than high.
        ((1280, 720), (10.0, 5.0, 500.0, 700.0)),
        ((320, 320), (100.0, 50.0, 200.0, 300.0)),
        ((640, 64), (300.0, 2.0, 330.0, 60.0)),
    ],
)
def test_a_box_is_found_where_it_is_in_the_frame(
    tmp_path: Path, layout: str, frame_wh: tuple[int, int], xyxy_px: tuple[float, float, float, float]
) -> None:
    detector = make_detector(tmp_path / "d.onnx", layout, [in_input(layout, xyxy_px, frame_wh)], [0.75])
    (found,) = detector.detect(black_frame(frame_wh))
    assert_near(found, xyxy_px)
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
    box = in_input(layout, xyxy_px, LANDSCAPE, input_wh)
    detector = make_detector(tmp_path / "d.onnx", layout, [box], [0.75], input_wh=input_wh, shape_wh=shape_wh)
    (found,) = detector.detect(black_frame())
    assert_near(found, xyxy_px)


@pytest.mark.parametrize("layout", MAKERS)
def test_overlapping_boxes_are_merged_and_the_surest_comes_first(tmp_path: Path, layout: str) -> None:
    detector = make_detector(tmp_path / "d.onnx", layout, [ONE_AGAIN, ONE, OTHER], [0.6, 0.7, 0.8])
    found = detector.detect(black_frame((640, 640)))
    assert [round(box.score, 4) for box in found] == [0.8, 0.7]
    assert_near(found[0], OTHER)
    assert_near(found[1], ONE)


@pytest.mark.parametrize("layout", MAKERS)
def test_unsure_boxes_are_dropped(tmp_path: Path, layout: str) -> None:
    detector = make_detector(tmp_path / "d.onnx", layout, [ONE, OTHER], [0.36, 0.38])
    (found,) = detector.detect(black_frame((640, 640)))
    assert_near(found, OTHER)


@pytest.mark.parametrize("layout", MAKERS)
def test_nobody_is_found_where_nothing_is_sure(tmp_path: Path, layout: str) -> None:
    detector = make_detector(tmp_path / "d.onnx", layout, [ONE], [0.01])
    assert detector.detect(black_frame()) == ()


@pytest.mark.parametrize("layout", ["rtmdet", "bundle"])
def test_nobody_is_found_where_the_graph_gives_no_rows(tmp_path: Path, layout: str) -> None:
    assert make_detector(tmp_path / "d.onnx", layout, [], []).detect(black_frame()) == ()


@pytest.mark.parametrize("layout", ["yolox", "yolox-decoded", "rtmdet", "yolov8"])
def test_other_classes_are_ignored(tmp_path: Path, layout: str) -> None:
    detector = make_detector(tmp_path / "d.onnx", layout, [ONE, OTHER], [0.9, 0.5], labels=[16, 0])
    (found,) = detector.detect(black_frame((640, 640)))
    assert_near(found, OTHER)


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
    detector = make_detector(tmp_path / "d.onnx", layout, [nowhere, OTHER], [0.9, 0.5])
    (found,) = detector.detect(black_frame((640, 640)))
    assert_near(found, OTHER)


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
        (ONE, np.nan),
    ],
)
def test_senseless_boxes_are_dropped(tmp_path: Path, layout: str, box: Sequence[float], score: float) -> None:
    detector = make_detector(tmp_path / "d.onnx", layout, [box, OTHER], [score, 0.5])
    (found,) = detector.detect(black_frame((640, 640)))
    assert_near(found, OTHER)


def test_a_score_is_at_most_one(tmp_path: Path) -> None:
    (found,) = make_detector(tmp_path / "d.onnx", "bundle", [ONE], [1.25]).detect(black_frame((640, 640)))
    assert found.score == 1.0


def test_a_half_precision_input_is_fed_as_such(tmp_path: Path) -> None:
    outputs = yolov8(np.array([ONE], float), np.array([0.75]), np.array([0]), (640, 640))
    path = save_graph(tmp_path / "d.onnx", outputs, {"images": (1, 3, 640, 640)}, TensorProto.FLOAT16)
    (found,) = load_detector(path).detect(black_frame((640, 640)))
    assert_near(found, ONE)


def test_exported_network_finds_in_the_frame_what_it_finds_in_its_input(tmp_path: Path) -> None:
    network, path = tiny_detector(), tmp_path / "detector.onnx"
    feeds, _ = proof.detector_reference(network)
    export_graph(detector_spec(network), network, feeds, path)
    frame = proof.pictures((128, 256))[1].numpy()  # to be reduced to 48 rows, with 16 grey ones below
    found = load_detector(path).detect(frame)

    letterbox = Letterbox.fit((256, 128), TINY_DETECTOR.input_hw[::-1], centred=False)
    with torch.inference_mode():
        boxes, scores = network.detect(torch.from_numpy(letterbox.warp(frame))[None])
    assert found
    assert found[0].score == pytest.approx(scores[0, 0].item(), abs=1e-4)
    assert_near(found[0], (boxes[0, 0] * 256 / 96).tolist())
