"""Devices of ONNX Runtime that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.engine import EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine


def test_cuda_that_cannot_start_says_how_to_run_without(tiny_bundle: Path) -> None:
    try:
        OnnxRuntimeEngine(tiny_bundle / "face.onnx", "cuda").close()
    except EngineError as error:
        message = str(error)
    else:
        pytest.skip("CUDA works here")
    assert "--engine cpu" in message


def test_unknown_device_is_refused_naming_the_known(tiny_bundle: Path) -> None:
    with pytest.raises(EngineError, match="no device 'tpu' here; choose one of cpu, cuda"):
        OnnxRuntimeEngine(tiny_bundle / "face.onnx", "tpu")
