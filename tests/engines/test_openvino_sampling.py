"""OpenVINO's crops of boxes are RoIAlign's, whatever the boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("openvino")

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
