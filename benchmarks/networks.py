"""The four graphs of a bundle, on crops of people of the usual size, by any engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.bundle import picture_hw
from engines.engine import Engine

_CROP_WH = (384, 512)  # that these boxes are of
# xyxy pixels of such a crop, of a person who fills it: what RoIAlign costs depends on their size.
_HANDS = np.array([[[250, 200, 370, 320], [20, 190, 140, 310]]], np.float32)
_FACE = np.array([[140, 30, 260, 150]], np.float32)


class Networks:
    """Graphs run one after the other as tracking runs them."""

    def __init__(self, engines: Mapping[str, Engine], people: int = 1) -> None:
        self._engines = engines
        height, width = picture_hw("body", engines["body"].inputs["crop"])
        self._crop = noise((people, height, width, 3))
        scale = np.tile((width / _CROP_WH[0], height / _CROP_WH[1]), 2).astype(np.float32)
        self._hands, self._face = (np.repeat(boxes * scale, people, 0) for boxes in (_HANDS, _FACE))
        self._ms: dict[str, float] = {}

    def __call__(self) -> dict[str, float]:
        """Milliseconds that each took, and the whole."""
        self._ms = {}
        body = self._timed("body", lambda: self._engines["body"].run({"crop": self._crop}, keep=("features",)))
        hands = {"crop": self._crop, "boxes": self._hands}
        hand = self._timed("hand", lambda: self._engines["hand"].run(hands, keep=("features",)))
        self._timed("face", lambda: self._engines["face"].run({"crop": self._crop, "box": self._face}))
        evidence = {"body_features": body["features"], "body_joints": body["joints"]}
        evidence |= {"hand_features": hand["features"], "hand_joints": hand["joints"]}
        self._timed("pose", lambda: self._engines["pose"].run(evidence))
        return {**self._ms, "whole": sum(self._ms.values())}

    def _timed(self, graph: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        started = time.perf_counter()
        outputs = run()
        self._ms[graph] = 1e3 * (time.perf_counter() - started)
        return outputs


def noise(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Crops of nobody: convolutions take as long."""
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)
