"""The engines that this machine can run, and what their graphs take and give on the tiny network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.engine import Engine
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.openvino_engine import OpenVinoEngine, openvino_is_installed
from tests.conftest import TINY

Feeds = dict[str, Any]
Load = Callable[[Path], Engine]


# Every engine that this machine can run, by name. A new engine is added here and keeps the same contract.
ENGINES: dict[str, Load] = {"onnxruntime-cpu": lambda path: OnnxRuntimeEngine(path, "cpu", threads=2)}


if openvino_is_installed():
    ENGINES["openvino-cpu"] = lambda path: OpenVinoEngine(path, "fp32", threads=2)


HEIGHT, WIDTH = TINY.crop_hw
FEATURES, HAND_FEATURES = TINY.body_backbone.channels, TINY.hand_backbone.channels
CELLS = TINY.body_cells_hw
Table = dict[str, tuple[type[np.generic], tuple[int | None, ...]]]
INPUTS: dict[str, Table] = {
    "body": {"crop": (np.uint8, (None, HEIGHT, WIDTH, 3))},
    "hand": {"crop": (np.uint8, (None, HEIGHT, WIDTH, 3)), "boxes": (np.float32, (None, 2, 4))},
    "face": {"crop": (np.uint8, (None, HEIGHT, WIDTH, 3)), "box": (np.float32, (None, 4))},
    "pose": {
        "body_features": (np.float32, (None, FEATURES, *CELLS)),
        "body_joints": (np.float32, (None, 25, 3)),
        "hand_features": (np.float32, (None, 2, HAND_FEATURES, TINY.hand_cells, TINY.hand_cells)),
        "hand_joints": (np.float32, (None, 2, 20, 3)),
    },
}
OUTPUTS: dict[str, Table] = {
    "body": {
        "features": (np.float32, (None, FEATURES, *CELLS)),
        "joints": (np.float32, (None, 25, 3)),
        "boxes": (np.float32, (None, 3, 4)),
    },
    "hand": {
        "features": (np.float32, (None, 2, HAND_FEATURES, TINY.hand_cells, TINY.hand_cells)),
        "joints": (np.float32, (None, 2, 20, 3)),
        "rot6d": (np.float32, (None, 2, 15, 6)),
    },
    "face": {"expression": (np.float32, (None, 10)), "jaw_rot6d": (np.float32, (None, 6))},
    "pose": {
        "root_rot6d": (np.float32, (None, 6)),
        "body_rot6d": (np.float32, (None, 21, 6)),
        "betas": (np.float32, (None, 10)),
        "camera": (np.float32, (None, 3)),
    },
}


def feeds_of(graph: str, count: int) -> Feeds:
    """Inputs that a graph accepts, a batch of `count`."""
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 60, (count, 2, 2))
    boxes = np.concatenate((corner, corner + rng.uniform(10, 40, (count, 2, 2))), 2).astype(np.float32)
    special = {"boxes": boxes, "box": boxes[:, 0]}
    feeds: Feeds = {}
    for name, (dtype, shape) in INPUTS[graph].items():
        sizes = (count, *(n for n in shape if n is not None))
        plain = rng.integers(0, 256, sizes) if dtype is np.uint8 else rng.standard_normal(sizes)
        feeds[name] = special.get(name, plain).astype(dtype)
    return feeds


def assert_near(found: NDArray[Any], expected: NDArray[Any]) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)
