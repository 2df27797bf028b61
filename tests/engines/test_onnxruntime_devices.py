"""Devices of ONNX Runtime that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def test_cuda_that_fails_says_why_and_nothing_on_stdout(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create(self: ort.InferenceSession, providers: Any, *_: Any) -> None:
        self._fallback_providers = ["CPUExecutionProvider"]
        if providers[0] != "CPUExecutionProvider":
            raise RuntimeError("CUDA failure 2: out of memory\nGPU=0")

    monkeypatch.setattr(ort.InferenceSession, "_create_inference_session", create)
    monkeypatch.setattr(engines.onnxruntime_engine, "_prepare_cuda", lambda: None)
    with pytest.raises(EngineError, match=r"cannot load .*face\.onnx on cuda: CUDA failure 2: out of memory$"):
        OnnxRuntimeEngine(tiny_bundle / "face.onnx", "cuda")
    assert capsys.readouterr().out == ""


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
