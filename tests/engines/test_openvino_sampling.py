"""OpenVINO's crops of boxes are RoIAlign's, whatever the boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

pytest.importorskip("openvino")

from engines.engine import EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.openvino_engine import OpenVinoEngine
from tests.conftest import TINY
from tests.engines.contract import HEIGHT, WIDTH, Feeds, assert_near, feeds_of

SIDE = TINY.hand_px
BOXES = {
    "inside": ((2, 3, SIDE - 3, SIDE - 9), (9, 1, 20, 30)),
    "as large as their crops": ((0, 0, SIDE, SIDE), (1, 1, SIDE + 1, SIDE + 1)),
    "larger": ((0, 0, 2.5 * SIDE, 2.5 * SIDE), (4, 4, 20, 20)),
    "partly outside": ((-11, -7, 14, 15), (WIDTH - 9, HEIGHT - 11, WIDTH + 8, HEIGHT + 9)),
    "at the border": ((-1, -1, 9, 9), (WIDTH - 10, HEIGHT - 10, WIDTH + 0.5, HEIGHT + 0.5)),
    "outside": ((-60, -60, -40, -40), (WIDTH + 5, HEIGHT + 5, WIDTH + 25, HEIGHT + 25)),
    "smaller than a pixel": ((5.2, 6.1, 5.3, 6.2), (8, 8, 7, 7)),
}


def _feeds(boxes: tuple[tuple[float, ...], ...]) -> Feeds:
    return feeds_of("hand", 1) | {"boxes": np.array([boxes], np.float32)}


@pytest.mark.parametrize("boxes", BOXES.values(), ids=BOXES.keys())
def test_hands_are_those_of_onnx_runtime(tiny_bundle: Path, boxes: tuple[tuple[float, ...], ...]) -> None:
    path, feeds = tiny_bundle / "hand.onnx", _feeds(boxes)
    with OpenVinoEngine(path, threads=2) as engine, OnnxRuntimeEngine(path) as reference:
        found, expected = engine.run(feeds), reference.run(feeds)
    for name, array in expected.items():
        assert_near(found[name], array)


def test_large_boxes_do_not_change_those_after_them(tiny_bundle: Path) -> None:
    with OpenVinoEngine(tiny_bundle / "hand.onnx", threads=2) as engine:
        before = engine.run(_feeds(BOXES["inside"]))
        engine.run(_feeds(BOXES["larger"]))
        after = engine.run(_feeds(BOXES["inside"]))
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)


def test_outputs_stay_as_they_were_when_the_engine_runs_again(tiny_bundle: Path) -> None:
    with OpenVinoEngine(tiny_bundle / "hand.onnx", threads=2) as engine:
        first = engine.run(_feeds(BOXES["inside"]), keep=("features",))
        copies = {name: np.array(each.numpy() if name == "features" else each) for name, each in first.items()}
        engine.run(_feeds(BOXES["larger"]))
    for name, copy in copies.items():
        np.testing.assert_array_equal(first[name].numpy() if name == "features" else first[name], copy)


def test_crops_are_cut_in_float_where_the_network_is_in_bfloat16(tmp_path: Path) -> None:
    """Columns of a picture 400 wide are by turns 0 and 1; in bfloat16 301 would be 300 or 302."""
    _save_cut(tmp_path / "cut.onnx", bins=8)
    image = np.tile(np.arange(400, dtype=np.float32) % 2, (1, 1, 12, 1))
    try:
        engine = OpenVinoEngine(tmp_path / "cut.onnx", "bf16", threads=2)
    except EngineError as error:
        pytest.skip(str(error))
    with engine:
        crop = engine.run({"image": image, "boxes": np.array([[299.5, 1.0, 307.5, 9.0]], np.float32)})["crop"]
    np.testing.assert_allclose(crop[0, 0], np.tile(np.arange(300, 308) % 2, (8, 1)), atol=0.01)


def _save_cut(path: Path, bins: int) -> None:
    image, boxes, crop = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (
            *(("image", ("n", 1, 12, 400)), ("boxes", ("n", 4))),
            ("crop", ("n", 1, bins, bins)),
        )
    )
    which = helper.make_tensor("which", onnx.TensorProto.INT64, (1,), (0,))
    mode = "output_half_pixel"
    cut = helper.make_node(
        "RoiAlign",
        ["image", "boxes", "which"],
        ["cut"],
        output_height=bins,
        output_width=bins,
        coordinate_transformation_mode=mode,
    )
    out = helper.make_node("Relu", ["cut"], ["crop"])
    graph = helper.make_graph([cut, out], "cut", [image, boxes], [crop], [which])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
