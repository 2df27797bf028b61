"""`wb-export` on the tiny network: what it writes, and what it proves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from engines.bundle import FILE_NAME, FORMAT, GRAPHS, sha256
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import proof
from exporter.graphs import OPSET, graph_specs
from exporter.main import main as wb_export
from models.networks.config import NetworkConfig
from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY, bundle_description
from tests.exporter.exports import contents, run


def test_description_says_what_the_bundle_is(tiny_bundle: Path) -> None:
    description = bundle_description(tiny_bundle)
    assert description["format"] == FORMAT
    assert description["name"] == tiny_bundle.name
    assert description["precision"] == "fp32"
    assert description["opset"] == OPSET


def test_description_names_the_checkpoint_by_its_hash(tiny_bundle: Path) -> None:
    source = tiny_bundle.parent / "tiny.pth.tar"
    assert bundle_description(tiny_bundle)["checkpoint"] == {"file": source.name, "sha256": sha256(source)}


def test_description_holds_the_architecture(tiny_bundle: Path) -> None:
    architecture: Any = bundle_description(tiny_bundle)["architecture"]
    assert NetworkConfig.from_dict(architecture) == TINY


def test_description_says_smplx_where_the_checkpoint_names_no_shape_space(tiny_bundle: Path) -> None:
    assert bundle_description(tiny_bundle)["shape_space"] == "smplx"


@pytest.mark.usefixtures("traced")
def test_description_holds_the_checkpoints_shape_space(checkpoint: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.pth.tar"
    torch.save({**torch.load(checkpoint), "shape_space": "wb-track-open-1"}, own)
    assert run(own, tmp_path / "bundle") == 0
    assert bundle_description(tmp_path / "bundle")["shape_space"] == "wb-track-open-1"


def test_description_names_the_graphs_by_their_hashes(tiny_bundle: Path) -> None:
    files = {name: tiny_bundle / f"{name}.onnx" for name in GRAPHS}
    expected = {name: {"file": path.name, "sha256": sha256(path)} for name, path in files.items()}
    assert bundle_description(tiny_bundle)["graphs"] == expected


def test_description_holds_parity_figures_below_their_limits(tiny_bundle: Path, network: Hand4Whole) -> None:
    parity: Any = bundle_description(tiny_bundle)["parity"]
    assert parity["limit"] == proof.LIMITS
    errors: dict[str, dict[str, float]] = parity["largest_error"]
    assert {name: tuple(errors[name]) for name in errors} == {s.name: s.outputs for s in graph_specs(network)}
    for graph in errors.values():
        for output, error in graph.items():
            assert 0 <= error <= proof.LIMITS[output], output


@pytest.mark.usefixtures("traced")
def test_description_holds_the_depth_of_joints_where_the_checkpoint_has_one(
    checkpoint: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    assert bundle_description(tiny_bundle)["joint_depth"] is None
    own = tmp_path / "own.pth.tar"
    torch.save({**torch.load(checkpoint), "joint_depth_m": 2.0}, own)
    assert run(own, tmp_path / "bundle") == 0
    assert bundle_description(tmp_path / "bundle")["joint_depth"] == {"metres": 2.0, "bins": TINY.depth_bins}


def test_graphs_hold_no_paths_of_the_machine_that_made_them(tiny_bundle: Path) -> None:
    for path in tiny_bundle.glob("*.onnx"):
        content = path.read_bytes()
        assert b"site-packages" not in content
        assert b"hand4whole.py" not in content


def test_description_holds_licence_and_versions(tiny_bundle: Path) -> None:
    description = bundle_description(tiny_bundle)
    versions: Any = description["versions"]
    assert "Hand4Whole" in str(description["licence"])
    assert versions["torch"] == torch.__version__.partition("+")[0] or versions["torch"] == torch.__version__
    assert versions["onnx"] == onnx.__version__
    assert versions["wb-track"]


def test_bundle_holds_description_and_graphs_and_no_more(tiny_bundle: Path) -> None:
    assert set(contents(tiny_bundle)) == {FILE_NAME, *(f"{name}.onnx" for name in GRAPHS)}


@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_is_valid_onnx(tiny_bundle: Path, graph: str) -> None:
    model = onnx.load(str(tiny_bundle / f"{graph}.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert {(opset.domain, opset.version) for opset in model.opset_import if not opset.domain} == {("", OPSET)}


@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_has_standard_operators_only(tiny_bundle: Path, graph: str) -> None:
    model = onnx.load(str(tiny_bundle / f"{graph}.onnx"))
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_computes_what_pytorch_does(tiny_bundle: Path, network: Hand4Whole, graph: str, count: int) -> None:
    crops = torch.cat([proof.crops(network, seed) for seed in (1, 2)])[:count]
    feeds, expected = proof.reference(network, crops)
    (spec,) = (spec for spec in graph_specs(network) if spec.name == graph)
    with OnnxRuntimeEngine(tiny_bundle / f"{graph}.onnx") as engine:
        outputs = engine.run({name: tensor.numpy() for name, tensor in feeds[graph].items()})
    for name, tensor in zip(spec.outputs, expected[graph], strict=True):
        np.testing.assert_allclose(outputs[name], tensor.numpy(), rtol=0, atol=proof.LIMITS[name], err_msg=name)


def test_with_the_flip_test_body_and_pose_are_those_of_both_ways(checkpoint: Path, tmp_path: Path) -> None:
    assert wb_export([str(checkpoint), "--flip-test", "--out", str(tmp_path / "bundle")]) == 0
    architecture: Any = bundle_description(tmp_path / "bundle")["architecture"]
    assert NetworkConfig.from_dict(architecture) == replace(TINY, flip_test=True)
    with OnnxRuntimeEngine(tmp_path / "bundle" / "body.onnx") as engine:
        features = engine.run({"crop": np.zeros((3, *TINY.crop_hw, 3), np.uint8)})["features"]
    assert features.shape == (3, 2 * TINY.body_backbone.channels, *TINY.body_cells_hw)
