"""Parity of exported graphs with the released code: bundles of the released size, run by tensor names alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engines.bundle import Bundle
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter.graphs import GraphSpec, export_graph
from models.networks.hand4whole import Hand4Whole
from tests import golden
from tests.conftest import TINY

Arrays = dict[str, NDArray[Any]]


def run_chain(graphs: dict[str, Path], crop: NDArray[np.uint8]) -> dict[str, Arrays]:
    """The four graphs one after the other, each fed what those before it gave."""

    def run(name: str, **feeds: NDArray[Any]) -> Arrays:
        with OnnxRuntimeEngine(graphs[name]) as engine:
            return engine.run(feeds)

    body = run("body", crop=crop)
    hand = run("hand", crop=crop, boxes=body["boxes"][:, :2])
    face = run("face", crop=crop, box=body["boxes"][:, 2])
    pose = run(
        "pose",
        body_features=body["features"],
        body_joints=body["joints"],
        hand_features=hand["features"],
        hand_joints=hand["joints"],
    )
    return {"body": body, "hand": hand, "face": face, "pose": pose}


@pytest.mark.parametrize("seed", [0, 1])
def test_graphs_give_the_released_codes_outputs(full_bundle: Callable[[int], Path], seed: int) -> None:
    expected = golden.load(f"golden_seed{seed}.npz")
    graphs = dict(Bundle.load(full_bundle(seed)).graphs)
    golden.assert_network(seed, expected, run_chain(graphs, expected["image"][None]))


def test_roi_align_in_a_graph_gives_the_reference_crops(tmp_path: Path) -> None:
    """Boxes inside, across the border, outside, tiny and large, through the operator that the exporter writes."""
    data = golden.load("roi_align.npz")
    count, size_px = len(data["boxes"]), data["crops"].shape[-1]
    network = Hand4Whole(TINY)
    spec = GraphSpec(
        "crops", ("crop", "boxes"), ("crops",), lambda crop, boxes: (network._part_crops(crop, boxes, size_px),)
    )
    feeds = {"crop": np.repeat(data["image"][None], count, 0), "boxes": data["boxes"]}
    path = tmp_path / "crops.onnx"
    export_graph(spec, network, {name: torch.from_numpy(array) for name, array in feeds.items()}, path)
    with OnnxRuntimeEngine(path) as engine:
        crops = engine.run(feeds)["crops"]
    np.testing.assert_allclose(crops, data["crops"], rtol=0, atol=1e-4)
