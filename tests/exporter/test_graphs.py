"""Graphs of networks that differ from the released one in more than numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import proof
from exporter.graphs import export_graph, for_export, graph_specs
from models.networks.hand4whole import Hand4Whole
from tests import standins
from tests.conftest import FINE, shapes_of


@pytest.fixture(scope="module")
def network() -> Hand4Whole:
    network = Hand4Whole(FINE)
    state = {name: torch.from_numpy(array) for name, array in standins.weights(0, shapes_of(FINE)).items()}
    network.load_state_dict(state)
    return network.eval()


@pytest.mark.parametrize("graph", ["body", "hand"])
def test_graph_with_a_finer_map_computes_what_pytorch_does(network: Hand4Whole, tmp_path: Path, graph: str) -> None:
    traced = for_export(network)
    feeds, expected = proof.reference(network, proof.crops(network))
    (spec,) = (spec for spec in graph_specs(traced) if spec.name == graph)
    export_graph(spec, traced, feeds[graph], tmp_path / "graph.onnx")
    with OnnxRuntimeEngine(tmp_path / "graph.onnx") as engine:
        proof.largest_errors(spec, engine, feeds[graph], expected[graph])  # raises
