"""What ONNX Runtime makes of pooling in a graph of integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter.quantise import Quantiser


def test_pooling_between_a_float_layer_and_an_integer_one_is_done_in_float(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OnnxRuntimeEngine(tiny_bundle / "body.onnx") as engine:
        crops = np.zeros([size or 1 for size in engine.inputs["crop"].shape], np.uint8)
    quantiser = Quantiser(tiny_bundle / "body.onnx", {"crop": crops})
    quantiser.write(tmp_path / "body.onnx", quantiser.layers[:1])

    class Kept(ort.SessionOptions):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.optimized_model_filepath = str(tmp_path / "run.onnx")

    monkeypatch.setattr(ort, "SessionOptions", Kept)
    OnnxRuntimeEngine(tmp_path / "body.onnx").close()

    graph = onnx.load(str(tmp_path / "run.onnx")).graph
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    pooled = [made_by[node.input[0]] for node in graph.node if "MaxPool" in node.op_type]
    assert any("QLinearConv" in node.op_type for node in graph.node)
    assert pooled
    assert "QuantizeLinear" not in pooled
