"""The frame in the input of a detector: where it lies, and what is beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from app.detectors.letterbox import Letterbox
from tests.app.detectors.graphs import ONE, load_detector


def _save_brightness_graph(path: Path) -> None:
    """A bundle's detector that is as sure as the picture is bright: one box, score mean / 255."""
    box = numpy_helper.from_array(np.array([[ONE]], np.float32), "box")
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
    (found,) = load_detector(tmp_path / "d.onnx").detect(np.full((320, 640, 3), level, np.uint8))
    assert found.score == pytest.approx(score, abs=1e-3)


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


def test_a_frame_made_much_smaller_is_averaged() -> None:
    stripes = np.zeros((720, 1280, 3), np.uint8)
    stripes[:, ::4] = 255
    pixels = Letterbox.fit((1280, 720), (320, 256), centred=False).warp(stripes)
    assert np.abs(pixels[:180].astype(int) - 64).max() <= 1
