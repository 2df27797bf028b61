"""Devices of ONNX Runtime that are not there."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort
import pytest

import engines.onnxruntime_engine
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


@pytest.mark.parametrize("exact", [True, False])
def test_integers_are_added_in_slower_kernels_where_the_quick_ones_overflow(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    monkeypatch.setattr(engines.onnxruntime_engine, "adds_integers_exactly", lambda: exact)
    asked: list[tuple[str, str]] = []

    class Asked(ort.SessionOptions):  # type: ignore[misc]
        def add_session_config_entry(self, name: str, value: str) -> None:
            asked.append((name, value))
            super().add_session_config_entry(name, value)

    monkeypatch.setattr(ort, "SessionOptions", Asked)
    OnnxRuntimeEngine(tiny_bundle / "face.onnx").close()
    assert (("session.x64quantprecision", "1") in asked) is not exact


def test_unknown_device_is_refused_naming_the_known(tiny_bundle: Path) -> None:
    with pytest.raises(EngineError, match="no device 'tpu' here; choose one of cpu, cuda"):
        OnnxRuntimeEngine(tiny_bundle / "face.onnx", "tpu")
