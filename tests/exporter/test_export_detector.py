"""`wb-export` of a checkpoint with a person detector: one graph more, proven like the others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import exporter.export
from engines.bundle import DETECTOR, GRAPHS, Bundle, check_contract
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import proof
from exporter.graphs import OPSET, detector_spec, export_graph
from exporter.main import main as wb_export
from models.networks.config import DetectorConfig
from tests.conftest import TINY_DETECTOR, bundle_description, detector_entry, save_tiny_checkpoint, tiny_detector


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a detector. Only the detector is traced, the other graphs are those of `tiny_bundle`."""
    folder = tmp_path_factory.mktemp("detector")
    checkpoint = save_tiny_checkpoint(folder / "tiny.pth.tar")
    torch.save({**torch.load(checkpoint), "detector": detector_entry()}, checkpoint)

    def traced(spec: Any, network: Any, feeds: Any, path: Path) -> None:
        if spec.name == DETECTOR:
            export_graph(spec, network, feeds, path)
        else:
            shutil.copy(tiny_bundle / path.name, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter.export, "export_graph", traced)
        assert wb_export([str(checkpoint), "--out", str(folder / "bundle")]) == 0
    return folder / "bundle"


def test_bundle_has_the_detector_beside_the_graphs(bundle: Path) -> None:
    assert tuple(Bundle.load(bundle).graphs) == (*GRAPHS, DETECTOR)


def test_description_holds_architecture_and_parity(bundle: Path) -> None:
    description: Any = bundle_description(bundle)
    assert DetectorConfig.from_dict(description["detector_architecture"]) == TINY_DETECTOR
    errors = description["parity"]["largest_error"][DETECTOR]
    assert errors.keys() == {"boxes", "scores"}
    assert all(0 <= error <= proof.LIMITS[name] for name, error in errors.items())


def test_bundle_without_a_detector_says_so(tiny_bundle: Path) -> None:
    assert bundle_description(tiny_bundle)["detector_architecture"] is None
    assert DETECTOR not in Bundle.load(tiny_bundle).graphs


def test_graph_is_valid_onnx_of_standard_operators(bundle: Path) -> None:
    model = onnx.load(str(bundle / "detector.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert {(opset.domain, opset.version) for opset in model.opset_import if not opset.domain} == {("", OPSET)}
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


def test_graph_keeps_the_contract(bundle: Path) -> None:
    with OnnxRuntimeEngine(bundle / "detector.onnx") as engine:
        check_contract(DETECTOR, engine.inputs, engine.outputs)
        assert engine.inputs["image"].dtype == np.uint8
        assert engine.inputs["image"].shape == (None, *TINY_DETECTOR.input_hw, 3)
        assert engine.outputs["boxes"].shape[1:] == (TINY_DETECTOR.people, 4)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_graph_finds_whom_pytorch_finds(bundle: Path, count: int) -> None:
    detector = tiny_detector()
    image = torch.cat([proof.pictures(TINY_DETECTOR.input_hw, seed) for seed in (1, 2)])[:count]
    with torch.inference_mode():
        expected = detector.detect(image)
    with OnnxRuntimeEngine(bundle / "detector.onnx") as engine:
        proof.largest_errors(detector_spec(detector), engine, {"image": image}, expected)  # raises
        found = engine.run({"image": image.numpy()})
    assert found["boxes"].shape == expected.boxes.shape
    assert found["scores"].shape == expected.scores.shape


class Fixed:
    """An engine that always finds the same."""

    def __init__(self, boxes: object, scores: object) -> None:
        self.found = {"boxes": np.array([boxes], np.float32), "scores": np.array([scores], np.float32)}

    def run(self, _feeds: object) -> dict[str, Any]:
        return dict(self.found)


PEOPLE = ([[0, 0, 10, 20], [30, 5, 50, 60], [7, 7, 7, 7]], [0.9, 0.8, 0.0])


def errors_of(boxes: object, scores: object) -> dict[str, float]:
    engine: Any = Fixed(boxes, scores)
    expected = tuple(torch.tensor([value], dtype=torch.float32) for value in PEOPLE)
    return proof.largest_errors(detector_spec(tiny_detector()), engine, {}, expected)


def test_order_of_equal_people_and_boxes_of_nobody_are_free() -> None:
    assert errors_of([[30, 5, 50, 60], [0, 0, 10, 20], [1, 2, 3, 4]], PEOPLE[1]) == {"boxes": 0.0, "scores": 0.0}


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [
        ([[0, 0, 10, 21], [30, 5, 50, 60], [7, 7, 7, 7]], [0.9, 0.8, 0.0]),  # a pixel too low
        ([[0, 0, 10, 20], [0, 0, 10, 20], [7, 7, 7, 7]], [0.9, 0.8, 0.0]),  # one twice, one missed
        (PEOPLE[0], [0.9, 0.7, 0.0]),
        (PEOPLE[0], [0.9, 0.8, float("nan")]),
    ],
)
def test_wrong_people_are_no_proof(boxes: object, scores: object) -> None:
    with pytest.raises(proof.ProofError, match="graph detector differs from PyTorch"):
        errors_of(boxes, scores)
